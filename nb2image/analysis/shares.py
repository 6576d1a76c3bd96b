"""Adds up the visible bytes of an image by package, by folder and by kind of file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nb2image.analysis.owners import Owner
from nb2image.model.analysis import Chain, Duplicate, OwnerKind, PackageShare, Share
from nb2image.model.layer import Entry

Visible = Mapping[str, tuple[int, Entry]]

REST = Owner("other", "everything else")
FOLDER_SHARE = 0.001
"""Folders below this share of the image are not listed."""
FOLDER_DEPTH = 12
"""Deeper folders are counted in the one above."""

FILE_TYPES = {
    "py": "Python source",
    "pyc": "Python bytecode",
    "pyi": "type stubs",
    "so": "shared libraries",
    "a": "static libraries",
    "h": "C and C++ headers",
    "hpp": "C and C++ headers",
    "cuh": "C and C++ headers",
    "c": "C and C++ source",
    "cpp": "C and C++ source",
    "pyx": "C and C++ source",
    "pxd": "C and C++ source",
    "js": "web files",
    "css": "web files",
    "html": "web files",
    "map": "web files",
    "json": "data",
    "csv": "data",
    "parquet": "data",
    "npy": "data",
    "npz": "data",
    "pkl": "data",
    "h5": "data",
    "gz": "archives",
    "zip": "archives",
    "xz": "archives",
    "whl": "archives",
    "tar": "archives",
    "deb": "archives",
    "png": "images and fonts",
    "jpg": "images and fonts",
    "svg": "images and fonts",
    "ttf": "images and fonts",
    "otf": "images and fonts",
    "md": "text and documentation",
    "txt": "text and documentation",
    "rst": "text and documentation",
    "mo": "translations",
    "ipynb": "notebooks",
}


@dataclass(slots=True, kw_only=True)
class Sum:
    """A running total for one owner."""

    size: int = 0
    files: int = 0
    layers: set[int] = field(default_factory=set)
    bytecode: int = 0
    tests: int = 0


def package_shares(
    visible: Visible,
    owned: Mapping[str, Owner],
    chains: Mapping[tuple[OwnerKind, str], Chain],
) -> tuple[PackageShare, ...]:
    """The bytes of every owner, largest first; together they are all visible bytes.

    ``chains`` tells by kind and name how a package came to be needed.
    """
    sums: dict[Owner, Sum] = {}
    for path, (number, entry) in visible.items():
        if entry.kind != "file":
            continue
        total = sums.setdefault(owned.get(path, REST), Sum())
        total.size += entry.size
        total.files += 1
        total.layers.add(number)
        if path.endswith(".pyc"):
            total.bytecode += entry.size
        if "/tests/" in path:
            total.tests += entry.size
    shares = [
        PackageShare(
            kind=owner.kind,
            name=owner.name,
            version=owner.version,
            size=total.size,
            files=total.files,
            layers=tuple(sorted(total.layers)),
            bytecode=total.bytecode,
            tests=total.tests,
            chain=chains.get((owner.kind, owner.name)),
        )
        for owner, total in sums.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.size, share.kind, share.name)))


def folder_shares(visible: Visible) -> tuple[Share, ...]:
    """The folders that hold at least a thousandth of the image, with all below them, by path."""
    own: dict[str, tuple[int, int]] = {}
    for path, (_, entry) in visible.items():
        if entry.kind == "file":
            folder = "/".join(path.split("/", FOLDER_DEPTH)[:-1][:FOLDER_DEPTH])
            size, files = own.get(folder, (0, 0))
            own[folder] = (size + entry.size, files + 1)
    whole: dict[str, tuple[int, int]] = {}
    for folder, (size, files) in own.items():
        while True:
            below_size, below_files = whole.get(folder, (0, 0))
            whole[folder] = (below_size + size, below_files + files)
            if not folder:
                break
            folder = folder.rpartition("/")[0]
    least = whole.get("", (0, 0))[0] * FOLDER_SHARE
    return tuple(
        Share(name="/" + folder, size=size, files=files)
        for folder, (size, files) in sorted(whole.items())
        if size >= least and size
    )


def type_shares(visible: Visible) -> tuple[Share, ...]:
    """The bytes by kind of file, largest first."""
    sums: dict[str, tuple[int, int]] = {}
    for path, (_, entry) in visible.items():
        if entry.kind == "file":
            kind = file_type(path)
            size, files = sums.get(kind, (0, 0))
            sums[kind] = (size + entry.size, files + 1)
    shares = [Share(name=kind, size=size, files=files) for kind, (size, files) in sums.items()]
    return tuple(sorted(shares, key=lambda share: (-share.size, share.name)))


def file_type(path: str) -> str:
    """The kind of a file by its name."""
    name = path.rpartition("/")[2]
    if ".so." in name:  # libfoo.so.1.2
        return FILE_TYPES["so"]
    suffix = name.rpartition(".")[2].lower() if "." in name[1:] else ""
    if suffix in FILE_TYPES:
        return FILE_TYPES[suffix]
    if "/bin/" in "/" + path or "/sbin/" in "/" + path:
        return "programs"
    return "other"


def duplicates(visible: Visible) -> tuple[Duplicate, ...]:
    """Contents that stand under several visible paths, most excess first; links are no copies."""
    found: dict[tuple[int, bytes], list[str]] = {}
    for path, (_, entry) in visible.items():
        if entry.digest:
            found.setdefault((entry.size, entry.digest), []).append(path)
    several = [
        Duplicate(size=size, paths=tuple(sorted(paths)))
        for (size, _), paths in found.items()
        if len(paths) > 1
    ]
    return tuple(sorted(several, key=lambda d: (-d.excess, d.paths)))
