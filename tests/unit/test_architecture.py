"""The tree keeps its shape: who may import whom, who may print, exit or reach the world."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "nb2image"
MODULES = sorted(PACKAGE.rglob("*.py"))
PURE = ("notebook", "image", "gpu", "analysis", "model", "verify")
IO_MODULES = {"subprocess", "socket", "httpx", "urllib.request", "requests", "docker", "sqlite3"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that the file imports, dotted, wherever the statement stands."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def below(*names: str) -> list[Path]:
    """The modules of these files and folders of the package."""
    return [p for p in MODULES if p.relative_to(PACKAGE).parts[0] in names]


FACES = below("cli", "console.py", "live.py", "__main__.py")
"""What may print and exit."""
CORE = [p for p in MODULES if p not in FACES]


def test_nothing_imports_streamlit() -> None:
    """Streamlit costs most of a second: only dashboard/ imports it."""
    assert [p for p in MODULES if {n.split(".")[0] for n in imports(p)} & {"streamlit"}] == []


def test_pure_modules_do_no_io() -> None:
    """notebook/, image/, analysis/ and model/ reach neither network, engine nor database."""
    assert [p for p in below(*PURE) if imports(p) & IO_MODULES] == []


@pytest.mark.parametrize("name", ["events.py", "errors.py", "model"])
def test_leaves_import_only_the_model(name: str) -> None:
    """The leaves depend on nothing of ours but the records."""
    ours = {n for p in below(name) for n in imports(p) if n.startswith("nb2image")}
    assert {n for n in ours if not n.startswith("nb2image.model")} == set()


def test_only_faces_print_or_exit() -> None:
    """The core emits events and raises errors; console prints and main exits."""
    loose = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in CORE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, (ast.Name, ast.Attribute))
        and ast.unparse(node.func) in {"print", "sys.exit", "exit", "os._exit"}
    ]
    assert loose == []


def test_stages_do_not_import_faces() -> None:
    """Nothing below the faces knows them."""
    faces = {"nb2image.cli", "nb2image.console", "dashboard"}
    assert [p for p in CORE if imports(p) & faces] == []
