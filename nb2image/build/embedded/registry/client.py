"""A client of registries: sign-in, documents, blobs.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from nb2image.build.embedded.bases.resolve import INDEXES, MANIFESTS, MAX_DOCUMENT
from nb2image.build.embedded.http import Body, Http, read_limited
from nb2image.build.embedded.registry.credentials import Credentials, Login
from nb2image.errors import BuildError

if TYPE_CHECKING:
    import httpx

HUB = "registry-1.docker.io"
"""Docker Hub's registry, which a reference without a host means."""
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
MAX_TOKEN_ANSWER = 1 << 20
ACCEPT = ", ".join((*INDEXES, *MANIFESTS))


class TokenAnswer(msgspec.Struct):
    """What a token server says."""

    token: str = ""
    access_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image in a registry."""

    registry: str
    """``host[:port]``"""
    repository: str
    tag: str = "latest"
    digest: str = ""

    @property
    def name(self) -> str:
        """The registry and the repository."""
        return f"{self.registry}/{self.repository}"


def parse_reference(text: str) -> Reference:
    """A reference as docker reads it: without a host it means Docker Hub."""
    rest, _, digest = text.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, "latest"
    first, slash, path = head.partition("/")
    if not slash or ("." not in first and ":" not in first and first != "localhost"):
        first, path = HUB, head if slash else f"library/{head}"
    if first in ("docker.io", "index.docker.io"):
        first, path = HUB, path if "/" in path else f"library/{path}"
    return Reference(registry=first, repository=path, tag=tag, digest=digest)


def is_local(registry: str) -> bool:
    """Whether the registry is on this machine, which is spoken to without TLS, as docker does."""
    host = urlsplit(f"//{registry}").hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Registry:
    """One registry; threads may share it. Raises BuildError for what it refuses."""

    http: Http
    credentials: Credentials
    host: str
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def url(self, path: str) -> str:
        """An address below /v2/."""
        return f"{'http' if is_local(self.host) else 'https'}://{self.host}/v2/{path}"

    def document(self, repository: str, name: str, limit: int = MAX_DOCUMENT) -> bytes:
        """A manifest or an index by tag or digest, verified where ``name`` is a digest."""
        url = self.url(f"{repository}/manifests/{name}")
        with self.ask("GET", url, f"{repository}:pull", headers={"Accept": ACCEPT}) as answer:
            if answer.status_code != 200:
                raise refused(self.host, f"{repository}:{name}", answer)
            data = read_limited(answer, limit, f"the manifest of {repository}")
        if name.startswith("sha256:") and f"sha256:{hashlib.sha256(data).hexdigest()}" != name:
            raise BuildError(
                f"{self.host} sends another manifest than {name}",
                code="hash-mismatch",
                hint="do not trust it; a proxy may change files",
            )
        return data

    def headers(self, scope: str) -> Mapping[str, str]:
        """The sign-in for a scope, as far as it is known."""
        token = self._tokens.get(scope)
        return {"Authorization": token} if token else {}

    @contextmanager
    def ask(
        self,
        method: str,
        url: str,
        scope: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
    ) -> Iterator[httpx.Response]:
        """One request, signed in when the registry asks for it."""
        given = dict(headers or {})
        what = f"{urlsplit(url).path.removeprefix('/v2/')}"
        # a sign-in never travels to another host than the registry itself
        own = urlsplit(url).netloc == self.host
        with self.http.stream(
            method,
            url,
            headers={**given, **(self.headers(scope) if own else {})},
            body=body,
            what=what,
        ) as answer:
            if answer.status_code != 401 or not own:
                yield answer
                return
            challenge = answer.headers.get("www-authenticate", "")
        self.sign_in(challenge, scope)
        signed = {**given, **self.headers(scope)}
        with self.http.stream(method, url, headers=signed, body=body, what=what) as again:
            yield again

    def sign_in(self, challenge: str, scope: str) -> None:
        """Answer the registry's challenge; what comes of it is used for the scope from now on.

        https://distribution.github.io/distribution/spec/auth/token/
        """
        kind, _, rest = challenge.partition(" ")
        login = self.credentials.login(self.host)
        if kind.lower() == "basic":
            if login is None or not login.user:
                raise self._denied(login)
            self._tokens[scope] = basic(login)
            return
        values = dict(CHALLENGE.findall(rest))
        realm = urljoin(f"https://{self.host}/", values.get("realm", ""))
        # in plain text only on this machine, and only for a registry that is on it too
        local = is_local(self.host) and is_local(urlsplit(realm).netloc)
        secure = urlsplit(realm).scheme == "https" or local
        if kind.lower() != "bearer" or not values.get("realm") or not secure:
            raise self._denied(login)
        asked = {"service": values.get("service", ""), "scope": values.get("scope") or ""}
        asked["scope"] = widened(asked["scope"], scope)
        token = self._token(realm, asked, login)
        if not token:
            raise self._denied(login)
        self._tokens[scope] = f"Bearer {token}"

    def _token(self, realm: str, asked: Mapping[str, str], login: Login | None) -> str:
        if login is not None and login.token:
            form = {
                **asked,
                "grant_type": "refresh_token",
                "client_id": "nb2image",
                "refresh_token": login.token,
            }
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            request = self.http.stream("POST", realm, headers=kind, body=urlencode(form).encode())
        else:
            query = urlencode([("service", asked["service"]), *scopes(asked["scope"])])
            joined = f"{realm}{'&' if '?' in realm else '?'}{query}"
            known = {"Authorization": basic(login)} if login is not None else {}
            request = self.http.stream("GET", joined, headers=known)
        with request as answer:
            if answer.status_code != 200:
                raise self._denied(login)
            data = read_limited(answer, MAX_TOKEN_ANSWER, "the token server's answer")
        try:
            said = msgspec.json.decode(data, type=TokenAnswer)
        except (msgspec.DecodeError, RecursionError):
            return ""
        return said.token or said.access_token

    def _denied(self, login: Login | None) -> BuildError:
        host = "docker.io" if self.host == HUB else self.host
        return BuildError(
            f"{host} refuses " + ("the login that is stored for it" if login else "access"),
            code="registry-denied",
            hint=f"sign in: docker login {host}; or check the image's name",
        )


def widened(offered: str, wanted: str) -> str:
    """The scopes to ask a token for: those that the registry names, and the one wanted."""
    full = f"repository:{wanted}"
    return " ".join(dict.fromkeys([*offered.split(), *scope_list(full)]))


def scope_list(full: str) -> list[str]:
    """``repository:NAME:ACTIONS`` for each repository of a scope (separated by spaces)."""
    first, *others = full.split(" ")
    return [first, *(f"repository:{one}" for one in others)]


def scopes(joined: str) -> list[tuple[str, str]]:
    """Each scope as a parameter of its own."""
    return [("scope", one) for one in joined.split()]


def basic(login: Login) -> str:
    """The header of a user and a password."""
    pair = f"{login.user}:{login.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def refused(host: str, what: str, answer: httpx.Response) -> BuildError:
    """The error for an answer that is none of those hoped for."""
    status = answer.status_code
    if status in (401, 403):
        return BuildError(
            f"{host} refuses access to {what} (HTTP {status})",
            code="registry-denied",
            hint=f"sign in: docker login {host}; or check the image's name",
        )
    if status == 404:
        return BuildError(
            f"{host} has no {what}", code="registry-missing", hint="check the name and the tag"
        )
    return BuildError(
        f"{host} answers HTTP {status} to {what}",
        code="registry-answer",
        hint="try again later; the registry's own log says more",
    )
