"""uv's lock as records: the wheel for the image, the hashes that may be installed."""

from __future__ import annotations

from datetime import date

from nb2image.network import NetworkConfig
from nb2image.requirements.target import Target
from nb2image.requirements.versions.lock import parse_pylock, with_reasons
from nb2image.requirements.versions.resolver import ResolveRequest, cache_key
from nb2image.services import Services

TARGET = Target(python="3.11", platform="x86_64-manylinux_2_36")
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "tool"
version = "2.0"
sdist = { url = "https://files.test/tool-2.0.tar.gz", hashes = { sha256 = "55" } }
wheels = [
  { url = "https://files.test/tool-2.0-py3-none-any.whl", hashes = { sha256 = "11" } },
  { url = "https://files.test/tool-2.0-cp311-cp311-manylinux_2_17_x86_64.whl", size = 7, \
hashes = { sha256 = "22" } },
  { url = "https://files.test/tool-2.0-cp311-cp311-win_amd64.whl", hashes = { sha256 = "33" } },
]
[[packages]]
name = "Old_Thing"
version = "0.1"
sdist = { url = "https://files.test/old%20thing-0.1.tar.gz", size = 9, hashes = { sha256 = "66" } }
[[packages]]
name = "fork"
vcs = { type = "git", url = "https://git.test/fork", commit-id = "abc" }
"""


def test_only_files_that_fit_the_image_are_locked() -> None:
    """A Windows wheel's hash is not in the lock, nor an sdist's beside a wheel that fits."""
    tool = {p.name: p for p in parse_pylock(PYLOCK, TARGET)}["tool"]
    assert tool.hashes == ("sha256:11", "sha256:22")
    assert tool.wheel == "tool-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert tool.size == 7


def test_a_package_without_a_wheel_is_locked_by_its_sdist() -> None:
    """No wheel name tells that it must be built."""
    old = {p.name: p for p in parse_pylock(PYLOCK, TARGET)}["old-thing"]
    assert (old.wheel, old.hashes, old.size) == ("", ("sha256:66",), 9)


def test_a_git_reference_is_locked_to_its_commit() -> None:
    """The address names the commit that uv resolved."""
    fork = {p.name: p for p in parse_pylock(PYLOCK, TARGET)}["fork"]
    assert fork.url == "git+https://git.test/fork@abc"


def test_reasons_come_from_uvs_listing() -> None:
    """The notebook's own wish makes a package direct; constraints are no reason."""
    listing = (
        "old-thing==0.1            # via tool, -r requirements.in\n"
        "tool[fast]==2.0           # via -c constraints.txt, -r requirements.in\n"
    )
    packages = {p.name: p for p in with_reasons(parse_pylock(PYLOCK, TARGET), listing)}
    assert (packages["old-thing"].direct, packages["old-thing"].via) == (True, ("tool",))
    assert (packages["tool"].direct, packages["tool"].via) == (True, ())


def test_a_day_that_is_not_over_is_looked_up_again() -> None:
    """A past day's releases are the same for ever; today's are not all there yet."""

    def key(as_of: str, today: int) -> str:
        request = ResolveRequest(
            requirements=(), python="3.11", platform=TARGET.platform, as_of=as_of
        )
        host = Services(environ={}, today=lambda: date(2026, 11, today))
        return cache_key(request, host, NetworkConfig())

    assert key("2026-11-19", 20) == key("2026-11-19", 21)
    for as_of in ("2026-11-20", ""):
        assert key(as_of, 20) != key(as_of, 21)


def test_a_project_below_its_repositorys_root() -> None:
    """The lock's address leads to its folder."""
    text = """
[[packages]]
name = "a"
vcs = { type = "git", url = "https://git.test/a", commit-id = "c0ffee", subdirectory = "py" }
[[packages]]
name = "b"
archive = { url = "https://h.test/b.zip", subdirectory = "src/b", hashes = { sha256 = "11" } }
"""
    assert [p.url for p in parse_pylock(text, TARGET)] == [
        "git+https://git.test/a@c0ffee#subdirectory=py",
        "https://h.test/b.zip#subdirectory=src/b",
    ]
