"""The head of the script: what its cells need and no cell says."""

from __future__ import annotations

from collections.abc import Sequence

from nb2image.notebook.helpers import helper
from nb2image.notebook.piece import Piece
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Lines, literal, own, printable

OPENING = (
    '# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from'
    "\n# 1 over cells of every kind; the notebook's text is kept as comments."
)


def head(asked: Piece, setting: Setting, setup: Sequence[str]) -> Lines:
    """The lines above the first cell.

    ``asked`` is what all cells together ask for, ``setup`` more text that goes before them.
    """
    text = [OPENING]
    if asked.futures:
        text.append(f"from __future__ import {', '.join(sorted(asked.futures))}")
    modules = asked.modules | ({"sys"} if asked.shell else set())
    if modules:
        text.append("")
        text += [imported(name, setting.module(name)) for name in sorted(modules)]
    if asked.shell:
        text += ["", real_shell(asked.shell, setting)]
    for part in setup:
        text += ["", part]
    for name in sorted(asked.helpers):
        known_as = name if name == "display" else setting.helper(name)
        text += ["", "", helper(name, known_as)]
    if asked.helpers:
        text.append("")
    return own("\n".join(text))


def imported(module: str, name: str) -> str:
    """The import of a standard module under a name."""
    return f"import {module}" if name == module else f"import {module} as {name}"


def real_shell(reasons: tuple[str, ...], setting: Setting) -> str:
    """A real IPython shell for what has no meaning without one."""
    others = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    main = f"{setting.module('sys')}.modules[__name__]"
    return (
        "from IPython.core.interactiveshell import InteractiveShell\n\n"
        f"# a real IPython shell runs {printable(reasons[0])[:60].strip()}{others}\n"
        f"get_ipython = InteractiveShell.instance(user_module={main}).get_ipython"
    )


def event_loop(setting: Setting) -> str:
    """One event loop for all cells that await."""
    loop, asyncio = setting.helper("event_loop"), setting.module("asyncio")
    return (
        f"{loop} = {asyncio}.new_event_loop()  # all cells await on one loop\n"
        f"{asyncio}.set_event_loop({loop})"
    )


def given_answers(answers: Sequence[str], setting: Setting, *, secret: bool) -> str:
    """What ``input()`` returns in the place of what a person would type."""
    name = setting.helper("answers")
    text = (
        f"{name} = iter([{', '.join(literal(answer) for answer in answers)}])\n\n\n"
        'def input(prompt=""):\n'
        '    """The next of the answers that were given beforehand, shown as if typed."""\n'
        f"    for answer in {name}:\n"
        '        print(f"{prompt}{answer}")\n'
        "        return answer\n"
        '    raise EOFError(f"no answer is left for: {prompt}")'
    )
    if secret:
        text += '\n\n\n__import__("getpass").getpass = lambda *ignored: input()'
    return text
