"""What the words of a script become: parameters filled in, split, patterns matched. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from nb2image.build.embedded.debian.shell import syntax
from nb2image.build.embedded.debian.shell.machine import Value

MAX_VALUE = 1 << 14
MAX_WORDS = 10_000
MAX_TRIMMED = 1000
"""Longer values are not worth the time."""
BLANKS = " \t\n"
PATTERN = re.compile(r"[*?]|\[[^]]+\]")


class Words:
    """The variables and arguments of a script at one moment."""

    def __init__(
        self,
        variables: dict[str, Value],
        arguments: list[Value],
        matching: Callable[[str], list[str]],
        substituted: Callable[[syntax.Substitution], Value],
    ) -> None:
        self.variables = variables
        self.arguments = arguments
        self._matching = matching
        self._substituted = substituted

    def fields(self, word: syntax.Word) -> list[Value]:
        """The words that one becomes: split where it is not quoted, patterns filled in."""
        fields: list[Value] = [""]
        quoted = open_ended = apart = False
        for part in word.parts:
            if isinstance(part, syntax.Parameter) and part.name == "@" and part.quoted:
                fields = [*fields[:-1], *self.arguments] if fields[-1:] == [""] else [None]
                quoted = quoted or bool(self.arguments)
                continue
            value = self._value(part)
            quoted = quoted or part.quoted
            split = not part.quoted and not isinstance(part, syntax.Text)
            if value is None or not fields:
                fields = [*fields[:-1], None]
                continue
            pieces = self._split(value) if split else [value]
            if apart or (split and value[:1].isspace() and fields[-1]):
                fields.append("")
            apart = split and value[-1:].isspace()
            for number, piece in enumerate(pieces):
                if number:
                    fields.append("")
                last = fields[-1]
                fields[-1] = None if last is None else last + piece
            open_ended = open_ended or (not part.quoted and PATTERN.search(value) is not None)
        if fields == [""] and not quoted:
            return []
        if apart and fields[-1] == "":
            fields.pop()
        if open_ended:
            fields = [match for field in fields for match in self._filled(field)]
        if len(fields) > MAX_WORDS:
            raise syntax.Unreadable("its commands have too many words")
        return fields

    def _split(self, value: str) -> list[str]:
        """Split at blanks, or at the characters that ``IFS`` has instead."""
        at = self.variables.get("IFS") or BLANKS
        return value.split() if at == BLANKS else re.split(f"[{re.escape(at)}]", value)

    def _filled(self, field: Value) -> list[Value]:
        if field is None or not PATTERN.search(field):
            return [field]
        if not field.startswith("/"):
            return [None]
        return [*self._matching(field)] or [field]

    def whole(self, word: syntax.Word) -> Value:
        """A word where nothing is split: in an assignment, say."""
        return joined([self._value(part) for part in word.parts])

    def pattern(self, word: syntax.Word) -> Value:
        """A pattern of ``case`` for fnmatch, what is quoted standing for itself."""
        found = []
        for part in word.parts:
            value = self._value(part)
            if value is not None and part.quoted:
                value = re.sub(r"([*?\[])", r"[\1]", value)
            found.append(value)
        return joined(found)

    def _value(self, part: syntax.Text | syntax.Parameter | syntax.Substitution) -> Value:
        match part:
            case syntax.Text():
                return part.text
            case syntax.Substitution():
                return self._substituted(part)
        value = self._parameter(part.name)
        operand = self.whole(part.operand) if part.operand else ""
        match part.operator.removeprefix(":"):
            case "":
                return value
            case "-" | "=":
                return operand if value == "" else value
            case "+":
                return None if value is None else operand if value else ""
        if value is None or operand is None:
            return None
        return trimmed(value, part.operator, operand)

    def _parameter(self, name: str) -> Value:
        if name in ("@", "*"):
            spaced = [part for word in self.arguments for part in (" ", word)]
            return joined(spaced[1:])
        if name == "#":
            return str(len(self.arguments))
        if name == "0":
            return f"/var/lib/dpkg/info/{self.variables['DPKG_MAINTSCRIPT_PACKAGE']}.postinst"
        if name.isdigit():
            number = int(name) - 1
            return self.arguments[number] if number < len(self.arguments) else ""
        if not name[0].isalpha() and name[0] != "_":
            return None
        return self.variables.get(name, "")


def joined(values: Iterable[Value]) -> Value:
    """All of them, when all are known."""
    found = list(values)
    if None in found:
        return None
    text = "".join(value for value in found if value is not None)
    if len(text) > MAX_VALUE:
        raise syntax.Unreadable("its variables are absurdly long")
    return text


def trimmed(value: str, operator: str, pattern: str) -> Value:
    """``${name#pattern}`` and its like."""
    if len(value) > MAX_TRIMMED:
        return None
    cuts = range(len(value) + 1)
    if operator in ("#", "##"):
        order = cuts if operator == "#" else reversed(cuts)
        return next((value[at:] for at in order if fnmatchcase(value[:at], pattern)), value)
    if operator in ("%", "%%"):
        order = reversed(cuts) if operator == "%" else cuts
        return next((value[:at] for at in order if fnmatchcase(value[at:], pattern)), value)
    return None
