"""Requests to indexes: retries, credentials, certificates, bounds, and errors in words."""

from __future__ import annotations

import posixpath
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from nb2image.errors import RequirementsError
from nb2image.network import NetworkConfig, redact

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 20.0
CONNECTIONS = 16
WAITS_SECONDS = (0.3, 1.0, 3.0)
"""Between the tries of one request."""
PASSING_TROUBLE = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A server's answer, read whole."""

    status: int
    url: str
    """After redirections, without credentials."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class TooLarge(RequirementsError):
    """A server sends more than was asked for or can be held."""


class Web:
    """One client for a run; threads may share it."""

    def __init__(
        self, network: NetworkConfig, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._network = network
        self._transport = transport
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._logins = logins((*sources(network), *network.find_links))

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        limit: int,
        into: BinaryIO | None = None,
        waits: Sequence[float] | None = None,
    ) -> Answer:
        """The answer to a GET, whatever its status, of at most ``limit`` bytes.

        With ``into`` the body is written there, and the answer's own is empty. ``waits`` are the
        seconds before each further try, the usual ones when None.

        Raises RequirementsError: ``index-down`` when the server cannot be reached or keeps
        failing, ``index-refused`` when it wants other credentials; TooLarge beyond the limit.
        """
        import httpx

        shown = redact(url)
        trouble = ""
        for wait in (0.0, *(WAITS_SECONDS if waits is None else waits)):
            time.sleep(wait)
            try:
                answer = self._try(url, dict(headers or {}), limit, into)
            except httpx.TransportError as error:
                trouble = str(error) or type(error).__name__
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                trouble = str(error)
                break
            if answer.status in {401, 403, 407}:
                raise RequirementsError(
                    f"{shown} refuses access (HTTP {answer.status})",
                    code="index-refused",
                    hint="put credentials into pip's or uv's configuration, or into ~/.netrc",
                )
            if answer.status not in PASSING_TROUBLE:
                return answer
            trouble = f"HTTP {answer.status}"
        raise RequirementsError(
            f"the package index does not answer: {shown}: {trouble}",
            code="index-down",
            hint="check the network and the index that pip is configured with; "
            "--offline works from the cache",
        )

    def _try(self, url: str, headers: dict[str, str], limit: int, into: BinaryIO | None) -> Answer:
        client = self._open()
        login = login_for(url, self._logins)
        # Without a login the client's own rules hold: ~/.netrc.
        with (
            client.stream("GET", url, headers=headers, auth=login)
            if login
            else client.stream("GET", url, headers=headers)
        ) as response:
            chunks, size = [], 0
            if into is not None:
                into.seek(0)
                into.truncate()
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > limit:
                    raise TooLarge(
                        f"{redact(url)} sends more than {limit // 1_000_000} MB",
                        code="index-too-large",
                    )
                if into is None:
                    chunks.append(chunk)
                else:
                    into.write(chunk)
            return Answer(
                status=response.status_code,
                url=redact(str(response.url)),
                headers={k.lower(): v for k, v in response.headers.items()},
                body=b"".join(chunks),
            )

    def _open(self) -> httpx.Client:
        # Made at the first request: a run that the cache can answer never pays for it.
        import httpx

        with self._lock:
            if self._client is None:
                try:
                    self._client = httpx.Client(
                        auth=netrc(),
                        follow_redirects=True,
                        headers={"User-Agent": "nb2image"},
                        limits=httpx.Limits(max_connections=CONNECTIONS),
                        mounts={} if self._transport else routes(self._network),
                        timeout=TIMEOUT_SECONDS,
                        transport=self._transport,
                        trust_env=False,
                        verify=trust(self._network.ca_file),
                    )
                except OSError as error:  # ssl.SSLError is one
                    raise unusable(f"the certificates in {self._network.ca_file}", error) from error
                except (ImportError, ValueError) as error:
                    raise unusable("the proxy", error) from error
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def unusable(what: str, error: Exception) -> RequirementsError:
    """The error for settings of the network that cannot be followed."""
    why = getattr(error, "strerror", None) or type(error).__name__
    if isinstance(error, ImportError):
        why = "SOCKS needs the package socksio beside nb2image"
    elif isinstance(error, ValueError):
        why = "its address must begin with http:// or https://"
    return RequirementsError(
        f"{what} cannot be used: {why}",
        code="network-unusable",
        hint="set HTTPS_PROXY and SSL_CERT_FILE, or pip's proxy and cert, to what the host has",
    )


def sources(network: NetworkConfig) -> tuple[str, ...]:
    """The addresses of the configured indexes."""
    return tuple(url for url in (network.index_url, *network.extra_index_urls) if url)


Login = tuple[str, str]


def logins(addresses: Iterable[str]) -> dict[str, Login]:
    """User and password of each address that has them, by the address without them."""
    found = {}
    for address in addresses:
        parts = urlsplit(address)
        if parts.username and parts.hostname:
            user, password = unquote(parts.username), unquote(parts.password or "")
            found[redact(address).rstrip("/")] = (user, password)
    return found


def login_for(url: str, known: Mapping[str, Login]) -> Login | None:
    """The login of the index that an address belongs to; None where there is none.

    Of several on one host that whose path is most like the address's: an index's files may lie
    beside it, and a host may have an index for each project.
    """
    wanted = urlsplit(redact(url))
    best, rank = None, -1
    for address, login in known.items():
        parts = urlsplit(address)
        if (parts.scheme, parts.netloc) == (wanted.scheme, wanted.netloc):
            shared = len(posixpath.commonpath([f"{parts.path}/", f"{wanted.path}/"]))
            if shared > rank:
                best, rank = login, shared
    return best


@cache
def trust(authorities: str) -> ssl.SSLContext:
    """Who vouches for a server: the configured authorities, else the system's and certifi's.

    Reading them takes 60 ms: once for all clients.
    """
    if authorities:
        return ssl.create_default_context(cafile=authorities)
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def routes(network: NetworkConfig) -> dict[str, httpx.BaseTransport | None]:
    """httpx's mounts: proxies by scheme, hosts without a proxy, hosts trusted unseen."""
    import httpx

    context = trust(network.ca_file)
    found: dict[str, httpx.BaseTransport | None] = {}
    for scheme, proxy in network.proxies:
        found[f"{scheme}://"] = httpx.HTTPTransport(proxy=proxy, verify=context)
    for host in filter(None, (part.strip() for part in network.no_proxy.split(","))):
        # None: the client's own transport, which has no proxy
        found["all://" if host == "*" else f"all://*{host.lstrip('*')}"] = None
    for host in network.trusted_hosts:
        found[f"https://{host}"] = httpx.HTTPTransport(verify=False)
    return found


def netrc() -> httpx.NetRCAuth | None:
    """Logins from the user's ~/.netrc, None without a readable one."""
    import httpx

    try:
        return httpx.NetRCAuth() if (Path.home() / ".netrc").is_file() else None
    except Exception:  # netrc.NetrcParseError, OSError, no home: none of it is worth a stop
        return None
