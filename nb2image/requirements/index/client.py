"""The package index, as the user's pip and uv are configured, behind a cache."""

from __future__ import annotations

import io
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, Protocol

import msgspec
from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.network import NetworkConfig, redact
from nb2image.requirements.accelerator import torch_cpu
from nb2image.requirements.index.archive import (
    Contents,
    RemoteFile,
    open_wheel,
    read_member,
    wheel_contents,
)
from nb2image.requirements.index.cache import DiskCache
from nb2image.requirements.index.listing import (
    IndexFile,
    Project,
    file_version,
    read_html,
    read_json,
)
from nb2image.requirements.index.local import (
    belongs,
    local_page,
    local_path,
    local_stamp,
    open_local,
    read_local,
)
from nb2image.requirements.index.sdist import MAX_SDIST_BYTES, sdist_contents, sdist_member
from nb2image.requirements.index.web import Answer, Web

FRESH_SECONDS = 600
"""How long a listing is used without asking again; the max-age that the public index gives."""
MAX_PAGE_BYTES = 64_000_000
MAX_CACHED_MEMBER_BYTES = 256 * 1024
THREADS = 16
ACCEPT = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
)


class PackageIndex(Protocol):
    """What the steps of this folder ask of an index; tests pass a small one of their own."""

    def project(self, name: str) -> Project | None:
        """A project's files; None when no index has it. Raises RequirementsError."""

    def contents(self, file: IndexFile) -> Contents:
        """What lies inside a file. Raises RequirementsError."""

    def read_member(self, file: IndexFile, member: str) -> bytes:
        """One file out of a wheel or sdist. Raises RequirementsError."""


class Page(msgspec.Struct, array_like=True):
    """A cached listing of one project on one index."""

    fetched: float
    etag: str
    exists: bool
    files: tuple[IndexFile, ...]


class StoredContents(msgspec.Struct, array_like=True):
    """Cached contents of a file; names are joined because one string decodes fastest."""

    members: str
    metadata: str
    sizes: bytes
    packed: int


PAGE = msgspec.msgpack.Decoder(Page)
CONTENTS = msgspec.msgpack.Decoder(StoredContents)


class Index:
    """All configured indexes and folders as one ``PackageIndex``; threads may share it.

    Listings are cached for ten minutes and then asked for again by ETag; what lies inside a file
    is cached for ever by the file's hash. With ``offline`` only the cache and local folders are
    read, and RequirementsError(``offline-missing``) names what they lack.
    """

    def __init__(
        self,
        network: NetworkConfig,
        cache: DiskCache,
        *,
        default_index: str,
        cpu_index: str = "",
        cpu_everywhere: bool = False,
        offline: bool = False,
        web: Web | None = None,
    ) -> None:
        """``default_index`` is the address that an empty ``network.index_url`` stands for.

        With ``cpu_index`` the projects of PyTorch are their builds for the CPU, found on the
        configured indexes, else there; with ``cpu_everywhere`` on both.
        """
        urls = (network.index_url or default_index, *network.extra_index_urls)
        self._indexes = () if network.no_index else tuple(u.rstrip("/") for u in urls if u)
        self._cpu_index = "" if network.no_index else cpu_index.rstrip("/")
        self._for_cpu = bool(cpu_index)
        self._cpu_everywhere = cpu_everywhere
        self._find_links = network.find_links
        self._strategy = network.strategy
        self._cache = cache
        self._offline = offline
        self._web = web or Web(network)
        self._projects: dict[str, Project | None] = {}
        self._contents: dict[str, Contents] = {}
        self.cpu_trouble: RequirementsError | None = None
        """Why builds for the CPU could not be looked for."""

    def project(self, name: str) -> Project | None:
        """A project's files on all indexes; None when no index has it.

        Raises RequirementsError: an index that does not answer is an error, not an absence.
        """
        name = canonicalize_name(name)
        if name not in self._projects:
            files: dict[str, IndexFile] = {}
            for index in self._indexes:
                for file in self._listed(index, name):
                    files.setdefault(file.name, file)
                if files and self._strategy == "first-index":
                    break
            for link in self._find_links:
                for file in self._linked(link, name):
                    files.setdefault(file.name, file)
            found = Project(name=name, files=tuple(files.values())) if files else None
            if self._for_cpu and name in torch_cpu.FAMILY:
                listed = partial(self._cpu_files, name)
                everywhere = self._cpu_everywhere
                found = torch_cpu.cpu_builds(name, found, listed, everywhere=everywhere) or found
            self._projects[name] = found
        return self._projects[name]

    def _cpu_files(self, name: str) -> tuple[IndexFile, ...]:
        """PyTorch's own builds for the CPU; none where they cannot be reached."""
        if not self._cpu_index or self.cpu_trouble is not None:
            return ()
        try:
            return self._listed(self._cpu_index, name, waits=torch_cpu.WAITS_SECONDS)
        except RequirementsError as error:
            self.cpu_trouble = error
            return ()

    def projects(self, names: Iterable[str]) -> dict[str, Project | None]:
        """Several projects at once, by canonical name."""
        wanted = sorted({canonicalize_name(name) for name in names})
        with ThreadPoolExecutor(THREADS) as threads:
            return dict(zip(wanted, threads.map(self.project, wanted), strict=True))

    def contents(self, file: IndexFile) -> Contents:
        """What lies inside a wheel or sdist. Raises RequirementsError."""
        lasting = lasting_key(file)
        key = lasting or file.url
        if key in self._contents:
            return self._contents[key]
        data = self._cache.get("members", key) if lasting else None
        found = decode_contents(data) if data else None
        if found is None:
            found = self._read_contents(file)
            if lasting:
                stored = StoredContents(
                    "\n".join(found.members), found.metadata, found.packed_sizes, found.packed
                )
                self._cache.put("members", key, msgspec.msgpack.encode(stored))
        self._contents[key] = found
        return found

    def read_member(self, file: IndexFile, member: str) -> bytes:
        """One file out of a wheel or sdist, small ones cached. Raises RequirementsError."""
        lasting = lasting_key(file)
        key = f"{lasting}/{member}"
        data = self._cache.get("member", key) if lasting else None
        if data is None:
            if file.is_wheel:
                data = read_member(open_wheel(self._open(file), file.name), member, file.name)
            else:
                with self._opened_sdist(file) as sdist:
                    data = sdist_member(sdist, member, file.name)
            if lasting and len(data) <= MAX_CACHED_MEMBER_BYTES:
                self._cache.put("member", key, data)
        return data

    def derived(
        self, kind: str, file: IndexFile, make: Callable[[zipfile.ZipFile], bytes]
    ) -> bytes:
        """What ``make`` finds in a wheel, cached by the wheel's hash under ``kind``.

        Raises RequirementsError.
        """
        key = lasting_key(file)
        data = self._cache.get(kind, key) if key else None
        if data is None:
            data = make(open_wheel(self._open(file), file.name))
            if key:
                self._cache.put(kind, key, data)
        return data

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def _read_contents(self, file: IndexFile) -> Contents:
        if file.is_wheel:
            return wheel_contents(open_wheel(self._open(file), file.name), file.name)
        with self._opened_sdist(file) as sdist:
            return sdist_contents(sdist, file.name)

    @contextmanager
    def _opened_sdist(self, file: IndexFile) -> Iterator[BinaryIO]:
        path = local_path(file.url)
        if path is not None:
            with open_local(path) as local:
                yield local
            return
        self._need_network(file.name)
        with tempfile.TemporaryFile() as kept:
            answer = self._web.get(file.url, limit=MAX_SDIST_BYTES, into=kept)
            if answer.status != 200:
                raise RequirementsError(
                    f"the package index does not serve {file.name} (HTTP {answer.status})",
                    code="index-file-missing",
                )
            kept.seek(0)
            yield kept

    def _open(self, file: IndexFile) -> io.RawIOBase | io.BufferedIOBase:
        path = local_path(file.url)
        if path is not None:
            return open_local(path)
        self._need_network(file.name)
        return RemoteFile(self._web, file.url)

    def _need_network(self, what: str) -> None:
        if self._offline:
            raise RequirementsError(
                f"{what} is not in the cache",
                code="offline-missing",
                hint="run once without --offline to fill the cache",
            )

    def _listed(
        self, index: str, name: str, *, waits: Sequence[float] | None = None
    ) -> tuple[IndexFile, ...]:
        folder = local_path(index)
        if folder is not None:
            return local_page(folder / name / "index.html", name)
        url = f"{index}/{name}/"
        page = self._cached_page(url)
        if page is None or (not self._offline and time.time() - page.fetched > FRESH_SECONDS):
            self._need_network(f"the list of {name}'s releases")
            page = self._fetch_page(url, name, page, waits)
        return page.files if page.exists else ()

    def _cached_page(self, url: str) -> Page | None:
        data = self._cache.get("listing", redact(url))
        try:
            return PAGE.decode(data) if data else None
        except msgspec.MsgspecError:
            return None  # written by another release, or damaged: as good as absent

    def _fetch_page(
        self, url: str, name: str, old: Page | None, waits: Sequence[float] | None
    ) -> Page:
        headers = {"Accept": ACCEPT}
        if old is not None and old.etag:
            headers["If-None-Match"] = old.etag
        answer = self._web.get(url, headers=headers, limit=MAX_PAGE_BYTES, waits=waits)
        if answer.status == 304 and old is not None:
            page = Page(time.time(), old.etag, old.exists, old.files)
        elif answer.status in {404, 410}:
            page = Page(time.time(), "", False, ())
        elif answer.status == 200:
            files = tuple(f for f in read_answer(answer) if file_version(f, name))
            page = Page(time.time(), answer.headers.get("etag", ""), True, files)
        else:
            raise RequirementsError(
                f"the package index answers HTTP {answer.status} to {redact(url)}",
                code="index-answer",
                hint="check that the index that pip is configured with is a simple index (PEP 503)",
            )
        self._cache.put("listing", redact(url), msgspec.msgpack.encode(page))
        return page

    def _linked(self, link: str, name: str) -> tuple[IndexFile, ...]:
        local = read_local(link, name)
        if local is not None:
            return local
        page = self._cached_page(link)
        if page is None or (not self._offline and time.time() - page.fetched > FRESH_SECONDS):
            self._need_network(redact(link))
            answer = self._web.get(link, headers={"Accept": ACCEPT}, limit=MAX_PAGE_BYTES)
            files = read_answer(answer) if answer.status == 200 else ()
            page = Page(time.time(), "", answer.status == 200, files)
            self._cache.put("listing", redact(link), msgspec.msgpack.encode(page))
        return tuple(f for f in page.files if belongs(f, name))


def lasting_key(file: IndexFile) -> str:
    """What names a file's content for ever; empty for one of the network without a hash."""
    return file.sha256 or local_stamp(file.url)


def read_answer(answer: Answer) -> tuple[IndexFile, ...]:
    """The files of a listing in either form. Raises RequirementsError when it is neither."""
    try:
        if "json" in answer.headers.get("content-type", ""):
            return read_json(answer.body, answer.url)
        return read_html(answer.body.decode("utf-8", "replace"), answer.url)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RequirementsError(
            f"the package index answers {answer.url} with something unreadable: {error}",
            code="index-answer",
        ) from error


def decode_contents(data: bytes) -> Contents | None:
    """Cached contents; None when they are damaged."""
    try:
        stored = CONTENTS.decode(data)
    except msgspec.MsgspecError:
        return None
    members = tuple(stored.members.split("\n")) if stored.members else ()
    return Contents(
        members=members,
        metadata=stored.metadata,
        packed_sizes=stored.sizes,
        packed=stored.packed,
    )
