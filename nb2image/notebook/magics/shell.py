"""Shell lines, the magics that stand for shell commands, and cells of shell script."""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import replace
from typing import NoReturn

from nb2image.model import Place
from nb2image.notebook.installs import TOOL_NAMES, script_without_installs, without_installs
from nb2image.notebook.interpolate import text_expression
from nb2image.notebook.magics.call import (
    Call,
    CellCall,
    refused,
    statement,
    value,
)
from nb2image.notebook.piece import Piece, together
from nb2image.notebook.setting import Setting
from nb2image.notebook.shell import programs
from nb2image.notebook.text import block_literal, comment, joined

ALIASES = {
    "cat": "cat",
    "cp": "cp",
    "ldir": "ls -F -o {} | grep /$",
    "lf": "ls -F -o {} | grep ^-",
    "lk": "ls -F -o {} | grep ^l",
    "ll": "ls -F -o",
    "ls": "ls -F",
    "lx": "ls -F -o {} | grep ^-..x",
    "less": "cat",
    "mkdir": "mkdir",
    "more": "cat",
    "mv": "mv",
    "rm": "rm",
    "rmdir": "rmdir",
}
"""IPython's names for shell commands; what pages there prints here."""

LIST_WITH_MORE = {"fields", "grep", "l", "list", "n", "nlstr", "p", "paths", "s", "spstr"}
"""Attributes that the list of a shell command's lines has in IPython and nowhere else."""

INTERPRETERS = {
    "bash": "bash",
    "perl": "perl",
    "python": "python",
    "python3": "python3",
    "ruby": "ruby",
    "script": "",
    "sh": "sh",
    "shell": "bash",
}
"""Cell magics that hand their body to a program; ``%%script`` names it itself."""


def run(call: Call, setting: Setting) -> Piece:
    """``!command``: what it installs is in the image, the rest is run."""
    found = without_installs(call.argument, call.place, setting.constants)
    if not found.changed:
        return command(call, call.argument, setting)
    lines = comment(f"{call}  (the image holds what it installs)", call.place)
    gone = Piece(lines=lines, installs=found.installs, findings=found.findings)
    return together([gone, command(call, found.rest, setting)]) if found.rest else gone


def command(call: Call, text: str, setting: Setting) -> Piece:
    """Run a shell command and let it print."""
    if call.captured:
        return printed_lines(call, text, setting)
    if text.rstrip().endswith("&"):
        return refused(
            call, "a command in the background", "start it before the container, or wait for it"
        )
    ran = f"{setting.module('subprocess')}.run({text_expression(text, setting.known)}, shell=True)"
    if "_exit_code" in setting.used:
        ran = f"_exit_code = {ran}.returncode"
    return calling(statement(call, ran, modules="subprocess"), text)


def calling(piece: Piece, *texts: str) -> Piece:
    """The piece with the programs that its shell lines call."""
    place = piece.lines[0].place if piece.lines else None
    names = {name: None for text in texts for name in programs(text)}
    return replace(piece, programs=tuple((name, place or Place()) for name in names))


def printed_lines(call: Call, text: str, setting: Setting) -> Piece:
    """Run a shell command and print what it prints, where ``%%capture`` can keep it."""
    lines = f"{setting.helper('shell_lines')}({text_expression(text, setting.known)})"
    piece = statement(call, f'print("\\n".join({lines}))', helpers="shell_lines")
    return calling(piece, text)


def taken(call: Call, setting: Setting) -> Piece:
    """``!!command``, ``x = !command`` and ``%sx``: the list of the lines that it prints."""
    found = without_installs(call.argument, call.place, setting.constants)
    if found.changed and not found.rest:
        lines = comment(f"{call}  (the image holds what it installs)", call.place)
        gone = Piece(lines=lines, installs=found.installs, findings=found.findings)
        return together([gone, value(call, setting, "[]")]) if call.target else gone
    if any((call.target, attribute) in setting.attributes for attribute in LIST_WITH_MORE):
        return Piece(shell=(f"{call}: the list has methods of IPython",))
    return lines_of(call, call.argument, setting)


def lines_of(call: Call, text: str, setting: Setting) -> Piece:
    """The lines that a command prints, as the value of a magic."""
    ran = f"{setting.helper('shell_lines')}({text_expression(text, setting.known)})"
    return calling(value(call, setting, ran, helpers="shell_lines"), text)


def installer(call: Call, setting: Setting) -> Piece:
    """``%pip`` and ``%conda``."""
    tool = "uv" if call.name == "uv" else TOOL_NAMES.get(call.name, "pip")
    found = without_installs(f"{tool} {call.argument}", call.place, setting.constants)
    lines = comment(f"{call}  (the image holds what it installs)", call.place)
    return Piece(lines=lines, installs=found.installs, findings=found.findings)


def alias(call: Call, setting: Setting) -> Piece:
    """``%ls``, ``%mkdir`` and the like."""
    name = ALIASES[call.name]
    text = name.format(call.argument) if "{}" in name else f"{name} {call.argument}".strip()
    return lines_of(call, text, setting) if call.target else command(call, text, setting)


def change_folder(call: Call, setting: Setting) -> Piece:
    """``%cd folder``."""
    argument = call.argument
    quiet = argument.startswith("-q")
    if quiet:
        argument = argument[2:].strip()
    if argument.startswith("-"):
        return Piece(shell=(f"{call} needs the folders visited before",))
    unquoted = argument.strip("'\"") or "~"
    folder = text_expression(unquoted, setting.known)
    text = f"{setting.helper('cd')}({folder}{', quiet=True' if quiet else ''})"
    return statement(call, text, helpers="cd")


def folder(call: Call, setting: Setting) -> Piece:
    """``%pwd``."""
    return value(call, setting, f"{setting.module('os')}.getcwd()", modules="os")


def environment(call: Call, setting: Setting) -> Piece:
    """``%env`` and ``%set_env``: all variables, one, or one that is set."""
    variables = f"{setting.module('os')}.environ"
    argument = call.argument
    if not argument:
        return value(call, setting, f"dict({variables})", modules="os")
    found = re.match(r"([^\s=]+)\s*(?:=|\s)\s*(.*)", argument, re.DOTALL)
    if found is None:
        if call.name == "set_env":
            return refused(call, "no value is given")
        name = text_expression(argument, setting.known)
        return value(call, setting, f"{variables}[{name}]", modules="os")
    name = text_expression(found[1], setting.known)
    content = text_expression(found[2].strip(), setting.known)
    told = text_expression(f"env: {found[1]}={found[2].strip()}", setting.known)
    return statement(call, f"{variables}[{name}] = {content}\nprint({told})", modules="os")


class Options(argparse.ArgumentParser):
    """Options of a script cell; what is wrong raises ValueError instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def script_options() -> Options:
    """The options of ``%%bash``, ``%%script`` and their like, as IPython has them."""
    options = Options(add_help=False, allow_abbrev=False)
    for name in ("--out", "--err", "--proc"):
        options.add_argument(name)
    options.add_argument("--bg", action="store_true")
    options.add_argument("--no-raise-error", dest="check", action="store_false")
    options.add_argument("--raise-error", dest="check", action="store_true")
    options.set_defaults(check=True)
    return options


def script(call: CellCall, setting: Setting) -> Piece:
    """``%%bash`` and other cells that are the input of a program."""
    program = INTERPRETERS[call.name]
    try:
        chosen, rest = script_options().parse_known_args(shlex.split(call.argument))
    except ValueError as error:
        return refused(call, str(error))
    if chosen.bg:
        return refused(call, "a program in the background", "let the cell wait for it")
    texts = [program, *rest] if program else rest
    if not texts:
        return refused(call, "no program is named")
    arguments = [text_expression(text, setting.known) for text in texts]
    body = joined(call.body)
    gone: list[Piece] = []
    if program in ("bash", "sh") or texts[0] in ("bash", "sh"):
        found = script_without_installs(body, call.place, setting.constants)
        body = found.rest
        gone.append(Piece(installs=found.installs, findings=found.findings))
        if not body.strip():
            lines = comment(f"{call}\n{joined(call.body)}", call.place)
            return together([Piece(lines=lines), *gone])
    ran = program_with_input(call, setting, arguments, body, chosen)
    is_shell = texts[0] in ("bash", "sh")
    return together([calling(ran, texts[0], *(body.split("\n") if is_shell else ())), *gone])


def program_with_input(
    call: CellCall,
    setting: Setting,
    arguments: list[str],
    body: str,
    chosen: argparse.Namespace,
) -> Piece:
    """Run a program with a text as its input."""
    process = setting.module("subprocess")
    options = [f"input={block_literal(body)}", 'encoding="utf-8"']
    streams = [name for name in (chosen.out, chosen.err) if name]
    if not all(name.isidentifier() for name in streams):
        return refused(call, "--out and --err need a name")
    if chosen.out:
        options.append(f"stdout={process}.PIPE")
    if chosen.err:
        options.append(f"stderr={process}.PIPE")
    if chosen.check:
        options.append("check=True")
    ran = f"{process}.run([{', '.join(arguments)}], {', '.join(options)})"
    if not streams:
        return statement(call, ran, modules="subprocess")
    first = streams[0]
    text = f"{first} = {ran}"
    if chosen.out and chosen.err:
        text += f"\n{chosen.out}, {chosen.err} = {chosen.out}.stdout, {chosen.out}.stderr"
    else:
        text += f"\n{first} = {first}.{'stdout' if chosen.out else 'stderr'}"
    return statement(call, text, modules="subprocess")
