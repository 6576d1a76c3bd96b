"""A base from Debian's packages: versions, closure, packages, mirrors."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import tarfile
from pathlib import Path

import httpx
import pytest

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian import ldcache
from nb2image.build.embedded.debian.archive import DebianArchive
from nb2image.build.embedded.debian.closure import closure
from nb2image.build.embedded.debian.deb import read_deb
from nb2image.build.embedded.debian.index import PackageIndex
from nb2image.build.embedded.debian.mirrors import PUBLIC, PUBLIC_SECURITY, choose
from nb2image.build.embedded.debian.release import Verifier, binary_keys, read_release
from nb2image.build.embedded.debian.root import write_root
from nb2image.build.embedded.debian.source import APART, PACKAGES, DebianBase, root_names
from nb2image.build.embedded.debian.version import compare
from nb2image.build.embedded.http import Http
from nb2image.errors import BuildError, PlanError
from nb2image.events import ignore
from nb2image.network import NetworkConfig
from nb2image.resources import folder
from tests.unit.embedded.debs import Gpgv, deb
from tests.unit.image.plans import plan as make_plan


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0-1"),
        ("1.9", "1.10"),
        ("9", "1:1"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("1.0a", "1.0+"),
        ("2.36-9+deb12u9", "2.36-9+deb12u10"),
        ("1.2~~", "1.2~"),
        ("1.2~", "1.2"),
        ("1.2-1", "1.2.1-1"),
    ],
)
def test_versions_are_ordered_as_dpkg_orders_them(older: str, newer: str) -> None:
    """By turns of text and numbers, a tilde before everything."""
    assert compare(older, newer) < 0 < compare(newer, older)
    assert compare(newer, newer) == 0


def stanza(name: str, version: str = "1", **fields: str) -> str:
    """One package of an index."""
    given = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Filename": f"pool/main/{name}_{version}.deb",
        "Size": "10",
        "SHA256": "0" * 64,
        **fields,
    }
    return "".join(f"{key}: {value}\n" for key, value in given.items())


def index(*stanzas: str) -> PackageIndex:
    """An index of packages on one mirror."""
    made = PackageIndex()
    made.add("\n".join(stanzas).encode(), "http://mirror")
    return made


def test_closure_follows_alternatives_and_virtual_packages() -> None:
    """The first alternative that exists, unless another is there already."""
    packages = index(
        stanza("app", Depends="libc6 (>= 2.3), gone | awk, mta [amd64], helper:any"),
        stanza("libc6", "2.36", **{"Pre-Depends": "libgcc-s1"}),
        stanza("libgcc-s1"),
        stanza("mawk", Provides="awk (= 1)"),
        stanza("mail", Provides="mta"),
        stanza("helper"),
        stanza("unused"),
    )
    names = [p.name for p in closure(packages, ["app"], dropped=["helper"])]
    assert names == ["app", "libc6", "libgcc-s1", "mail", "mawk"]


def test_the_newest_of_several_suites_wins() -> None:
    """A security update is another Packages file."""
    packages = index(stanza("a", "1-1"))
    packages.add(stanza("a", "1-1+deb12u1").encode(), "http://security")
    found = packages.find("a")
    assert found is not None
    assert (found.version, found.mirror) == ("1-1+deb12u1", "http://security")


def test_a_missing_package_is_named_with_who_needs_it() -> None:
    """So that a user who wrote --apt knows what to correct."""
    with pytest.raises(PlanError, match="nothing, which app depends on"):
        closure(index(stanza("app", Depends="nothing")), ["app"])


@pytest.mark.parametrize(
    "fields",
    [
        {"Filename": "../../etc/passwd"},
        {"Filename": "/etc/passwd"},
        {"Filename": "http://evil/x.deb"},
        {"SHA256": "abc"},
        {"Size": "-1"},
    ],
)
def test_an_index_without_sense_is_refused(fields: dict[str, str]) -> None:
    """Signed or not: a path leads below the mirror, a hash is one."""
    with pytest.raises(BuildError):
        index(stanza("a", **fields)).find("a")


def test_a_package_is_merged_into_usr_without_its_documentation(tmp_path: Path) -> None:
    """As the official slim images have it: copyright notices stay."""
    path = tmp_path / "a.deb"
    path.write_bytes(
        deb(
            [
                ("./lib/x86_64-linux-gnu/liba.so.1", tarfile.REGTYPE, b"elf", ""),
                ("./bin/a", tarfile.SYMTYPE, b"", "/lib/a"),
                ("./lib64", tarfile.SYMTYPE, b"", "usr/lib64"),
                ("./usr/share/man/man1/a.1", tarfile.REGTYPE, b"", ""),
                ("./usr/share/doc/a/copyright", tarfile.REGTYPE, b"MIT", ""),
                ("./usr/share/doc/a/changelog", tarfile.REGTYPE, b"", ""),
            ]
        )
    )
    found = {one.path: (one.data, one.target) for one in read_deb(path, "a").files}
    assert found == {
        "usr/lib/x86_64-linux-gnu/liba.so.1": (b"elf", ""),
        "usr/bin/a": (b"", "/usr/lib/a"),
        "usr/share/doc/a/copyright": (b"MIT", ""),
    }


def test_a_layer_is_the_same_however_little_is_held(tmp_path: Path) -> None:
    """Large files may be kept compressed alone."""
    path = tmp_path / "a.deb"
    large = bytes(range(256)) * 5000
    entries = [("./usr/a", tarfile.REGTYPE, large, ""), ("./usr/b", tarfile.REGTYPE, b"small", "")]
    path.write_bytes(deb([*entries, ("./usr/c", tarfile.LNKTYPE, b"", "./usr/a")]))
    digests = []
    for frugal in (False, True):
        held = read_deb(path, "a", frugal=frugal)
        files = {one.path: one for one in held.files}
        assert (files["usr/a"].data == b"") == frugal
        assert files["usr/a"].content() == large
        layer = write_root(io.BytesIO(), (), files, time=0, compression="gzip")
        digests.append((layer.digest, layer.content))
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "data",
    [
        deb([("../evil", tarfile.REGTYPE, b"x", "")]),
        deb([("./dev/sda", tarfile.BLKTYPE, b"", "")]),
        deb([("./a", tarfile.REGTYPE, b"x" * 9000, "")])[:-300],
        b"no archive at all",
        b"!<arch>\nshort",
    ],
)
def test_hostile_packages_are_refused(tmp_path: Path, data: bytes) -> None:
    """One that leads out, a device, one cut short, and none."""
    path = tmp_path / "a.deb"
    path.write_bytes(data)
    with pytest.raises(BuildError):
        read_deb(path, "a")


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        (".list", "# deb http://no bookworm main\n", (PUBLIC, PUBLIC_SECURITY)),
        (".list", "deb http://archive.ubuntu.com/ubuntu jammy main\n", (PUBLIC, PUBLIC_SECURITY)),
        (
            ".list",
            "deb [signed-by=/k] http://m/debian bookworm main contrib\n"
            "deb http://s/debian-security bookworm-security main\n"
            "deb http://b/debian bookworm-backports main\n",
            ("http://m/debian", "http://s/debian-security"),
        ),
        (
            ".sources",
            "Types: deb\nURIs: http://m/debian/\nSuites: trixie trixie-updates\n"
            "Components: main\n\nTypes: deb\nEnabled: no\nURIs: http://x\nSuites: trixie\n"
            "Components: main\n",
            ("http://m/debian", ""),
        ),
    ],
)
def test_mirrors_are_those_of_apt(suffix: str, text: str, expected: tuple[str, str]) -> None:
    """The public ones where apt knows no Debian."""
    assert choose([(suffix, text)]) == expected


def test_the_loaders_cache_has_its_header_and_order() -> None:
    """Entries are sorted as the loader searches them, numbers by value, descending."""
    lib = "usr/lib/x86_64-linux-gnu"
    paths = [f"{lib}/{n}" for n in ("libz.so.1", "libz.so", "libq.so.10", "libq.so.9", "x.py")]
    data = ldcache.write(dict.fromkeys(paths, False) | {f"{lib}/libown.so": True}, [lib], "amd64")
    magic, count = struct.unpack_from("<20sI", data)
    assert (magic, count) == (b"glibc-ld.so.cache1.1", 4)
    names = []
    for number in range(count):
        _, key, value = struct.unpack_from("<iII", data, 48 + 24 * number)
        names.append(data[key : data.index(b"\0", key)].decode())
        assert data[value : data.index(b"\0", value)].decode() == f"/{lib}/{names[-1]}"
    assert names == ["libz.so.1", "libq.so.10", "libq.so.9", "libown.so"]


RELEASE = "Codename: bookworm\nSuite: stable\nSHA256:\n " + "a" * 64 + " 12 main/x\n"


def released(said: str, text: str = RELEASE) -> object:
    """Read a Release whose signature is as gpgv says."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"signed"))
    http = Http(NetworkConfig(), transport=transport)
    return read_release(http, Verifier(run=Gpgv(said, text)), "http://m", "bookworm").files


def test_a_good_signature_among_unknown_ones_is_enough() -> None:
    """Releases are signed by the keys of several releases."""
    assert released("[GNUPG:] NO_PUBKEY 1\n[GNUPG:] VALIDSIG 2\n") == {"main/x": ("a" * 64, 12)}


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("[GNUPG:] NO_PUBKEY 1\n", RELEASE),
        ("[GNUPG:] VALIDSIG 2\n[GNUPG:] BADSIG 3\n", RELEASE),
        ("", RELEASE),
        ("[GNUPG:] VALIDSIG 2\n", RELEASE.replace("bookworm", "buster")),
        ("[GNUPG:] VALIDSIG 2\n", RELEASE + "Valid-Until: Sat, 01 Jan 2000 00:00:00 UTC\n"),
    ],
)
def test_a_release_that_nobody_vouches_for_is_refused(said: str, text: str) -> None:
    """No signature, a bad one, another suite's, one that has expired."""
    with pytest.raises(BuildError):
        released(said, text)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("", "https://snapshot.debian.org/archive/debian/20260115T000000Z"),
        ("Snapshots: https://s.test/@SNAPSHOTID@/\n", "https://s.test/20260115T000000Z"),
    ],
)
def test_a_snapshot_is_taken_whole(named: str, expected: str, tmp_path: Path) -> None:
    """The index and every package come from the archive as it was; its age is no error."""
    fields = {"Package": "python3.11", "Filename": "pool/p.deb", "SHA256": "b" * 64, "Size": "9"}
    packages = "".join(f"{key}: {value}\n" for key, value in fields.items()).encode()
    packages += b"".join(
        f"\nPackage: {name}\nFilename: pool/{name}.deb\nSHA256: {'c' * 64}\nSize: 9\n".encode()
        for name in (*PACKAGES, *APART["3.11"])
    )
    packed = lzma.compress(packages)
    listed = [(packed, "main/binary-amd64/Packages.xz"), (packages, "main/binary-amd64/Packages")]
    text = f"Codename: bookworm\nSuite: bookworm\nLabel: Debian\n{named}"
    text += "Valid-Until: Sat, 01 Jan 2000 00:00:00 UTC\nSHA256:\n" + "".join(
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}\n" for data, path in listed
    )
    asked: list[str] = []

    class Stop(Exception):
        """The packages themselves are not made up here."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if "/pool/" in asked[-1]:
            raise Stop
        if "-updates" in asked[-1]:
            return httpx.Response(404)
        data = packed if "by-hash" in asked[-1] else b"signed"
        return httpx.Response(200, stream=httpx.ByteStream(data))

    cache = BlobCache(root=tmp_path)
    archive = DebianArchive(
        http=Http(NetworkConfig(), transport=httpx.MockTransport(answer)),
        cache=cache,
        verifier=Verifier(run=Gpgv("[GNUPG:] VALIDSIG 2\n", text)),
        mirrors=("http://m.test/debian", ""),
        snapshot="20260115T000000Z",
    )
    source = DebianBase(archive=archive, cache=cache)
    with pytest.raises(Stop):
        source.get(make_plan(), "amd64", ignore)
    assert {url for url in asked if "/dists/" not in url} <= {
        *(f"{expected}/pool/{name}.deb" for name in (*PACKAGES, *APART["3.11"], "p")),
    }
    assert f"{expected}/dists/bookworm/InRelease" in asked
    assert next(url for url in asked if "by-hash" in url).startswith(expected)
    assert any("/pool/" in url for url in asked)


@pytest.mark.parametrize(
    ("wanted", "tools"),
    [
        ((), ()),
        (("libgl1",), ()),
        (("libgl1", "postgresql-client"), ("bash", "perl-base", "mawk")),
        (("libimage-exiftool-perl",), ("dash", "perl-base")),
    ],
)
def test_programs_find_what_they_take_for_granted(
    wanted: tuple[str, ...], tools: tuple[str, ...]
) -> None:
    """Shell, Perl and awk come with programs, not with libraries alone."""
    names = root_names(make_plan(), wanted)
    assert set(tools) <= set(names)
    assert ("dash" in names) == bool(tools)


def test_the_keyring_that_is_brought_along_is_one() -> None:
    """Armour taken off, it begins with a public key packet (RFC 9580, 4.2)."""
    data = binary_keys((folder("templates") / "debian-archive-keyring.asc").read_bytes())
    assert len(data) > 50_000
    assert data[0] in (0x99, 0x98, 0xC6)
