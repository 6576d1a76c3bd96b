"""The generated files of a context."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2image.errors import PlanError
from nb2image.image import contract
from nb2image.image.base import base_for
from nb2image.image.render import render, templates, text
from nb2image.model import BuildPlan, OwnModule, PlannedFile, SystemPackage
from nb2image.model.plan import decode
from tests.unit.image import dockerfile
from tests.unit.image.dockerfile import Instruction
from tests.unit.image.plans import PACKAGE, PLAN, REQUIREMENTS, plan

DATA = PlannedFile(path="work/a.csv", size=1, sha256="c" * 64, reason="read", kind="data")
VENDORED = replace(PACKAGE, name="own", vendored="own-1.0-py3-none-any.whl")
STAGES = {
    "multi-stage": ["FROM RUN", "FROM", "FROM RUN RUN", "FROM RUN", "FROM COPY COPY"],
    "single-stage": ["FROM RUN", "FROM RUN RUN RUN"],
}
METADATA = "ENV LABEL VOLUME USER WORKDIR STOPSIGNAL ENTRYPOINT"


def rendered(of: BuildPlan) -> list[Instruction]:
    """The instructions of the plan's Dockerfile."""
    return dockerfile.instructions(dict(render(of))["Dockerfile"].decode())


def one(found: list[Instruction], name: str) -> str:
    """The only instruction of a name."""
    (rest,) = [i.rest for i in found if i.name == name]
    return rest


def test_the_context_holds_all_that_a_build_needs() -> None:
    """Dockerfile, ignore list, readme, requirements, plan, script and runtime are generated."""
    paths = [path for path, _ in render(PLAN)]
    assert {".dockerignore", "Dockerfile", "README.md", "app/work/train.py"} <= set(paths)
    assert {"plan.json", "requirements.txt", "uv.txt"} <= set(paths)
    assert any(path.startswith("runtime/") for path in paths)
    assert paths == sorted(paths)


def test_the_same_plan_gives_the_same_bytes() -> None:
    """Rendering depends on the plan alone."""
    assert render(PLAN) == render(plan())


def test_plan_json_is_the_plan() -> None:
    """plan.json reads back as the plan it was made of."""
    assert decode(dict(render(PLAN))["plan.json"]) == PLAN


@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
def test_the_instructions_are_exactly_these(layout: str) -> None:
    """Each layout has its stages and ends with the image's configuration."""
    names = [i.name for i in rendered(plan(layout=layout))]
    assert names == [*" ".join(STAGES[layout]).split(), *METADATA.split()]


@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
def test_the_container_runs_as_the_contract_says(layout: str) -> None:
    """Not root, exec form, SIGINT, the notebook's folder, volumes for a read-only root."""
    found = rendered(plan(layout=layout))
    assert one(found, "USER") == "10001:10001"
    assert json.loads(one(found, "ENTRYPOINT")) == ["python", "-u", "train.py"]
    assert one(found, "STOPSIGNAL") == "SIGINT"
    assert dockerfile.word(one(found, "WORKDIR"), {}) == "/app/work"
    assert json.loads(one(found, "VOLUME")) == ["/outputs", "/tmp"]
    env = dockerfile.pairs(one(found, "ENV"), {"PATH": "/usr/bin"})
    assert env["PATH"] == "/opt/venv/bin:/usr/bin"
    assert env["PYTHONPATH"] == "/opt/nb2image"


@pytest.mark.parametrize(
    ("entry", "path"),
    [("script", "/opt/nb2image:/app/src:/app"), ("lab", "/app/src:/app")],
)
def test_what_only_the_project_has_is_on_the_path(entry: str, path: str) -> None:
    """Behind nb2image's own folder, for the script and for a kernel."""
    modules = (
        OwnModule(name="orbital", root="src"),
        OwnModule(name="shared", root=""),
        OwnModule(name="tools", root="src"),
    )
    made = plan(requirements=replace(REQUIREMENTS, own=modules), entry=entry)
    env = dockerfile.pairs(one(rendered(made), "ENV"), {"PATH": "/usr/bin"})
    assert env["PYTHONPATH"] == path


@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
def test_the_user_is_the_contracts(layout: str) -> None:
    """Every builder makes the same user and folders."""
    text = dict(render(plan(layout=layout)))["Dockerfile"].decode()
    out = "/out" if layout == "multi-stage" else ""
    assert f"echo '{contract.PASSWD}' >> {out}/etc/passwd" in text
    assert f"echo '{contract.GROUP}' >> {out}/etc/group" in text
    assert (
        f"chown {contract.UID}:{contract.UID} {out}{contract.APP} {out}{contract.OUTPUTS}" in text
    )
    assert f"python -m venv --without-pip {contract.VENV}" in text
    assert f"--mtime=@{contract.INSTALLED}" in text


def test_only_the_built_in_frontend_of_docker_20_10_is_needed() -> None:
    """No syntax line, no heredoc, no COPY --link, no COPY --chmod."""
    for layout in ("multi-stage", "single-stage"):
        text = dict(render(plan(layout=layout)))["Dockerfile"].decode()
        assert not text.lower().startswith(("# syntax", "#syntax", "# escape"))
        for missing in ("<<", "--link", "--chmod", "--parents", "ADD "):
            assert missing not in text


@pytest.mark.parametrize(
    ("changes", "present", "absent"),
    [
        ({}, ["--require-hashes --no-build "], ["apt-get", "--compile-bytecode", "source=data"]),
        ({"bytecode": True}, ["--compile-bytecode", "UNCHECKED_HASH"], []),
        ({"files": (DATA,)}, ["source=data"], []),
        (
            {"requirements": replace(REQUIREMENTS, locked=(PACKAGE, VENDORED))},
            ["source=wheels,target=/run/wheels", "--find-links /run/wheels \\\n"],
            ["--no-index"],
        ),
        (
            {"requirements": replace(REQUIREMENTS, locked=(VENDORED,))},
            ["--find-links /run/wheels --no-index \\\n"],
            [],
        ),
        ({"base": base_for("3.9")}, ["FROM python:3.9-slim-bookworm"], ["3.11-slim"]),
    ],
)
def test_what_the_plan_says_is_in_the_dockerfile(
    changes: dict[str, Any], present: list[str], absent: list[str]
) -> None:
    """Bytecode, data and base follow the plan."""
    for layout in ("multi-stage", "single-stage"):
        text = dict(render(plan(layout=layout, **changes)))["Dockerfile"].decode()
        assert all(part in text for part in present)
        assert not any(part in text for part in absent)


@pytest.mark.parametrize(
    ("name", "made"), [("default-jre-headless", True), ("openjdk-17-jdk", True), ("git", False)]
)
def test_java_finds_the_folder_of_its_manual(name: str, made: bool) -> None:
    """Without it its installation fails in a slim image."""
    system = (SystemPackage(name=name, reason=""),)
    found = rendered(plan(requirements=replace(REQUIREMENTS, system=system)))
    (run,) = [i.rest for i in found if "apt-get" in i.rest]
    assert ("mkdir -p /usr/share/man/man1" in run) is made


def test_system_packages_are_sorted_and_their_lists_removed() -> None:
    """apt packages of the image: without recommendations, nothing left behind, one per line."""
    system = tuple(SystemPackage(name=n, reason="") for n in ("zlib1g", "graphviz", "graphviz"))
    found = rendered(plan(requirements=replace(REQUIREMENTS, system=system)))
    (run,) = [i.rest for i in found if "apt-get" in i.rest]
    assert "--no-install-recommends" in run
    assert run.split().index("graphviz") < run.split().index("zlib1g")
    assert run.count("graphviz") == 1
    assert "rm -rf /var/lib/apt/lists/*" in run


def test_compilers_stay_in_the_build_stage() -> None:
    """What must be compiled brings build tools to the dependencies' stage alone."""
    sdist = replace(PACKAGE, name="hdbscan", wheel="")
    git = replace(PACKAGE, name="x", wheel="", hashes=(), url="git+https://example.org/x")
    tools = (SystemPackage(name="build-essential", reason="", stage="build"),)
    wanted = replace(REQUIREMENTS, locked=(PACKAGE, sdist, git), system=tools)
    found = rendered(plan(requirements=wanted))
    froms = [n for n, i in enumerate(found) if i.name == "FROM"]
    (apt,) = [n for n, i in enumerate(found) if "apt-get" in i.rest]
    assert froms[2] < apt < froms[3]
    assert {"build-essential", "git"} <= set(found[apt].rest.split())
    (install,) = [i.rest for i in found if "/run/uv pip install" in i.rest]
    assert "--no-build" not in install
    assert "--require-hashes" not in install, "a git reference has no hash"


def test_old_source_distributions_are_built_with_the_tools_of_their_time() -> None:
    """A setup.py of 2019 with the setuptools of 2019; a tool that is locked stays as locked."""
    old = replace(PACKAGE, name="suds-jurko", wheel="")
    cython = replace(PACKAGE, name="cython")
    of = replace(REQUIREMENTS, locked=(cython, old), as_of="2019-06-01")
    (install,) = [i.rest for i in rendered(plan(requirements=of)) if "/run/uv pip" in i.rest]
    assert "--exclude-newer-package setuptools=2019-06-01" in install
    assert "cython=" not in install
    wheels = replace(REQUIREMENTS, as_of="2019-06-01")
    assert not any("exclude-newer" in i.rest for i in rendered(plan(requirements=wheels)))


@pytest.mark.parametrize(
    ("locked", "script", "trimmed"),
    [
        (("numpy", "scikit-learn", "astropy"), "import numpy", "find numpy sklearn -type d"),
        (("astropy",), "import astropy", ""),
        (("numpy", "pytest"), "import numpy", ""),
        (("numpy",), "from numpy.core.tests.test_mem_overlap import xrange", ""),
    ],
)
def test_tests_of_large_packages_are_left_out(
    locked: tuple[str, ...], script: str, trimmed: str
) -> None:
    """--trim: of four packages known to do without, unless the notebook may use them."""
    packages = tuple(replace(PACKAGE, name=name) for name in locked)
    of = plan(
        trim=True,
        script=replace(PLAN.script, text=script),
        requirements=replace(REQUIREMENTS, locked=packages),
    )
    (install,) = [i.rest for i in rendered(of) if "/run/uv pip install" in i.rest]
    assert (trimmed in install) if trimmed else ("-name tests" not in install)


TORCH_TESTS = "torch/bin/protoc* torch/bin/test_*"


@pytest.mark.parametrize(
    ("name", "script", "apt", "left_out"),
    [
        ("torch", "import torch", (), f"{TORCH_TESTS} torch/include torch/test"),
        ("torch", "model = torch.compile(model)", (), f"{TORCH_TESTS} torch/test"),
        ("torch", "import torch", ("g++",), f"{TORCH_TESTS} torch/test"),
        ("tensorflow-cpu", "import tensorflow", (), "tensorflow/include"),
        ("nvidia-cusolver-cu12", "", (), "nvidia/*/lib/libcusolverMg.so*"),
        ("nvidia-nvshmem-cu13", "", (), "nvidia/nvshmem/lib/*.a nvidia/nvshmem/lib/*.bc"),
        ("numpy", "import numpy", (), ""),
    ],
)
def test_headers_and_tools_of_large_packages_are_left_out(
    name: str, script: str, apt: tuple[str, ...], left_out: str
) -> None:
    """--trim: unless the notebook, or a compiler in the image, may use them."""
    of = plan(
        trim=True,
        script=replace(PLAN.script, text=script),
        requirements=replace(
            REQUIREMENTS,
            locked=(replace(PACKAGE, name=name),),
            system=tuple(SystemPackage(name=one, reason="asked for") for one in apt),
        ),
    )
    (install,) = [i.rest for i in rendered(of) if "/run/uv pip install" in i.rest]
    found = re.search(r"&& rm -rf ([^&]*)", install)
    assert (" ".join(found[1].split()).rstrip(" \\") if found else "") == left_out


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {
                "layout": "single-stage",
                "requirements": replace(REQUIREMENTS, locked=(replace(PACKAGE, wheel=""),)),
            },
            "single-stage-compiles",
        ),
        (
            {"bytecode": True, "requirements": replace(REQUIREMENTS, python="3.6")},
            "bytecode-python",
        ),
        ({"env": (("PATH", "/evil"),)}, "env-reserved"),
        ({"env": (("A B", "x"),)}, "name-invalid"),
        ({"env": (("A", "x\ny"),)}, "control-character"),
        ({"workdir": "elsewhere"}, "plan-invalid"),
        ({"notebook": "../x.ipynb", "workdir": ".."}, "path-outside"),
        ({"name": "Not A Slug"}, "plan-invalid"),
        ({"revision": "HEAD"}, "plan-invalid"),
        ({"created": -1}, "plan-invalid"),
        ({"schema": 99}, "plan-schema"),
        ({"requirements": replace(REQUIREMENTS, as_of="x; evil")}, "name-invalid"),
        ({"files": (DATA, DATA)}, "file-clash"),
        ({"files": (replace(DATA, path="work/train.py"),)}, "file-clash"),
        ({"files": (replace(DATA, path="work"),)}, "file-clash"),
        ({"files": (replace(DATA, path="../../etc/passwd"),)}, "path-outside"),
        (
            {
                "requirements": replace(
                    REQUIREMENTS, locked=(replace(PACKAGE, vendored="../../etc/passwd"),)
                )
            },
            "plan-invalid",
        ),
        ({"base": replace(base_for("3.11"), reference="x\nRUN y")}, "reference-invalid"),
        (
            {
                "requirements": replace(
                    REQUIREMENTS, system=(SystemPackage(name="x; curl evil", reason=""),)
                )
            },
            "name-invalid",
        ),
        (
            {"requirements": replace(REQUIREMENTS, own=(OwnModule(name="x", root="a b\nRUN"),))},
            "plan-invalid",
        ),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(changes: dict[str, Any], code: str) -> None:
    """A plan is checked whole before a byte is rendered, wherever it came from."""
    with pytest.raises(PlanError) as caught:
        render(plan(**changes))
    assert caught.value.code == code


HOSTILE = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30
) | st.text(alphabet="\\\"$'` #!{}=;&|<>PATH-", min_size=1, max_size=20)


def test_an_image_can_run_jupyterlab() -> None:
    """Its kernel shows figures by itself; the server listens, and ends on SIGTERM."""
    made = rendered(plan(entry="lab"))
    assert one(made, "ENTRYPOINT").startswith('["jupyter", "lab", "--ip=0.0.0.0"')
    assert one(made, "EXPOSE") == "8888"
    assert one(made, "STOPSIGNAL") == "SIGTERM"
    assert "MPLBACKEND" not in " ".join(i.rest for i in made if i.name == "ENV")


@settings(max_examples=60)
@given(
    folder=HOSTILE.filter(lambda t: not {"/", "\\"} & set(t) and t not in (".", "..")),
    name=HOSTILE.filter(lambda t: not {"/", "\\"} & set(t)),
    value=HOSTILE,
    layout=st.sampled_from(["multi-stage", "single-stage"]),
)
def test_hostile_names_and_values_never_become_instructions(
    folder: str, name: str, value: str, layout: str
) -> None:
    """The instructions are the same whatever the names hold, and the values arrive unchanged."""
    notebook = f"{folder}/{name}.ipynb"
    hostile = plan(
        layout=layout, notebook=notebook, workdir=folder, env=(("A", value),), source=value
    )
    found = rendered(hostile)
    assert [i.name for i in found] == [
        *" ".join(STAGES[layout]).split(),
        "ENV",
        *METADATA.split(),
    ]
    assert dockerfile.word(one(found, "WORKDIR"), {}) == f"/app/{folder}"
    _, users = (i.rest for i in found if i.name == "ENV")
    assert dockerfile.pairs(users, {}) == {"A": value}
    labels = dockerfile.pairs(one(found, "LABEL"), {})
    assert labels["io.nb2image.notebook"] == notebook
    assert labels["org.opencontainers.image.source"] == value
    ordinary = [i for i in rendered(plan(layout=layout)) if i.name in ("FROM", "RUN", "COPY")]
    assert [i for i in found if i.name in ("FROM", "RUN", "COPY")] == ordinary


def test_a_template_prints_nothing_that_was_not_quoted() -> None:
    """Plain text in a template is an error of ours, found before it can do harm."""
    with pytest.raises(TypeError):
        templates().from_string("{{ x }}").render(x="RUN evil")
    with pytest.raises(TypeError):
        text("dockerfile/uv.j2", {"base": "python"})


def test_dockerignore_lets_through_what_is_copied() -> None:
    """Everything else in the folder stays out of the build."""
    lines = dict(render(PLAN))[".dockerignore"].decode().splitlines()
    assert lines[1] == "*"
    assert {"!app", "!data", "!runtime", "!plan.json", "!requirements.txt", "!uv.txt"} == set(
        lines[2:]
    )
    brought = plan(requirements=replace(REQUIREMENTS, locked=(VENDORED,)))
    assert "!wheels" in dict(render(brought))[".dockerignore"].decode().splitlines()
