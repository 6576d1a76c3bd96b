"""Which distributions the imports ask for, by pipreqs's mapping alone."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from nb2image.model import DirectRequirement, Evidence, Finding, Need, Place, Script


@lru_cache(maxsize=1)
def pipreqs_mapping() -> dict[str, str]:
    """pipreqs's ``import:distribution`` lines, read without importing it; empty without it."""
    spec = find_spec("pipreqs")
    folder = next(iter(spec.submodule_search_locations or ()), "") if spec else ""
    path = Path(folder) / "mapping"
    lines = path.read_text("utf-8").splitlines() if folder and path.is_file() else []
    return dict(line.split(":", 1) for line in lines if ":" in line)


def first_names(
    script: Script,
) -> tuple[tuple[DirectRequirement, ...], tuple[Need, ...], tuple[Finding, ...]]:
    """A requirement for each top-level module that is neither stdlib nor local."""
    local = {PurePosixPath(m.path).parts[0].removesuffix(".py") for m in script.local_modules}
    local |= {PurePosixPath(m.path).stem for m in script.local_modules}
    needs = []
    for cell in script.cells:
        if not cell.broken:
            needs += needs_of(cell.source, cell.number)
    needs = [n for n in needs if n.module.split(".")[0] not in local | set(sys.stdlib_module_names)]
    by_name: dict[str, DirectRequirement] = {}
    for need in needs:
        top = need.module.split(".")[0]
        name = pipreqs_mapping().get(top, top).lower().replace("_", "-")
        by_name.setdefault(
            name,
            DirectRequirement(
                name=name,
                modules=(need.module,),
                evidence=(
                    Evidence(
                        rule="pipreqs",
                        candidate=name,
                        won=True,
                        detail=f"imports {need.module}",
                        place=need.place,
                    ),
                ),
            ),
        )
    return tuple(by_name[n] for n in sorted(by_name)), tuple(needs), ()


def needs_of(source: str, cell: int) -> list[Need]:
    """Every absolute import of a cell."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                place = Place(cell=cell, line=node.lineno)
                found.append(Need(module=alias.name, place=place))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = tuple(a.name for a in node.names)
            place = Place(cell=cell, line=node.lineno)
            found.append(Need(module=node.module, names=names, place=place))
    return found
