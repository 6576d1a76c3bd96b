"""Short ways to write notebooks and scripts for these tests."""

from __future__ import annotations

from nb2image.model import (
    Cell,
    DirectRequirement,
    Evidence,
    Notebook,
    Output,
    Place,
    Script,
    ScriptCell,
)


def notebook(*cells: Cell, python: str = "") -> Notebook:
    """A notebook of these cells."""
    return Notebook(name="test", cells=cells, sha256="0" * 64, format="4.5", python_version=python)


def code(source: str, output: str = "", *, number: int = 1, executed_at: str = "") -> Cell:
    """A code cell, with what it printed."""
    outputs = (Output(kind="stream", stream="stdout", text=output),) if output else ()
    return Cell(number=number, kind="code", source=source, outputs=outputs, executed_at=executed_at)


def script(*sources: str) -> Script:
    """A script whose cells are these, numbered from 1."""
    cells = tuple(
        ScriptCell(number=n, source=s, first_line=1, last_line=1 + s.count("\n"))
        for n, s in enumerate(sources, start=1)
    )
    return Script(name="train.py", text="\n".join(sources), lines=(), cells=cells)


def wanted(name: str, specifier: str = "", *, module: str = "", cell: int = 1) -> DirectRequirement:
    """A requirement that a cell asks for."""
    evidence = Evidence(
        rule="install-line",
        candidate=name,
        won=True,
        detail=f"pip install {name}{specifier}",
        place=Place(cell=cell, line=1),
    )
    return DirectRequirement(
        name=name, specifier=specifier, modules=(module or name,), evidence=(evidence,)
    )
