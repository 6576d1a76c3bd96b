"""One joint resolution by uv itself, against an index that can be anything."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet

from nb2image.caching import clear_cache
from nb2image.model import LockedPackage
from nb2image.network import read_network
from nb2image.requirements.index.cache import index_cache
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.vendored import find_vendored, vendored_only
from nb2image.requirements.versions.conflicts import diagnose
from nb2image.requirements.versions.export import stated
from nb2image.requirements.versions.mend import resolve_mended
from nb2image.requirements.versions.resolver import (
    Refusal,
    Resolution,
    ResolveRequest,
    resolve,
    uv_binary,
)
from nb2image.requirements.versions.text import requirements_text
from nb2image.services import Services
from tests.index.fake_index import FakeIndex
from tests.index.wheels import sdist, wheel


def ask(
    services: Services,
    *requirements: str,
    offline: bool = False,
    python: str = "3.11",
    as_of: str = "",
    constraints: tuple[str, ...] = (),
) -> Resolution | Refusal:
    """As find_requirements asks, mending included."""
    network = read_network(services.environ)
    cache = index_cache(services.cache)
    listing = Index(network, cache, default_index=network.index_url, offline=offline)
    request = ResolveRequest(
        requirements=requirements,
        constraints=constraints,
        python=python,
        platform="x86_64-manylinux_2_36",
        as_of=as_of,
    )
    return resolve_mended(
        request, lambda r: resolve(r, services, network, cache, offline=offline), listing
    )


def pins(found: Resolution | Refusal) -> dict[str, str]:
    assert isinstance(found, Resolution), found.message
    return {p.name: p.version for p in found.packages}


def kind(found: Resolution | Refusal) -> tuple[str, tuple[str, ...]]:
    assert isinstance(found, Refusal), found
    diagnosis = diagnose(found.message)
    return diagnosis.kind, diagnosis.packages


@pytest.fixture(autouse=True)
def usual(index: FakeIndex) -> None:
    """A few packages that most tests use."""
    index.add(wheel("numpy", "1.0"))
    index.add(wheel("numpy", "2.0"), uploaded="2024-06-16T00:00:00Z")
    index.add(wheel("pandas", "1.0", requires=["numpy<2"]))


def test_versions_that_fit_together_with_hashes_and_reasons(services: Services) -> None:
    """numpy stays below 2 because pandas needs that; each package knows who asks for it."""
    found = ask(services, "pandas")
    assert pins(found) == {"numpy": "1.0", "pandas": "1.0"}
    assert isinstance(found, Resolution)
    numpy, pandas = found.packages
    assert (numpy.direct, numpy.via) == (False, ("pandas",))
    assert pandas.direct
    assert all(len(p.hashes) == 1 and p.wheel for p in found.packages)


def test_a_date_hides_what_came_later(services: Services) -> None:
    """numpy 2.0 was not there in May 2024."""
    assert pins(ask(services, "numpy", as_of="2024-05-01")) == {"numpy": "1.0"}
    assert pins(ask(services, "numpy")) == {"numpy": "2.0"}


def test_a_conflict(services: Services) -> None:
    """Both names stand in the explanation."""
    found = ask(services, "pandas", "numpy==2.0")
    assert kind(found)[0] == "conflict"
    assert isinstance(found, Refusal)
    assert "pandas depend on numpy<2" in diagnose(found.message).explanation


def test_an_unknown_package_is_no_network_trouble(services: Services) -> None:
    """404 for one project is an answer."""
    assert kind(ask(services, "nowhere")) == ("unknown-package", ("nowhere",))


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ({"status": 503}, "index-down"),
        ({"down_after": 0}, "index-down"),
        ({"down_after": 1}, "index-down"),
        ({"status": 403}, "index-refused"),
        ({"status": 401}, "index-refused"),
    ],
)
def test_an_index_in_trouble(
    index: FakeIndex, services: Services, trouble: dict[str, int], expected: str
) -> None:
    """Down from the start, down in mid-run, or closed: never "no such package"."""
    for name, value in trouble.items():
        setattr(index, name, value)
    assert kind(ask(services, "pandas"))[0] == expected


def test_an_index_that_hangs_ends_with_an_error(index: FakeIndex, services: Services) -> None:
    """After the timeout, not never."""
    index.delay = 3
    services = replace(services, environ={**services.environ, "UV_HTTP_TIMEOUT": "1"})
    assert kind(ask(services, "pandas"))[0] == "index-down"


def test_a_slow_index_is_waited_for(index: FakeIndex, services: Services) -> None:
    """Half a second an answer is no failure."""
    index.delay = 0.5
    assert pins(ask(services, "numpy")) == {"numpy": "2.0"}


def test_a_yanked_release_is_not_taken_unless_it_is_pinned(
    index: FakeIndex, services: Services
) -> None:
    """PEP 592."""
    index.add(wheel("numpy", "3.0"), yanked="broken")
    assert pins(ask(services, "numpy")) == {"numpy": "2.0"}
    assert pins(ask(services, "numpy==3.0")) == {"numpy": "3.0"}


def test_no_wheel_for_this_python(index: FakeIndex, services: Services) -> None:
    """A wheel for CPython 3.6 alone; and one that wants a newer Python."""
    index.add(wheel("old", "1.0", tag="cp36-cp36m-manylinux1_x86_64"))
    index.add(wheel("new", "1.0"), requires_python=">=3.12")
    assert kind(ask(services, "old")) == ("no-wheel", ("old",))
    assert kind(ask(services, "new")) == ("python-too-old", ("new",))
    assert pins(ask(services, "new", python="3.12")) == {"new": "1.0"}


def test_an_sdist_is_locked_without_being_built(index: FakeIndex, services: Services) -> None:
    """Its setup.py would fail loudly; its requirements come from egg-info."""
    index.add(sdist("source-only", "1.0", requires=["pandas", "", "[fast]", "speed"]))
    index.add(sdist("source-only", "0.9"))
    found = ask(services, "source-only")
    assert pins(found) == {"numpy": "1.0", "pandas": "1.0", "source-only": "1.0"}
    assert isinstance(found, Resolution)
    package = found.packages[-1]
    assert (package.wheel, len(package.hashes), package.direct) == ("", 1, True)
    assert "/tmp" not in found.pylock
    assert "source-only-1.0.tar.gz" in found.pylock


def test_an_sdist_deep_in_the_tree_and_by_date(index: FakeIndex, services: Services) -> None:
    """A requirement of a requirement may have no wheel either; its date counts."""
    index.add(sdist("deep", "1.0"), uploaded="2020-01-01T00:00:00Z")
    index.add(sdist("deep", "2.0"), uploaded="2025-01-01T00:00:00Z")
    index.add(wheel("top", "1.0", requires=["deep"]))
    assert pins(ask(services, "top", as_of="2021-01-01")) == {"deep": "1.0", "top": "1.0"}


def test_legacy_metadata_is_stated_anew(index: FakeIndex, services: Services) -> None:
    """pytz (>=2011k), in every pandas before 0.25, is no version that anybody can read."""
    index.add(wheel("pytz", "2018.1"))
    index.add(wheel("legacy", "0.24", requires=["pytz (>=2011k)", "numpy (>=0.9)"]))
    index.add(wheel("legacy", "0.23", requires=["pytz (>=2011k)"]))
    assert pins(ask(services, "legacy")) == {"legacy": "0.24", "numpy": "2.0", "pytz": "2018.1"}


def test_metadata_that_is_not_utf8(index: FakeIndex, services: Services) -> None:
    """An author's name in Latin-1 keeps nobody from installing."""
    raw = "Metadata-Version: 2.1\nName: latin\nVersion: 1.0\nAuthor: J\xf6rg\n".encode("latin-1")
    index.add(wheel("latin", "1.0", raw_metadata=raw))
    assert pins(ask(services, "latin")) == {"latin": "1.0"}


def test_ten_thousand_files_in_a_listing(index: FakeIndex, services: Services) -> None:
    """The newest is found, and in seconds."""
    name, data = wheel("many", "1.0")
    for n in range(10_000):
        index.add((name.replace("1.0", f"1.{n}"), data))
    index.add(wheel("many", "2.0"))
    assert pins(ask(services, "many")) == {"many": "2.0"}


def test_a_file_that_is_not_what_the_lock_says_is_not_installed(
    index: FakeIndex, services: Services, tmp_path: Path
) -> None:
    """The listing's hash is locked; what is served differs; installing by the lock fails."""
    index.add(wheel("swapped", "1.0"), sha256="0" * 64)
    found = ask(services, "swapped")
    assert isinstance(found, Resolution)
    done = install(index, services, lock_file(found.packages, tmp_path), tmp_path / "site")
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr


def test_the_second_run_asks_nobody(index: FakeIndex, services: Services) -> None:
    """The same question on the same day is answered from the cache, without uv."""
    first = ask(services, "pandas")
    asked = len(index.requests)

    def no_process(*args: object, **more: object) -> None:
        raise AssertionError("a process was started")

    again = ask(replace(services, run=no_process), "pandas")  # type: ignore[arg-type]
    assert again == first
    assert len(index.requests) == asked


def test_another_question_asks_for_no_page_again(index: FakeIndex, services: Services) -> None:
    """Whatever an index says of caching, it is asked for a page once by us and once by uv."""
    ask(services, "pandas")
    asked = len(index.requests)
    ask(services, "pandas>0")
    assert len(index.requests) == asked


def test_a_dependency_at_an_address_is_refused_by_its_name(
    index: FakeIndex, services: Services
) -> None:
    """Only what the notebook names is taken from an address; no other day or Python mends it."""
    address = f"{index.url.removesuffix('simple')}files/leaf-1.0-py3-none-any.whl"
    index.add(wheel("leaf", "1.0"))
    index.add(wheel("top", "1.0", requires=[f"leaf @ {address}?token=s3cret"]))
    found = ask(services, "top")
    assert isinstance(found, Refusal)
    refused = diagnose(found.message)
    assert (refused.kind, refused.packages, refused.passing) == ("address", ("leaf", "top"), False)
    assert refused.explanation.startswith("top wants leaf from 127.0.0.1/files/leaf-1.0-py3")
    assert "s3cret" not in refused.explanation


def test_offline_works_from_what_is_cached_and_says_what_is_not(
    index: FakeIndex, services: Services
) -> None:
    """uv's own cache serves a new question about known packages."""
    ask(services, "pandas")
    assert pins(ask(services, "pandas>0", offline=True)) == {"numpy": "1.0", "pandas": "1.0"}
    index.add(wheel("fresh", "1.0"))
    assert kind(ask(services, "fresh", offline=True)) == ("offline-missing", ("fresh",))


def test_parallel_runs_share_the_cache(services: Services) -> None:
    """Eight at once give eight equal answers."""
    found: list[Resolution | Refusal] = []
    threads = [
        threading.Thread(target=lambda: found.append(ask(services, "pandas"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(f == found[0] for f in found)


def test_parallel_processes_share_the_cache_while_it_is_cleared(tmp_path: Path) -> None:
    """Whole entries or none, whatever another process does to the folder meanwhile."""
    work = (
        "import sys; from pathlib import Path; "
        "from nb2image.requirements.index.cache import index_cache; "
        "cache = index_cache(Path(sys.argv[1]))\n"
        "for n in range(300):\n    cache.put('kind', str(n % 9), bytes([n % 9]) * 50_000)\n"
        "    for k in range(9):\n"
        "        assert cache.get('kind', str(k)) in (None, bytes([k]) * 50_000), k"
    )
    argv = [sys.executable, "-c", work, str(tmp_path)]
    running = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    while any(process.poll() is None for process in running):
        clear_cache(tmp_path, ["index"])
        time.sleep(0.01)
    assert [process.communicate()[1] for process in running] == ["", "", ""]


def test_no_secret_stands_on_a_command_line(index: FakeIndex, services: Services) -> None:
    """The index's password is in a file of uv's own alone."""
    seen: list[str] = []
    run = services.run

    def watch(argv: list[str], **more: object) -> object:
        seen.extend([*argv, *more["env"].values()])  # type: ignore[attr-defined]
        return run(argv, **more)  # type: ignore[arg-type]

    secret = index.url.replace("http://", "http://ann:s3cret@")
    environ = {**services.environ, "PIP_INDEX_URL": secret}
    watched = replace(services, run=watch, environ=environ)  # type: ignore[arg-type]
    found = ask(watched, "numpy")
    assert pins(found) == {"numpy": "2.0"}
    assert "s3cret" not in repr(found)
    assert seen
    assert not any("s3cret" in argument for argument in seen)


def test_metadata_of_a_stranger_learns_nothing_of_this_host(
    index: FakeIndex, services: Services
) -> None:
    """uv expands variables in every address: it knows none that is anybody's secret."""
    files = f"{index.url.removesuffix('/simple')}/files"
    names = ("TOKEN", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "HTTPS_PROXY")
    address = f"{files}/{'/'.join(f'${{{name}}}' for name in names)}/inner-1.0-py3-none-any.whl"
    index.add(wheel("outer", "1.0", requires=[f"inner @ {address}"]))
    index.add(wheel("inner", "1.0"))
    proxy = "http://ann:s3cret@127.0.0.1:9"
    environ = {**services.environ, "TOKEN": "s3cret", "HTTPS_PROXY": proxy}
    found = ask(replace(services, environ=environ), f"outer @ {files}/outer-1.0-py3-none-any.whl")
    assert pins(found) == {"inner": "1.0", "outer": "1.0"}
    asked = [unquote(r) for r in index.requests if "inner" in r]
    assert asked
    assert all(f"${{{name}}}" in request for request in asked for name in names)


@pytest.mark.parametrize("kind", ["folder", "index"])
def test_what_only_this_host_has_is_brought_along_and_verified(
    index: FakeIndex, services: Services, tmp_path: Path, kind: str
) -> None:
    """A release in a local folder or index is locked, found again, and installed by its hash."""
    name, data = wheel("numpy", "3.0+own")
    digest = hashlib.sha256(data).hexdigest()
    here = tmp_path / "here"
    (here / "simple/numpy").mkdir(parents=True)
    (here / name).write_bytes(data)
    link = f'<a href="../../{name.replace("+", "%2B")}#sha256={digest}">{name}</a>'
    (here / "simple/numpy/index.html").write_text(link)
    setting = (
        {"PIP_FIND_LINKS": str(here)}
        if kind == "folder"
        else {"PIP_EXTRA_INDEX_URL": (here / "simple").as_uri()}
    )
    services = replace(services, environ={**services.environ, **setting})
    found = ask(services, "numpy", "pandas>0")
    assert pins(found) == {"numpy": "1.0", "pandas": "1.0"}, "pandas cannot go with it"
    found = ask(services, "numpy")
    assert isinstance(found, Resolution)
    network = read_network(services.environ)
    cache = index_cache(services.cache)
    listing = Index(network, cache, default_index=network.index_url)
    (numpy,) = vendored_only(found.packages, listing, network)
    assert (numpy.version, numpy.vendored, numpy.size) == ("3.0+own", name, len(data))
    assert str(tmp_path) not in repr(numpy)

    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (path,) = find_vendored((numpy,), network).values()
    (wheels / name).write_bytes(path.read_bytes())
    lock = lock_file((numpy,), tmp_path)
    assert install(index, services, lock, tmp_path / "site", wheels).returncode == 0
    assert (tmp_path / "site/numpy/__init__.py").is_file()
    (wheels / name).write_bytes(wheel("numpy", "3.0+own", files={"evil.py": ""})[1])
    done = install(index, services, lock, tmp_path / "other", wheels)
    assert "Hash mismatch" in done.stderr


def lock_file(packages: tuple[LockedPackage, ...], folder: Path) -> Path:
    """The lock as it is written into a context."""
    path = folder / "requirements.txt"
    path.write_text(
        requirements_text(
            packages=packages,
            direct=(),
            python="3.11",
            platform="x86_64-manylinux_2_36",
            versions="latest",
            as_of="",
        )
    )
    return path


def install(
    index: FakeIndex, services: Services, lock: Path, site: Path, links: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What the build does with a lock: the index alone, and the context's folder of wheels."""
    argv = [uv_binary(), "pip", "install", "--no-cache", "--require-hashes", "--target", str(site)]
    argv += ["--index-url", index.url, "--python-version", "3.11", "-r", str(lock)]
    argv += ["--find-links", str(links)] if links else []
    return subprocess.run(argv, env=dict(services.environ), capture_output=True, text=True)


def test_the_lock_for_other_tools_is_valid(index: FakeIndex, services: Services) -> None:
    """PEP 751 by packaging's own reader, for every patch release of the Python."""
    index.add(sdist("source-only", "1.0", requires=["pandas"]))
    found = ask(services, "source-only")
    assert isinstance(found, Resolution)
    lock = Pylock.from_dict(tomllib.loads(stated(found.pylock, "3.11")))
    lock.validate()
    assert [str(p.name) for p in lock.packages] == ["numpy", "pandas", "source-only"]
    assert lock.requires_python == SpecifierSet("==3.11.*")
    assert lock.created_by == "nb2image"
