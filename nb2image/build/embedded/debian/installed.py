"""What a finished Debian base holds that packages upon it must know, read from its layers.

The layers are read as streams, once; what they tell is kept for the next build.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from nb2image.build.embedded.bases.base import Base, Entry, entries, everything, resolve
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.closure import Present
from nb2image.build.embedded.debian.index import joined, read_fields
from nb2image.build.embedded.debian.relation import relations, singles
from nb2image.errors import PlanError

RECIPE = 2
STATUS = "var/lib/dpkg/status"
READ = re.compile(
    r"etc/os-release|usr/lib/os-release|var/lib/dpkg/status(\.d/[^/]+)?"
    r"|etc/ld\.so\.conf(\.d/[^/]+\.conf)?"
)
KEPT = re.compile(
    r"etc/(passwd|group|shadow|gshadow)|var/lib/dpkg/alternatives/[^/]+"
    r"|var/lib/dpkg/info/[^/]+\.list|etc/ssl/certs/ca-certificates\.crt"
    r"|etc/ghostscript/(cidfmap|fontmap)\.d/[^/]+\.conf"
)
"""What the effects of scripts, and the renewing of packages, go by."""
MAX_TEXT = 32 * 1000 * 1000
"""The largest status files have some megabytes."""
MAX_INCLUDES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The system of a base."""

    distribution: str
    """Its ID in os-release, ``debian``."""
    codename: str
    """``bookworm``; empty where os-release has none."""
    status: bytes
    """dpkg's table as the base has it."""
    packages: dict[str, Present]
    """By name, those of the base's own architecture."""
    places: dict[str, Entry]
    """All that it holds by path, without a leading slash and without bytes."""
    texts: dict[str, bytes]
    """The bytes of some files: accounts, alternatives, lists of packages' files."""
    libraries: dict[str, bool]
    """What may be a shared library, with whether it is a file of its own and no link."""
    loader: tuple[str, ...]
    """The folders that /etc/ld.so.conf names, links resolved, in its order."""

    def real(self, path: str) -> str:
        """The place of a path, the links of the folders above it followed.

        Raises PlanError for links that lead in a circle.
        """
        above, slash, name = path.rpartition("/")
        found = resolve(self.places, above) if above else ""
        if above and not found:
            raise PlanError(f"the base's /{above} is a link that leads nowhere", code="base-links")
        return f"{found}{slash}{name}" if found else name


def read_installed(cache: BlobCache, base: Base) -> Installed:
    """Read the base's layers. Raises BuildError for a broken one."""
    key = f"installed/{RECIPE}/{'+'.join(layer.diff_id for layer in base.layers)}"
    known = cache.fact(key, Installed)
    if known is not None:
        return known
    found, _ = entries(cache, base.layers, everything, read=is_read, limit=MAX_TEXT)
    made = installed(found, base.architecture)
    cache.remember(key, made)
    return made


def is_read(name: str, member: tarfile.TarInfo) -> bool:
    """Whether an entry is a text that tells something."""
    return READ.fullmatch(name) is not None or KEPT.fullmatch(name) is not None


def installed(found: Mapping[str, Entry], architecture: str) -> Installed:
    """The system from the entries of interest."""

    def text(name: str) -> str:
        entry = found.get(resolve(found, name))
        return entry.data.decode("utf-8", "replace") if entry else ""

    system = dict(
        re.findall(r'^(ID|VERSION_CODENAME)="?([^"\n]*)', text("etc/os-release"), re.MULTILINE)
    )
    tables = [STATUS, *sorted(n for n in found if n.startswith(f"{STATUS}.d/"))]
    known = (entry for entry in map(found.get, tables) if entry is not None)
    packages: dict[str, Present] = {}
    for entry in known:
        packages |= present(entry.data.decode("utf-8", "replace"), architecture)
    places = {name: Entry(e.kind, e.target, b"", e.mode, e.uid, e.gid) for name, e in found.items()}
    status = found.get(STATUS)
    folders = (resolve(places, folder.strip("/")) for folder in loader_folders(found))
    return Installed(
        distribution=system.get("ID", ""),
        codename=system.get("VERSION_CODENAME", ""),
        status=status.data if status else b"",
        packages=packages,
        places=places,
        texts={name: e.data for name, e in found.items() if KEPT.fullmatch(name)},
        libraries={
            name: entry.kind != tarfile.SYMTYPE
            for name, entry in sorted(found.items())
            if entry.kind != tarfile.DIRTYPE and ".so" in name.rpartition("/")[2]
        },
        loader=tuple(dict.fromkeys(filter(None, folders))),
    )


def present(table: str, architecture: str) -> dict[str, Present]:
    """The installed packages of a status file. A distroless base's have no Status."""
    found = {}
    for stanza in re.split(r"\n\s*\n", table):
        fields = read_fields(stanza.strip("\n"))
        state = fields.get("Status", "install ok installed").split()
        if not fields.get("Package") or state[-1:] != ["installed"]:
            continue
        if fields.get("Architecture") not in (architecture, "all"):
            continue
        found[fields["Package"]] = Present(
            version=fields.get("Version", ""),
            provides=singles(fields.get("Provides", "")),
            refuses=singles(joined(fields, "Conflicts", "Breaks")),
            depends=relations(joined(fields, "Pre-Depends", "Depends")),
        )
    return found


def loader_folders(found: Mapping[str, Entry]) -> list[str]:
    """The folders that /etc/ld.so.conf and what it includes name (ldconfig.8)."""
    folders: list[str] = []
    waiting = ["etc/ld.so.conf"]
    for _ in range(MAX_INCLUDES):
        if not waiting:
            break
        entry = found.get(waiting.pop(0))
        included: list[str] = []
        for line in entry.data.decode("utf-8", "replace").splitlines() if entry else ():
            words = line.partition("#")[0].split()
            if words[:1] == ["include"]:
                for word in words[1:]:
                    pattern = posixpath.join("/etc", word)[1:]
                    included += sorted(n for n in found if fnmatch.fnmatchcase(n, pattern))
            elif len(words) == 1 and words[0].startswith("/"):
                folders.append(posixpath.normpath(words[0]))
        waiting = included + waiting
    return folders
