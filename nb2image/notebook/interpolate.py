"""``{expression}`` and ``$name`` in a magic or shell line: which text the line has when it runs.

IPython replaces both by values, all of them or, when one cannot be evaluated, none. Whether one
can be is decided here from the names that the notebook binds.
"""

from __future__ import annotations

import ast
import builtins
import re
import string
from collections.abc import Collection
from dataclasses import dataclass

from nb2image.notebook.names import bound_names, used_names
from nb2image.notebook.text import literal

LONGEST = 20_000
"""Characters of a line that is looked through; a longer one is no command that a person wrote."""
DOLLAR = re.compile(r"\$(\$?[\w.]+)")


@dataclass(frozen=True, slots=True)
class Value:
    """An expression whose value stands in the text."""

    expression: str
    conversion: str = ""
    """``!r``, with its mark, or nothing."""
    format: str = ""


Part = str | Value


def text_expression(text: str, names: Collection[str]) -> str:
    """A Python expression for the text that a line has when it runs.

    ``names`` are those that the notebook binds; an expression that needs another one could not
    be evaluated, and leaves the whole line as it is.
    """
    fixed = fixed_text(text, names)
    return literal(fixed) if fixed is not None else written(parts(text) or [])


def fixed_text(text: str, names: Collection[str]) -> str | None:
    """The text that a line has when it runs, where no value decides it; else None."""
    found = parts(text) if len(text) <= LONGEST else None
    if found is None or not all(isinstance(p, str) or evaluable(p, names) for p in found):
        return text
    plain = [part for part in found if isinstance(part, str)]
    return "".join(plain) if len(plain) == len(found) else None


def parts(text: str) -> list[Part] | None:
    """The text and the expressions in it; None when its braces do not match."""
    found: list[Part] = []
    try:
        for plain, field, spec, conversion in string.Formatter().parse(text):
            found += dollars(plain)
            if field is not None:
                if "{" in (spec or "") or not field:
                    return None
                mark = f"!{conversion}" if conversion else ""
                found.append(Value(field, mark, spec or ""))
    except ValueError:
        return None
    return found


def dollars(plain: str) -> list[Part]:
    """The ``$name`` in a piece without braces; single quotes protect it, ``$$`` is a dollar."""
    found: list[Part] = []
    end = 0
    for match in DOLLAR.finditer(plain):
        if plain.count("'", match.end()) % 2:
            continue
        found.append(plain[end : match.start()])
        name = match[1]
        found.append(name if name.startswith("$") else Value(name))
        end = match.end()
    found.append(plain[end:])
    return [part for part in found if part]


def evaluable(value: Value, names: Collection[str]) -> bool:
    """Whether every name of an expression is bound by the notebook or built in."""
    try:
        tree = ast.parse(value.expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    made = set(bound_names(tree))
    return all(
        name in names or name in made or hasattr(builtins, name) for name in used_names(tree)
    )


def written(found: list[Part]) -> str:
    """The parts as an f-string, or with ``format`` where an f-string could not hold them."""
    plain = "".join(part for part in found if isinstance(part, str))
    expressions = "".join(part.expression for part in found if isinstance(part, Value))
    for quote in "\"'" if '"' not in plain or "'" in plain else "'\"":
        # before Python 3.12 an f-string's expressions hold neither its quote nor a backslash
        if not any(char in expressions for char in (quote, "\\", "#", "\n")):
            return f"f{quote}{''.join(in_f_string(part, quote) for part in found)}{quote}"
    template = "".join(
        doubled(part) if isinstance(part, str) else braced("", part) for part in found
    )
    values = ", ".join(f"({p.expression.strip()})" for p in found if isinstance(p, Value))
    return f"{literal(template)}.format({values})"


def in_f_string(part: Part, quote: str) -> str:
    """A part as it stands in an f-string."""
    if isinstance(part, Value):
        return braced(part.expression.strip(), part)
    return "".join(
        f"\\{char}" if char in (quote, "\\") else repr(char)[1:-1] for char in doubled(part)
    )


def doubled(text: str) -> str:
    """Plain text with its braces doubled."""
    return text.replace("{", "{{").replace("}", "}}")


def braced(expression: str, value: Value) -> str:
    """An expression between braces, with its conversion and format."""
    gap = " " if expression.startswith("{") else ""
    return f"{{{gap}{expression}{value.conversion}{':' + value.format if value.format else ''}}}"
