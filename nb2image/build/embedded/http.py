"""HTTP for large things: streamed to disk, verified, retried with patience, resumed after a cut."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers.layer import disk_errors
from nb2image.errors import BuildError
from nb2image.network import NetworkConfig, redact
from nb2image.requirements.index.web import netrc, routes, trust

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 60.0
CONNECTIONS = 8
WAITS_SECONDS = (0.2, 1.0, 3.0, 8.0)
"""Between the tries of one request."""
LONGEST_WAIT_SECONDS = 30.0
PASSING_TROUBLE = frozenset({408, 425, 429, 500, 502, 503, 504})
PORTS = {"http": 80, "https": 443}
PIECE = 1 << 18

Body = bytes | Callable[[], Iterator[bytes]] | None
"""What is sent; a callable makes it anew for each try."""


@dataclass(slots=True)
class Http:
    """One client for a build; threads may share it."""

    network: NetworkConfig
    transport: httpx.BaseTransport | None = None
    """For tests."""
    sleep: Callable[[float], None] = time.sleep
    waits: tuple[float, ...] = WAITS_SECONDS
    _client: httpx.Client | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextlib.contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        what: str = "",
        follow: bool = True,
    ) -> Iterator[httpx.Response]:
        """The answer, its body unread, whatever its status; passing trouble is tried again.

        Raises BuildError ``download-failed`` when the server cannot be reached or keeps failing.
        """
        import httpx

        what = what or redact(url)
        for wait in (*self.waits, None):
            try:
                response = self._send(method, url, dict(headers or {}), body, follow)
            except (
                httpx.TransportError,
                httpx.InvalidURL,
                httpx.TooManyRedirects,
                httpx.StreamError,  # sent elsewhere after the body had been read
            ) as error:
                trouble, asked = f"{type(error).__name__} {error}".strip(), 0.0
                if not isinstance(error, httpx.TransportError) or certificate(error):
                    raise unreachable(what, url, trouble) from error
            else:
                if response.status_code not in PASSING_TROUBLE:
                    try:
                        yield response
                    finally:
                        response.close()
                    return
                trouble = f"HTTP {response.status_code}"
                asked = seconds(response.headers.get("retry-after", ""))
                response.close()
            if wait is None:
                raise unreachable(what, url, trouble)
            self.sleep(min(max(wait, asked), LONGEST_WAIT_SECONDS))

    def blob(
        self,
        url: str,
        cache: BlobCache,
        digest: str,
        *,
        size: int | None = None,
        headers: Mapping[str, str] | None = None,
        what: str = "",
    ) -> Path:
        """The file of ``digest``: from the cache, else downloaded and verified.

        A transfer that was cut goes on where it stopped, in this run or a later one. Raises
        BuildError when what the server sends is not what the digest names.
        """
        found = cache.find(digest, size)
        if found:
            return found
        what = what or redact(url)
        with disk_errors("the blob cache"):
            partial = cache.partial(digest)
            with partial.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # one transfer of a blob at a time
                found = cache.find(digest, size)
                if found:
                    return found
                self._fill(file, url, digest, size, dict(headers or {}), what)
                return cache.keep(file, digest)

    def get(self, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> bytes:
        """A small body. Raises BuildError for an error status or more than ``limit`` bytes."""
        with self.stream("GET", url, headers=headers) as response:
            if response.status_code != 200:
                raise refusal(redact(url), url, response.status_code)
            return read_limited(response, limit, redact(url))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _fill(
        self,
        file: BinaryIO,
        url: str,
        digest: str,
        size: int | None,
        headers: dict[str, str],
        what: str,
    ) -> None:
        """Bring ``file`` to the bytes of the digest, from what it has of them."""
        wrong, trouble = False, ""
        for wait in (*self.waits, None):
            found, had, trouble = self._attempt(file, url, size, headers, what)
            if found == digest:
                return
            if not trouble and size is not None and had < size:
                trouble = f"the transfer broke off after {had} of {size} bytes"
            if trouble:
                if wait is not None:
                    self.sleep(wait)
                continue
            # once more from the beginning: what was there before may have been damaged
            file.seek(0)
            file.truncate()
            if wrong:
                raise BuildError(
                    f"{what} is not what its hash names: the server sends other bytes",
                    code="hash-mismatch",
                    hint="try again later; if it stays, the server or a proxy changes files",
                )
            wrong = True
        raise unreachable(what, url, trouble)

    def _attempt(
        self, file: BinaryIO, url: str, size: int | None, headers: dict[str, str], what: str
    ) -> tuple[str, int, str]:
        """One transfer of what is missing: the digest, the bytes, and what went wrong."""
        import httpx

        file.seek(0)
        sha = hashlib.sha256()
        while piece := file.read(PIECE):
            sha.update(piece)
        had = file.tell()
        if size is not None and had >= size:
            return f"sha256:{sha.hexdigest()}", had, ""
        # identity: a digest is of the bytes as stored, not of a transfer's coding
        asked = headers | {"Accept-Encoding": "identity"}
        asked |= {"Range": f"bytes={had}-"} if had else {}
        try:
            with self.stream("GET", url, headers=asked, what=what) as response:
                if had and response.status_code in (200, 416):
                    file.seek(0)
                    file.truncate()
                    sha, had = hashlib.sha256(), 0
                if response.status_code == 416:
                    return "", 0, "the server has no such range"
                if response.status_code not in (200, 206):
                    raise refusal(what, url, response.status_code)
                for piece in response.iter_raw():
                    sha.update(piece)
                    had += len(piece)
                    if size is not None and had > size:
                        break
                    file.write(piece)
        except httpx.TransportError as error:
            file.flush()
            return "", had, f"the transfer broke off: {type(error).__name__}"
        return f"sha256:{sha.hexdigest()}", had, ""

    def _send(
        self, method: str, url: str, headers: dict[str, str], body: Body, follow: bool
    ) -> httpx.Response:
        client = self._open()
        content = body() if callable(body) else body
        bare = redact(url) + (f"?{query}" if (query := urlsplit(url).query) else "")
        request = client.build_request(method, bare, headers=headers, content=content)
        login = None if "Authorization" in headers else self._logins().get(origin(str(request.url)))
        if login:
            return client.send(request, stream=True, auth=login, follow_redirects=follow)
        return client.send(request, stream=True, follow_redirects=follow)

    def _logins(self) -> dict[tuple[str, str, int | None], tuple[str, str]]:
        """The logins of the package indexes, which are for these servers alone."""
        network = self.network
        urls = (network.index_url, *network.extra_index_urls, *network.find_links)
        return {
            origin(url): (unquote(parts.username), unquote(parts.password or ""))
            for url, parts in ((url, urlsplit(url)) for url in urls)
            if parts.username and parts.hostname
        }

    def _open(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    auth=netrc(),
                    headers={"User-Agent": "nb2image"},
                    limits=httpx.Limits(max_connections=CONNECTIONS),
                    mounts={} if self.transport else routes(self.network),
                    timeout=TIMEOUT_SECONDS,
                    transport=self.transport,
                    trust_env=False,
                    verify=trust(self.network.ca_file),
                )
            return self._client


def read_limited(response: httpx.Response, limit: int, what: str) -> bytes:
    """A body of at most ``limit`` bytes. Raises BuildError beyond, and when it breaks off."""
    import httpx

    parts, size = [], 0
    try:
        for piece in response.iter_bytes(PIECE):
            size += len(piece)
            if size > limit:
                raise BuildError(f"{what} is larger than {limit} bytes", code="answer-too-large")
            parts.append(piece)
    except httpx.RequestError as error:  # broken off, or coded as it does not say
        trouble = f"the transfer broke off: {type(error).__name__}"
        raise unreachable(what, str(response.url), trouble) from error
    return b"".join(parts)


def origin(url: str) -> tuple[str, str, int | None]:
    """The scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme)


def seconds(retry_after: str) -> float:
    """The wait that a Retry-After header asks for; its date form counts as none."""
    return float(retry_after) if retry_after.isdigit() else 0.0


def certificate(error: BaseException) -> bool:
    """Whether the server's certificate was refused: trying again cannot help."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def unreachable(what: str, url: str, trouble: str) -> BuildError:
    """The error for a server that does not answer."""
    hint = "check the network and its proxy; what has been transferred is kept for the next try"
    if "CERTIFICATE_VERIFY_FAILED" in trouble:
        hint = "point SSL_CERT_FILE at your organisation's CA bundle"
    return BuildError(
        f"cannot get {what} from {urlsplit(url).hostname}: {trouble}",
        code="download-failed",
        hint=hint,
    )


def refusal(what: str, url: str, status: int) -> BuildError:
    """The error for a server that answers with an error status."""
    denied = status in (401, 403, 407)
    return BuildError(
        f"{urlsplit(url).hostname} {'refuses' if denied else 'does not have'} {what}"
        f" (HTTP {status})",
        code="download-refused" if denied else "download-missing",
        hint="check the credentials for it" if denied else "check the name",
    )
