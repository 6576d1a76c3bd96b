"""Which expressions of each cell are shown: ``ast_node_interactivity``, set by some notebooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from nb2image.notebook.calls import magic_of, statements
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.translate import Shown

SETTING = "ast_node_interactivity"
MODES: dict[str, Shown] = {"all": "all", "none": "none"}


def shown_in(codes: Mapping[int, Recognised]) -> dict[int, Shown]:
    """What is shown of each cell; a change takes effect in the cell after the one that makes it."""
    modes: dict[int, Shown] = {}
    now: Shown = "last"
    for number, code in codes.items():
        modes[number] = now
        changed = mode_set_by(code)
        if changed:
            now = MODES.get(changed, "last")
    return modes


def mode_set_by(code: Recognised) -> str:
    """The mode that a cell sets, or nothing."""
    found = ""
    for statement in statements(code.tree) if code.tree is not None else ():
        match statement.node:
            case ast.Assign(
                targets=[ast.Attribute(attr="ast_node_interactivity")],
                value=ast.Constant(value=str(mode)),
            ):
                found = mode
            case node:
                magic = magic_of(node)
                if magic is not None and magic[0] == "config" and SETTING in magic[1]:
                    named = re.search(rf"{SETTING}\s*=\s*['\"](\w+)['\"]", magic[1])
                    found = named[1] if named else found
    return found
