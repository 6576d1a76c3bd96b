"""Parameters: a cell's values that become options of the script.

The cell tagged ``parameters`` is papermill's convention; a line that ends in ``#@param`` is a
form of Colab's.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nb2image.errors import OptionError
from nb2image.model import Cell, Parameter, Place
from nb2image.notebook.edits import between, span
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import joined, literal, printable

Kind = Literal["int", "float", "bool", "str", "list", "dict", "none"]
FORM = re.compile(r"#\s*@param\b\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A parameter and the line that sets it."""

    parameter: Parameter
    choices: tuple[str, ...] = ()
    """The values that a form offers, as Python literals; empty when any is taken."""

    @property
    def option(self) -> str:
        """``--n-estimators``."""
        return "--" + self.parameter.name.lower().replace("_", "-")

    @property
    def variable(self) -> str:
        """``NB_N_ESTIMATORS``."""
        return f"NB_{self.parameter.name.upper()}"


def find(
    cells: tuple[Cell, ...], codes: Mapping[int, Recognised], chosen: int | None
) -> tuple[Found, ...]:
    """The parameters in the order of the cells.

    ``chosen`` is the cell that the user names. Raises OptionError when it is no code cell.
    """
    if chosen is not None and (chosen not in codes or codes[chosen].tree is None):
        raise OptionError(
            f"--parameter-cell {chosen}: there is no such code cell in the script",
            hint="cells are counted from 1, over text and code",
        )
    tagged = [cell.number for cell in cells if "parameters" in cell.tags and cell.number in codes]
    whole = chosen if chosen is not None else next(iter(tagged), None)
    found: dict[str, Found] = {}
    for number, code in codes.items():
        if code.tree is None:
            continue
        for parameter in parameters_of(code, number, whole=number == whole):
            found.setdefault(parameter.option, parameter)
    return tuple(found.values())


def parameters_of(code: Recognised, cell: int, *, whole: bool) -> Iterator[Found]:
    """The parameters of one cell: every value it sets, or only those with a form."""
    assert code.tree is not None
    if not whole and not any("@param" in line.text for line in code.lines):
        return
    comments = comments_of(code)
    for node in code.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                kind = kind_of(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                kind = annotated(kind_of(value), node.annotation)
            case _:
                continue
        note = comments.get(node.end_lineno or node.lineno, "")
        form = FORM.search(note)
        if kind is None or name.startswith("_") or name == "help" or not (whole or form):
            continue
        above = comments.get(node.lineno - 1, "") if is_alone(code, node.lineno - 1) else ""
        text = FORM.sub("", note) if form else note or above
        yield Found(
            parameter=Parameter(
                name=name,
                kind=kind,
                default=as_written(value, code),
                help=printable(text.lstrip("# ").strip()),
                place=code.lines[node.lineno - 1].place or Place(cell=cell),
            ),
            choices=choices_of(form[1]) if form else (),
        )


def as_written(value: ast.expr, code: Recognised) -> str:
    """A literal as the notebook has it, on one line."""
    text = between(code.lines, *span(value, code.lines))
    return ast.unparse(value) if "\n" in text else text


def kind_of(value: ast.expr) -> Kind | None:
    """The kind of a literal; None for what is computed or of another kind."""
    try:
        known = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    kinds: dict[type, Kind] = {
        int: "int",
        float: "float",
        bool: "bool",
        str: "str",
        list: "list",
        dict: "dict",
        type(None): "none",
    }
    return kinds.get(type(known))


def annotated(kind: Kind | None, annotation: ast.expr) -> Kind | None:
    """The kind that an annotation gives to a value: ``rate: float = 1``."""
    text = ast.unparse(annotation)
    if kind == "int" and text == "float":
        return "float"
    if kind == "none":
        inner = re.fullmatch(r"(?:Optional\[(\w+)\]|(\w+) \| None|None \| (\w+))", text)
        named = next((g for g in inner.groups() if g), "") if inner else ""
        optional: dict[str, Kind] = {"str": "str"}
        return optional.get(named, "none")
    return kind


def comments_of(code: Recognised) -> dict[int, str]:
    """The comment that stands on each line, by the line's number."""
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(joined(code.lines)).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def is_alone(code: Recognised, line: int) -> bool:
    """Whether a line holds nothing but a comment."""
    return line > 0 and code.lines[line - 1].text.lstrip().startswith("#")


def choices_of(form: str) -> tuple[str, ...]:
    """The values that a form offers; empty when others can be typed too."""
    values = re.search(r"\[[^\]]*\]", form)
    if values is None or re.search(r"allow-input[\"']?\s*:\s*true", form):
        return ()
    try:
        offered = json.loads(values[0])
    except ValueError:
        try:
            offered = ast.literal_eval(values[0])
        except (ValueError, SyntaxError):
            return ()
    return tuple(repr(value) for value in offered if isinstance(value, str | int | float))


def parser(found: Sequence[Found], notebook: str, setting: Setting) -> str:
    """The function that reads the options, and its call."""
    kinds = {f.parameter.kind for f in found}
    name, options = setting.helper("read_options"), setting.helper("options")
    lines = [
        f"def {name}():",
        '    """The parameters: options of the command line, else NB_ variables, else defaults."""',
        "    import argparse",
        *(["    import ast"] if kinds & {"list", "dict", "none"} else []),
        "    import os",
        "",
        *(boolean() if "bool" in kinds else []),
        *(anything() if kinds & {"list", "dict", "none"} else []),
        *(value_of("list") if "list" in kinds else []),
        *(value_of("dict") if "dict" in kinds else []),
        "    parser = argparse.ArgumentParser(",
        f"        description={literal(f'Parameters of {notebook}'.replace('%', '%%'))},",
        "        allow_abbrev=False,",
        "    )",
        *(line for f in found for line in argument(f)),
        "    return parser.parse_args()",
        "",
        "",
        f"{options} = {name}()",
    ]
    return "\n".join(lines)


def argument(found: Found) -> list[str]:
    """The lines that add one option."""
    parameter = found.parameter
    types = {"bool": "boolean", "list": "list_value", "dict": "dict_value", "none": "anything"}
    default = f'os.environ.get("{found.variable}", {parameter.default})'
    help_text = f"{parameter.help} (default: {parameter.default})".strip().replace("%", "%%")
    dest = f'dest="{parameter.name}"'
    lines = [
        "    parser.add_argument(",
        f'        "{found.option}",',
        f"        {dest},",
        f"        type={types.get(parameter.kind, parameter.kind)},",
        f"        default={default},",
    ]
    if found.choices:
        lines.append(f"        choices=[{', '.join(found.choices)}],")
    if parameter.kind == "bool":
        lines += ['        nargs="?",', "        const=True,"]
    lines += [f"        help={literal(help_text)},", "    )"]
    if parameter.kind == "bool":
        off = found.option.replace("--", "--no-", 1)
        lines.append(f'    parser.add_argument("{off}", {dest}, action="store_false")')
    return lines


def boolean() -> list[str]:
    """The type of an option that is true or false."""
    return [
        "    def boolean(text):",
        '        if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):',
        '            raise argparse.ArgumentTypeError(f"not true or false: {text!r}")',
        '        return text.lower() in ("true", "1", "yes", "on")',
        "",
    ]


def value_of(kind: str) -> list[str]:
    """The type of an option that is a list or dict."""
    return [
        f"    def {kind}_value(text):",
        "        value = anything(text)",
        f"        if not isinstance(value, {kind}):",
        f'            raise argparse.ArgumentTypeError(f"not a {kind}: {{text!r}}")',
        "        return value",
        "",
    ]


def anything() -> list[str]:
    """The type of an option that takes any value: a Python literal, else text."""
    return [
        "    def anything(text):",
        "        try:",
        "            return ast.literal_eval(text)",
        "        except (ValueError, SyntaxError):",
        "            return text",
        "",
    ]
