"""Debian packages upon a finished base."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.build.embedded import make
from nb2image.build.embedded.bases.base import Base, BaseFacts
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.closure import BASE_DIFFERS
from nb2image.build.embedded.debian.source import wanted_names
from nb2image.build.embedded.debian.upon import PackagesUpon
from nb2image.build.embedded.layers.layer import Layer
from nb2image.build.embedded.make import FirstThatAnswers
from nb2image.errors import BuildError, Nb2ImageError, PlanError
from nb2image.events import Event, Noticed
from nb2image.model import SystemPackage
from tests.unit.embedded.debs import Entry, deb, served
from tests.unit.image.plans import REQUIREMENTS, plan

LIB = "usr/lib/x86_64-linux-gnu"
OLD = "Package: libold\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n"
SYSTEM: tuple[Entry, ...] = (
    ("etc/os-release", tarfile.SYMTYPE, b"", "../usr/lib/os-release"),
    ("usr/lib/os-release", tarfile.REGTYPE, b'ID=debian\nVERSION_CODENAME="bookworm"\n', ""),
    ("lib", tarfile.SYMTYPE, b"", "usr/lib"),
    ("usr/share/kept", tarfile.DIRTYPE, b"", ""),
    ("etc/ld.so.conf", tarfile.REGTYPE, b"include /etc/ld.so.conf.d/*.conf\n", ""),
    ("etc/ld.so.conf.d/a.conf", tarfile.REGTYPE, b"# local\n/usr/local/lib\n", ""),
    ("usr/local/lib/libpython3.11.so.1.0", tarfile.REGTYPE, b"elf", ""),
    ("var/lib/dpkg/status", tarfile.REGTYPE, OLD.encode(), ""),
)
NEW = deb(
    [
        ("./lib/x86_64-linux-gnu/libnew.so.1", tarfile.REGTYPE, b"new", ""),
        ("./usr/bin/new", tarfile.REGTYPE, b"program", ""),
        ("./usr/bin/as-well", tarfile.LNKTYPE, b"", "./usr/bin/new"),
        ("./usr/share/kept", tarfile.DIRTYPE, b"", ""),
        ("./usr/share/kept/new", tarfile.REGTYPE, b"kept", ""),
    ],
    postinst=b"#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/generic generic \\\n"
    b"    /usr/bin/new 10 --slave /usr/share/man/man1/g.1.gz g.1.gz /usr/share/man/man1/n.1.gz\n",
)
PACKAGES = {
    "new": (NEW, "Version: 2-1\nDepends: libold (>= 0.9), helper\n"),
    "helper": (deb([("./usr/bin/helper", tarfile.REGTYPE, b"h", "")]), "Version: 1\n"),
    "libold": (deb([("./x", tarfile.REGTYPE, b"x", "")]), "Version: 3.0\n"),
    "newer": (deb([]), "Version: 1\nDepends: libold (>= 2.0)\n"),
    "enemy": (deb([]), "Version: 1\nConflicts: libold (<< 2)\n"),
    "script": (deb([], postinst=b"#!/bin/sh\nconjure me\n"), "Version: 1\n"),
}


DPKG = b"Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
OLDER = (
    DPKG
    + b"Package: core-base\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12-1\n\n"
    b"Package: libcore1\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
    b"Version: 12-1\nDepends: core-base (= 12-1)\n\n"
    b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\n"
    b"Package: other\nStatus: install ok installed\nArchitecture: all\nVersion: 5\n"
)
RENEWABLE: tuple[Entry, ...] = (
    *(entry for entry in SYSTEM if entry[0] != "var/lib/dpkg/status"),
    ("var/lib/dpkg/status", tarfile.REGTYPE, OLDER, ""),
    (
        "var/lib/dpkg/info/libcore1:amd64.list",
        tarfile.REGTYPE,
        b"/.\n/usr\n/usr/lib/libcore.so.1\n/usr/lib/libcore.so.1.1\n/usr/share/shared\n"
        b"/etc/core.conf\n/usr/share/doc/libcore1/changelog.gz\n",
        "",
    ),
    ("var/lib/dpkg/info/other.list", tarfile.REGTYPE, b"/usr/share/shared\n", ""),
    ("usr/lib/libcore.so.1", tarfile.SYMTYPE, b"", "libcore.so.1.1"),
    ("usr/lib/libcore.so.1.1", tarfile.REGTYPE, b"old", ""),
    ("usr/share/shared", tarfile.REGTYPE, b"shared", ""),
    ("usr/share/doc/libcore1/changelog.gz", tarfile.REGTYPE, b"log", ""),
    ("etc/core.conf", tarfile.REGTYPE, b"mine", ""),
)
RENEWED = {
    "core-base": (deb([]), "Version: 12-2\n"),
    "libcore1": (
        deb(
            [
                ("./usr/lib/libcore.so.1", tarfile.SYMTYPE, b"", "libcore.so.1.2"),
                ("./usr/lib/libcore.so.1.2", tarfile.REGTYPE, b"new", ""),
                ("./etc/core.conf", tarfile.REGTYPE, b"theirs", ""),
            ],
            conffiles=b"/etc/core.conf\n",
        ),
        "Version: 12-2\nMulti-Arch: same\nDepends: core-base (= 12-2)\n",
    ),
    "libextra1": (deb([]), "Version: 12-2\nDepends: core-base (= 12-2)\n"),
    "breaks": (deb([]), "Version: 1\nBreaks: core-base (<< 12-2)\n"),
    "past": (deb([]), "Version: 1\nDepends: other (<< 5)\n"),
    "other": (deb([]), "Version: 4\n"),
    "libc6": (deb([]), "Version: 2.41-1\n"),
    "future": (deb([]), "Version: 1\nDepends: libc6 (>= 2.38)\n"),
}


def finished(cache: BlobCache, entries: Sequence[Entry]) -> Base:
    """A base of one layer, in the cache."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, data, link in entries:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), link
            info.mode = 0o700 if kind == tarfile.DIRTYPE else 0o644
            archive.addfile(info, io.BytesIO(data))
    packed = gzip.compress(out.getvalue(), mtime=0)
    layer = Layer(
        digest=cache.put(packed),
        diff_id=f"sha256:{hashlib.sha256(out.getvalue()).hexdigest()}",
        size=len(packed),
        unpacked=0,
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
    )
    facts = BaseFacts(interpreter="/usr/local/bin/python3.11", passwd="", group="")
    return Base(name="base", digest="", architecture="amd64", layers=(layer,), facts=facts)


def put_upon(
    cache: BlobCache,
    *names: str,
    system: Sequence[Entry] = SYSTEM,
    packages: Mapping[str, tuple[bytes, str]] = PACKAGES,
) -> Base:
    """A base that is given these packages."""
    wanted = tuple(SystemPackage(name=name, reason="a test") for name in names)
    of = plan(requirements=replace(REQUIREMENTS, system=wanted))
    upon = PackagesUpon(archive=served(cache, packages), cache=cache)
    return upon.added(finished(cache, system), of)


def added(folder: Path, *names: str, system: Sequence[Entry] = SYSTEM) -> tuple[bytes, str]:
    """The layer upon the base that gives it these packages, unpacked, and its digest."""
    cache = BlobCache(root=folder)
    layers = put_upon(cache, *names, system=system).added
    if not layers:
        return b"", ""
    return gzip.decompress(cache.path(layers[0].digest).read_bytes()), layers[0].digest


def test_a_package_and_what_the_base_lacks_of_its_needs(tmp_path: Path) -> None:
    """In the base's own places, its folders as they are; in dpkg's and the loader's tables."""
    data, digest = added(tmp_path / "a", "new")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = {member.name: member for member in archive}

        def text(name: str) -> bytes:
            file = archive.extractfile(name)
            return file.read() if file else b""

        assert text(f"{LIB}/libnew.so.1") == b"new"
        assert "lib" not in members
        assert "x" not in members
        assert members["usr/share/kept"].mode == 0o700
        assert text("usr/bin/as-well") == b"program"
        assert members["usr/bin/new"].type == tarfile.LNKTYPE
        assert members["usr/bin/generic"].linkname == "/etc/alternatives/generic"
        assert members["etc/alternatives/generic"].linkname == "/usr/bin/new"
        assert text("var/lib/dpkg/alternatives/generic").startswith(b"auto\n/usr/bin/generic\n")
        status = text("var/lib/dpkg/status").decode()
        assert status.startswith(OLD)
        assert [line for line in status.splitlines() if line.startswith("Package: ")] == [
            *("Package: libold", "Package: helper", "Package: new")
        ]
        assert status.count("Status: install ok installed") == 3
        cached = text("etc/ld.so.cache")
        assert b"/usr/local/lib/libpython3.11.so.1.0\0" in cached
        assert f"/{LIB}/libnew.so.1".encode() in cached
        assert b"/usr/bin/new\n" in text("var/lib/dpkg/info/new.list")
    assert added(tmp_path / "b", "new")[1] == digest


def test_the_bases_own_authorities_and_time_zone_stay(tmp_path: Path) -> None:
    """A bundle may hold a company's certificate; what is not there is made."""
    crt = ("./usr/share/ca-certificates/a.crt", tarfile.REGTYPE, b"one", "")
    packages = {
        "ca-certificates": (deb([crt]), "Version: 1\n"),
        "tzdata": (deb([]), "Version: 1\n"),
    }
    bundle = ("etc/ssl/certs/ca-certificates.crt", tarfile.REGTYPE, b"own", "")
    for number, system in enumerate((SYSTEM, (*SYSTEM, bundle))):
        cache = BlobCache(root=tmp_path / str(number))
        base = put_upon(cache, *packages, system=system, packages=packages)
        data = gzip.decompress(cache.path(base.added[0].digest).read_bytes())
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            assert (bundle[0] in archive.getnames()) == (system is SYSTEM)
            assert "etc/localtime" in archive.getnames()


def test_what_the_base_has_is_not_taken_again(tmp_path: Path) -> None:
    """No layer is made of nothing."""
    assert added(tmp_path, "libold") == (b"", "")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("newer", "newer needs libold .>= 2.0., and the base has libold 1.0"),
        ("enemy", "enemy cannot be installed beside libold"),
        ("script", "run a script .* script .it calls conjure me"),
        ("missing", "no package missing"),
    ],
)
def test_what_cannot_be_added_is_named(tmp_path: Path, name: str, says: str) -> None:
    """Another version than the base's, a conflict, a script that matters, no such package."""
    with pytest.raises(PlanError, match=says):
        added(tmp_path, name)


@pytest.mark.parametrize("wanted", ["libextra1", "breaks"])
def test_what_is_too_old_is_renewed_with_what_fits_it_alone(tmp_path: Path, wanted: str) -> None:
    """Its new files over the old, those that went hidden; settings and what others have stay."""
    cache = BlobCache(root=tmp_path)
    base = put_upon(cache, wanted, system=RENEWABLE, packages=RENEWED)
    assert base.reason.endswith("made newer: core-base, libcore1")
    data = gzip.decompress(cache.path(base.added[0].digest).read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
        assert {"usr/lib/libcore.so.1", "usr/lib/libcore.so.1.2"} < {*names}
        assert [name for name in names if "/.wh." in name] == ["usr/lib/.wh.libcore.so.1.1"]
        assert not {"etc/core.conf", "usr/share/shared"} & {*names}
        status, cached = (
            archive.extractfile(name).read()  # type: ignore[union-attr]
            for name in ("var/lib/dpkg/status", "etc/ld.so.cache")
        )
    assert status.count(b"Package: libcore1\n") == 1
    assert b"Version: 12-1\n" not in status
    assert b"Package: other\n" in status
    assert b"libcore.so.1\0" in cached
    assert b"libcore.so.1.1" not in cached


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("past", "past needs other .<< 5., and the base has other 5"),
        ("future", "need libc6 2.41-1, and the base has 2.36-9"),
    ],
)
def test_nothing_is_made_older_nor_of_another_release(tmp_path: Path, name: str, says: str) -> None:
    """The base's own versions are told; another base would do."""
    with pytest.raises(PlanError, match=says) as caught:
        put_upon(BlobCache(root=tmp_path), name, system=RENEWABLE, packages=RENEWED)
    assert caught.value.code == BASE_DIFFERS


@pytest.mark.parametrize(
    ("suite", "names"),
    [
        ("bookworm", ("hello", "libgsl27")),
        ("trixie", ("hello", "libgsl28")),
        ("bullseye", ("hello", "libgsl25")),
    ],
)
def test_packages_have_the_names_of_the_bases_suite(suite: str, names: tuple[str, ...]) -> None:
    """Which may be another than that of the image that the plan names."""
    wanted = [SystemPackage(name=name, reason="a test") for name in ("libgsl27", "hello")]
    wanted.append(SystemPackage(name="gcc", reason="a test", stage="build"))
    of = plan(requirements=replace(REQUIREMENTS, system=tuple(wanted)))
    assert wanted_names(of, suite) == names


def test_accounts_of_packages_are_the_images(tmp_path: Path) -> None:
    """Now and when the layer is known already: the builder adds its user to them."""
    cache = BlobCache(root=tmp_path)
    script = b"#!/bin/sh\nadduser --system --group bus\n"
    packages = {"bus": (deb([], postinst=script), "Version: 1\n")}
    for _ in range(2):
        base = put_upon(cache, "bus", packages=packages)
        assert base.facts.passwd == "bus:x:100:100::/nonexistent:/usr/sbin/nologin\n"
        assert base.facts.group == "bus:x:100:\n"


@pytest.mark.parametrize(
    "release",
    [
        b"ID=ubuntu\nVERSION_CODENAME=jammy\n",
        b"ID=alpine\n",
        b"",
        b"ID=debian\nVERSION_CODENAME=bookworm\n",
    ],
)
def test_only_debian_is_added_to(tmp_path: Path, release: bytes) -> None:
    """Others' packages are not Debian's, and what the base has must be known."""
    system = (("etc/os-release", tarfile.REGTYPE, release, ""),)
    with pytest.raises(PlanError, match="installs packages upon Debian") as caught:
        added(tmp_path, "new", system=system)
    assert "--builder docker" in caught.value.hint


def test_a_base_that_is_not_merged_keeps_its_folders(tmp_path: Path) -> None:
    """As bullseye's images have them: /lib is a folder of its own."""
    system = (*(e for e in SYSTEM if e[0] != "lib"), ("lib", tarfile.DIRTYPE, b"", ""))
    data, _ = added(tmp_path, "new", system=system)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert "lib/x86_64-linux-gnu/libnew.so.1" in archive.getnames()


class Fails:
    """A base that cannot be had, for a reason."""

    described = "a base"

    def __init__(self, error: Nb2ImageError) -> None:
        self.error = error

    def get(self, *_: object) -> Base:
        raise self.error


class Packaged:
    """The base made of packages; it tells why it was taken."""

    described = "packages"

    def __init__(self, base: Base) -> None:
        self.base = base

    def get(self, *_: object) -> Base:
        return self.base


@pytest.mark.parametrize(
    ("error", "taken"),
    [
        (BuildError("silent", code="download-failed"), True),
        (PlanError("too old", code=BASE_DIFFERS), True),
        (PlanError("a script", code="embedded-needs-run"), False),
        (BuildError("other bytes", code="hash-mismatch"), False),
    ],
)
def test_a_base_made_of_packages_stands_in(
    tmp_path: Path, error: Nb2ImageError, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no registry answers or its image is too old; not where something is wrong."""
    base = finished(BlobCache(root=tmp_path), SYSTEM)
    monkeypatch.setattr(make, "replace", lambda source, reason: source)
    source = FirstThatAnswers(first=Fails(error), second=Packaged(base))  # type: ignore[arg-type]
    events: list[Event] = []
    if not taken:
        with pytest.raises(Nb2ImageError, match=error.message):
            source.get(plan(), "amd64", events.append)
        return
    assert source.get(plan(), "amd64", events.append) is base
    assert [e.finding.message for e in events if isinstance(e, Noticed)] == [error.message]
