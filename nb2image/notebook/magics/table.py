"""Which rule gives a magic its meaning."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from nb2image.notebook.magics import notebook_only, python, shell
from nb2image.notebook.magics.call import Call, CellCall, Code, dropped, refused, statement
from nb2image.notebook.piece import Piece
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import comment, joined

NEEDS_IPYTHON = {
    "alias",
    "alias_magic",
    "bookmark",
    "dhist",
    "dirs",
    "logstart",
    "logstop",
    "popd",
    "pushd",
    "sc",
}
"""Magics of IPython itself that only its own shell can run."""

THIRD_PARTY = {
    "bigquery": "google.cloud.bigquery",
    "cython": "Cython",
    "dotenv": "dotenv",
    "lprun": "line_profiler",
    "memit": "memory_profiler",
    "mprun": "memory_profiler",
    "snakeviz": "snakeviz",
    "sql": "sql",
    "watermark": "watermark",
}
"""Magics whose extension is known, for the hint when the notebook does not load it."""


BY_NAME = {
    "cd", "conda", "env", "load", "load_ext", "loadpy", "mamba", "micromamba", "pip", "prun", "pwd",
    "pylab", "reload_ext", "run", "set_env", "store", "sx", "system", "time", "timeit", "xdel",
}  # fmt: skip
"""The other line magics of IPython that have a meaning here."""


@cache
def line_magics() -> frozenset[str]:
    """The names of IPython's own line magics."""
    tables = (notebook_only.DROPPED, notebook_only.REFUSED, shell.ALIASES, NEEDS_IPYTHON, BY_NAME)
    return frozenset(name for table in tables for name in table)


def meaning(call: Call, setting: Setting, code: Code) -> Piece:
    """What a line magic or shell line becomes."""
    name = call.name
    if name in notebook_only.DROPPED:
        return dropped(call, notebook_only.DROPPED[name])
    if name in notebook_only.REFUSED:
        return refused(call, notebook_only.REFUSED[name])
    if name in notebook_only.OTHER_LANGUAGES:
        return other_language(call)
    if name in shell.ALIASES:
        return shell.alias(call, setting)
    match name:
        case "!":
            return shell.run(call, setting)
        case "!!" | "sx" | "system":
            return shell.taken(call, setting)
        case "pip" | "pip3" | "conda" | "mamba" | "micromamba" | "uv":
            return shell.installer(call, setting)
        case "cd":
            return shell.change_folder(call, setting)
        case "pwd":
            return shell.folder(call, setting)
        case "env" | "set_env":
            return shell.environment(call, setting)
        case "time":
            return python.timed(call, setting, code)
        case "timeit":
            return python.loops(call, setting)
        case "prun":
            return python.profiled(call, setting, code)
        case "run":
            return python.run_file(call, setting)
        case "pylab":
            return python.pylab(call, setting)
        case "xdel":
            return python.delete(call)
        case "load_ext" | "reload_ext" | "unload_ext":
            return extension(call)
        case "store":
            return stored(call)
        case "load" | "loadpy":
            return refused(call, "a file can be loaded at the top of a cell only")
    if name in NEEDS_IPYTHON or is_known(name, setting):
        return Piece(shell=(str(call),))
    return unknown(call)


def cell_meaning(call: CellCall, setting: Setting, code: Code) -> Piece:
    """What a cell magic becomes."""
    name = call.name
    if name in notebook_only.SHOWN_ONLY:
        return shown_only(call)
    if name in notebook_only.OTHER_LANGUAGES:
        return other_language(call)
    if name in shell.INTERPRETERS:
        return shell.script(call, setting)
    match name:
        case "time":
            return python.timed_cell(call, setting, code)
        case "timeit":
            return python.loops_cell(call, setting)
        case "prun":
            return python.profiled_cell(call, setting, code)
        case "capture":
            return python.captured(call, setting, code)
        case "writefile" | "file":
            return python.write_file(call, setting)
        case "!" | "sx" | "system":
            text = joined(call.body).rstrip()
            line = Call(name="!!", argument=text, place=call.place, shown=call.shown)
            return shell.taken(line, setting)
        case "debug":
            return refused(call, "it waits for a person", code="cell-magic")
    if is_known(name, setting):
        compiler = (("gcc", call.place),) if name == "cython" else ()
        return Piece(shell=(f"%%{name}",), programs=compiler)
    return unknown(call)


def is_known(name: str, setting: Setting) -> bool:
    """Whether the notebook brings the magic itself: with an extension, or by defining it."""
    if setting.own_magics:
        return True
    needed = THIRD_PARTY.get(name)
    loaded = setting.extensions - notebook_only.EXTENSIONS
    if needed is not None:
        return needed in loaded or needed.lower() in {e.lower() for e in loaded}
    return bool(loaded)


def extension(call: Call) -> Piece:
    """``%load_ext name``: what the extension's package does when it is loaded."""
    name = call.argument.split("#")[0].strip()
    if name in notebook_only.EXTENSIONS or call.name == "unload_ext":
        return dropped(call, "the script has no use for it")
    if not all(part.isidentifier() for part in name.split(".")):
        return refused(call, "no extension has such a name")
    module = f"{name.replace('.', '_')}_extension"
    text = f"import {name} as {module}\n{module}.load_ipython_extension(get_ipython())"
    return replace(statement(call, text), shell=(str(call),))


def stored(call: Call) -> Piece:
    """``%store``: what another session left is not in the image."""
    if call.argument.startswith("-r") or not call.argument:
        return refused(call, "what another notebook stored is not in the image")
    return dropped(call, "no other notebook reads it")


def shown_only(call: CellCall) -> Piece:
    """A body for the browser stays as a comment."""
    lines = comment(f"{call}\n{joined(call.body)}", call.place)
    return Piece(lines=lines)


def other_language(call: Call | CellCall) -> Piece:
    """A line or cell of another language."""
    language = notebook_only.OTHER_LANGUAGES[call.name]
    return refused(
        call,
        f"this is {language}, which the image does not have",
        "leave the cell out with --skip-cells, or write it in Python",
        code="other-language",
    )


def unknown(call: Call | CellCall) -> Piece:
    """A magic that neither IPython nor the notebook knows."""
    hint = "remove it, or load the extension that brings it with %load_ext"
    if call.name in THIRD_PARTY:
        hint = f"load it first: %load_ext {THIRD_PARTY[call.name]}"
    return refused(call, "IPython has no such magic", hint, code="magic-unknown")
