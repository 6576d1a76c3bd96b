"""What an index says of a project: its files, read from the simple API (PEP 503, 691, 700)."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import unquote, urljoin

import msgspec
from packaging.utils import canonicalize_name

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")

ANCHOR = re.compile(r"<a\s((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>(.*?)</a>", re.IGNORECASE | re.DOTALL)
ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
PLAIN = re.compile(
    r"(?P<top>(?:\.\./)*|https?://[A-Za-z0-9.:-]+/)"
    r"(?:[A-Za-z0-9_%+-][A-Za-z0-9_.%+-]*/)*[A-Za-z0-9_%+-][A-Za-z0-9_.%+-]*(?:#.+)?\Z"
)
"""An address without anything that ``urljoin`` would have to think about."""
SHA256 = re.compile(r"\bsha256=([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """A wheel or sdist of a project."""

    name: str
    """The file's name."""
    url: str
    sha256: str = ""
    """Hex; empty when the index does not say."""
    size: int | None = None
    """Bytes; None when the index does not say."""
    requires_python: str = ""
    upload_time: str = ""
    """ISO 8601 in UTC (``2024-02-06T00:26:44.495150Z``); empty when the index does not say."""
    yanked: bool = False
    core_metadata: bool = False
    """The METADATA is served beside the file (PEP 658)."""
    direct: bool = False
    """It is on no configured index: only its address leads to it."""

    @property
    def is_wheel(self) -> bool:
        """A wheel; else an sdist."""
        return self.name.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of the index with all its wheels and sdists, in the index's order."""

    name: str
    """Canonical (PEP 503)."""
    files: tuple[IndexFile, ...]

    def file(self, name: str) -> IndexFile | None:
        """The file of a name; None when it is not listed."""
        return next((f for f in self.files if f.name == name), None)

    @property
    def first_upload(self) -> str:
        """The date (ISO) of the oldest file whose time is known, else empty."""
        return min((f.upload_time[:10] for f in self.files if f.upload_time), default="")


def file_version(file: IndexFile, project: str) -> str:
    """The version as the file's name writes it; empty when it does not follow the rules."""
    if file.is_wheel:
        parts = file.name.split("-")
        return parts[1] if len(parts) >= 5 else ""
    stem = next((file.name.removesuffix(s) for s in SDIST_SUFFIXES if file.name.endswith(s)), "")
    at = stem.find("-")
    while at > 0:
        # A name may hold dashes: the version begins where the part before is the whole name.
        if canonicalize_name(stem[:at]) == project:
            return stem[at + 1 :]
        at = stem.find("-", at + 1)
    return ""


def is_distribution(name: str) -> bool:
    """Whether a file's name is that of a wheel or an sdist."""
    return name.endswith((".whl", *SDIST_SUFFIXES))


class JsonHashes(msgspec.Struct):
    sha256: str = ""


class JsonFile(msgspec.Struct, rename={"core": "core-metadata", "uploaded": "upload-time"}):
    filename: str
    url: str
    hashes: JsonHashes = msgspec.field(default_factory=JsonHashes)
    requires: str | None = msgspec.field(default=None, name="requires-python")
    size: int | None = None
    uploaded: str | None = None
    yanked: bool | str = False
    core: bool | dict[str, str] = False


class JsonProject(msgspec.Struct):
    files: list[JsonFile]


JSON_PROJECT = msgspec.json.Decoder(JsonProject)


def read_json(data: bytes, base: str) -> tuple[IndexFile, ...]:
    """The files of a PEP 691 answer. Raises ValueError when it is none."""
    roots: dict[str, str] = {}
    listed = ((f, joined(base, f.url, roots)) for f in JSON_PROJECT.decode(data).files)
    return tuple(
        IndexFile(
            name=f.filename,
            url=url,
            sha256=f.hashes.sha256,
            size=f.size,
            requires_python=f.requires or "",
            upload_time=f.uploaded or "",
            yanked=f.yanked is not False,
            core_metadata=bool(f.core),
        )
        for f, url in listed
        if is_distribution(f.filename) and is_web(url, base)
    )


def read_html(text: str, base: str) -> tuple[IndexFile, ...]:
    """The files that a page links to.

    By patterns, not with an HTML parser: pages of ten thousand files are common, and html.parser
    takes seconds for one.
    """
    found = []
    roots: dict[str, str] = {}
    for anchor in ANCHOR.finditer(text):
        attributes = {
            name.lower(): html.unescape(double or single or bare)
            for name, double, single, bare in ATTRIBUTE.findall(anchor[1])
        }
        url, _, fragment = joined(base, attributes.get("href", ""), roots).partition("#")
        name = unquote(url.partition("?")[0].rpartition("/")[2])
        if not is_distribution(name) or not is_web(url, base):
            continue
        digest = SHA256.search(fragment)
        core = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
        found.append(
            IndexFile(
                name=name,
                url=url,
                sha256=digest[1] if digest else "",
                requires_python=attributes.get("data-requires-python", ""),
                upload_time=attributes.get("data-upload-time", ""),
                yanked="data-yanked" in attributes,
                core_metadata=core not in (None, "false"),
            )
        )
    return tuple(found)


def joined(base: str, href: str, roots: dict[str, str]) -> str:
    """``urljoin(base, href)``, in a tenth of its time for the plain addresses that pages hold.

    ``roots`` keeps what their beginnings stand for on this page.
    """
    plain = PLAIN.match(href)
    if plain is None:
        return urljoin(base, href)
    top = plain["top"]
    if top not in roots:
        roots[top] = urljoin(base, top or ".")
    return roots[top] + href[len(top) :]


def is_web(url: str, base: str) -> bool:
    """Whether a page may link there: a page from the web never names a file of this machine."""
    scheme = url.partition(":")[0].lower()
    return scheme in ("http", "https") or (scheme == "file" and base.startswith("file:"))
