"""Finds, for many paths, which of some folders they stand below."""

from __future__ import annotations

from collections.abc import Collection


class Below:
    """Remembers what it found for each folder, so that a million paths cost little."""

    def __init__(self, roots: Collection[str]) -> None:
        self._roots = frozenset(roots)
        self._known: dict[str, str | None] = {"": "" if "" in self._roots else None}

    def root(self, path: str) -> str | None:
        """The nearest of the folders above ``path``; None when there is none."""
        waiting = []
        folder = path.rpartition("/")[0]
        while folder not in self._known:
            waiting.append(folder)
            folder = folder.rpartition("/")[0]
        found = self._known[folder]
        for folder in reversed(waiting):
            found = folder if folder in self._roots else found
            self._known[folder] = found
        return found
