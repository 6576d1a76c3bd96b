"""The tree keeps its shape: who may import whom, who may print, exit or touch the disk."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "nb2image"
MODULES = sorted(PACKAGE.rglob("*.py"))
PURE = ("notebook", "image", "analysis", "model")
IO_MODULES = {"subprocess", "socket", "httpx", "urllib.request", "requests", "docker", "sqlite3"}
FACES = {"cli.py", "console.py", "live.py", "__main__.py"}


def imports(path: Path) -> set[str]:
    """Every module that the file imports, dotted, wherever the statement stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def is_face(path: Path) -> bool:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] in FACES or relative.parts[0] == "cli"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_imports_streamlit(path: Path) -> None:
    """Streamlit costs most of a second: only dashboard/ imports it."""
    assert not any(name.split(".")[0] == "streamlit" for name in imports(path))


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if p.relative_to(PACKAGE).parts[0] in PURE],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_pure_modules_do_no_io(path: Path) -> None:
    """notebook/, image/, analysis/ and model/ reach neither network, engine nor database."""
    assert not imports(path) & IO_MODULES


@pytest.mark.parametrize("name", ["events.py", "errors.py", "model"])
def test_leaves_import_only_the_model(name: str) -> None:
    """The leaves depend on nothing of ours but the records."""
    root = PACKAGE / name
    for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
        ours = {n for n in imports(path) if n.startswith("nb2image")}
        assert all(n.startswith("nb2image.model") for n in ours), path


@pytest.mark.parametrize(
    "path", [p for p in MODULES if not is_face(p)], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_only_faces_print_or_exit(path: Path) -> None:
    """The core emits events and raises errors; console prints and main exits."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "sys.exit", "exit"}, f"line {node.lineno}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if not is_face(p)], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_stages_do_not_import_faces(path: Path) -> None:
    """Nothing below the faces knows them."""
    assert not imports(path) & {"nb2image.cli", "nb2image.console", "dashboard"}
