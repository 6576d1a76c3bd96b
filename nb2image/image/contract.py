"""The image contract: what every image has whichever builder makes it.

The Dockerfile's templates print these facts and the embedded builder writes them into the image's
config, so that both make the same image of a plan.
"""

from __future__ import annotations

from datetime import UTC, datetime

from nb2image.model import BuildPlan

UID = 10001
USER = "10001:10001"
PASSWD = "app:x:10001:10001:app:/tmp:/usr/sbin/nologin"
GROUP = "app:x:10001:"
VENV = "/opt/venv"
RUNTIME = "/opt/nb2image"
"""requirements.txt, plan.json and the files that make the script behave as the notebook did."""
APP = "/app"
OUTPUTS = "/outputs"
VOLUMES = (OUTPUTS, "/tmp")
LAB_PORT = 8888
INSTALLED = 315619200
"""The time of every file of the dependencies, 1980-01-02: the same packages, the same layer."""

MANIFEST = ".nb2image-files"
"""In a context, the list of what nb2image wrote there, in the format of sha256sum."""

WHEELS = "wheels"
"""In a context, the folder of the locked files that no index on the network serves."""

Setting = tuple[str, str, str]
"""(why, name, value) of an environment variable."""

SETTINGS: tuple[Setting, ...] = (
    ("", "VIRTUAL_ENV", VENV),
    ("", "PYTHONUNBUFFERED", "1"),
    (
        "/tmp is a volume: caches and settings find a place in a read-only container too",
        "HOME",
        "/tmp",
    ),
    ("", "MPLCONFIGDIR", "/tmp/matplotlib"),
    (
        "a name for getpass.getuser() whatever the user that the container runs as",
        "USER",
        "app",
    ),
)
"""Those of every image; PATH has the venv put in front besides."""

GPU_SETTINGS = (
    ("for runtimes that ask the image which GPUs it wants", "NVIDIA_VISIBLE_DEVICES", "all"),
    ("", "NVIDIA_DRIVER_CAPABILITIES", "compute,utility"),
)
"""Never CUDA_VERSION, which makes the container runtime refuse drivers that would do, nor
LD_LIBRARY_PATH, which wins over the packages' own libraries (docs of jax, "installation")."""
PREFLIGHT = "nb2image_preflight.py"


def workdir(plan: BuildPlan) -> str:
    """The notebook's folder in the image."""
    return f"{APP}/{plan.workdir}" if plan.workdir else APP


def as_shown(plan: BuildPlan) -> tuple[Setting, ...]:
    """What lets the script show what the notebook showed; a kernel shows it by itself."""
    why = "sitecustomize.py: shows figures, and the notebook's cells in tracebacks"
    if own := own_folders(plan):
        why += f"; packages of the project that no index has: {', '.join(own)}"
    return (
        (why, "PYTHONPATH", ":".join((RUNTIME, *own))),
        ("", "MPLBACKEND", "module://nb2image_figures"),
    )


def own_folders(plan: BuildPlan) -> tuple[str, ...]:
    """The folders of the project's own modules that the notebook would not find by itself."""
    roots = dict.fromkeys(module.root for module in plan.requirements.own)
    return tuple(f"{APP}/{root}" if root else APP for root in roots)


def settings(plan: BuildPlan) -> tuple[Setting, ...]:
    """The image's environment variables."""
    found = [*SETTINGS]
    if plan.entry == "script":
        found += as_shown(plan)
    elif own := own_folders(plan):
        why = "packages of the project that no index has"
        found.append((why, "PYTHONPATH", ":".join(own)))
    if plan.base.python_from:
        found.append(("as the official image of Python has it", "LANG", "C.UTF-8"))
    if plan.accelerator.kind == "cuda":
        found += GPU_SETTINGS
        if (release := xla_without_libdevice(plan)) is not None:
            folder = f"{VENV}/lib/python{plan.requirements.python}/site-packages/nvidia/cuda_nvcc"
            why = f"tensorflow {release} does not look for libdevice there by itself"
            found.append((why, "XLA_FLAGS", f"--xla_gpu_cuda_data_dir={folder}"))
    return tuple(found)


def script_command(plan: BuildPlan) -> tuple[str, ...]:
    """What runs the script, in the folder of the notebook."""
    return ("python", "-u", plan.script.name)


def entrypoint(plan: BuildPlan) -> tuple[str, ...]:
    """The image's command; with a GPU, a look at it comes before the script."""
    if plan.entry == "script" and plan.accelerator.kind == "cuda":
        # neither site-packages nor the environment matter to it: it starts in an instant
        return ("python", "-IS", f"{RUNTIME}/{PREFLIGHT}", plan.script.name)
    if plan.entry == "script":
        return script_command(plan)
    return ("jupyter", "lab", "--ip=0.0.0.0", f"--port={LAB_PORT}", "--no-browser")


def stop_signal(plan: BuildPlan) -> str:
    """What ends a container: Python makes KeyboardInterrupt of SIGINT, so that the script can tidy
    up; JupyterLab asks back on it and ends on SIGTERM."""
    return "SIGINT" if plan.entry == "script" else "SIGTERM"


def ports(plan: BuildPlan) -> tuple[int, ...]:
    """The ports that the image listens on."""
    return (LAB_PORT,) if plan.entry == "lab" else ()


def xla_without_libdevice(plan: BuildPlan) -> str | None:
    """The release of a tensorflow that has CUDA in wheels and does not find all of it.

    From 2.18 on it looks in site-packages (github.com/conda-forge/tensorflow-feedstock/pull/420).
    """
    names = {package.name for package in plan.requirements.locked}
    for package in plan.requirements.locked:
        if package.name == "tensorflow" and "nvidia-cuda-nvcc-cu12" in names:
            series = tuple(int(part) for part in package.version.split(".")[:2])
            return package.version if series < (2, 18) else None
    return None


def gpu_labels(plan: BuildPlan) -> dict[str, str]:
    """The CUDA of the image and what a machine must have for it; none on the CPU."""
    cuda = plan.accelerator.cuda
    if cuda is None:
        return {}
    return {
        "io.nb2image.cuda": cuda.version,
        "io.nb2image.cuda.compute-capability": cuda.min_compute_capability,
        "io.nb2image.cuda.driver": cuda.driver_floor,
        "io.nb2image.cuda.reason": cuda.reason,
    }


def labels(plan: BuildPlan) -> tuple[tuple[str, str], ...]:
    """The image's labels, sorted; the ``org.opencontainers`` ones are the image-spec's.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    created = datetime.fromtimestamp(plan.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    base, _, digest = plan.base.reference.partition("@")
    known = {
        **gpu_labels(plan),
        "io.nb2image.notebook": plan.notebook,
        "io.nb2image.notebook.sha256": plan.notebook_sha256,
        "io.nb2image.plan": plan.digest,
        "io.nb2image.python": plan.requirements.python,
        "io.nb2image.version": plan.nb2image,
        "org.opencontainers.image.base.digest": digest,
        "org.opencontainers.image.base.name": base,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.revision": plan.revision,
        "org.opencontainers.image.source": plan.source,
        "org.opencontainers.image.title": plan.name,
    }
    return tuple((name, value) for name, value in known.items() if value)
