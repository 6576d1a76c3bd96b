"""Magics whose argument or body is Python: timed, profiled, captured or run from a file."""

from __future__ import annotations

import getopt
import re
import shlex
from dataclasses import replace

from nb2image.model import LocalModule
from nb2image.notebook.interpolate import fixed_text, text_expression
from nb2image.notebook.magics.call import (
    Call,
    CellCall,
    Code,
    is_expression,
    refused,
    statement,
)
from nb2image.notebook.piece import Piece, together
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Line, Lines, block_literal, indented, joined, literal, own


def block(call: Call | CellCall, opening: str, body: Piece, **asked: str) -> Piece:
    """``opening`` with the body below it."""
    lines = body.lines if any(is_code(line) for line in body.lines) else own("pass", call.place)
    head = statement(call, opening, **asked)
    inner = Piece(lines=indented(lines))
    return together([head, inner, body.without_lines()])


def is_code(line: Line) -> bool:
    """Whether a line is more than a comment."""
    return bool(line.text.strip()) and not line.text.lstrip().startswith("#")


def argument_lines(call: Call, text: str) -> Lines:
    """Python that stands in a line magic's argument, with the call's target before it."""
    return own(f"{call.target} = {text}" if call.target else text, call.place)


def timed(call: Call, setting: Setting, code: Code) -> Piece:
    """``%time statement``."""
    text = call.argument.rstrip().rstrip(";")
    if not text:
        return Piece(lines=own("# %time", call.place))
    if call.target and not is_expression(text):
        return refused(call, "only the time of an expression can be assigned")
    shown = call.shown and not call.argument.rstrip().endswith(";")
    body = code(argument_lines(call, text), shown)
    return block(call, f"with {setting.helper('timing')}():", body, helpers="timing")


def timed_cell(call: CellCall, setting: Setting, code: Code) -> Piece:
    """``%%time``."""
    if call.argument and not call.argument.startswith("#"):
        return refused(call, "nothing may stand on the line of %%time", code="cell-magic")
    body = code(call.body, call.shown)
    return block(call, f"with {setting.helper('timing')}():", body, helpers="timing")


def loops(call: Call, setting: Setting) -> Piece:
    """``%timeit statement``."""
    found = time_options(call.argument)
    if found is None:
        return refused(call, "its options are not understood")
    options, text = found
    text = text.rstrip(";").strip()
    if not text:
        return Piece(lines=own("# %timeit", call.place))
    names = "{**globals(), **locals()}" if call.in_function else "globals()"
    ran = f"{setting.helper('time_loops')}({literal(text)}, {names}{options})"
    if call.target:
        return statement(call, f"{call.target} = {ran}", helpers="time_loops")
    return statement(call, ran, helpers="time_loops")


def loops_cell(call: CellCall, setting: Setting) -> Piece:
    """``%%timeit setup`` with the statement below it."""
    found = time_options(call.argument)
    if found is None:
        return refused(call, "its options are not understood", code="cell-magic")
    options, setup = found
    if setup.strip():
        options = f", setup={literal(setup.strip())}{options}"
    body = block_literal(joined(call.body).rstrip() + "\n")
    ran = f"{setting.helper('time_loops')}({body}, globals(){options})"
    return statement(call, ran, helpers="time_loops")


def time_options(argument: str) -> tuple[str, str] | None:
    """The options of ``%timeit`` as arguments of our helper, and the statement after them."""
    rest, given = argument.strip(), []
    while found := re.match(r"-(?:([nrp])\s*(\d+)|([tcqov]+))(?:\s+|$)", rest):
        rest = rest[found.end() :]
        if found[1] == "n":
            given.append(f"number={int(found[2])}")
        elif found[1] == "r":
            given.append(f"repeat={int(found[2])}")
        if found[3] and "c" in found[3]:
            given.append('clock=__import__("time").process_time')
        if found[3] and "q" in found[3]:
            given.append("quiet=True")
    if re.match(r"-[a-zA-Z](\s|\d)", rest):
        return None
    return "".join(f", {option}" for option in given), rest


def profiled(call: Call, setting: Setting, code: Code) -> Piece:
    """``%prun statement``."""
    found = profile_options(call.argument)
    if found is None or call.target:
        return Piece(shell=(f"{call}",))
    options, text = found
    body = code(own(text or "pass", call.place), False)
    opening = f"with {setting.helper('profiling')}({options}):"
    return block(call, opening, body, helpers="profiling")


def profiled_cell(call: CellCall, setting: Setting, code: Code) -> Piece:
    """``%%prun``."""
    found = profile_options(call.argument)
    if found is None:
        return Piece(shell=(f"{call}",))
    options, text = found
    lines = (*own(text, call.place), *call.body) if text else call.body
    opening = f"with {setting.helper('profiling')}({options}):"
    return block(call, opening, code(lines, False), helpers="profiling")


def profile_options(argument: str) -> tuple[str, str] | None:
    """The options of ``%prun`` as arguments of our helper, and the statement after them."""
    words = argument.split(" ")
    try:
        options, rest = getopt.getopt(words, "D:l:rs:T:q")
    except getopt.GetoptError:
        return None
    order = [literal(text) for name, text in options if name == "-s"]
    limits = [
        text if re.fullmatch(r"\d+|0?\.\d+", text) else literal(text)
        for name, text in options
        if name == "-l"
    ]
    if any(name not in ("-s", "-l") for name, _ in options):
        return None
    if limits:
        order.append(f"limits=({', '.join(limits)},)")
    return ", ".join(order), " ".join(rest).strip()


def captured(call: CellCall, setting: Setting, code: Code) -> Piece:
    """``%%capture name``: what the body prints is kept, or lost where no name is given."""
    given = call.argument.split("#")[0].replace(";", " ").split()
    options = {word for word in given if word.startswith("-")}
    names = [word for word in given if not word.startswith("-")]
    if len(names) > 1 or not options <= {"--no-stdout", "--no-stderr", "--no-display"}:
        return refused(call, "its options are not understood", code="cell-magic")
    body = code(call.body, call.shown)
    kept = "".join(
        f", {stream}=False" for stream in ("stdout", "stderr") if f"--no-{stream}" in options
    )
    opening = f"with {setting.helper('Captured')}({kept[2:]})"
    if names:
        if not names[0].isidentifier():
            return refused(call, "the output's name is not one of Python", code="cell-magic")
        opening += f" as {names[0]}"
    return block(call, f"{opening}:", body, helpers="Captured")


def write_file(call: CellCall, setting: Setting) -> Piece:
    """``%%writefile name``."""
    given = call.argument.split()
    append = bool(given) and given[0] in ("-a", "--append")
    name = call.argument.strip()
    if append:
        name = name.split(None, 1)[1] if len(given) > 1 else ""
    name = name.strip().strip("'\"")
    if not name:
        return refused(call, "no file is named", code="cell-magic")
    text = block_literal(joined(call.body))
    path = text_expression(name, setting.known)
    ran = f"{setting.helper('write_file')}({path}, {text}{', append=True' if append else ''})"
    piece = statement(call, ran, helpers="write_file")
    fixed = fixed_text(name, setting.known)
    inside = setting.files.inside(fixed) if fixed is not None else None
    if inside is None or not inside.endswith(".py"):
        return piece
    module = LocalModule(path=inside, source=joined(call.body), written_by_cell=call.place.cell)
    return replace(piece, written=(module,))


def run_file(call: Call, setting: Setting) -> Piece:
    """``%run script.py arguments``; a notebook is put in the place of its ``%run`` elsewhere."""
    try:
        options, rest = getopt.getopt(shlex.split(call.argument), "nidtN:b:pD:l:rs:T:em:G")
    except (ValueError, getopt.GetoptError):
        return refused(call, "its options are not understood")
    names = {name for name, _ in options}
    if "-d" in names:
        return refused(call, "it waits for a person")
    if "-p" in names:
        return Piece(shell=(f"{call}",))
    module = next((text for name, text in options if name == "-m"), "")
    if not rest and not module:
        return refused(call, "no file is named")
    path = module or rest.pop(0)
    if not module and not path.endswith((".py", ".ipy", ".ipynb")):
        path += ".py"
    if path.endswith((".ipy", ".ipynb")):
        return refused(call, "a notebook can be run at the top of a cell only")
    arguments = [text_expression(text, setting.known) for text in (path, *rest)]
    if "-i" in names and not module:
        name = arguments[0]
        return statement(call, f'exec(compile(open({name}).read(), {name}, "exec"))')
    arguments.append("names=globals()")
    if module:
        arguments.append("module=True")
    if "-n" in names:
        arguments.append("main=False")
    ran = statement(
        call, f"{setting.helper('run_file')}({', '.join(arguments)})", helpers="run_file"
    )
    if "-t" in names:
        return block(call, f"with {setting.helper('timing')}():", ran, helpers="timing")
    return ran


def pylab(call: Call, setting: Setting) -> Piece:
    """``%pylab``: the names that it brings."""
    text = (
        "import numpy\nimport matplotlib\nfrom matplotlib import pylab, mlab, pyplot\n"
        "np = numpy\nplt = pyplot"
    )
    if "--no-import-all" not in call.argument:
        text += "\nfrom pylab import *\nfrom numpy import *"
    needed = {"figsize", "getfigs"} & setting.used
    if needed:
        text += f"\nfrom IPython.core.pylabtools import {', '.join(sorted(needed))}"
    return statement(call, text)


def delete(call: Call) -> Piece:
    """``%xdel name``."""
    name = call.argument.removeprefix("-n").strip()
    if not name.isidentifier():
        return refused(call, "no name is given")
    return statement(call, f"del {name}")
