"""What a live environment holds: read through its own interpreter, with nothing installed in it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import msgspec
from jupyter_core.paths import jupyter_path
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from nb2image.errors import OptionError
from nb2image.model import Finding, Place
from nb2image.requirements.written.declared import Declared, is_address
from nb2image.requirements.written.pins import Pin
from nb2image.services import Services

TIMEOUT_SECONDS = 120.0
# Runs in the environment's interpreter, on Python 3.6 and later. It reads metadata and imports
# nothing of what is installed.
PROBE = r"""
import json, os, sys
from email.parser import HeaderParser
try:
    from importlib import metadata
except ImportError:
    try:
        import importlib_metadata as metadata
    except ImportError:
        metadata = None

class Folder(object):
    "A distribution as Python 3.6 and 3.7 find it, which have no importlib.metadata."
    def __init__(self, path):
        self.path = path
        about = self.read_text("METADATA") or self.read_text("PKG-INFO") or ""
        self.metadata = HeaderParser().parsestr(about)
        self.version = self.metadata["Version"]
        rows = (self.read_text("RECORD") or "").splitlines()
        self.files = [row.split(",")[0] for row in rows]

    def read_text(self, name):
        try:
            with open(os.path.join(self.path, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except (IOError, OSError):
            return None

def folders():
    for above in sys.path:
        for name in sorted(os.listdir(above)) if os.path.isdir(above) else []:
            if name.endswith((".dist-info", ".egg-info")):
                yield Folder(os.path.join(above, name))

def modules(files):
    found = set()
    for path in files:
        parts = str(path).replace("\\", "/").split("/")
        if parts[0] in ("..", "__pycache__") or parts[0].endswith((".dist-info", ".egg-info")):
            continue
        name = parts[-1].split(".")[0]
        if parts[-1].endswith(".py") or parts[-1].endswith((".so", ".pyd")):
            whole = parts[:-1] if name == "__init__" else parts[:-1] + [name]
            found.update(".".join(whole[:n]) for n in range(1, min(len(whole), 3) + 1))
    return sorted(found)

def clean(text):
    "Without what no UTF-8 text can hold: file names and metadata may be anything."
    return str(text or "").encode("utf-8", "replace").decode("utf-8")

rows = []
for dist in metadata.distributions() if metadata else folders():
    try:
        files = list(dist.files or ())
    except Exception:
        files = []
    try:
        name = clean(dist.metadata["Name"])
        top = (dist.read_text("top_level.txt") or "").split()
        row = {
            "name": name,
            "version": clean(dist.version),
            "modules": [clean(m) for m in modules(files) or top],
            "direct_url": clean(dist.read_text("direct_url.json")),
            "installer": clean(dist.read_text("INSTALLER")).strip(),
        }
    except Exception:
        continue  # the metadata of one distribution is broken
    if name:
        rows.append(row)
print(json.dumps({"python": ".".join(map(str, sys.version_info[:3])), "rows": rows}))
"""
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
PUBLISH = "publish it, or install it from a git address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The Python and the distributions of an environment."""

    python: str
    """With its patch release: ``3.11.7``."""
    declared: tuple[Declared, ...]
    findings: tuple[Finding, ...] = ()


class Row(msgspec.Struct):
    """A distribution as the probe reports it."""

    name: str
    version: str
    modules: list[str] = []
    direct_url: str = ""
    installer: str = ""
    """``conda``'s own packages name the folder in which they were built as their address."""


class Report(msgspec.Struct):
    """What the probe prints."""

    python: str
    rows: list[Row]


def read_environment(asked: str, services: Services) -> Environment:
    """The environment that ``--env-from`` names: an interpreter, a venv, or ``kernel NAME``.

    Raises OptionError when there is none, or its interpreter does not answer.
    """
    python = interpreter(asked)
    try:
        done = services.run([python, "-I", "-c", PROBE], timeout=TIMEOUT_SECONDS)
        report = msgspec.json.decode(done.stdout, type=Report) if done.status == 0 else None
    except subprocess.TimeoutExpired as error:
        raise unusable(asked, f"no answer in {TIMEOUT_SECONDS:.0f} s") from error
    except (OSError, msgspec.MsgspecError) as error:
        raise unusable(asked, str(error)) from error
    if report is None:
        raise unusable(asked, done.stderr.strip().rpartition("\n")[2])
    declared: list[Declared] = []
    findings: list[Finding] = []
    for row in sorted(report.rows, key=lambda r: r.name.lower()):
        found = declared_of(row)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            declared.append(found)
    return Environment(python=report.python, declared=tuple(declared), findings=tuple(findings))


def installed_pins(environment: Environment, known: Container[str]) -> tuple[Pin, ...]:
    """The versions of what the environment holds beyond the distributions that are known."""
    return tuple(
        Pin(
            name=d.name,
            specifier=d.specifier,
            place=d.place,
            detail=d.written,
            origin="environment",
        )
        for d in environment.declared
        if d.specifier and d.name not in known
    )


def declared_of(row: Row) -> Declared | Finding:
    """One distribution as a requirement; a finding when it cannot be had outside its machine."""
    name = plain(row.name)
    if not NAME.fullmatch(row.name):
        return left_out(f"{name!r} is no distribution's name", "remove it from the environment")
    url = address_of(row)
    if url.partition(":")[0].lower().endswith("file"):
        return Finding(
            severity="warning",
            code="environment-local",
            message=f"{name} is installed from a folder of this machine",
            hint="publish it, or install it from a git address",
        )
    if url and not is_address(url):
        return left_out(f"{name} is installed from an address that cannot be followed", PUBLISH)
    try:
        # The part after "+" names a build (cpu, cu121): which one is taken is decided later.
        public = Version(row.version).public
    except InvalidVersion:
        if not url:
            return left_out(f"{name} {plain(row.version)}: no index has such a version", PUBLISH)
        public = ""
    return Declared(
        rule="environment",
        name=canonicalize_name(row.name),
        specifier="" if url else f"=={public}",
        url=url,
        place=Place(),
        written=f"{row.name} {plain(row.version)} is installed in the environment",
        modules=tuple(row.modules),
    )


def address_of(row: Row) -> str:
    """Where a distribution was installed from, if not from an index (PEP 610)."""
    if not row.direct_url or row.installer == "conda":
        return ""
    try:
        direct = json.loads(row.direct_url)
        address = str(direct.get("url", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""
    vcs = direct.get("vcs_info")
    if not isinstance(vcs, dict):
        return address
    return f"{vcs.get('vcs', 'git')}+{address}@{vcs.get('commit_id', '')}"


def interpreter(asked: str) -> str:
    """The path of the interpreter that ``--env-from`` names. Raises OptionError."""
    kind, _, name = asked.partition(" ")
    if kind == "kernel" and name:
        return kernel_interpreter(name.strip())
    path = Path(asked).expanduser()
    if path.is_dir():
        path = path / "bin" / "python"
    if not path.is_file():
        raise OptionError(
            f"no Python interpreter at {asked}",
            code="environment-missing",
            hint="name an interpreter, a virtual environment, or: kernel NAME",
        )
    return str(path)


def kernel_interpreter(name: str) -> str:
    """The interpreter of a Jupyter kernel. Raises OptionError."""
    folders = [Path(folder) for folder in jupyter_path("kernels")]
    for folder in folders:
        spec = folder / name / "kernel.json"
        if spec.is_file():
            try:
                argv = json.loads(spec.read_text(encoding="utf-8"))["argv"]
                return str(argv[0])
            except (ValueError, KeyError, IndexError, TypeError) as error:
                raise unusable(f"kernel {name}", f"{spec} is broken: {error}") from error
    known = sorted({p.parent.name for f in folders for p in f.glob("*/kernel.json")})
    raise OptionError(
        f"no Jupyter kernel named {name}",
        code="environment-missing",
        hint=f"there are: {', '.join(known) or 'none'}",
    )


def plain(text: str) -> str:
    """A text of the environment, short and on one line."""
    return "".join(c if c.isprintable() else " " for c in text[:80])


def left_out(message: str, hint: str) -> Finding:
    """A distribution of the environment that says nothing."""
    return Finding(severity="warning", code="environment-unusable", message=message, hint=hint)


def unusable(asked: str, why: str) -> OptionError:
    """The error for an environment that cannot be read."""
    return OptionError(
        f"the environment {asked} cannot be read: {why}"[:500],
        code="environment-unreadable",
        hint="check that its interpreter runs: PYTHON -I -c 'import sys'",
    )
