"""Which shared libraries a wheel needs and does not bring, read from its binaries."""

from __future__ import annotations

import io
import re
import zipfile

import msgspec

from nb2image.errors import RequirementsError
from nb2image.requirements.index.archive import RemoteFile, broken
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.listing import IndexFile

MAX_PACKED = 4_000_000
"""Bytes of a wheel's binaries, compressed: they must be read whole. Larger wheels come from
projects that are known (``system.toml``) or bring all they need."""
MAX_BINARY = 64_000_000
MAX_BINARIES = 500
BINARY = re.compile(r"\.so(?:\.\d+)*$")
SONAME = re.compile(r"[\w.+-]{1,200}", re.ASCII)
"""What a library may be called: names are shown to people, and a binary may hold any."""


class Libraries(msgspec.Struct, array_like=True):
    """What a wheel's binaries ask for."""

    needed: tuple[str, ...]
    """Every DT_NEEDED, sorted."""
    brought: tuple[str, ...]
    """File names and sonames of its own libraries."""
    read: bool = True
    """False when the wheel is too large to be read."""


LIBRARIES = msgspec.msgpack.Decoder(Libraries)


def libraries(file: IndexFile, index: Index) -> Libraries:
    """The libraries of a wheel, cached by its hash. Raises RequirementsError."""
    data = index.derived("libraries", file, lambda a: msgspec.msgpack.encode(scan(a, file.name)))
    return LIBRARIES.decode(data)


def scan(archive: zipfile.ZipFile, name: str) -> Libraries:
    """Read the binaries of a wheel. Raises RequirementsError when the wheel is broken."""
    binaries = [i for i in archive.infolist() if BINARY.search(i.filename)]
    brought = {i.filename.rpartition("/")[2] for i in binaries}
    packed = sum(i.compress_size for i in binaries)
    if packed > MAX_PACKED or len(binaries) > MAX_BINARIES:
        return Libraries((), tuple(sorted(brought)), read=False)
    if binaries and isinstance(archive.fp, RemoteFile):
        first = min(i.header_offset for i in binaries)
        last = max(i.header_offset + i.compress_size + 1024 for i in binaries)
        if last - first <= 2 * MAX_PACKED:
            archive.fp.prefetch(first, last)
    needed: set[str] = set()
    for info in binaries:
        if info.file_size > MAX_BINARY:
            continue
        try:
            data = archive.read(info)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
            raise broken(name, error) from error
        wants, calls_itself = dynamic(data)
        needed |= wants
        brought |= calls_itself
    return Libraries(tuple(sorted(needed)), tuple(sorted(brought)))


def dynamic(data: bytes) -> tuple[set[str], set[str]]:
    """(DT_NEEDED, DT_SONAME) of a binary; nothing of what is no readable ELF file."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    needed, sonames = set(), set()
    try:
        for segment in ELFFile(io.BytesIO(data)).iter_segments("PT_DYNAMIC"):
            for tag in segment.iter_tags():
                if tag.entry.d_tag == "DT_NEEDED":
                    needed.add(str(tag.needed))
                elif tag.entry.d_tag == "DT_SONAME":
                    sonames.add(str(tag.soname))
    # pyelftools raises these and more on hostile files; such a file needs nothing that we can know
    except (ELFError, ArithmeticError, AttributeError, LookupError, MemoryError, OSError):
        pass
    except (TypeError, ValueError, RecursionError):
        pass
    return set(filter(SONAME.fullmatch, needed)), set(filter(SONAME.fullmatch, sonames))


def unreadable(error: RequirementsError) -> bool:
    """Whether an error speaks of one file rather than of the index."""
    return error.code in {"archive-broken", "index-file-missing", "index-too-large"}
