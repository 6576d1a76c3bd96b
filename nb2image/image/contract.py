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
STOP_SIGNAL = "SIGINT"
INSTALLED = 315619200
"""The time of every file of the dependencies, 1980-01-02: the same packages, the same layer."""

MANIFEST = ".nb2image-files"
"""In a context, the list of what nb2image wrote there, in the format of sha256sum."""

WHEELS = "wheels"
"""In a context, the folder of the locked files that no index on the network serves."""

SETTINGS = (
    ("", "VIRTUAL_ENV", VENV),
    (
        "sitecustomize.py: shows figures, and the notebook's cells in tracebacks",
        "PYTHONPATH",
        RUNTIME,
    ),
    ("", "PYTHONUNBUFFERED", "1"),
    ("", "MPLBACKEND", "module://nb2image_figures"),
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
"""(why, name, value) of each environment variable but PATH, which has the venv put in front."""


def workdir(plan: BuildPlan) -> str:
    """The notebook's folder in the image."""
    return f"{APP}/{plan.workdir}" if plan.workdir else APP


def entrypoint(plan: BuildPlan) -> tuple[str, ...]:
    """The image's command."""
    return ("python", "-u", plan.script.name)


def labels(plan: BuildPlan) -> tuple[tuple[str, str], ...]:
    """The image's labels, sorted; the ``org.opencontainers`` ones are the image-spec's.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    created = datetime.fromtimestamp(plan.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    base, _, digest = plan.base.reference.partition("@")
    known = {
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
