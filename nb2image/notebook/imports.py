"""Import statements that read differently in a script."""

from __future__ import annotations

import ast

from nb2image.model import Place
from nb2image.notebook.piece import Piece
from nb2image.notebook.text import own

BAR_NAMES = {"tqdm_notebook": "tqdm", "tnrange": "trange", "tqdm": "tqdm", "trange": "trange"}


def changed(node: ast.stmt, place: Place) -> Piece | None:
    """The piece that an import becomes; None when it stays as it is."""
    match node:
        case ast.ImportFrom(module="__future__", names=names):
            return Piece(futures=frozenset(alias.name for alias in names))
        case ast.ImportFrom(module="tqdm.notebook", names=names):
            return progress_bars(names, place)
        case ast.ImportFrom(module="tqdm", names=names) if any(
            alias.name in ("tqdm_notebook", "tnrange") for alias in names
        ):
            return progress_bars(names, place)
        case _:
            return None


def progress_bars(names: list[ast.alias], place: Place) -> Piece | None:
    """The bars that tqdm draws as text, under the names of those it draws in a browser."""
    if not all(alias.name in BAR_NAMES for alias in names):
        return None
    texts = []
    for alias in names:
        known_as = alias.asname or alias.name
        name = BAR_NAMES[alias.name]
        texts.append(name if known_as == name else f"{name} as {known_as}")
    return Piece(lines=own(f"from tqdm import {', '.join(texts)}", place))
