"""update-alternatives' tables: which file a generic name stands for. Pure.

https://manpages.debian.org/update-alternatives.1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nb2image.build.embedded.debian.scripts import Alternative

FOLDER = "var/lib/dpkg/alternatives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A generic name with its candidates, the one that is taken first."""

    candidates: tuple[Alternative, ...]
    by_hand: bool = False
    """Whether somebody has chosen another than the one of the highest priority."""

    @property
    def slaves(self) -> dict[str, str]:
        """The links that any candidate brings along, by their names."""
        return {name: link for one in self.candidates for name, link, _ in one.slaves}


def chosen(
    candidates: Iterable[Alternative], before: Choice | None = None, taken: str = ""
) -> Choice:
    """The choice among candidates for one name, and those that were there before.

    ``taken`` is the file that the name stood for, which a choice by hand keeps.
    """
    by_path = {one.path: one for one in (*(before.candidates if before else ()), *candidates)}
    by_hand = bool(before and before.by_hand and taken in by_path)
    order = sorted(
        by_path.values(), key=lambda a: (not (by_hand and a.path == taken), -a.priority, a.path)
    )
    return Choice(candidates=tuple(order), by_hand=by_hand)


def record(choice: Choice) -> bytes:
    """What update-alternatives itself keeps of a name."""
    slaves = choice.slaves
    lines = ["manual" if choice.by_hand else "auto", choice.candidates[0].link]
    for name, link in sorted(slaves.items()):
        lines += [name, link]
    lines.append("")
    for one in sorted(choice.candidates, key=lambda a: a.path):
        paths = {name: path for name, _, path in one.slaves}
        lines += [one.path, str(one.priority), *(paths.get(name, "") for name in sorted(slaves))]
    return ("\n".join(lines) + "\n\n").encode()


def read(name: str, text: bytes) -> Choice | None:
    """The choice of a record; None for one that is none."""
    lines = text.decode("utf-8", "replace").split("\n")
    if len(lines) < 3 or lines[0] not in ("auto", "manual"):
        return None
    status, link, rest = lines[0], lines[1], lines[2:]
    slaves = []
    while len(rest) > 1 and rest[0]:
        slaves.append((rest[0], rest[1]))
        rest = rest[2:]
    rest, found = rest[1:], []
    while len(rest) >= 2 + len(slaves) and rest[0]:
        path, priority, paths = rest[0], rest[1], rest[2 : 2 + len(slaves)]
        if not priority.lstrip("-").isdigit():
            return None
        found.append(
            Alternative(
                name=name,
                link=link,
                path=path,
                priority=int(priority),
                slaves=tuple((*one, to) for one, to in zip(slaves, paths, strict=True) if to),
            )
        )
        rest = rest[2 + len(slaves) :]
    return Choice(candidates=tuple(found), by_hand=status == "manual") if found else None
