"""Which modules a distribution's files provide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# foo.py, foo.so, foo.abi3.so, foo.cpython-311-x86_64-linux-gnu.so, foo.pyd
MODULE_FILE = re.compile(
    r"^([A-Za-z_]\w*)\.(py|so|pyd|(?:abi3|cpython-[\w-]+|cp\d+-\w+)\.(?:so|pyd))$"
)
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# Folders of an sdist below which its packages can lie.
SOURCE_ROOTS = ("src", "lib", "python", "py", "Python", "python-package", "source")


@dataclass(frozen=True, slots=True)
class Modules:
    """The importable modules of a distribution."""

    files: frozenset[str]
    """Dotted names of modules and of packages that have an ``__init__``."""
    folders: frozenset[str] = field(default=frozenset())
    """Dotted names of folders with modules below them: regular and namespace packages."""

    def __contains__(self, module: str) -> bool:
        return module in self.files or module in self.folders

    @property
    def tops(self) -> frozenset[str]:
        """Top-level names."""
        return frozenset(m.partition(".")[0] for m in self.files)

    def owns(self, module: str) -> bool:
        """Whether the module itself is a file of the distribution: no namespace is shared."""
        return module in self.files

    def clashes(self, other: Modules, module: str) -> bool:
        """Whether both have the module, as more than the ``__init__`` of a common namespace.

        Distributions from before PEP 420 (azureml-core and azureml-widgets) each bring the same
        ``__init__`` of a package in which each has modules of its own.
        """
        below = f"{module}."
        one, two = ({m for m in each.files if m.startswith(below)} for each in (self, other))
        return self.owns(module) and other.owns(module) and not (one and two and not one & two)


def wheel_modules(members: Iterable[str]) -> Modules:
    """The modules that a wheel installs."""
    return modules_of(path for member in members if (path := installed_path(member)))


def installed_path(member: str) -> str:
    """Where a wheel's member lands below site-packages; empty when it lands elsewhere."""
    top, _, rest = member.partition("/")
    if top.endswith(".dist-info"):
        return ""
    if top.endswith(".data"):
        scheme, _, path = rest.partition("/")
        return path if scheme in {"purelib", "platlib"} else ""
    return member


def sdist_modules(members: Iterable[str]) -> Modules:
    """The modules whose sources an sdist holds: below its root or a usual source folder.

    Sources in Cython or another language count for the extension they become.
    """
    paths = []
    for member in members:
        path = re.sub(r"\.(pyx|pyx\.in|py\.in)$", ".py", member)
        top, _, rest = path.partition("/")
        paths.append(path)
        if top in SOURCE_ROOTS:
            paths.append(rest)
    return modules_of(path for path in paths if path != "setup.py")


def modules_of(paths: Iterable[str]) -> Modules:
    """The modules at paths below a folder that is on ``sys.path``."""
    files: set[str] = set()
    folders: set[str] = set()
    known: dict[str, str] = {}  # dotted names of folders, because most files share theirs
    for path in paths:
        folder, _, name = path.rpartition("/")
        match = MODULE_FILE.match(name)
        if match is None:
            continue
        if folder not in known:
            parts = folder.split("/") if folder else []
            good = all(IDENTIFIER.fullmatch(part) for part in parts)
            known[folder] = ".".join(parts) if good else "/"
            if good:
                folders.update(".".join(parts[:n]) for n in range(1, len(parts) + 1))
        dotted = known[folder]
        if dotted == "/":
            continue
        if match[1] == "__init__":
            if dotted:
                files.add(dotted)
        else:
            files.add(f"{dotted}.{match[1]}" if dotted else match[1])
    return Modules(frozenset(files), frozenset(folders))


def module_file(members: Iterable[str], module: str, *, wheel: bool = True) -> str:
    """The member of a wheel or sdist with a module's Python source, empty when there is none."""
    base = module.replace(".", "/")
    ends = (f"{base}/__init__.py", f"{base}.py")
    wanted = [*ends] if wheel else [*ends, *(f"{r}/{e}" for r in SOURCE_ROOTS for e in ends)]
    found = {installed_path(m) if wheel else m: m for m in members if m.endswith(ends)}
    return next((found[path] for path in wanted if path in found), "")


def looks_empty(modules: Modules) -> bool:
    """Whether a distribution brings no module but tests, docs or a setup script."""
    useful = {m for m in modules.tops if m not in {"tests", "test", "docs", "setup", "examples"}}
    return not useful
