"""Debian packages: from apt lines, tables, words and binaries; each once, with a reason."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from nb2image.errors import OptionError
from nb2image.model import Install, LockedPackage, Place, Script
from nb2image.requirements import elf as elf_module
from nb2image.requirements.elf import dynamic, scan
from nb2image.requirements.index.listing import IndexFile, Project
from nb2image.requirements.system import system_packages, system_table
from tests.unit.requirements.builders import script
from tests.unit.requirements.fake_index import FakeIndex


def elf(*needed: str, soname: str = "") -> bytes:
    """A 64-bit shared library that has nothing but a dynamic section."""
    names = b"\0"
    entries = b""
    for tag, name in [*((1, n) for n in needed), *([(14, soname)] if soname else [])]:
        entries += struct.pack("<qQ", tag, len(names))
        names += name.encode() + b"\0"
    start = 64 + 2 * 56
    at = start + len(names)
    entries += struct.pack("<qQqQqQ", 5, start, 10, len(names), 0, 0)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    size = at + len(entries)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, size, size, 4096)
    here = struct.pack("<IIQQQQQQ", 2, 4, at, at, at, len(entries), len(entries), 8)
    return head + load + here + names + entries


class SystemIndex(FakeIndex):
    """A fake index whose wheels have binaries."""

    binaries: dict[str, dict[str, bytes]]

    def derived(
        self, kind: str, file: IndexFile, make: Callable[[zipfile.ZipFile], bytes]
    ) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, data in self.binaries.get(file.name, {}).items():
                archive.writestr(path, data)
        return make(zipfile.ZipFile(buffer))

    def projects(self, names: Iterable[str]) -> dict[str, Project | None]:
        return {name: self.project(name) for name in names}


TAG = "cp311-cp311-manylinux_2_17_x86_64"


def found(
    locked: dict[str, dict[str, bytes]] | None = None,
    *,
    source: Script | None = None,
    suite: str = "bookworm",
    sdists: dict[str, tuple[str, ...]] | None = None,
    **options: tuple[str, ...],
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """({package: (stage, reason)}, codes of findings) for wheels with these binaries."""
    index = SystemIndex()
    index.binaries = {}
    packages = []
    for name, files in (locked or {}).items():
        index.add(name, "1.0", tuple(files), tag=TAG)
        wheel = index.files[name][0].name
        index.binaries[wheel] = files
        packages.append(LockedPackage(name=name, version="1.0", wheel=wheel))
    for name, members in (sdists or {}).items():
        index.add(name, "1.0", members, sdist=True)
        digest = f"sha256:{index.files[name][0].sha256}"
        packages.append(LockedPackage(name=name, version="1.0", hashes=(digest,)))
    made, findings = system_packages(
        source or script("pass"),
        packages,
        suite,
        index,  # type: ignore[arg-type]
        **options,
    )
    return {p.name: (p.stage, p.reason) for p in made}, [f.code for f in findings]


def test_a_binarys_needs_are_read() -> None:
    """DT_NEEDED and DT_SONAME; what is no ELF file needs nothing."""
    assert dynamic(elf("libGL.so.1", soname="me.so")) == ({"libGL.so.1"}, {"me.so"})
    assert dynamic(b"\x7fELF garbage") == (set(), set())
    assert dynamic(b"") == (set(), set())
    assert dynamic(elf("lib\x1b[2J.so", "lib.so\n")) == (set(), set())
    for cut in range(0, len(elf("libGL.so.1")), 7):
        dynamic(elf("libGL.so.1")[:cut])


def test_a_wheel_of_gigabytes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own libraries count; what they need is left to the table."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x/own.so", elf("libGL.so.1", soname="own.so.1"))
    read = scan(zipfile.ZipFile(buffer), "x.whl")
    assert (read.needed, read.brought) == (("libGL.so.1",), ("own.so", "own.so.1"))
    monkeypatch.setattr(elf_module, "MAX_PACKED", 10)
    unread = scan(zipfile.ZipFile(buffer), "x.whl")
    assert (unread.needed, unread.brought, unread.read) == ((), ("own.so",), False)


def test_libraries_that_neither_the_base_nor_a_wheel_brings() -> None:
    """glibc is there, a bundled library is there, another wheel's is there; libgomp is not."""
    packages, findings = found(
        {
            "fast": {
                "fast/_core.so": elf("libc.so.6", "libgomp.so.1", "libown-12.so", "libshared.so.3"),
                "fast.libs/libown-12.so": elf(soname="libown-12.so"),
            },
            "shared": {"shared/libshared.so.3.1": elf(soname="libshared.so.3")},
        }
    )
    assert packages == {"libgomp1": ("final", "fast is linked with libgomp.so.1")}
    assert findings == []


def test_names_of_packages_follow_the_suite() -> None:
    """Trixie renamed GLib's package."""
    binary = {"x": {"x.so": elf("libglib-2.0.so.0")}}
    assert list(found(binary)[0]) == ["libglib2.0-0"]
    assert list(found(binary, suite="trixie")[0]) == ["libglib2.0-0t64"]


def test_a_library_that_nobody_knows_is_told_and_a_drivers_is_not() -> None:
    """libcuda comes with the GPU's driver, never from Debian."""
    packages, findings = found({"x": {"x.so": elf("libodd.so.7", "libcuda.so.1")}})
    assert (packages, findings) == ({}, ["library-unknown"])


def test_what_the_notebook_installs_with_apt() -> None:
    """Compilers go to the build stage; Python 2's packages and invalid names are told."""
    installs = tuple(
        Install(tool="apt", requirement=r, place=Place(cell=1))
        for r in ("libsnappy-dev", "cmake", "python-opengl", "xvfb=2:1.0", "bad name; rm")
    )
    source = Script(name="t", text="", lines=(), cells=(), installs=installs)
    packages, findings = found(source=source)
    assert {n: stage for n, (stage, _) in packages.items()} == {
        "libsnappy-dev": "final",
        "cmake": "build",
        "xvfb": "final",
    }
    assert findings == ["apt-skipped", "apt-skipped"]


@pytest.mark.parametrize(
    ("written", "suite", "name"),
    [
        ("openjdk-8-jdk-headless", "bookworm", "default-jdk-headless"),
        ("openjdk-11-jre", "bookworm", "default-jre"),
        ("libgl1-mesa-glx", "trixie", "libgl1"),
        ("libfluidsynth1", "bullseye", "libfluidsynth2"),
        ("libglib2.0-0", "trixie", "libglib2.0-0t64"),
        ("openjdk-8-source", "bookworm", "openjdk-8-source"),
    ],
)
def test_names_of_ubuntu_and_of_older_releases(written: str, suite: str, name: str) -> None:
    """A build ends at the first name that apt does not know."""
    install = Install(tool="apt", requirement=written, place=Place(cell=1))
    source = Script(name="t", text="", lines=(), cells=(), installs=(install,))
    packages, _ = found(source=source, suite=suite)
    said = "installed by the notebook" + (f" as {written}" if written != name else "")
    assert packages == {name: ("final", said)}


def test_the_table_knows_distributions_and_words() -> None:
    """graphviz's dot, and ffmpeg for an animation; the compiler's needs only for an sdist."""
    words = script("import x\nanim.to_html5_video()")
    packages, _ = found({"graphviz": {}, "mpi4py": {}}, source=words)
    assert set(packages) == {"graphviz", "ffmpeg", "openmpi-bin"}
    assert packages["graphviz"][1].startswith("graphviz: ")
    built, _ = found(sdists={"mpi4py": ("src/mpi.c",)})
    assert built["libopenmpi-dev"][0] == "build"
    assert built["build-essential"][0] == "build"


def test_pure_sources_need_no_compiler() -> None:
    """A setup.py with Python files alone is built without one; Fortran has its own."""
    assert found(sdists={"pure": ("pure/__init__.py", "docs/x.c")})[0] == {}
    assert set(found(sdists={"old": ("old/solve.f90",)})[0]) == {"build-essential", "gfortran"}


def test_a_source_that_only_this_host_has_needs_its_compiler_too() -> None:
    """A folder's listing tells no hash: the file is known by its name."""
    index = SystemIndex()
    index.add("own", "1.0", ("own/fast.c",), sdist=True)
    file = replace(index.files["own"][0], sha256="")
    index.files["own"] = [file]
    package = LockedPackage(name="own", version="1.0", hashes=("sha256:ab",), vendored=file.name)
    made, _ = system_packages(script("pass"), [package], "bookworm", index)  # type: ignore[arg-type]
    assert [p.name for p in made] == ["build-essential"]


def test_the_user_adds_and_removes() -> None:
    """--apt and --no-apt have the last word; an invalid name is refused."""
    binary = {"x": {"x.so": elf("libgomp.so.1", "libGL.so.1")}}
    packages, _ = found(binary, asked=("curl",), refused=("libgl1",))
    assert set(packages) == {"curl", "libgomp1"}
    for name in ("x; rm -rf /", "-y", "UPPER", "a\nb"):
        with pytest.raises(OptionError):
            found(asked=(name,))


def test_the_table_is_whole() -> None:
    """Every rule names packages, says why and from where, and applies to something."""
    for rule in system_table().rules:
        assert rule.packages
        assert rule.reason
        assert rule.source.startswith(("https://", "http://"))
        assert rule.distributions or rule.words


@pytest.mark.parametrize(("wheel", "stages"), [("a.whl", ["final"]), ("", ["build", "final"])])
def test_headers_that_are_asked_for(wheel: str, stages: list[str]) -> None:
    """Where something is compiled they are there for that too."""
    index = SystemIndex()
    index.binaries = {}
    index.add("a", "1.0", ("a.py",), tag=TAG)
    locked = LockedPackage(name="a", version="1.0", wheel=wheel and index.files["a"][0].name)
    asked = ("zlib1g-dev", "curl")
    made, _ = system_packages(script("pass"), (locked,), "bookworm", index, asked=asked)  # type: ignore[arg-type]
    assert [p.stage for p in made if p.name == "zlib1g-dev"] == stages
    assert [p.stage for p in made if p.name == "curl"] == ["final"]
