"""PyTorch's builds for the CPU: which files they are and where they lie.

The public index has builds with CUDA only, of 3 GB with what they need. PyTorch keeps those for
the CPU, of 200 MB, on an index of its own; their versions end in ``+cpu``.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nb2image.requirements.index.listing import IndexFile, Project, file_version
from nb2image.requirements.index.release import wheel_rank
from nb2image.requirements.index.store import write_atomically
from nb2image.requirements.target import Target

ROOT = "https://download.pytorch.org/whl"
VARIABLE = "NB2IMAGE_TORCH_INDEX"
"""Names a mirror of ROOT."""
FAMILY = frozenset({"torch", "torchaudio", "torchvision"})
"""The projects whose builds are linked with each other, and so must be of one kind."""
WAITS_SECONDS = (0.3,)
"""A firewall often keeps this index out: it is not worth a long wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of one project that uv is to choose from, and from no others."""

    name: str
    page: str
    """As an index writes it (PEP 503)."""


def cpu_index(environ: Mapping[str, str]) -> str:
    """The address of the index with the builds for the CPU."""
    return f"{(environ.get(VARIABLE) or ROOT).rstrip('/')}/cpu"


def is_cpu(file: IndexFile, name: str) -> bool:
    """Whether a file's version says that it is a build for the CPU."""
    return file_version(file, name).partition("+")[2].startswith("cpu")


def cpu_builds(
    name: str,
    own: Project | None,
    listed: Callable[[], tuple[IndexFile, ...]],
    *,
    everywhere: bool = False,
) -> Project | None:
    """The project with its builds for the CPU alone; None when there are none.

    Those on the host's own indexes and folders count first; PyTorch's index is asked when there
    are none, or ``everywhere``. That index tells no times: a build is as old as the same release
    elsewhere.
    """
    files = own.files if own else ()
    found = [f for f in files if is_cpu(f, name)]
    if everywhere or not found:
        known = {f.name for f in found}
        found += [replace(f, direct=True) for f in listed() if f.is_wheel and f.name not in known]
    times: dict[str, str] = {}
    for file in files:
        version = file_version(file, name).partition("+")[0]
        if file.upload_time:
            times[version] = min(file.upload_time, times.get(version, file.upload_time))
    dated = (
        f if f.upload_time else replace(f, upload_time=times.get(public(f, name), ""))
        for f in found
    )
    made = tuple(dated)
    return Project(name=name, files=made) if made else None


def public(file: IndexFile, name: str) -> str:
    """The version without its local part: ``2.4.0`` of ``2.4.0+cpu``."""
    return file_version(file, name).partition("+")[0]


def has_cpu_builds(project: Project | None) -> bool:
    """Whether a project of the family is one of builds for the CPU."""
    return project is not None and all(f.direct or is_cpu(f, project.name) for f in project.files)


def listing(project: Project, target: Target) -> Listing:
    """What uv is told of a project: the files for the target, or all where none fits it."""
    order = {tag: rank for rank, tag in enumerate(target.tags())}
    fitting = [f for f in project.files if wheel_rank(f, order) is not None]
    rows = []
    for file in fitting or project.files:
        facts = {
            "data-upload-time": file.upload_time,
            "data-requires-python": file.requires_python,
            "data-core-metadata": "true" if file.core_metadata else "",
        }
        given = "".join(f' {k}="{html.escape(v)}"' for k, v in facts.items() if v)
        address = file.url + (f"#sha256={file.sha256}" if file.sha256 else "")
        rows.append(f'<a href="{html.escape(address)}"{given}>{html.escape(file.name)}</a>')
    return Listing(name=project.name, page="<!DOCTYPE html>\n" + "<br>\n".join(rows) + "\n")


def write_listings(listings: tuple[Listing, ...], cache: Path, spare: Path) -> Path:
    """Put the pages where uv can read them as an index: in the cache, else in ``spare``.

    The folder is named by what is in it: uv knows wheels that it has seen by their index. It is
    an entry of the disk cache, and goes with it.
    """
    digest = hashlib.sha256("".join(one.name + one.page for one in listings).encode()).hexdigest()
    kept = cache / f"torch-{digest[:16]}"
    for folder in (kept, spare):
        pages = {folder / one.name / "index.html": one.page.encode() for one in listings}
        for page, data in pages.items():
            if not holds(page, data):
                write_atomically(page, data)
        if all(holds(page, data) for page, data in pages.items()):
            break
    return folder


def holds(page: Path, data: bytes) -> bool:
    """Whether a file is there with this content."""
    try:
        return page.read_bytes() == data
    except OSError:
        return False
