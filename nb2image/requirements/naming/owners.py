"""Distributions that own the same module: two that would overwrite each other's files."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.requirements.index.archive import Contents
from nb2image.requirements.index.wheel import installed_path
from nb2image.requirements.naming.candidates import Answer, Search
from nb2image.requirements.naming.verify import requirements_of


def refuse_conflicts(answers: Sequence[Answer], search: Search) -> None:
    """Raise RequirementsError when two chosen distributions own one imported module.

    One that was chosen for what lies below a module may have a part of the module itself; and
    where one brings the other along, or the other's files, its authors mean them to be together.
    """
    chosen = [(a, a.winner, a.modules) for a in answers if a.winner and a.modules]
    for found, own, modules in chosen:
        owners = {
            winner.name: other
            for other, winner, others in chosen
            if modules.clashes(others, found.group.key)
            and not other.group.key.startswith(f"{found.group.key}.")
            and (winner.name == own.name or not belong_together(found, other, search))
        }
        if len(owners) > 1:
            told = " and ".join(
                f"{name} (for {o.group.key}, {o.group.needs[0].place})"
                for name, o in sorted(owners.items())
            )
            raise RequirementsError(
                f"two distributions bring the module {found.group.key}: {told}",
                code="module-conflict",
                hint=f"choose one with --assume {found.group.key}=DISTRIBUTION",
                where=found.group.needs[0].place,
            )


def belong_together(found: Answer, other: Answer, search: Search) -> bool:
    """Whether one requires the other, or ``other`` brings the module's files as ``found`` has them:
    pytorch-lightning comes with all of lightning-fabric.

    Raises RequirementsError when the index cannot be asked.
    """
    if not (found.winner and other.winner and found.file and other.file):
        return False
    one, two = search.index.contents(found.file), search.index.contents(other.file)
    for contents, name in ((one, other.winner.name), (two, found.winner.name)):
        required = {canonicalize_name(r.name) for r in requirements_of(contents, search.target)}
        if name in required:
            return True
    mine, theirs = (files_of(contents, found.group.key) for contents in (one, two))
    same = sum(theirs.get(path) == size for path, size in mine.items())
    # a few differ where the two are not of the same day
    return mine.keys() <= theirs.keys() and 2 * same > len(mine)


def files_of(contents: Contents, module: str) -> dict[str, int]:
    """The files of a module and their bytes; empty where these are not known."""
    base = module.replace(".", "/")
    known = zip(contents.members, contents.sizes, strict=False)
    placed = ((installed_path(member), size) for member, size in known)
    return {path: size for path, size in placed if path.startswith((f"{base}/", f"{base}."))}
