"""Compiles modules to bytecode, the same bytes every time.

Pyc files hold the hash of their source and are never checked against it (PEP 552, "unchecked"),
so no time is in them. A Python of the same minor version compiles: the magic number belongs to
the minor version. Compiling runs no code of the module.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from nb2image.build.embedded.wheels.members import Archive
from nb2image.build.embedded.wheels.place import Placed
from nb2image.errors import BuildError
from nb2image.process import Runner

SOURCE_LIMIT = 8 * 1000 * 1000
COMPILE_SECONDS = 600
ASK = "import sys, platform; print(platform.python_implementation(), platform.python_version())"
PROGRAM = """\
import pathlib, py_compile, sys
for source in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    shown = pathlib.Path(sys.argv[2], source.name).read_text()
    try:
        py_compile.compile(str(source), str(source) + "c", "/" + shown, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except Exception:
        pass  # as when it is installed: a template, or a module for another Python
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A Python of the image's minor version."""

    executable: str
    version: str
    """``3.11.7``: releases differ in a few files, so it belongs to the layer's key."""
    run: Runner

    def compiled(self, files: Sequence[tuple[Placed, Archive]]) -> list[Placed]:
        """The pyc file of each module that compiles."""
        sources = [(one, archive) for one, archive in files if is_module(one)]
        with tempfile.TemporaryDirectory(prefix="nb2image-") as folder:
            code, names = Path(folder, "code"), Path(folder, "names")
            code.mkdir()
            names.mkdir()
            for number, (one, archive) in enumerate(sources):
                data = archive.read(one.member, SOURCE_LIMIT) if one.member else one.data
                (code / str(number)).write_bytes(data)
                (names / str(number)).write_text(one.path)
            argv = [self.executable, "-I", "-S", "-W", "ignore", "-c", PROGRAM, str(code)]
            try:
                done = self.run([*argv, str(names)], env={}, timeout=COMPILE_SECONDS)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise BuildError(
                    f"cannot compile to bytecode with {self.executable}: {error}",
                    code="bytecode",
                    hint="leave out --compile-bytecode",
                ) from error
            if done.status:
                raise BuildError(
                    f"{self.executable} failed to compile: {done.stderr.strip()[-300:]}",
                    code="bytecode",
                    hint="leave out --compile-bytecode",
                )
            found = []
            for number, (one, _) in enumerate(sources):
                path = code / f"{number}c"
                if path.exists():
                    data = path.read_bytes()
                    found.append(Placed(path=self._cached(one.path), data=data, bulk=True))
        return found

    def _cached(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        tag = "".join(self.version.split(".")[:2])
        return f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-{tag}.pyc"


def is_module(one: Placed) -> bool:
    """Whether the file is a module that an import would compile."""
    size = one.member.size if one.member else len(one.data)
    return "/site-packages/" in one.path and one.path.endswith(".py") and size <= SOURCE_LIMIT


def find_compiler(python: str, run: Runner, environ: Mapping[str, str]) -> Compiler | None:
    """A CPython ``X.Y`` on this machine; None when there is none."""
    for name in (sys.executable, which(f"python{python}", path=environ.get("PATH"))):
        if not name:
            continue
        try:
            done = run([name, "-I", "-S", "-c", ASK], env={}, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            continue
        implementation, _, version = done.stdout.strip().partition(" ")
        if implementation == "CPython" and version.rpartition(".")[0] == python:
            return Compiler(executable=name, version=version, run=run)
    return None
