"""The base that layers are put upon: its config, its layers, and what of it must be known."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol, cast

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers.layer import Layer
from nb2image.errors import BuildError, PlanError
from nb2image.image.quote import printable

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SMALL = 1 << 20
MAX_ENTRIES = 2_000_000
MAX_LINKS = 40
MAX_UNPACKED = 64 * 1000**3
MAX_EXTENDED = 1 << 20
"""Bytes of a header that only goes along with another; real ones are below a few KiB."""
EXTENDED = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
WANTED = re.compile(
    r"etc/(passwd|group|os-release|debian_version)|usr/lib/os-release"
    r"|(usr/)?(local/)?s?bin/python[0-9.]*|(usr/)?s?bin|(usr/)?lib(64)?|usr/local(/s?bin)?|opt"
)
"""What ``BaseFacts`` is read from, and the folders on the way that may be links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFacts:
    """What a base's files tell."""

    interpreter: str
    """The absolute path of its Python, links resolved: ``/usr/local/bin/python3.11``."""
    passwd: str
    group: str
    system: str = ""
    """Its distribution in words: ``Debian GNU/Linux 12 (bookworm)``."""
    size: int = 0
    """Bytes of the files in its layers, which is how engines count an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base whose layers lie in the blob cache."""

    name: str
    """For the label: a reference without its digest."""
    digest: str
    """``sha256:…`` of its manifest; empty where it has none."""
    architecture: str
    """``amd64`` or ``arm64``."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The ``config`` object of its image config."""
    history: tuple[Mapping[str, Any], ...] = ()
    layers: tuple[Layer, ...]
    facts: BaseFacts
    added: tuple[Layer, ...] = ()
    """Upon them, the packages that the plan needs and the base lacks."""
    origin: str = ""
    """The repository that holds its layers, ``registry.example/library/python``, if any."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, link or folder of interest."""

    kind: bytes
    target: str = ""
    data: bytes = b""
    mode: int = 0
    uid: int = 0
    gid: int = 0


class Placed(Protocol):
    """Whatever has a place in an image."""

    @property
    def kind(self) -> bytes:
        """As tar has it."""

    @property
    def target(self) -> str:
        """Where a link leads."""


Wanted = Callable[[str, tarfile.TarInfo], bool]
"""Whether an entry, under its name in the image, is of interest."""


def of_facts(name: str, member: tarfile.TarInfo) -> bool:
    """Whether ``BaseFacts`` are read from an entry."""
    return WANTED.fullmatch(name) is not None


def everything(name: str, member: tarfile.TarInfo) -> bool:
    """Every entry is."""
    return True


def read_facts(cache: BlobCache, layers: Iterable[Layer], python: str, path: str) -> BaseFacts:
    """Read a base's layers once; what they tell is kept for the next build.

    Raises BuildError for a broken layer or one whose names lead out of it, PlanError when the
    base has no Python of version ``python`` on ``path``.
    """
    layers = tuple(layers)
    known = cache.fact(facts_key(layers, python, path), BaseFacts)
    if known is not None:
        return known
    found, size = entries(cache, layers, of_facts)
    facts = replace(facts_of(found, python, path), size=size)
    remember_facts(cache, layers, facts, python, path)
    return facts


def remember_facts(
    cache: BlobCache, layers: Iterable[Layer], facts: BaseFacts, python: str, path: str
) -> None:
    """Keep the facts of some layers for ``read_facts``."""
    cache.remember(facts_key(tuple(layers), python, path), facts)


def facts_key(layers: tuple[Layer, ...], python: str, path: str) -> str:
    """What the facts depend on."""
    return f"base/2/{python}/{path}/{'+'.join(layer.diff_id for layer in layers)}"


def entries(
    cache: BlobCache,
    layers: Iterable[Layer],
    wanted: Wanted,
    *,
    read: Wanted = everything,
    limit: int = SMALL,
) -> tuple[dict[str, Entry], int]:
    """The entries that are wanted after all layers have been put upon each other.

    With the bytes of all files, those in a lower layer that another hides too; files beyond
    ``limit`` bytes, and those that need not be ``read``, are left empty.
    """
    found: dict[str, Entry] = {}
    folders: set[str] = set()  # that hold something of interest: the others need no search
    total = 0
    for layer in layers:
        with opened(cache.path(layer.digest), layer.media_type) as (tar, stream):
            for member in tar:
                total += member.size if member.isreg() else 0
                name = safe_name(member.name)
                if member.islnk():
                    safe_name(member.linkname)
                folder, _, last = name.rpartition("/")
                if last.startswith(".wh."):
                    remove(found, folder if last == ".wh..wh..opq" else f"{folder}/{last[4:]}")
                elif wanted(name, member):
                    if not member.isdir() and (name in folders or name in found):
                        remove(found, name)
                    while folder and folder not in folders:
                        folders.add(folder)
                        folder = folder.rpartition("/")[0]
                    found[name] = Entry(
                        member.type,
                        member.linkname,
                        small(tar, member, limit) if read(name, member) else b"",
                        member.mode & 0o7777,
                        member.uid,
                        member.gid,
                    )
                elif name in found:
                    remove(found, name)
            diff_id = stream.rest()
        if diff_id != layer.diff_id:
            raise BuildError(
                f"a layer of the base is not what its config says ({layer.diff_id})",
                code="layer-broken",
                hint="do not use this base",
            )
    return found, total


def remove(found: dict[str, Entry], path: str) -> None:
    """Forget a path and all below it."""
    path = path.lstrip("/")
    for name in [n for n in found if n == path or n.startswith(f"{path}/")]:
        del found[name]


def small(tar: Counted, member: tarfile.TarInfo, limit: int) -> bytes:
    """A small regular file's bytes."""
    if not member.isreg() or member.size > limit:
        return b""
    file = tar.extractfile(member)
    return file.read() if file else b""


def safe_name(name: str) -> str:
    """A name in a layer without ``./``. Raises BuildError when it leads out."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BuildError(
            f"a layer of the base holds {printable(name)}, which leads out of the image",
            code="layer-hostile",
            hint="do not use this base",
        )
    return "/".join(parts)


@contextmanager
def opened(path: Path, media_type: str) -> Iterator[tuple[Counted, Hashed]]:
    """A layer as a tar stream. Raises BuildError when it is broken."""
    try:
        with unpacked(path, media_type) as plain:
            stream = Hashed(plain)
            with tarfile.open(
                fileobj=cast(IO[bytes], stream), mode="r|", bufsize=1 << 18, tarinfo=Member
            ) as tar:
                yield Counted(tar), stream
    except (
        tarfile.TarError,
        zlib.error,
        EOFError,
        gzip.BadGzipFile,
        ValueError,
        RecursionError,  # by headers for headers
    ) as error:
        raise BuildError(
            f"a layer of the base cannot be read: {error}",
            code="layer-broken",
            hint="take the base anew; it may have been cut short",
        ) from error


class Counted:
    """A tar stream with a bound on its entries."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        for number, member in enumerate(self._tar):
            if number > MAX_ENTRIES:
                raise ValueError("it has an absurd number of entries")
            yield member
            # the archive keeps every member otherwise
            cast(list[tarfile.TarInfo], self._tar.members).clear()  # type: ignore[attr-defined]

    def extractfile(self, member: tarfile.TarInfo) -> IO[bytes] | None:
        """As TarFile's."""
        return self._tar.extractfile(member)


class Member(tarfile.TarInfo):
    """A tar's member whose extended headers, which are read whole, are of a sane size."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # those for all members that follow add up
        held = sum(map(len, archive.pax_headers.values())) if self.type == tarfile.XGLTYPE else 0
        if self.type in EXTENDED and held + self.size > MAX_EXTENDED:
            raise ValueError(f"its extended headers claim {held + self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


class Hashed:
    """A stream that knows the sha256 of all that was read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._sha = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises ValueError beyond any sane size."""
        data = self._stream.read(size)
        self._sha.update(data)
        self._size += len(data)
        if self._size > MAX_UNPACKED:
            raise ValueError("it unpacks to an absurd size")
        return data

    def rest(self) -> str:
        """Read to the end; the digest of everything."""
        while self.read(1 << 18):
            pass
        return f"sha256:{self._sha.hexdigest()}"


@contextmanager
def unpacked(path: Path, media_type: str) -> Iterator[IO[bytes]]:
    """The plain tar stream of a layer, whatever its compression."""
    if media_type.endswith("zstd"):
        with zstd_open(path) as stream:
            yield stream
    elif media_type.endswith("gzip"):
        with gzip.open(path) as stream:
            yield cast(IO[bytes], stream)
    else:
        with path.open("rb") as plain:
            yield plain


def zstd_open(path: Path) -> IO[bytes]:
    """A zstd file, unpacked while it is read."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return cast(IO[bytes], zstd.open(path))


def facts_of(found: Mapping[str, Entry], python: str, path: str) -> BaseFacts:
    """The facts from the entries of interest."""
    interpreter = find_python(found, python, path)
    if not interpreter:
        raise PlanError(
            f"the base has no Python {python} on its PATH",
            code="base-without-python",
            hint=f"name a base that has one, such as python:{python}-slim",
        )

    def text(*names: str) -> str:
        data = next((found[n].data for n in names if n in found and found[n].data), b"")
        return data.decode("utf-8", "replace")

    pretty = re.search(r'^PRETTY_NAME="?([^"\n]*)', text("etc/os-release", "usr/lib/os-release"), 8)
    return BaseFacts(
        interpreter=interpreter,
        passwd=text("etc/passwd"),
        group=text("etc/group"),
        system=pretty[1] if pretty else "",
    )


def find_python(found: Mapping[str, Entry], python: str, path: str) -> str:
    """The Python of a version on the PATH, links resolved; empty when there is none."""
    for folder in path.split(":"):
        for name in (f"python{python}", "python3", "python"):
            real = resolve(found, f"{folder.strip('/')}/{name}")
            entry = found.get(real)
            if entry and entry.kind in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE):
                last = real.rpartition("/")[2]
                if last == f"python{python}":
                    return f"/{real}"
    return ""


def resolve(found: Mapping[str, Placed], path: str) -> str:
    """A path with the links on its way followed, inside the image."""
    for _ in range(MAX_LINKS):
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            above = "/".join(parts[:count])
            entry = found.get(above)
            if entry is not None and entry.kind == tarfile.SYMTYPE:
                rest = "/".join(parts[count:])
                folder = above.rpartition("/")[0]
                target = posixpath.normpath(posixpath.join("/", folder, entry.target, rest))
                path = target.lstrip("/")
                break
        else:
            return path
    return ""


def search_path(settings: Mapping[str, Any]) -> str:
    """The PATH of an image config."""
    for line in settings.get("Env") or ():
        name, _, value = str(line).partition("=")
        if name == "PATH" and value:
            return value
    return DEFAULT_PATH
