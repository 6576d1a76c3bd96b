"""The files in the image that make a run tell of the notebook's cells."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
import types
from pathlib import Path

import pytest

from nb2image.model import Script
from nb2image.notebook.runtime import runtime_files
from tests.unit.notebook.build import cell, script


def laid_out(made: Script, folder: Path) -> types.ModuleType:
    """The runtime's main module, loaded from a folder that holds the script's files."""
    for name, data in runtime_files(made):
        (folder / name).write_bytes(data)
    (folder / made.name).write_text(made.text)
    spec = importlib.util.spec_from_file_location(
        "nb2image_runtime", folder / "nb2image_runtime.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def failing(made: Script, folder: Path) -> types.TracebackType | None:
    """The traceback of running a script that fails."""
    path = folder / made.name
    try:
        exec(compile(path.read_text(), str(path), "exec"), {"__name__": "__main__"})
    except Exception as error:
        return error.__traceback__
    return None


def test_every_file_is_given() -> None:
    """The image needs the start-up file, the modules, the backend and the map."""
    names = {name for name, _ in runtime_files(script("x = 1"))}
    assert {"sitecustomize.py", "nb2image_runtime.py", "nb2image_figures.py", "map.json"} <= names


def test_the_map_leads_from_lines_to_cells() -> None:
    """Cells by their lines, lines by cell and line; the same bytes every time."""
    made = script(cell("text", "markdown"), "a = 1\nb = 2")
    content = dict(runtime_files(made))["map.json"]
    found = json.loads(content)
    first = made.text.splitlines().index("a = 1") + 1
    assert found["script"] == "train.py"
    assert found["notebook"] == "analysis.ipynb"
    assert found["cells"] == [{"cell": 2, "first": first, "last": first + 1}]
    assert found["lines"][first - 1 :] == [[2, 1], [2, 2]]
    assert content == dict(runtime_files(made))["map.json"]


def test_an_error_names_cell_line_and_text(tmp_path: Path) -> None:
    """Innermost place first, then the cells that led there."""
    made = script("def f(x):\n    return 1 / x", "x = 0", "y = 1\nf(x)")
    module = laid_out(made, tmp_path)
    assert module.story(failing(made, tmp_path)) == (
        "Error in cell 1, line 2 of analysis.ipynb:\n"
        "    return 1 / x\n"
        "  called from cell 3, line 2 of analysis.ipynb\n"
        "\n"
    )


def test_an_error_outside_of_the_script_has_no_story(tmp_path: Path) -> None:
    """Other programs in the image show their errors as ever."""
    module = laid_out(script("x = 1"), tmp_path)
    with pytest.raises(ValueError) as caught:
        raise ValueError
    assert module.story(caught.tb) == ""


def test_without_a_map_nothing_breaks(tmp_path: Path) -> None:
    """A map that is missing or damaged costs the story, not the run."""
    made = script("1 / 0")
    module = laid_out(made, tmp_path)
    (tmp_path / "map.json").write_text("{")
    assert module.story(failing(made, tmp_path)) == ""


def test_values_are_shown_as_python_shows_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None shows nothing; a value's repr is printed and kept as ``_``."""
    module = laid_out(script("x = 1"), tmp_path)
    monkeypatch.setattr(sys.modules["builtins"], "_", None, raising=False)
    module.show_value(None)
    module.show_value("é")
    assert capsys.readouterr().out == "'é'\n"
    assert sys.modules["builtins"]._ == "é"  # type: ignore[attr-defined]


def test_the_runtime_is_python_3_6() -> None:
    """Images of old notebooks have old Pythons."""
    for name, data in runtime_files(script("x = 1")):
        if name.endswith(".py"):
            ast.parse(data, feature_version=(3, 6))
