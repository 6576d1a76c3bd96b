"""What two texts may differ in without saying anything else: each a named step of its own.

A step takes a text and gives it back with one kind of accident removed. No step touches a number
that is not an accident itself; where one could, its context is asked for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

Step = Callable[[str], str]

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
# Every repetition that could begin anywhere is bounded: the text is hostile.
BAR = re.compile(
    r"^.{0,400}?(?:\d{1,3}%\|.{0,400}?\|"
    r"|\d{1,12}(?:it|B|[kMG]B)? ?\[[\d:]{1,12}(?:<[\d:?]{1,12})?, .{0,40}?\]"
    r"|[━╸╺█▏▎▍▌▋▊▉]{3}).*$\n?",
    re.MULTILINE,
)
KERAS_BAR = re.compile(r"\[[=>.]{5,}\]")
DURATION = re.compile(
    r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)? ?(?:ns|[µμu]s|ms|s|sec|secs|seconds?|min|mins|minutes?"
    r"|h|hours?)(?![\w])|\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b",
)
TIMED = re.compile(
    r"time|took|elapsed|duration|per loop|wall|seconds|it/s|/it\b|/step|/epoch|\beta\b|\bcpu\b"
    r"|\bfinished\b|\bdone\b",
    re.IGNORECASE,
)
LABELLED = re.compile(
    r"(\b(?:took|(?:time|elapsed|duration)(?: (?:taken|elapsed|spent))?(?: ?\([a-z]{1,9}\))? ?[:=])"
    r"[ \t]{0,40})\d{1,12}\.\d{1,20}(?:e[-+]?\d{1,3})?(?![\w.])",
    re.IGNORECASE,
)
LOOPS = re.compile(
    r"(?:± ?std\. dev\. of \d+ runs?, [\d,]+ loops? each"
    r"|(?<!\d)\d{1,12} loops?, best of \d{1,12}|best of \d{1,12})"
)
PATH = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:\\|~?/)(?:[^\s:'\"<>()\[\]|*?,;/\\]+[/\\])+")
SOURCE_LINE = re.compile(r"(\.py)(:\d+|\", line \d+)")
NUMPY_SCALAR = re.compile(r"\bnp\.(?:float|int|uint|complex|longdouble|bool|str)\w*\(([^()]*)\)")
CLASS = re.compile(r"<(?:class|type|enum) '([\w.<>]+)'>")
FUNCTION = re.compile(
    r"<(?:function|bound method) (?:\w{1,100}\.){0,20}?(\w{1,100}(?:\.<\w{1,100}>)?)"
    r"(?:\([^<>]{0,400}?\))?(?: at [^<>]{0,100})?>"
)
OBJECT_AT = re.compile(r" object at (0x[0-9a-fA-F]+)")
DEFAULT_TEXT = re.compile(r"<[^<>]{0,200}?\bat 0x[0-9a-fA-F]{1,32}[^<>]{0,200}>")
ANY_ANGLES = re.compile(r"<[^<>]*>")
SPACE = re.compile(r"[ \t\r\f\v\xa0]*\n\s*|[ \t\r\f\v\xa0]+")
BRACKET_SPACE = re.compile(r"(?<=[\[({])\s+|\s+(?=[\])}])")
MAX_LITERAL = 100_000


def no_codes(text: str) -> str:
    """Without colours and cursor moves."""
    return ANSI.sub("", text)


def overwritten(text: str) -> str:
    """Each line as a terminal shows it in the end: carriage returns and backspaces done."""
    if "\r" not in text and "\b" not in text:
        return text
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = line.rstrip("\r").rpartition("\r")[2]
        while "\b" in shown:
            before, _, after = shown.partition("\b")
            shown = before[:-1] + after
        lines.append(shown)
    return "\n".join(lines)


def no_bars(text: str) -> str:
    """Without progress bars (tqdm, rich, keras)."""
    return KERAS_BAR.sub("[]", BAR.sub("", overwritten(text)))


def no_addresses(text: str) -> str:
    """With one address in the place of all."""
    return ADDRESS.sub("0x…", text)


def no_timings(text: str) -> str:
    """Without durations, on lines that are about time."""
    lines = []
    for line in text.split("\n"):
        if TIMED.search(line) or LOOPS.search(line):
            line = LABELLED.sub(r"\1…", DURATION.sub("…", LOOPS.sub("…", line)))
        lines.append(line)
    return "\n".join(lines)


def no_folders(text: str) -> str:
    """Absolute paths without their folders; lines of source files without their number."""
    return SOURCE_LINE.sub(r"\1", PATH.sub("…/", text))


def plain_scalars(text: str) -> str:
    """``np.float64(0.5)``, as NumPy 2 writes it, as ``0.5``."""
    return NUMPY_SCALAR.sub(r"\1", text)


def plain_names(text: str) -> str:
    """Classes, functions and objects in one form: IPython and Python write them differently."""
    text = OBJECT_AT.sub(r" at \1", CLASS.sub(r"\1", text))
    return FUNCTION.sub(r"<function \1>", text)


def ordered(text: str) -> str:
    """The members of sets and dictionaries sorted, wherever such a literal stands."""
    if "{" not in text:
        return text
    parts = []
    at = 0
    while (start := text.find("{", at)) >= 0:
        end = closing(text, start)
        if end is None:
            break
        canonical = sorted_literal(text[start:end])
        parts += [text[at:start], canonical if canonical is not None else text[start:end]]
        at = end
    return "".join(parts) + text[at:]


def closing(text: str, start: int) -> int | None:
    """Where the brace that opens at ``start`` has been closed; None when it is not."""
    depth = 0
    quote = ""
    for index in range(start, min(len(text), start + MAX_LITERAL)):
        character = text[index]
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return index + 1
    return None


def sorted_literal(text: str) -> str | None:
    """A literal with its sets and dictionaries sorted; None when it is none."""
    try:
        tree = ast.parse(text, mode="eval").body
        return ast.unparse(sorted_node(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def sorted_node(node: ast.expr) -> ast.expr:
    """The expression with sets and dictionaries sorted by their members' text."""
    match node:
        case ast.Set(elts=members):
            return ast.Set(elts=sorted(map(sorted_node, members), key=ast.unparse))
        case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
            pairs = [(k, sorted_node(v)) for k, v in zip(keys, values, strict=True) if k]
            pairs.sort(key=lambda pair: ast.unparse(pair[0]))
            return ast.Dict(keys=[k for k, _ in pairs], values=[v for _, v in pairs])
        case ast.List(elts=members) | ast.Tuple(elts=members):
            node.elts = [sorted_node(member) for member in members]
        case _:
            pass
    return node


def one_space(text: str) -> str:
    """Every run of white space as one space; none inside of brackets' ends."""
    return BRACKET_SPACE.sub("", SPACE.sub(" ", text)).strip()


STEPS: tuple[tuple[str, Step], ...] = (
    ("terminal codes", no_codes),
    ("progress bars", no_bars),
    ("how names are written", plain_names),
    ("addresses", no_addresses),
    ("timings", no_timings),
    ("folders", no_folders),
    ("how NumPy 2 writes scalars", plain_scalars),
    ("white space", one_space),
    ("the order in sets and dictionaries", ordered),
)
"""In the order in which they are taken."""
