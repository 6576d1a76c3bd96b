"""Transfers: retried, resumed, verified; and registries that want a sign-in."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from nb2image.build.embedded.bases.pull import pull, registry_blob
from nb2image.build.embedded.bases.resolve import Descriptor, resolve
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Blob, Image
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.registry.client import HUB, Registry, is_local, parse_reference
from nb2image.build.embedded.registry.credentials import Credentials
from nb2image.build.embedded.registry.push import Push
from nb2image.errors import BuildError
from nb2image.events import ignore
from nb2image.network import NetworkConfig
from nb2image.process import Completed

DATA = bytes(range(256)) * 400
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
Answer = Callable[[httpx.Request], httpx.Response]


class Cut(httpx.SyncByteStream):
    """A body that breaks off."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self.data
        raise httpx.ReadError("connection reset")


class Body(httpx.SyncByteStream):
    """A body as a server sends it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self.data


def transfer(tmp_path: Path, answers: list[Answer]) -> tuple[bytes, list[httpx.Request], BlobCache]:
    """Fetch the blob from a server that gives one answer after the other."""
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answers[min(len(requests), len(answers)) - 1](request)

    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle), sleep=lambda _: None)
    cache = BlobCache(root=tmp_path)
    try:
        return http.blob("http://h/b", cache, DIGEST, size=len(DATA)).read_bytes(), requests, cache
    except BuildError:
        assert cache.find(DIGEST) is None
        raise


def whole(request: httpx.Request) -> httpx.Response:
    """All bytes from where they were asked for."""
    start = int(request.headers.get("range", "bytes=0-")[6:-1])
    return httpx.Response(206 if start else 200, stream=Body(DATA[start:]))


def cut(request: httpx.Request) -> httpx.Response:
    """The first part, then nothing."""
    return httpx.Response(200, stream=Cut(DATA[:30_000]))


def test_a_transfer_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    """Only what is missing is asked for."""
    data, requests, _ = transfer(tmp_path, [cut, whole])
    assert data == DATA
    assert requests[1].headers["range"] == "bytes=30000-"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_trouble_is_tried_again(tmp_path: Path, status: int) -> None:
    """A registry that is busy is asked again, later."""
    busy = lambda _: httpx.Response(status, headers={"retry-after": "1"})  # noqa: E731
    assert transfer(tmp_path, [busy, busy, whole])[0] == DATA


def test_a_server_without_ranges_sends_everything_again(tmp_path: Path) -> None:
    """What was there is dropped, not doubled."""
    assert transfer(tmp_path, [cut, lambda _: httpx.Response(200, stream=Body(DATA))])[0] == DATA


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _: httpx.Response(200, stream=Body(DATA[:-1] + b"x")), "hash-mismatch"),
        (lambda _: httpx.Response(200, stream=Body(DATA + b"more")), "hash-mismatch"),
        (lambda _: httpx.Response(200, stream=Body(DATA[:50])), "download-failed"),
        (lambda _: httpx.Response(404), "download-missing"),
        (lambda _: httpx.Response(403), "download-refused"),
        (lambda _: httpx.Response(500), "download-failed"),
    ],
)
def test_what_is_not_the_blob_never_has_its_name(tmp_path: Path, answer: Answer, code: str) -> None:
    """Wrong, long, short, missing, refused, broken."""
    with pytest.raises(BuildError) as caught:
        transfer(tmp_path, [answer])
    assert caught.value.code == code


def test_a_damaged_beginning_is_thrown_away(tmp_path: Path) -> None:
    """A transfer of an earlier run whose bytes are wrong does not stand in the way."""
    cache = BlobCache(root=tmp_path)
    cache.partial(DIGEST).write_bytes(b"?" * 500)
    assert transfer(tmp_path, [whole])[0] == DATA


@pytest.mark.parametrize(
    ("text", "name", "tag"),
    [
        ("python:3.11", f"{HUB}/library/python", "3.11"),
        ("me/app", f"{HUB}/me/app", "latest"),
        ("docker.io/python", f"{HUB}/library/python", "latest"),
        ("localhost:5000/a/b:x", "localhost:5000/a/b", "x"),
        ("ghcr.io/a/b@sha256:" + "0" * 64, "ghcr.io/a/b", "latest"),
    ],
)
def test_references_are_read_as_docker_reads_them(text: str, name: str, tag: str) -> None:
    """Without a host, Docker Hub."""
    found = parse_reference(text)
    assert (found.name, found.tag) == (name, tag)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("[::1]:5000", True),
        ("127.evil.example", False),
        ("registry.example", False),
    ],
)
def test_only_this_machine_is_spoken_to_without_tls(host: str, expected: bool) -> None:
    """As docker does."""
    assert is_local(host) is expected


def login_file(tmp_path: Path, entry: dict[str, object]) -> Credentials:
    """The logins of a docker config."""
    (tmp_path / "config.json").write_text(json.dumps(entry))

    def helper(argv: object, **given: object) -> Completed:
        said = json.dumps({"Username": "helped", "Secret": "s"})
        return Completed(status=0, stdout=said, stderr="")

    return Credentials(run=helper, environ={"DOCKER_CONFIG": str(tmp_path), "HOME": "/none"})


PLAIN = {"auths": {"r.example": {"auth": base64.b64encode(b"me:secret").decode()}}}


def test_logins_come_from_docker(tmp_path: Path) -> None:
    """From the file itself, or from the helper that it names."""
    plain = login_file(tmp_path, PLAIN).login("r.example")
    assert plain is not None
    assert (plain.user, plain.password) == ("me", "secret")
    helped = login_file(tmp_path, {"credHelpers": {"r.example": "x"}}).login("r.example")
    assert helped is not None
    assert helped.user == "helped"
    assert login_file(tmp_path, {"credsStore": "../../bin/sh"}).login("r.example") is None
    assert "secret" not in repr(plain)


def test_a_token_is_fetched_and_used(tmp_path: Path) -> None:
    """The registry names the token server; the login goes there, the token to the registry."""
    seen: list[tuple[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        auth = request.headers.get("authorization", "")
        seen.append((request.url.host, auth.partition(" ")[0]))
        if request.url.host == "auth.example":
            assert request.url.params["scope"] == "repository:a/b:pull"
            return httpx.Response(200, json={"token": "t"})
        if auth != "Bearer t":
            challenge = 'Bearer realm="https://auth.example/token",service="r"'
            return httpx.Response(401, headers={"www-authenticate": challenge})
        return httpx.Response(200, content=b"{}")

    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle))
    registry = Registry(http, login_file(tmp_path, PLAIN), "r.example")
    assert registry.document("a/b", "1") == b"{}"
    assert registry.document("a/b", "2") == b"{}"
    hosts = ["r.example", "auth.example", "r.example", "r.example"]
    assert seen == list(zip(hosts, ["", "Basic", "Bearer", "Bearer"], strict=True))


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Negotiate",
        'Bearer realm="http://evil.example/token"',
        'Bearer realm="http://127.0.0.1:8080/token"',
        "Bearer service=x",
    ],
)
def test_a_login_is_not_sent_anywhere(tmp_path: Path, challenge: str) -> None:
    """Not without TLS, and not in answer to a challenge that is none."""
    hosts = []

    def handle(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(401, headers={"www-authenticate": challenge})

    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle))
    with pytest.raises(BuildError) as caught:
        Registry(http, login_file(tmp_path, PLAIN), "r.example").document("a/b", "1")
    assert caught.value.code == "registry-denied"
    assert set(hosts) == {"r.example"}


LAYER = {"digest": DIGEST, "size": 1, "mediaType": "x"}


@pytest.mark.parametrize(
    "document",
    [
        b"not json",
        b"[" * 100_000,
        json.dumps({"config": LAYER, "layers": []}).encode(),
        json.dumps({"config": LAYER, "layers": [LAYER] * 1000}).encode(),
        json.dumps({"config": LAYER, "layers": [{**LAYER, "digest": "sha256:../x"}]}).encode(),
        json.dumps({"config": LAYER, "layers": [{**LAYER, "size": 10**18}]}).encode(),
        json.dumps({"manifests": [{**LAYER, "platform": {"architecture": "s390x"}}]}).encode(),
    ],
)
def test_manifests_without_sense_are_refused(document: bytes) -> None:
    """None, deep, empty, endless, a path for a digest, absurd sizes, no fitting platform."""
    with pytest.raises(BuildError):
        resolve(document, "amd64", lambda one, limit: b"")


def test_an_index_of_itself_ends() -> None:
    """A chain of indexes is followed a few steps."""
    platform = {"os": "linux", "architecture": "amd64"}
    index = json.dumps({"manifests": [{**LAYER, "platform": platform}]}).encode()
    with pytest.raises(BuildError):
        resolve(index, "amd64", lambda one, limit: index)


@pytest.mark.parametrize("said", ["[]", "5", "garbage", '{"Username": 1}'])
def test_a_helper_that_prints_nonsense_has_no_login(tmp_path: Path, said: str) -> None:
    """The registry is asked without one then."""
    found = login_file(tmp_path, {"credsStore": "x"})
    made = Credentials(
        run=lambda *_, **__: Completed(status=0, stdout=said, stderr=""), environ=found.environ
    )
    login = made.login("r.example")
    assert login is None or login.password == ""


def test_a_helper_is_named_by_any_name_of_the_registry(tmp_path: Path) -> None:
    """Docker's key for its hub is an address."""
    hub = login_file(tmp_path, {"credHelpers": {"https://index.docker.io/v1/": "x"}})
    assert hub.login(HUB) is not None


def test_a_helper_that_hangs_is_left(tmp_path: Path) -> None:
    """Once, not once for each name of the registry."""
    asked: list[object] = []

    def hang(argv: object, **_: object) -> Completed:
        asked.append(argv)
        raise subprocess.TimeoutExpired("helper", 30)

    environ = login_file(tmp_path, {"credsStore": "x"}).environ
    assert Credentials(run=hang, environ=environ).login("r.example") is None
    assert len(asked) == 1


def test_a_sign_in_that_ends_between_blobs_is_renewed(tmp_path: Path) -> None:
    """Tokens last minutes, transfers of large bases longer."""
    valid = ["one"]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "auth.example":
            return httpx.Response(200, json={"token": valid[0]})
        if request.headers.get("authorization") != f"Bearer {valid[0]}":
            challenge = 'Bearer realm="https://auth.example/token",service="r"'
            return httpx.Response(401, headers={"www-authenticate": challenge})
        return httpx.Response(200, stream=Body(DATA))

    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle), sleep=lambda _: None)
    registry = Registry(http, login_file(tmp_path, {}), "r.example")
    one = Descriptor(digest=DIGEST, size=len(DATA))
    for number in (1, 2):
        url = registry.url(f"a/b/blobs/{DIGEST}")
        cache = BlobCache(root=tmp_path / str(number))
        assert registry_blob(registry, url, cache, one, "a/b:pull").read_bytes() == DATA
        valid[0] = "two"


def test_an_indexs_login_is_for_its_server_alone() -> None:
    """Not for another port of the same host, and not in plain text."""
    seen: dict[str, str] = {}

    def handle(request: httpx.Request) -> httpx.Response:
        seen[str(request.url)] = request.headers.get("authorization", "")
        return httpx.Response(200, content=b"")

    network = NetworkConfig(index_url="https://me:secret@h.example/simple")
    http = Http(network, transport=httpx.MockTransport(handle))
    urls = ("https://h.example:443/x", "https://h.example:5000/v2/", "http://h.example/x")
    for url in urls:
        http.get(url, limit=10)
    assert [bool(value) for value in seen.values()] == [True, False, False]


def test_a_body_that_is_not_coded_as_it_says_is_an_error() -> None:
    """And no traceback."""
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Body(b"plain"))
    http = Http(NetworkConfig(), transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(BuildError):
        http.get("https://h.example/x", limit=10)


def test_a_document_that_was_damaged_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    """Power that failed may leave a file without its bytes."""
    manifest = b"{}"
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    cache = BlobCache(root=tmp_path)
    cache.put(manifest)
    cache.path(digest).write_bytes(b"")
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, stream=Body(manifest))

    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle))
    registry = Registry(http, login_file(tmp_path, {}), "r.example")
    with pytest.raises(BuildError, match="only for"):  # it names no image
        pull(registry, parse_reference(f"r.example/a/b@{digest}"), cache, "amd64", "3.11", "b")
    assert asked == [f"/v2/a/b/manifests/{digest}"]


def test_a_redirect_to_another_host_takes_no_sign_in_along(tmp_path: Path) -> None:
    """Registries keep their blobs in stores of others."""
    seen: dict[str, bool] = {}

    def handle(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = "authorization" in request.headers
        if request.url.host == "store.example":
            return httpx.Response(200, stream=Body(DATA))
        if "authorization" not in request.headers:
            return httpx.Response(401, headers={"www-authenticate": 'Basic realm="r"'})
        return httpx.Response(307, headers={"location": "https://store.example/b"})

    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle))
    registry = Registry(http, login_file(tmp_path, PLAIN), "r.example")
    url = registry.url(f"a/b/blobs/{DIGEST}")
    one = Descriptor(digest=DIGEST, size=len(DATA))
    path = registry_blob(registry, url, BlobCache(root=tmp_path), one, "a/b:pull")
    assert path.read_bytes() == DATA
    assert seen == {"r.example": True, "store.example": False}


def test_an_upload_elsewhere_takes_no_sign_in_along(tmp_path: Path) -> None:
    """A registry may name another host to send a blob to."""
    seen: list[tuple[str, str, bool]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        signed = "authorization" in request.headers
        seen.append((request.method, request.url.host, signed))
        if request.url.host == "store.example":
            request.read()
            return httpx.Response(201)
        if not signed:
            return httpx.Response(401, headers={"www-authenticate": 'Basic realm="r"'})
        if request.method == "POST":
            return httpx.Response(202, headers={"location": "https://store.example/upload?a=b"})
        return httpx.Response(404 if request.method == "HEAD" else 201)

    cache = BlobCache(root=tmp_path)
    config = Blob(media_type="config", data=b"{}")
    image = Image(
        config=config, manifest=Blob(media_type="m", data=b"m"), layers=(), architecture="amd64"
    )
    http = Http(NetworkConfig(), transport=httpx.MockTransport(handle))
    registry = Registry(http, login_file(tmp_path, PLAIN), "r.example")
    reference = parse_reference("r.example/a/b:1")
    pushed = Push(registry, reference, cache, ignore).images([image])
    assert pushed.digest == image.manifest.digest
    assert ("PUT", "store.example", False) in seen
    assert seen[-1] == ("PUT", "r.example", True)
