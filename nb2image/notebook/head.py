"""The head of the script: what its cells need and no cell says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nb2image.notebook import workers
from nb2image.notebook.helpers import helper
from nb2image.notebook.names import DISPLAY_WITH_OPTIONS, Facts
from nb2image.notebook.parameters import Found, parser
from nb2image.notebook.piece import Piece, together
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Lines, literal, own, printable
from nb2image.options import Options

OPENING = (
    '# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from'
    "\n# 1 over cells of every kind; the notebook's text is kept as comments."
)


def asked_by_all(facts: Mapping[int, Sequence[Facts]], setting: Setting) -> Piece:
    """What the notebook as a whole asks of the head."""
    pieces = []
    if displays_too_early(facts) and DISPLAY_WITH_OPTIONS in setting.words:
        needed = ("ipython", "display is called with options")
        pieces.append(Piece(setup=frozenset({"display"}), extra=(needed,)))
    elif displays_too_early(facts):
        pieces.append(Piece(helpers=frozenset({"display"})))
    if ("os", "chdir") in setting.attributes or "cd" in setting.magics:
        pieces.append(Piece(modules=frozenset({"sys"}), setup=frozenset({"current folder"})))
    return together(pieces)


def displays_too_early(facts: Mapping[int, Sequence[Facts]]) -> bool:
    """Whether a cell uses ``display`` before one binds it: in a notebook it is always there."""
    for parts in facts.values():
        if any("display" in found.top for found in parts):
            return False
        if any("display" in found.used for found in parts):
            return True
    return False


def head(
    asked: Piece, parameters: Sequence[Found], title: str, setting: Setting, options: Options
) -> Lines:
    """The lines above the first cell; ``asked`` is what all cells together ask for.

    ``title`` is the notebook's name for people.
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
    for part in setup(asked, setting, options):
        text += ["", part]
    for name in sorted(asked.helpers):
        known_as = name if name == "display" else setting.helper(name)
        text += ["", "", helper(name, known_as)]
    if parameters:
        text += ["", "", parser(parameters, title, setting)]
    elif asked.helpers:
        text.append("")
    return own("\n".join(text))


def setup(asked: Piece, setting: Setting, options: Options) -> Iterator[str]:
    """Statements for the head, each of a few lines."""
    if "display" in asked.setup:
        yield "from IPython.display import display"
    if "event_loop" in asked.setup:
        yield event_loop(setting)
    if lines := workers.start(setting.words, setting.modules):
        yield lines
    if "current folder" in asked.setup:
        path = f"{setting.module('sys')}.path"
        yield f'{path}.insert(0, "")  # modules are looked for in the current folder too'
    if options.answers and {"input", "getpass"} & setting.used:
        secret = "getpass" in setting.used
        yield "\n" + given_answers(options.answers, setting, secret=secret)


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
