"""Chooses the files of the project that go into the image."""

from __future__ import annotations

import ast
import hashlib

from nb2image.errors import PlanError
from nb2image.model import Notebook, Place, PlannedFile, Script
from nb2image.options import Options
from nb2image.project import Project


def plan_files(
    notebook: Notebook, script: Script, project: Project, options: Options
) -> tuple[PlannedFile, ...]:
    """The notebook, the local modules, the data files it names and what --include adds.

    Raises PlanError when they are larger than ``options.max_context``.
    """
    chosen: dict[str, PlannedFile] = {}

    def take(path: str, reason: str, kind: str, place: Place | None = None) -> None:
        data = project.read(path)
        if data is None or path in chosen:
            return
        chosen[path] = PlannedFile(
            path=path,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            reason=reason,
            kind=kind,  # type: ignore[arg-type]
            place=place,
        )

    take(project.notebook.as_posix(), "the notebook", "notebook")
    for module in script.local_modules:
        if module.written_by_cell is None:
            take(module.path, "imported", "module")
    for cell in script.cells:
        if cell.broken or cell.left_out:
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                found = project.locate(f"{project.workdir}/{node.value}".lstrip("/"))
                if found is not None and found.is_file():
                    where = Place(cell=cell.number, line=node.lineno)
                    take(found.relative_to(project.root).as_posix(), "named", "data", where)
    total = sum(file.size for file in chosen.values())
    if total > options.max_context:
        raise PlanError(f"the files take {total} bytes", code="context-too-large")
    return tuple(sorted(chosen.values(), key=lambda file: file.path))
