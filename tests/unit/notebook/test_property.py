"""Any list of valid Python cells behaves in the script as cell by cell in the notebook."""

from __future__ import annotations

import ast
import contextlib
import io
import sys
import tokenize
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.unit.notebook.build import script
from tests.unit.notebook.run import restored

NAMES = ("a", "b", "é", "sys", "os", "cd", "display", "_", "print_", "event_loop", "options")
ODD = "\"'\\{}%!?;#\t\x0c\u2028\u00a0 =é\n"


def in_quotes(text: str, quote: str) -> str:
    """A string literal; raw text between triple quotes where that can be."""
    if len(quote) == 3 and "\\" not in text and quote[0] not in text and "\r" not in text:
        return f"{quote}{text}{quote}"
    return repr(text)


names = st.sampled_from(NAMES)
characters = st.characters(codec="utf-8", exclude_characters="\r\x00")
texts = st.text(st.one_of(st.sampled_from(ODD), characters), max_size=12)
literals = st.one_of(
    st.integers(-5, 5).map(str),
    st.sampled_from(["None", "True", "1.5", "'x'", "b'y'", "()", "[]", "..."]),
    st.builds(in_quotes, texts, st.sampled_from(["'", '"', "'''", '"""'])),
)


def expressions_on(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions that hold others."""
    return st.one_of(
        st.builds("({}, {})".format, inner, inner),
        st.builds("[{},\n   {}]".format, inner, inner),
        st.builds("{} , {}".format, inner, inner).map("({})".format),
        st.builds("str({})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[x for x in ({},)]".format, inner),
        st.builds("(lambda q: {})(0)".format, inner),
        st.builds("({}\n)".format, inner),
        st.builds("{{'k': {}}}".format, inner),
        st.builds("repr({}) [:9]".format, inner),
    )


expressions = st.recursive(
    st.one_of(literals, names, names.map("f'{{{0}!r:>4}}'".format)), expressions_on, max_leaves=4
)
comments = st.sampled_from(["", "", "  # note", "  # a; b", "  #%time", ";", " ;  # quiet"])
simple = st.one_of(
    st.builds("{} = {}".format, names, expressions),
    st.builds("print({})".format, expressions),
    st.builds("{} = {}; {}".format, names, expressions, expressions),
    st.builds("{}, {} = {}".format, names, names, st.sampled_from(["1, 2", "'xy'"])),
    expressions,
    st.just("pass"),
    st.just("import os, sys"),
    st.just("from sys import path as b"),
    st.builds("{}: object = {}".format, st.sampled_from(["a", "b"]), expressions),
)


def below(block: str, indent: str) -> str:
    """A block of statements, further in; string literals are left as they are."""
    lines = block.split("\n")
    return "\n".join(f"{indent}{line}" for line in lines)


@st.composite
def compounds(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """A statement with a block below it; its block holds no text of several lines."""
    block = draw(inner.filter(lambda text: "\n" not in text))
    body = below(block, draw(st.sampled_from([" ", "    ", "\t"])))
    head = draw(
        st.sampled_from(
            [
                "if True:",
                "for i in range(2):",
                "with open('/dev/null') as f:",
                "try:",
                "class C:",
                "def f():",
                "while True:",
            ]
        )
    )
    indent = body[: len(body) - len(body.lstrip())]
    if head == "try:":
        return f"{head}\n{body}\nexcept ZeroDivisionError as e:\n{indent}pass"
    if head == "while True:":
        return f"{head}\n{body}\n{indent}break"
    if head == "def f():":
        return f"{head}\n{body}\nprint(f.__name__)"
    return f"{head}\n{body}"


statements = st.one_of(st.builds("{}{}".format, simple, comments), compounds(simple))
cells = st.lists(st.one_of(statements, st.sampled_from(["", "# only a comment", "\n"])), max_size=5)


def valid(source: str) -> bool:
    """Whether the source is Python that can be compiled."""
    try:
        compile(source, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def is_quiet(source: str) -> bool:
    """Whether the last token of a cell is a semicolon."""
    tokens = tokenize.generate_tokens(io.StringIO(source, newline="\n").readline)
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}
    kept = [token for token in tokens if token.type not in ignored]
    return bool(kept) and kept[-1].string == ";"


def run_cells(sources: list[str]) -> None:
    """Run each cell in turn and show its last expression's value, as a notebook does."""
    namespace = {"__name__": "__main__", "__file__": "train.py"}
    for source in sources:
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
            if not is_quiet(source):
                sys.displayhook(value)


def outcome(run: Callable[[], object]) -> tuple[str, str]:
    """What is printed, and the kind of error that ends it."""
    ended = ""
    with restored(), contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            run()
        except Exception as error:
            ended = type(error).__name__
    return printed.getvalue(), ended


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(cells.map("\n".join).filter(valid), min_size=1, max_size=4))
def test_a_script_prints_what_its_cells_print(sources: list[str]) -> None:
    """It compiles, prints the same, fails alike, and each of its lines knows its place."""
    first = "\n".join(f"{name} = {number}" for number, name in enumerate(NAMES) if name != "_")
    made = script(first, *sources)
    compiled = compile(made.text, "train.py", "exec")
    namespace = {"__name__": "__main__", "__file__": "train.py"}
    as_cells = outcome(lambda: run_cells([first, *sources]))
    assert outcome(lambda: exec(compiled, namespace)) == as_cells
    assert len(made.lines) == made.text.count("\n")
