"""The client of package indexes: both forms of listings, the cache, ranges, and its errors."""

from __future__ import annotations

import io
import json
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from nb2image.errors import RequirementsError
from nb2image.network import NetworkConfig
from nb2image.requirements.index import client as index_module
from nb2image.requirements.index import web as web_module
from nb2image.requirements.index.cache import DiskCache
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.listing import file_version, read_html, read_json
from nb2image.requirements.index.local import present
from nb2image.requirements.index.web import Web, login_for, logins, routes

HOME = "https://index.test/simple"
JSON = "application/vnd.pypi.simple.v1+json"
SHA = "ab" * 32


def wheel(members: dict[str, str | bytes]) -> bytes:
    """A wheel with these members."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return data.getvalue()


class Server:
    """An index of pages and files that counts what it is asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.trouble: list[int] = []
        """Statuses that the next requests get instead."""
        self.ranges = True

    def json(self, name: str, *files: dict[str, object]) -> None:
        """A project's page in JSON."""
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files})
        self.pages[f"/simple/{name}/"] = (JSON, body.encode())

    def file(self, path: str, data: bytes) -> None:
        """A distribution file."""
        self.pages[path] = ("application/octet-stream", data)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        wanted = request.headers.get("range", "")
        self.asked.append((request.url.path, wanted))
        if self.trouble:
            return httpx.Response(self.trouble.pop(0))
        if request.url.path not in self.pages:
            return httpx.Response(404)
        kind, data = self.pages[request.url.path]
        tag = f'"{len(data)}"'
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304)
        headers = {"content-type": kind, "etag": tag}
        if not wanted or not self.ranges:
            return httpx.Response(200, headers=headers, content=data)
        start_text, _, end_text = wanted.removeprefix("bytes=").partition("-")
        start = int(start_text) if start_text else max(0, len(data) - int(end_text))
        end = int(end_text) + 1 if start_text else len(data)
        headers["content-range"] = f"bytes {start}-{end - 1}/{len(data)}"
        return httpx.Response(206, headers=headers, content=data[start:end])


@pytest.fixture
def server() -> Server:
    """An empty index."""
    return Server()


@pytest.fixture
def opened(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Index]:
    """Opens clients of the server that share one cache."""
    monkeypatch.setattr(web_module, "WAITS_SECONDS", (0.0, 0.0))

    def make(*, offline: bool = False, **settings: object) -> Index:
        network = NetworkConfig(**settings)  # type: ignore[arg-type]
        web = Web(network, httpx.MockTransport(server))
        cache = DiskCache(root=tmp_path / "cache")
        return Index(network, cache, default_index=HOME, offline=offline, web=web)

    return make


FILE = {
    "filename": "x-1.0-py3-none-any.whl",
    "url": "/files/x-1.0-py3-none-any.whl",
    "hashes": {"sha256": SHA},
    "requires-python": ">=3.8",
    "size": 10,
    "upload-time": "2020-01-02T03:04:05Z",
    "yanked": False,
    "core-metadata": {"sha256": SHA},
}


def test_a_listing_in_json() -> None:
    """PEP 691 with what PEP 700 added; addresses are made whole."""
    other = {"filename": "x-2.0.tar.gz", "url": "x-2.0.tar.gz", "hashes": {}, "yanked": "broken"}
    ignored = {"filename": "x-1.0.exe", "url": "x", "hashes": {}}
    data = json.dumps({"files": [FILE, other, ignored]}).encode()
    first, second = read_json(data, f"{HOME}/x/")
    assert first.url == "https://index.test/files/x-1.0-py3-none-any.whl"
    assert (first.sha256, first.size, first.requires_python) == (SHA, 10, ">=3.8")
    assert (first.upload_time, first.yanked, first.core_metadata) == (
        "2020-01-02T03:04:05Z", False, True
    )  # fmt: skip
    assert (second.url, second.yanked, second.size) == (f"{HOME}/x/x-2.0.tar.gz", True, None)


def test_a_listing_in_html() -> None:
    """PEP 503 with the attributes that indexes add, quoted in any way."""
    text = f"""<!DOCTYPE html><html><body><h1>Links</h1>
    <a href="../../f/x-1.0-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8"
       data-upload-time='2020-01-02T00:00:00Z' data-core-metadata="true">x</a><br/>
    <A HREF=x-2.0.tar.gz data-yanked data-requires-python=">=3.9">x</A>
    <a href="https://elsewhere.test/x.html">home</a></body></html>"""
    first, second = read_html(text, f"{HOME}/x/")
    assert first.url == "https://index.test/f/x-1.0-py3-none-any.whl"
    assert (first.sha256, first.requires_python) == (SHA, ">=3.8")
    assert (first.upload_time, first.core_metadata) == ("2020-01-02T00:00:00Z", True)
    assert (second.name, second.yanked, second.requires_python) == ("x-2.0.tar.gz", True, ">=3.9")


def test_a_page_of_the_web_names_no_local_file() -> None:
    """An index cannot make us read this machine's files."""
    assert read_html('<a href="file:///etc/x-1.0.tar.gz">x</a>', f"{HOME}/x/") == ()
    data = json.dumps({"files": [FILE | {"url": "file:///etc/passwd"}]}).encode()
    assert read_json(data, f"{HOME}/x/") == ()


def test_ten_thousand_files_are_read_at_once() -> None:
    """Large listings are common: the reader must not crawl."""
    line = '<a href="/f/x-1.{}-py3-none-any.whl#sha256={}" data-upload-time="t">x</a><br/>\n'
    text = "".join(line.format(n, SHA) for n in range(10_000))
    begun = time.process_time()
    assert len(read_html(text, f"{HOME}/x/")) == 10_000
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "href",
    [
        *("a-1.0.tar.gz", "./a-1.0.tar.gz", "../a/b/a-1.0.tar.gz", "../../../../../../a-1.0.zip"),
        *("/f/a-1.0.zip", "//files.test/a-1.0.zip", "https://files.test:8443/b/a-1.0+c.zip#x=1"),
        *("https://files.test/x/../a-1.0.zip", "HTTPS://files.test/a-1.0.zip", "b/../a-1.0.zip"),
        *("a-1.0.zip#", "?b=1/a-1.0.zip", "a%2B-1.0.zip", "http:a-1.0.zip"),
    ],
)
@pytest.mark.parametrize("base", [f"{HOME}/x/", f"{HOME}/x"])
def test_addresses_are_joined_as_browsers_do(base: str, href: str) -> None:
    """The short way for plain addresses gives what ``urljoin`` gives."""
    found = [file.url for file in read_html(f'<a href="{href}">x</a>', base)]
    assert found in ([], [urljoin(base, href).partition("#")[0]])
    assert found or href.startswith("?")


@pytest.mark.parametrize(
    ("name", "project", "version"),
    [
        ("x_y-1.0-py3-none-any.whl", "x-y", "1.0"),
        ("x_y-1.0-1-py3-none-any.whl", "x-y", "1.0"),
        ("x-y-1.0.tar.gz", "x-y", "1.0"),
        ("X.Y-1.0.post1.zip", "x-y", "1.0.post1"),
        ("x-y-z-1.0.tar.gz", "x-y", "z-1.0"),
        ("other-1.0.tar.gz", "x-y", ""),
        ("x_y.whl", "x-y", ""),
    ],
)
def test_versions_of_files(name: str, project: str, version: str) -> None:
    """The version as the file's name has it."""
    (file,) = read_html(f'<a href="/{name}">x</a>', HOME)
    assert file_version(file, project) == version


def test_a_project_and_an_absence(server: Server, opened: Callable[..., Index]) -> None:
    """404 is an absence; both are asked for once."""
    server.json("x", FILE)
    index = opened()
    found = index.project("X")
    assert found is not None
    assert [f.name for f in found.files] == ["x-1.0-py3-none-any.whl"]
    assert found.first_upload == "2020-01-02"
    assert index.project("nothing") is None
    again = opened()
    assert again.project("x") == found
    assert again.project("nothing") is None
    assert [path for path, _ in server.asked] == ["/simple/x/", "/simple/nothing/"]


def test_an_old_listing_is_asked_for_by_its_tag(
    server: Server, opened: Callable[..., Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten minutes the index is asked whether it changed; 304 keeps what we have."""
    server.json("x", FILE)
    found = opened().project("x")
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert opened().project("x") == found
    assert len(server.asked) == 2
    server.json("x")
    later += 3600
    assert opened().project("x") is None


def test_offline_works_from_the_cache(server: Server, opened: Callable[..., Index]) -> None:
    """What was fetched once is there, at any age; the rest is named."""
    server.json("x", FILE)
    found = opened().project("x")
    assert opened(offline=True).project("x") == found
    with pytest.raises(RequirementsError) as caught:
        opened(offline=True).project("y")
    assert caught.value.code == "offline-missing"
    assert "y's releases" in caught.value.message
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ([503, 503, 503], "index-down"),
        ([401], "index-refused"),
        ([418], "index-answer"),
    ],
)
def test_trouble_is_no_absence(
    server: Server, opened: Callable[..., Index], trouble: list[int], code: str
) -> None:
    """An index that fails is an error with its own code."""
    server.trouble = trouble
    with pytest.raises(RequirementsError) as caught:
        opened().project("x")
    assert caught.value.code == code


def test_passing_trouble_is_tried_again(server: Server, opened: Callable[..., Index]) -> None:
    """A failure that passes is not seen."""
    server.json("x", FILE)
    server.trouble = [500, 429]
    assert opened().project("x") is not None


def test_no_connection(opened: Callable[..., Index], tmp_path: Path) -> None:
    """The error says what was asked, without the password."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    network = NetworkConfig(index_url="https://ann:secret@index.test/simple")
    web = Web(network, httpx.MockTransport(refuse))
    index = Index(network, DiskCache(root=tmp_path), default_index=HOME, web=web)
    with pytest.raises(RequirementsError) as caught:
        index.project("x")
    assert caught.value.code == "index-down"
    assert "index.test" in caught.value.message
    assert "secret" not in caught.value.message


def test_credentials_go_to_their_host_alone(server: Server, tmp_path: Path) -> None:
    """User and password of an index are sent to it and to no file server."""
    seen: dict[str, str | None] = {}

    def note(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("authorization")
        if request.url.host == "index.test":
            page = FILE | {"url": "https://files.test/x-1.0-py3-none-any.whl"}
            return httpx.Response(
                200, headers={"content-type": JSON}, content=json.dumps({"files": [page]})
            )
        return httpx.Response(200, content=wheel({"x.py": ""}))

    network = NetworkConfig(index_url="https://ann:s%40cret@index.test/simple")
    web = Web(network, httpx.MockTransport(note))
    index = Index(network, DiskCache(root=tmp_path), default_index=HOME, web=web)
    found = index.project("x")
    assert found is not None
    index.contents(found.files[0])
    assert seen["index.test"] == "Basic YW5uOnNAY3JldA=="
    assert seen["files.test"] is None


def test_each_index_of_a_host_has_its_own_login() -> None:
    """By the path; never in clear, to another port, or to another host."""
    known = logins(
        (
            "https://one:1@host.test/projects/1/simple",
            "https://two:2@host.test/projects/12/simple/",
            "https://host.test:8443/simple",
        )
    )
    assert login_for("https://host.test/projects/1/simple/x/", known) == ("one", "1")
    assert login_for("https://host.test/projects/12/simple/x/", known) == ("two", "2")
    assert login_for("https://host.test/projects/12/files/x.whl", known) == ("two", "2")
    for other in ("http://host.test/projects/1/simple/x/", "https://host.test:8443/simple/x/"):
        assert login_for(other, known) is None
    assert login_for("https://other.test/projects/1/simple/x/", known) is None


@pytest.mark.parametrize("ranges", [True, False])
def test_a_wheel_is_read_by_its_end(
    server: Server, opened: Callable[..., Index], ranges: bool
) -> None:
    """A large wheel costs one small request; a server without ranges costs the wheel."""
    metadata = "Metadata-Version: 2.1\nName: x\n"
    big = {f"x/data{n}.bin": f"{n * 7919:09d}" * 20_000 for n in range(20)}
    data = wheel({"x/__init__.py": "a = 1", **big, "x-1.0.dist-info/METADATA": metadata})
    server.ranges = ranges
    server.json("x", FILE)
    server.file("/files/x-1.0-py3-none-any.whl", data)
    found = opened().project("x")
    assert found is not None
    index = opened()
    contents = index.contents(found.files[0])
    assert "x/data19.bin" in contents.members
    assert contents.metadata == metadata
    assert index.read_member(found.files[0], "x/__init__.py") == b"a = 1"
    if ranges:
        assert all(wanted for _, wanted in server.asked[1:])
    asked = len(server.asked)
    assert opened().contents(found.files[0]) == contents
    assert opened(offline=True).read_member(found.files[0], "x/__init__.py") == b"a = 1"
    assert len(server.asked) == asked


def test_an_sdist_is_listed(server: Server, opened: Callable[..., Index]) -> None:
    """Without its outer folder, PKG-INFO included."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, text in {"x-1.0/PKG-INFO": "Name: x\n", "x-1.0/x/__init__.py": ""}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    server.json("x", FILE | {"filename": "x-1.0.tar.gz", "url": "/files/x-1.0.tar.gz"})
    server.file("/files/x-1.0.tar.gz", data.getvalue())
    index = opened()
    found = index.project("x")
    assert found is not None
    contents = index.contents(found.files[0])
    assert contents.members == ("PKG-INFO", "x/__init__.py")
    assert contents.metadata == "Name: x\n"


def test_metadata_that_is_not_utf_8(server: Server, opened: Callable[..., Index]) -> None:
    """Old releases were written in whatever their author's editor used."""
    metadata = "Name: x\nAuthor: Jos\xe9\nRequires-Dist: numpy\n".encode("latin-1")
    server.json("x", FILE)
    data = wheel({"x.py": "", "x-1.0.dist-info/METADATA": metadata})
    server.file("/files/x-1.0-py3-none-any.whl", data)
    index = opened()
    found = index.project("x")
    assert found is not None
    assert "Requires-Dist: numpy" in index.contents(found.files[0]).metadata


@pytest.mark.parametrize(
    ("data", "code"), [(b"not a zip", "archive-broken"), (None, "index-file-missing")]
)
def test_files_that_cannot_be_read(
    server: Server, opened: Callable[..., Index], data: bytes | None, code: str
) -> None:
    """A broken archive and a file that is listed and not served are told apart."""
    server.json("x", FILE)
    if data is not None:
        server.file("/files/x-1.0-py3-none-any.whl", data)
    index = opened()
    found = index.project("x")
    assert found is not None
    with pytest.raises(RequirementsError) as caught:
        index.contents(found.files[0])
    assert caught.value.code == code


def test_folders_and_local_indexes(
    server: Server, opened: Callable[..., Index], tmp_path: Path
) -> None:
    """find-links and file: indexes are read from disk and join the others."""
    (tmp_path / "links").mkdir()
    (tmp_path / "links/x-3.0-py3-none-any.whl").write_bytes(wheel({"x.py": ""}))
    (tmp_path / "links/other-1.0-py3-none-any.whl").write_bytes(b"")
    page = tmp_path / "simple/x/index.html"
    page.parent.mkdir(parents=True)
    (tmp_path / "x-2.0-py3-none-any.whl").write_bytes(wheel({"x.py": "local"}))
    page.write_text('<a href="../../x-2.0-py3-none-any.whl">x</a>')
    server.json("x", FILE)
    index = opened(
        extra_index_urls=((tmp_path / "simple").as_uri(),),
        find_links=(str(tmp_path / "links"),),
        strategy="unsafe-best-match",
    )
    found = index.project("x")
    assert found is not None
    assert [file_version(f, "x") for f in found.files] == ["1.0", "2.0", "3.0"]
    assert index.contents(found.files[1]).members == ("x.py",)
    assert index.read_member(found.files[1], "x.py") == b"local"


def test_the_first_index_that_has_it(
    server: Server, opened: Callable[..., Index], tmp_path: Path
) -> None:
    """uv's own strategy: an extra index cannot add to a project of the first."""
    page = tmp_path / "simple/x/index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<a href="x-9.0-py3-none-any.whl">x</a>')
    server.json("x", FILE)
    found = opened(extra_index_urls=((tmp_path / "simple").as_uri(),)).project("x")
    assert found is not None
    assert [f.name for f in found.files] == ["x-1.0-py3-none-any.whl"]


def test_a_damaged_cache_is_none(
    server: Server, opened: Callable[..., Index], tmp_path: Path
) -> None:
    """An entry that cannot be read is fetched again."""
    server.json("x", FILE)
    opened().project("x")
    for path in (tmp_path / "cache/listing").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xc1 damaged")
    assert opened().project("x") is not None
    assert len(server.asked) == 2


def test_a_server_that_never_ends_is_left(
    server: Server, opened: Callable[..., Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent beyond the bound is not held."""
    monkeypatch.setattr(index_module, "MAX_PAGE_BYTES", 100)
    server.json("x", FILE)
    with pytest.raises(RequirementsError) as caught:
        opened().project("x")
    assert caught.value.code == "index-too-large"


def test_a_flipped_bit_is_damage(tmp_path: Path) -> None:
    """What would still decode must not be believed: a cut entry, an empty one, another's byte."""
    cache = DiskCache(root=tmp_path)
    cache.put("kind", "key", b"what an index said")
    at = cache.path("kind", "key")
    whole = at.read_bytes()
    assert cache.get("kind", "key") == b"what an index said"
    for damaged in (b"", whole[:-1], whole.replace(b"said", b"sa1d")):
        at.write_bytes(damaged)
        assert cache.get("kind", "key") is None


def test_proxies_and_trusted_hosts_have_routes_of_their_own() -> None:
    """By scheme; hosts without a proxy and hosts that are trusted unseen are told apart."""
    network = NetworkConfig(
        proxies=(("https", "http://proxy.test:3128"),),
        no_proxy="inner.test, .corp.test",
        trusted_hosts=("old.test",),
    )
    found = routes(network)
    assert set(found) == {
        "https://", "all://*inner.test", "all://*.corp.test", "https://old.test"
    }  # fmt: skip
    assert found["all://*inner.test"] is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ca_file": "/no/such.pem"}, "the certificates in /no/such.pem"),
        ({"proxies": (("https", "foo://ann:s3cret@proxy.test"),)}, "http:// or https://"),
        ({"proxies": (("https", "socks5://ann:s3cret@proxy.test"),)}, "SOCKS"),
    ],
)
def test_settings_that_cannot_be_followed(settings: dict[str, Any], told: str) -> None:
    """In words, without a password; the client is never made."""
    with pytest.raises(RequirementsError) as caught:
        Web(NetworkConfig(**settings)).get("https://index.test/", limit=1)
    assert caught.value.code == "network-unusable"
    assert told in caught.value.message
    assert "s3cret" not in caught.value.message


def test_folders_that_are_gone_are_passed_over(tmp_path: Path) -> None:
    """As pip does, which only warns."""
    links = (str(tmp_path), str(tmp_path / "gone"), "https://links.test/")
    assert present(links) == (str(tmp_path), "https://links.test/")


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    """The least recently used entries go first."""
    cache = DiskCache(root=tmp_path, max_bytes=250)
    for n in range(4):
        cache.put("kind", str(n), b"x" * 100)
        at = cache.path("kind", str(n))
        at.touch()
        import os

        os.utime(at, (n, n))
    assert cache.get("kind", "0") is not None  # used now, so it stays
    cache.prune()
    assert [cache.get("kind", str(n)) is not None for n in range(4)] == [True, False, False, True]


def test_a_cache_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    """No error: the next run asks again."""
    (tmp_path / "file").write_text("")
    cache = DiskCache(root=tmp_path / "file")
    cache.put("kind", "key", b"x")
    assert cache.get("kind", "key") is None
