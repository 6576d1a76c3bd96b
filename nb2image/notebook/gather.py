"""Reads every code cell, with what it loads and runs, before any is translated."""

from __future__ import annotations

from dataclasses import dataclass

from nb2image.model import Cell, Finding, Notebook, Place
from nb2image.notebook import order
from nb2image.notebook.automagic import with_automagic
from nb2image.notebook.expand import expand
from nb2image.notebook.files import Files
from nb2image.notebook.layout import left_out
from nb2image.notebook.names import Facts, facts_of
from nb2image.notebook.parameters import Found
from nb2image.notebook.parameters import find as find_parameters
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.scan import trees_of
from nb2image.notebook.text import source_lines
from nb2image.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The cells of a notebook in the order of the script; by number, those that are in it."""

    cells: tuple[Cell, ...]
    codes: dict[int, Recognised]
    facts: dict[int, tuple[Facts, ...]]
    """What is told by each part of a cell that is Python."""
    parameters: tuple[Found, ...]
    problems: tuple[Finding, ...]
    """What a cell loads or runs and the project does not have."""

    @property
    def all_facts(self) -> tuple[Facts, ...]:
        """The facts of all cells in their order."""
        return tuple(facts for parts in self.facts.values() for facts in parts)


def gather(notebook: Notebook, options: Options, files: Files) -> Gathered:
    """The notebook's code.

    Raises OptionError when the order or the parameters' cell that was asked for is not there.
    """
    cells = order.executed(notebook.cells) if options.order == "executed" else notebook.cells
    expanded = {
        cell.number: expand(source_lines(cell.source, Place(cell=cell.number, line=1)), files)
        for cell in cells
        if cell.kind == "code" and cell.source.strip() and not left_out(cell, options)
    }
    codes = {number: found.code for number, found in expanded.items()}
    facts = {number: facts_of_code(code) for number, code in codes.items()}
    defined = {name for parts in facts.values() for found in parts for name in found.defined}
    for number, code in tuple(codes.items()):
        codes[number] = with_automagic(code, defined)
        if codes[number] is not code:
            facts[number] = facts_of_code(codes[number])
    return Gathered(
        cells=cells,
        codes=codes,
        facts=facts,
        parameters=find_parameters(cells, codes, options.parameter_cell),
        problems=tuple(problem for found in expanded.values() for problem in found.problems),
    )


def facts_of_code(code: Recognised) -> tuple[Facts, ...]:
    """The facts of each part of a cell that is Python."""
    return tuple(facts_of(tree) for tree in trees_of(code))
