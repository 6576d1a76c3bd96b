"""The form: each field once, in its group, with what is wrong with it right below."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from dashboard.build import session
from dashboard.build.form import DEFAULTS
from dashboard.build.overview import Overview
from dashboard.build.widgets import (
    Problems,
    choice,
    entries,
    group,
    number,
    open_choice,
    problem,
    switch,
    text,
)
from nb2image.model import BuildPlan
from nb2image.requirements.age.python_releases import all_series

OLDEST = (3, 8)
"""The oldest Python that the list offers; older ones can be typed."""
COMMON_APT = ("ffmpeg", "git", "graphviz", "libgl1", "libglib2.0-0", "libgomp1", "poppler-utils")
MAX_FILES = 500
SECONDS = float(DEFAULTS.timeout)
PLATFORMS = ("linux/amd64", "linux/arm64")


def show(view: Overview, plan: BuildPlan | None, problems: Problems) -> None:
    """The whole form; ``plan`` tells what the automatic choices come to."""
    target(plan, problems)
    image(plan, problems)
    with group("Packages", PACKAGES, problems):
        packages(plan, problems)
    with group("Files", FILES, problems):
        files(view, problems)
    with group("What runs", RUNS, problems):
        runs(view, problems)
    with group("Proof", PROOF, problems):
        proof(problems)
    with group("More about the image", MORE, problems):
        more(plan, problems)
    problem("form", problems)


PACKAGES = ("constraint", "assume", "needs", "apt", "no_apt", "versions", "as_of", "offline")
FILES = ("include", "exclude", "max_context")
RUNS = ("entry", "order", "skip_cells", "until", "parameter_cell", "answer", "env")
PROOF = ("no_verify", "require", "fix", "network", "timeout", "memory")
MORE = ("platform", "compile_bytecode", "trim", "no_cache", "allow_cuda_in_cpu")
GPU = ("driver", "cuda", "compute_cap", "gpu_base")


def target(plan: BuildPlan | None, problems: Problems) -> None:
    """CPU or GPU."""
    names = {"auto": "As the notebook needs", "cpu": "CPU", "gpu": "NVIDIA GPU"}
    st.radio(
        "What it computes on",
        list(names),
        key=session.key("target"),
        format_func=lambda value: names.get(value, value),
        help="An image for a GPU carries CUDA and is several gigabytes larger; an image for the "
        "CPU runs everywhere.",
    )
    problem("target", problems)
    gpu = session.field("target") == "gpu" or (plan and plan.accelerator.kind == "cuda")
    if gpu or any(name in problems for name in GPU):
        with st.container(border=True):
            about_gpu(problems)


def about_gpu(problems: Problems) -> None:
    """The machine that the image is for."""
    text(
        "driver", "NVIDIA driver", problems, placeholder="this machine's",
        help="The driver of the machine where the image will run: it decides which CUDA fits.",
    )  # fmt: skip
    text(
        "cuda", "CUDA", problems, placeholder="the newest that fits",
        help="Such as 12.8, or 12 for any of that series.",
    )  # fmt: skip
    text(
        "compute_cap", "Compute capability", problems, placeholder="not known",
        help="Of that machine's GPU, such as 7.5 for a T4: old GPUs need older packages.",
    )  # fmt: skip
    names = {"": "Automatic", "slim": "Slim Python image", "nvidia": "NVIDIA's CUDA image"}
    choice(
        "gpu_base", "Base for the GPU", names, problems,
        help="Most packages bring CUDA themselves; NVIDIA's image is for those that do not.",
    )  # fmt: skip


def chosen(name: str) -> bool:
    """Whether a field is as it was before anybody touched it."""
    return bool(session.field(name) == getattr(DEFAULTS, name))


def image(plan: BuildPlan | None, problems: Problems) -> None:
    """What most people choose."""
    text(
        "tag", "Name of the image", problems, help="A name and a tag, such as me/analysis:1.0.",
        placeholder=f"{plan.name}:latest" if plan else "the notebook's name",
    )  # fmt: skip
    found = f" ({plan.requirements.python})" if plan and chosen("python") else ""
    pythons = [v for v in reversed(all_series()) if tuple(map(int, v.split("."))) >= OLDEST]
    open_choice(
        "python", "Python", pythons, problems, nothing=f"Automatic{found}",
        help="Automatic takes the version that the notebook was saved with, if it still works.",
    )  # fmt: skip
    names = {False: "Several stages: smaller image", True: "One stage: shorter Dockerfile"}
    st.radio(
        "Dockerfile",
        list(names),
        key=session.key("single_stage"),
        format_func=lambda value: names[value],
        help="With several stages, compilers and build tools stay out of the image.",
    )
    builders = {"auto": "Automatic", "docker": "Docker engine", "embedded": "Without an engine"}
    choice(
        "builder", "Builder", builders, problems,
        help="Without an engine nb2image puts the image together itself and writes it to a file.",
    )  # fmt: skip
    base = plan.base.reference if plan and chosen("base_image") else ""
    text(
        "base_image", "Base image", problems,
        placeholder=base or "the official slim image of that Python",
        help="An image with this Python in it. Leave it empty for the official one.",
    )  # fmt: skip


def packages(plan: BuildPlan | None, problems: Problems) -> None:
    """What is installed."""
    entries(
        "constraint", "Bounds for versions", problems, placeholder="numpy<2",
        help="One entry a package, such as pandas==2.2.3. Editing the table of packages fills "
        "this in.",
    )  # fmt: skip
    entries(
        "assume", "Which package brings a module", problems, placeholder="cv2=opencv-python",
        help="MODULE=PACKAGE, for an import whose package has another name.",
    )  # fmt: skip
    entries(
        "needs", "More modules", problems, placeholder="openpyxl",
        help="Modules that the notebook needs without importing them.",
    )  # fmt: skip
    system = [p.name for p in plan.requirements.system if p.stage == "final"] if plan else []
    entries(
        "apt", "Debian packages to add", problems, placeholder="libgl1", offered=COMMON_APT,
        help="Programs and libraries of the system. What the Python packages need is found by "
        "itself" + (f": now {', '.join(system)}." if system else "."),
    )  # fmt: skip
    entries(
        "no_apt", "Debian packages to leave out", problems, placeholder="none", offered=system,
        help="Of those that were found by themselves.",
    )  # fmt: skip
    names = {"": "Automatic", "as-of": "Of a day", "latest": "The newest"}
    choice(
        "versions", "Releases", names, problems,
        help="Automatic takes those of the day when the notebook was last run, where it tells.",
    )  # fmt: skip
    text(
        "as_of", "No release newer than", problems, placeholder="YYYY-MM-DD",
        help="A day: packages are taken as they were then.",
    )  # fmt: skip
    switch(
        "offline", "Use only what is in the cache", problems, help="Asks no package index."
    )  # fmt: skip


def files(view: Overview, problems: Problems) -> None:
    """What comes along."""
    entries(
        "include", "Files to bring along", problems, placeholder="data/measurements.csv",
        offered=beside(view),
        help="Files and folders, relative to the notebook's folder. Those that the code names "
        "are found by themselves.",
    )  # fmt: skip
    entries(
        "exclude", "Files to leave out", problems, placeholder="*.zip",
        help="Patterns over paths in the project.",
    )  # fmt: skip
    text(
        "max_context", "Room for files", problems, placeholder="200MB",
        help="More than this is refused: large data is better mounted when the container runs.",
    )  # fmt: skip


def beside(view: Overview) -> list[str]:
    """The files of the notebook's folder, as --include names them."""
    found: list[str] = []
    workdir = view.project.workdir
    for path in view.project.walk(workdir):
        name = path.removeprefix(f"{workdir}/") if workdir else path
        if path != view.project.notebook.as_posix():
            found.append(name)
        if len(found) == MAX_FILES:
            break
    return found


def runs(view: Overview, problems: Problems) -> None:
    """The image's entry: which cells become the script, and with what."""
    name = view.script.name if view.script else "train.py"
    starts = {"script": f"The script: python {name}", "lab": "JupyterLab with the notebook"}
    choice(
        "entry", "What the image runs", starts, problems,
        help="The script runs and ends; JupyterLab waits for a browser.",
    )  # fmt: skip
    last = len(view.notebook.cells)
    names = {"notebook": "As they stand", "executed": "As they were executed"}
    choice(
        "order", "Order of the cells", names, problems,
        help="The saved notebook knows in which order its cells were run last.",
    )  # fmt: skip
    text(
        "skip_cells", "Cells to leave out", problems, placeholder="3,5-7",
        help="Cells are counted from 1, text and code alike.",
    )  # fmt: skip
    number("until", "Last cell", problems, most=last, help="Every cell after it is left out.")
    number(
        "parameter_cell", "Cell with the parameters", problems, most=last,
        help="Its variables become options of the script: docker run IMAGE --epochs 20.",
    )  # fmt: skip
    entries(
        "answer", "Answers to input()", problems, placeholder="yes",
        help="What input() returns, one entry for each call.",
    )  # fmt: skip
    entries(
        "env", "Environment variables", problems, placeholder="NAME=VALUE",
        help="They stand in the image for everybody to read: no passwords here. A parameter "
        "epochs is set by NB_EPOCHS=20.",
    )  # fmt: skip


def proof(problems: Problems) -> None:
    """How the image is tried."""
    switch(
        "no_verify", "Build only, do not run it", problems,
        help="By default the image is run, confined, and compared with the notebook's outputs.",
    )  # fmt: skip
    names = {"reproduced": "It shows what the notebook shows", "ran": "It runs to its end"}
    choice(
        "require", "Success is when", names, problems,
        help="What the build has to reach to count as done.",
    )  # fmt: skip
    switch(
        "fix", "Add what a failed run lacks and try again", problems, help="Three times at most."
    )  # fmt: skip
    open_choice(
        "network", "Network of the run", ("bridge",), problems, nothing="None",
        help="A notebook that downloads data needs one. Its code can then reach the outside.",
    )  # fmt: skip
    # a browser that missed what the session says shows this, not the least
    usual: float | Literal["min"] = "min" if session.key("timeout") in st.session_state else SECONDS
    st.number_input(
        "Seconds that it may run",
        key=session.key("timeout"),
        value=usual,
        min_value=1.0,
        max_value=604_800.0,
        step=60.0,
        format="%g",
        help="It is stopped when it takes longer.",
    )
    problem("timeout", problems)
    text(
        "memory", "Memory that it may use", problems, placeholder="8GiB", help="Such as 16GiB."
    )  # fmt: skip


def more(plan: BuildPlan | None, problems: Problems) -> None:
    """What few people choose."""
    choice(
        "platform", "Platform", dict(zip(PLATFORMS, PLATFORMS, strict=True)), problems,
        help="The processor of the machine where it will run.",
    )  # fmt: skip
    switch(
        "compile_bytecode", "Compile to bytecode", problems,
        help="Larger, but starts about three times faster.",
    )  # fmt: skip
    switch(
        "trim", "Leave out packages' own tests", problems,
        help="A few large packages carry tens of megabytes of them.",
    )  # fmt: skip
    switch("no_cache", "Build every step anew", problems, help="Uses nothing of earlier builds.")
    if plan is None or plan.accelerator.kind == "cpu":
        switch(
            "allow_cuda_in_cpu", "Allow CUDA in an image for the CPU", problems,
            help="Only where no other build of a package can be had; costs gigabytes.",
        )  # fmt: skip
