"""Where the files of a wheel go in the image's virtual environment. Pure.

The rules are those of the binary distribution format
(https://packaging.python.org/en/latest/specifications/binary-distribution-format/). A wheel is
hostile until its names have passed ``inside``.
"""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from nb2image.build.embedded.wheels.members import Member
from nb2image.errors import BuildError
from nb2image.image.contract import VENV
from nb2image.image.quote import printable
from nb2image.image.trim import WHOLE, Trimmed

RECORD_LIMIT = 64 * 1000 * 1000
SCRIPT_NAME = re.compile(r"[A-Za-z0-9._-][A-Za-z0-9._ -]*")
OBJECT = re.compile(
    r"(?P<module>\w+(?:\.\w+)*)\s*:\s*(?P<attribute>\w+(?:\.\w+)*)\s*(?:\[[^\]]*\])?"
)
SHEBANG = re.compile(rb"#!pythonw?(?=[ \r\n])")
INTERPRETER = f"{VENV}/bin/python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file of the environment: a member as it is, or bytes made of it."""

    path: str
    """In the image, without the leading slash."""
    member: Member | None = None
    data: bytes = b""
    executable: bool = False
    bulk: bool = False
    """Bytecode: too much for the fixed encoder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The folders of a virtual environment, as a wheel's scheme names them."""

    python: str
    """``3.11``."""
    trimmed: Trimmed = WHOLE

    def leaves_out(self, path: str) -> bool:
        """Whether the image does without a file."""
        return self.trimmed.has(path.removeprefix(f"{self.site}/"))

    @property
    def site(self) -> str:
        """site-packages."""
        return f"{VENV[1:]}/lib/python{self.python}/site-packages"

    def schemes(self, name: str) -> dict[str, str]:
        """Where the parts of ``NAME.data/`` go."""
        return {
            "purelib": self.site,
            "platlib": self.site,
            "scripts": f"{VENV[1:]}/bin",
            "headers": f"{VENV[1:]}/include/site/python{self.python}/{name}",
            "data": VENV[1:],
        }


def place(
    wheel: str,
    members: tuple[Member, ...],
    read: Callable[[Member, int], bytes],
    tree: Tree,
) -> tuple[Placed, ...]:
    """Every file that installing the wheel makes, sorted by path, its RECORD true.

    ``read`` gives a member's bytes up to a limit. Raises BuildError for a name that leads out of
    the environment, and for a wheel without the files that the format demands.
    """
    info = dist_info(wheel, members)
    name = info.partition("-")[0]
    record = f"{info}/RECORD"
    placed: dict[str, Placed] = {}
    changed: dict[str, Placed | None] = {}
    dropped = set()
    for member in members:
        path = inside(wheel, member.name)
        target = target_of(path, f"{name}-{info_version(info)}.data", tree.schemes(name), wheel)
        if tree.leaves_out(target):
            dropped.add(path)
            continue
        if target in placed:
            raise refused(wheel, f"two files are called {printable(target)}")
        one = Placed(path=target, member=member, executable=member.executable)
        if target != f"{tree.site}/{path}":
            changed[path] = one
            if target.startswith(f"{VENV[1:]}/bin/"):
                one = script(one, member, read)
                changed[path] = one
        placed[target] = one
    entries = next((m for m in members if m.name == f"{info}/entry_points.txt"), None)
    made = launchers(wheel, read(entries, RECORD_LIMIT)) if entries else ()
    at = f"{tree.site}/{record}"
    if at not in placed:
        raise refused(wheel, "it has no RECORD")
    if changed or made or dropped:
        for one in made:
            placed[one.path] = one
        former = placed[at].member
        assert former is not None
        text = new_record(read(former, RECORD_LIMIT), changed, dropped, made, tree)
        placed[at] = Placed(path=at, data=text)
    refuse_clashes(wheel, placed)
    return tuple(sorted(placed.values(), key=lambda one: one.path))


def refuse_clashes(wheel: str, paths: Collection[str]) -> None:
    """Raise BuildError when a file stands where another needs a folder."""
    for path in {path.rpartition("/")[0] for path in paths}:
        while path:
            if path in paths:
                raise refused(wheel, f"{printable(path)} is a file and a folder")
            path = path.rpartition("/")[0]


def dist_info(wheel: str, members: Iterable[Member]) -> str:
    """The wheel's one ``NAME-VERSION.dist-info`` folder."""
    names = (m.name.split("/") for m in members)
    # exactly two parts: packages carry the .dist-info of what they vendor deeper down
    found = {n[0] for n in names if n[0].endswith(".dist-info") and n[1:] == ["WHEEL"]}
    if len(found) != 1 or next(iter(found)).count("-") != 2:
        raise refused(wheel, "it has not one .dist-info folder with a WHEEL file")
    return found.pop()


def info_version(info: str) -> str:
    """The version in ``NAME-VERSION.dist-info``."""
    return info.partition("-")[2].removesuffix(".dist-info")


def inside(wheel: str, name: str) -> str:
    """A member's name, when it stays below the folder that it is unpacked in."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in name or "\0" in name:
        raise refused(wheel, f"{printable(name)} leads out of the environment")
    try:
        long = len(name.encode()) > 1024
    except UnicodeEncodeError:
        long = True
    if long:
        raise refused(wheel, f"{printable(name)} is no name for a file")
    return name


def target_of(path: str, data: str, schemes: dict[str, str], wheel: str) -> str:
    """Where a member goes: site-packages, or a scheme of ``NAME-VERSION.data/``."""
    first, _, rest = path.partition("/")
    if first != data:
        return f"{schemes['purelib']}/{path}"
    scheme, _, rest = rest.partition("/")
    if scheme not in schemes or not rest:
        raise refused(wheel, f"{printable(path)} belongs to no known scheme")
    return f"{schemes[scheme]}/{rest}"


def script(one: Placed, member: Member, read: Callable[[Member, int], bytes]) -> Placed:
    """A script of the wheel: executable, its ``#!python`` line naming the image's Python."""
    if member.size > RECORD_LIMIT:  # a program, not a script
        return Placed(path=one.path, member=member, executable=True)
    data = read(member, RECORD_LIMIT)
    if SHEBANG.match(data) is None:
        return Placed(path=one.path, member=member, executable=True)
    renamed = SHEBANG.sub(f"#!{INTERPRETER}".encode(), data, count=1)
    return Placed(path=one.path, data=renamed, executable=True)


def launchers(wheel: str, entry_points: bytes) -> tuple[Placed, ...]:
    """The console scripts that entry_points.txt asks for."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(entry_points.decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise refused(wheel, "its entry_points.txt cannot be read") from error
    made = []
    for section in ("console_scripts", "gui_scripts"):
        for name, value in parser.items(section) if parser.has_section(section) else ():
            target = OBJECT.fullmatch(value.strip())
            if SCRIPT_NAME.fullmatch(name) is None or name in (".", "..") or target is None:
                raise refused(wheel, f"{printable(name)} is no entry point")
            text = launcher(target["module"], target["attribute"])
            made.append(Placed(path=f"{VENV[1:]}/bin/{name}", data=text, executable=True))
    return tuple(made)


def launcher(module: str, attribute: str) -> bytes:
    """The program that calls an entry point."""
    first = attribute.partition(".")[0]
    return (
        f"#!{INTERPRETER}\nimport sys\n\nfrom {module} import {first}\n\n"
        f'if __name__ == "__main__":\n    sys.exit({attribute}())\n'
    ).encode()


def new_record(
    former: bytes,
    changed: dict[str, Placed | None],
    dropped: Collection[str],
    made: Iterable[Placed],
    tree: Tree,
) -> bytes:
    """RECORD with the files that were moved, altered, left out or added."""
    rows = []
    for row in csv.reader(io.StringIO(former.decode("utf-8", "replace"))):
        if row and row[0] in dropped:
            continue
        one = changed.get(row[0]) if row else None
        if one is None:
            rows.append(row)
        elif one.member is not None:
            rows.append([relative(one.path, tree), *row[1:]])
        else:
            rows.append(record_row(one, tree))
    rows += [record_row(one, tree) for one in made]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(row for row in rows if row)
    return out.getvalue().encode()


def record_row(one: Placed, tree: Tree) -> list[str]:
    """A file's line: its path from site-packages, hash and size."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(one.data).digest()).rstrip(b"=").decode()
    return [relative(one.path, tree), f"sha256={digest}", str(len(one.data))]


def relative(path: str, tree: Tree) -> str:
    """A path as RECORD writes it: from site-packages."""
    if path.startswith(f"{tree.site}/"):
        return path[len(tree.site) + 1 :]
    return "../../../" + path[len(VENV) :]


def refused(wheel: str, why: str) -> BuildError:
    """The error for a wheel that cannot be installed."""
    return BuildError(
        f"{wheel} cannot be installed: {why}",
        code="wheel-broken",
        hint="choose another version of the package; its publisher may know",
    )
