"""Install lines: what ``%pip``, ``!pip``, ``!conda`` and ``!apt`` lines ask to be installed.

The image holds what they install and none of these tools, so the lines become requirements and
leave the script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nb2image.model import Finding, Install, Place
from nb2image.notebook.piece import note, warning
from nb2image.notebook.shell import Command, commands, rejoined, words

Tool = Literal["pip", "conda", "apt"]

TOOL_NAMES: dict[str, Tool] = {
    "pip": "pip",
    "pip3": "pip",
    "conda": "conda",
    "mamba": "conda",
    "micromamba": "conda",
    "apt": "apt",
    "apt-get": "apt",
    "aptitude": "apt",
}
PYTHON = re.compile(r"^([\w./-]*/)?(python[\d.]*|py|\{sys\.executable\}|\$sys\.executable)$")
VERSIONED_PIP = re.compile(r"^pip[23](\.\d+)?$")
# Options that take a value, so that the value is not read as a package.
VALUES: dict[Tool, str] = {
    "pip": "-r --requirement -c --constraint -e --editable -i --index-url --extra-index-url -f"
    " --find-links -t --target --proxy --trusted-host --timeout --retries --cache-dir"
    " --no-binary --only-binary --platform --python-version --python --prefix --root --src"
    " --log --progress-bar --upgrade-strategy --global-option --config-settings"
    " --use-feature --use-deprecated --exists-action --root-user-action --cert",
    "conda": "-c --channel -n --name -p --prefix --file --solver",
    "apt": "-t --target-release -o --option -c --config-file",
}
# Options that decide what is found, and so travel with the requirement.
MATTER = (
    "-i --index-url --extra-index-url -f --find-links -c --constraint --pre --no-deps"
    " --no-binary --only-binary --channel"
)
UNKNOWN = re.compile(r"[{}$`]")
LOOSE_SPECIFIER = re.compile(r"(?<=[\w\]])\s*(>=|<=|<|>)\s*(?=\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellLine:
    """A shell line after its install commands were taken out."""

    rest: str
    """What is left to run; empty when nothing is."""
    installs: tuple[Install, ...] = ()
    findings: tuple[Finding, ...] = ()
    changed: bool = False
    """Whether anything was taken out."""


def without_installs(line: str, place: Place, constants: Mapping[str, str]) -> ShellLine:
    """Part a shell line into what it installs and what is left.

    ``constants`` are the notebook's names whose text is known; ``{name}`` and ``$name`` in an
    install line stand for them, as in IPython.
    """
    kept: list[Command] = []
    installs: list[Install] = []
    findings: list[Finding] = []
    taken_before = False
    for part in commands(line):
        if part.before == "|" and taken_before:
            continue  # `pip install x | tail -1`: the filter goes with its command
        tool, arguments = package_tool(part.text)
        if tool is None:
            kept.append(part)
            taken_before = False
            continue
        taken_before = True
        if kept and part.before == "|":  # `yes | pip install x`
            kept.pop()
        wanted = packages(tool, arguments, place, constants)
        installs += wanted.installs
        findings += wanted.findings
    changed = len(kept) != len(commands(line))
    rest = rejoined(tuple(kept)) if changed else line
    return ShellLine(rest=rest, installs=tuple(installs), findings=tuple(findings), changed=changed)


def script_without_installs(script: str, place: Place, constants: Mapping[str, str]) -> ShellLine:
    """A shell script without the lines that install something; other lines stay as they are."""
    kept: list[str] = []
    taken: list[ShellLine] = []
    for line in re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n|[^\n]+", script):
        found = without_installs(line.replace("\\\n", " "), place, constants)
        if not found.changed:
            kept.append(line)
            continue
        taken.append(found)
        if found.rest:
            kept.append(f"{found.rest}\n")
    return ShellLine(
        rest="".join(kept),
        installs=tuple(install for found in taken for install in found.installs),
        findings=tuple(finding for found in taken for finding in found.findings),
        changed=bool(taken),
    )


def package_tool(command: str) -> tuple[Tool | None, list[str]]:
    """The package tool that a command calls, with its arguments; None for other commands."""
    found = words(LOOSE_SPECIFIER.sub(r"\1", command).replace("{ sys.executable }", "python"))
    while found and (found[0] in ("sudo", "-H", "-E", "-n", "time") or is_assignment(found[0])):
        found = found[1:]
    if not found:
        return None, []
    if PYTHON.match(found[0]) and found[1:3] == ["-m", "pip"]:
        return "pip", found[3:]
    if found[:2] == ["uv", "pip"]:
        return "pip", found[2:]
    name = found[0].rsplit("/", 1)[-1]
    if VERSIONED_PIP.match(name):
        name = "pip"
    tool = TOOL_NAMES.get(name)
    return tool, found[1:]


def is_assignment(word: str) -> bool:
    """Whether a word sets an environment variable for the command after it."""
    return re.match(r"[A-Za-z_]\w*=", word) is not None


def packages(
    tool: Tool, arguments: list[str], place: Place, constants: Mapping[str, str]
) -> ShellLine:
    """What one call of a package tool installs."""
    verb = next((a for a in arguments if not a.startswith("-")), "")
    if verb not in ("install", "add", "build-dep"):
        return ShellLine(rest="", findings=(unneeded(tool, verb, place),))
    arguments = [a for i, a in enumerate(arguments) if i != arguments.index(verb)]
    wanted: list[str] = []
    options: list[str] = []
    findings: list[Finding] = []
    while arguments:
        word = arguments.pop(0)
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word.startswith("-") and name in VALUES[tool].split() and not equals:
            value = arguments.pop(0) if arguments else ""
        value = expanded(value, constants)
        if name in ("-r", "--requirement", "--file"):
            wanted.append(f"-r {value}")
        elif name in ("-e", "--editable"):
            wanted.append(f"-e {value}")
        elif word.startswith("-"):
            if name in MATTER.split() or (tool == "conda" and name == "-c"):
                options.append(f"{name} {value}".strip())
        elif word.lstrip("!%") in TOOL_NAMES and arguments[:1] == ["install"]:
            arguments.pop(0)  # two lines that became one, `pip install a !pip install b`
        else:
            wanted.append(expanded(word, constants))
    for text in (*wanted, *options):
        if UNKNOWN.search(text):
            findings.append(
                warning(
                    "install-unknown",
                    f"{text!r} in an install line is known only when the notebook runs",
                    place,
                    "write it out, or give the requirements with --requirements",
                )
            )
    known = tuple(o for o in options if not UNKNOWN.search(o))
    return ShellLine(
        rest="",
        installs=tuple(
            Install(tool=tool, requirement=text, place=place, options=known)
            for text in wanted
            if not UNKNOWN.search(text) and not (tool == "pip" and text == "pip")
        ),
        findings=tuple(findings),
    )


def unneeded(tool: Tool, verb: str, place: Place) -> Finding:
    """What to say of a call that installs nothing."""
    if verb in ("uninstall", "remove", "purge"):
        return warning(
            "uninstall-dropped",
            f"{tool} {verb} is left out: the image holds only what the notebook needs",
            place,
        )
    return note("install-tool-dropped", f"{tool} {verb}".strip() + " is left out", place)


def expanded(text: str, constants: Mapping[str, str]) -> str:
    """``text`` with ``{name}`` and ``$name`` replaced where the notebook says what they are."""

    def value(found: re.Match[str]) -> str:
        return constants.get(found[1] or found[2], found[0])

    return re.sub(r"\{(\w+)\}|\$(\w+)", value, text)
