"""The options that several commands share, each stated once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

BUILD = "The build"
LIMITS = "Limits: exit status 9 when one is not kept"
SCRIPT, NEEDS, IMAGE, SHOWN = "The script", "The requirements", "The image", "What is shown"


class Order(StrEnum):
    """In which order the cells become the script."""

    notebook = "notebook"
    executed = "executed"


class Versions(StrEnum):
    """Which releases are locked."""

    env = "env"
    as_of = "as-of"
    latest = "latest"


class Platform(StrEnum):
    """What the image runs on."""

    amd64 = "linux/amd64"
    arm64 = "linux/arm64"


class Entry(StrEnum):
    """What a container runs."""

    script = "script"
    lab = "lab"


class Builder(StrEnum):
    """Who puts the image together."""

    auto = "auto"
    docker = "docker"
    embedded = "embedded"
    podman = "podman"


class Compression(StrEnum):
    """How layers are compressed."""

    gzip = "gzip"
    zstd = "zstd"


def option(*names: str, help: str, panel: str, metavar: str | None = None) -> Any:
    """One option; its default is shown by its help where it is not obvious."""
    return typer.Option(
        *names, help=help, rich_help_panel=panel, metavar=metavar, show_default=False
    )


def limit(name: str, help: str, metavar: str = "SIZE") -> Any:
    """A limit's option."""
    return option(name, help=help, panel=LIMITS, metavar=metavar)


Notebook = Annotated[
    Path,
    typer.Argument(help="The notebook; after -- if its name begins with a dash.", metavar="FILE"),
]
Folder = Annotated[Path, typer.Argument(help="A folder that convert wrote.", metavar="FOLDER")]
Tag = Annotated[
    str,
    option(
        "--tag",
        "-t",
        help="The image's name, such as me/analysis:1.0. Default: the notebook's name.",
        panel=IMAGE,
        metavar="NAME",
    ),
]
NoCache = Annotated[bool, option("--no-cache", help="Build every step anew.", panel=IMAGE)]

# how it is built
BuilderOf = Annotated[
    Builder,
    option(
        "--builder",
        help="The Docker engine, nb2image alone, or podman. Default: what suits.",
        panel=BUILD,
    ),
]
Archive = Annotated[
    Path | None,
    option(
        "--archive",
        help="Write the image to a file (.tar) or folder as an OCI layout.",
        panel=BUILD,
        metavar="FILE",
    ),
]
Push = Annotated[
    bool, option("--push", help="Push the image to the registry that its tag names.", panel=BUILD)
]
Base = Annotated[
    str,
    option(
        "--base",
        help="'debian' makes the base from Debian's packages; or a file of docker save.",
        panel=BUILD,
        metavar="debian|FILE",
    ),
]
Snapshot = Annotated[
    str,
    option(
        "--snapshot",
        help="Debian's packages as of a day, where the mirror has snapshots: for a base made of "
        "them, or for those upon the base that is named.",
        panel=BUILD,
        metavar="DATE",
    ),
]
Mirror = Annotated[
    str,
    option(
        "--mirror",
        help="A mirror of Debian. Default: what apt uses here.",
        panel=BUILD,
        metavar="URL",
    ),
]
CompressionOf = Annotated[
    Compression,
    option("--compression", help="Of the layers; zstd needs Docker 23 or newer.", panel=BUILD),
]
Check = Annotated[
    str,
    option(
        "--check",
        help="Fail unless the image has this digest.",
        panel=BUILD,
        metavar="sha256:…",
    ),
]

# the script
OrderOf = Annotated[
    Order,
    option("--order", help="Cells as they stand, or as they were executed.", panel=SCRIPT),
]
ParameterCell = Annotated[
    int | None,
    option(
        "--parameter-cell",
        help="The cell whose variables become options of the script.",
        panel=SCRIPT,
        metavar="N",
    ),
]
SkipCells = Annotated[
    str,
    option("--skip-cells", help="Leave cells out: 3,5-7.", panel=SCRIPT, metavar="CELLS"),
]
Until = Annotated[
    int | None,
    option("--until", help="Leave out every cell after this.", panel=SCRIPT, metavar="CELL"),
]
Answer = Annotated[
    list[str] | None,
    option(
        "--answer",
        help="What input() returns; repeated, one for each call.",
        panel=SCRIPT,
        metavar="TEXT",
    ),
]

# the requirements
Python = Annotated[
    str,
    option(
        "--python",
        help="The Python of the image, such as 3.11. Default: what the notebook points to.",
        panel=NEEDS,
        metavar="X.Y",
    ),
]
Requirements = Annotated[
    str,
    option(
        "--requirements",
        "-r",
        help="A requirements file that is used instead of looking at the imports.",
        panel=NEEDS,
        metavar="FILE",
    ),
]
Lock = Annotated[
    str,
    option(
        "--lock",
        help="Write the lock to this file as pylock.toml (PEP 751) too.",
        panel=NEEDS,
        metavar="FILE",
    ),
]
Assume = Annotated[
    list[str] | None,
    option(
        "--assume",
        help="Where a module comes from: cv2=opencv-python-headless. Can be repeated.",
        panel=NEEDS,
        metavar="MODULE=PACKAGE",
    ),
]
Constraint = Annotated[
    list[str] | None,
    option(
        "--constraint",
        "-c",
        help="Bounds for a package's version, such as 'numpy<2'. Can be repeated.",
        panel=NEEDS,
        metavar="BOUNDS",
    ),
]
Needs = Annotated[
    list[str] | None,
    option(
        "--needs",
        help="A module to provide although no cell imports it. Can be repeated.",
        panel=NEEDS,
        metavar="MODULE",
    ),
]
EnvFrom = Annotated[
    str,
    option(
        "--env-from",
        help="Take the versions installed for this Python, or for 'kernel NAME'.",
        panel=NEEDS,
        metavar="PYTHON",
    ),
]
VersionsOf = Annotated[
    Versions | None,
    option("--versions", help="Which releases: installed, of a day, newest.", panel=NEEDS),
]
AsOf = Annotated[
    str,
    option("--as-of", help="No release newer than this day.", panel=NEEDS, metavar="YYYY-MM-DD"),
]
Apt = Annotated[
    list[str] | None,
    option(
        "--apt", help="A Debian package to install; can be repeated.", panel=NEEDS, metavar="PKG"
    ),
]
NoApt = Annotated[
    list[str] | None,
    option(
        "--no-apt",
        help="A Debian package to leave out; can be repeated.",
        panel=NEEDS,
        metavar="PKG",
    ),
]
Repair = Annotated[
    int,
    option("--repair", help="How often a lock is tried again.", panel=NEEDS, metavar="N"),
]
Offline = Annotated[bool, option("--offline", help="Use only what is in the cache.", panel=NEEDS)]

# the image
BaseImage = Annotated[
    str,
    option(
        "--base-image",
        help="The image to build upon. Default: the official slim one of the Python.",
        panel=IMAGE,
        metavar="NAME",
    ),
]
EntryOf = Annotated[
    Entry,
    option("--entry", help="What it runs: the script, or JupyterLab.", panel=IMAGE),
]
SingleStage = Annotated[
    bool,
    option("--single-stage", help="A shorter Dockerfile: build tools stay inside.", panel=IMAGE),
]
CompileBytecode = Annotated[
    bool,
    option("--compile-bytecode", help="Larger, but starts about 3 times faster.", panel=IMAGE),
]
Trim = Annotated[
    bool,
    option("--trim", help="Leave out tests and headers that large packages carry.", panel=IMAGE),
]
PlatformOf = Annotated[Platform, option("--platform", help="What the image runs on.", panel=IMAGE)]
Env = Annotated[
    list[str] | None,
    option(
        "--env",
        "-e",
        help="An environment variable; can be repeated.",
        panel=IMAGE,
        metavar="NAME=VALUE",
    ),
]
Include = Annotated[
    list[str] | None,
    option(
        "--include",
        help="A file or folder to bring along; can be repeated.",
        panel=IMAGE,
        metavar="PATH",
    ),
]
Exclude = Annotated[
    list[str] | None,
    option("--exclude", help="Files to leave out; can be repeated.", panel=IMAGE, metavar="GLOB"),
]
MaxContext = Annotated[
    str,
    option(
        "--max-context",
        help="How much the project's files may take. Default: 200MB.",
        panel=IMAGE,
        metavar="SIZE",
    ),
]

# limits
MaxSize = Annotated[str, limit("--max-size", "All layers, unpacked: 800MB.")]
MaxCompressed = Annotated[str, limit("--max-compressed", "All layers, compressed.")]
MaxLayer = Annotated[str, limit("--max-layer", "The largest layer above the base.")]
MaxPackage = Annotated[str, limit("--max-package", "The largest Python package.")]
MaxWasted = Annotated[str, limit("--max-wasted", "Bytes that dive counts as wasted.")]
MaxWastedShare = Annotated[
    str, limit("--max-wasted-share", "The same over all layers but the first: 5%.", "SHARE")
]
MinEfficiency = Annotated[str, limit("--min-efficiency", "dive's efficiency: 0.95.", "SHARE")]

# what is shown
Quiet = Annotated[bool, option("--quiet", "-q", help="Show only the result.", panel=SHOWN)]
Json = Annotated[
    bool,
    option("--json", help="The result as JSON; events on stderr as JSON, one a line.", panel=SHOWN),
]

NoHistory = Annotated[
    bool, option("--no-history", help="Leave no entry in the history.", panel=SHOWN)
]
