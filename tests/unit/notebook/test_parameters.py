"""Parameters become options of the script."""

from __future__ import annotations

import pytest

from nb2image.errors import OptionError
from nb2image.model import Script
from nb2image.options import Options
from tests.unit.notebook.build import body, cell, script
from tests.unit.notebook.run import output_of

VALUES = """\
# how many trees
n_estimators = 100
rate = 0.5  # of learning
share: float = 1
verbose = True
title = 'a "b" %s'
layers = [10, 20]
extra = {'a': 1}
limit = None
computed = n_estimators * 2
_private = 1
both = (1, 2)
"""
SHOW = "print(n_estimators, rate, share, verbose, title, layers, extra, limit, computed)"


def tagged(source: str = VALUES) -> dict[str, object]:
    """A parameters cell."""
    return cell(source, metadata={"tags": ["parameters"]})


def made(*cells: str | dict[str, object], **options: int) -> Script:
    """The script of the cells."""
    return script(*cells, options=Options(**options))  # type: ignore[arg-type]


def test_the_notebooks_values_are_the_defaults() -> None:
    """Without options the script does what the notebook did."""
    expected = "100 0.5 1 True a \"b\" %s [10, 20] {'a': 1} None 200\n"
    assert output_of(made(tagged(), SHOW)) == expected


def test_kinds_and_help() -> None:
    """Every literal value is a parameter of its kind; comments become its help."""
    parameters = made(tagged()).parameters
    assert [(p.name, p.kind, p.default, p.help) for p in parameters] == [
        ("n_estimators", "int", "100", "how many trees"),
        ("rate", "float", "0.5", "of learning"),
        ("share", "float", "1", ""),
        ("verbose", "bool", "True", ""),
        ("title", "str", "'a \"b\" %s'", ""),
        ("layers", "list", "[10, 20]", ""),
        ("extra", "dict", "{'a': 1}", ""),
        ("limit", "none", "None", ""),
    ]
    assert parameters[1].place.line == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--n-estimators", "5"], "5 0.5 1 True a \"b\" %s [10, 20] {'a': 1} None 10"),
        (["--rate=2", "--share=3"], "100 2.0 3.0 True"),
        (["--verbose", "false"], "100 0.5 1 False"),
        (["--no-verbose"], "100 0.5 1 False"),
        (["--no-verbose", "--verbose"], "100 0.5 1 True"),
        (["--title", "x y"], "100 0.5 1 True x y"),
        (["--layers", "[1]", "--extra", "{}"], '100 0.5 1 True a "b" %s [1] {}'),
        (["--limit", "7"], "100 0.5 1 True a \"b\" %s [10, 20] {'a': 1} 7"),
        (["--limit", "seven"], "100 0.5 1 True a \"b\" %s [10, 20] {'a': 1} seven"),
    ],
)
def test_options_replace_them(arguments: list[str], expected: str) -> None:
    """Each option has its parameter's type; what is computed from one follows."""
    assert output_of(made(tagged(), SHOW), *arguments).startswith(expected)


def test_environment_variables_replace_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """NB_ and the name; an option goes before the variable."""
    monkeypatch.setenv("NB_N_ESTIMATORS", "7")
    monkeypatch.setenv("NB_VERBOSE", "no")
    assert output_of(made(tagged(), SHOW)).startswith("7 0.5 1 False")
    assert output_of(made(tagged(), SHOW), "--n-estimators", "8").startswith("8 0.5 1 False")


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--n-estimators", "many"], {}),
        (["--rate", "x"], {}),
        (["--verbose", "maybe"], {}),
        (["--layers", "5"], {}),
        (["--layers", "("], {}),
        (["--extra", "[1]"], {}),
        (["--unknown", "1"], {}),
        (["--n-estim", "1"], {}),
        (["surplus"], {}),
        ([], {"NB_RATE": "x"}),
    ],
)
def test_what_does_not_fit_is_a_usage_error(
    arguments: list[str],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Unknown or ill-typed options end with exit status 2 before anything runs."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        output_of(made("print('ran')", tagged()), *arguments)
    assert caught.value.code == 2
    assert "ran" not in capsys.readouterr().err


def test_a_cell_can_be_named() -> None:
    """``--parameter-cell`` goes before the tag."""
    found = made("a = 1", tagged("b = 2"), parameter_cell=1).parameters
    assert [p.name for p in found] == ["a"]


@pytest.mark.parametrize("number", [2, 9])
def test_the_cell_must_exist(number: int) -> None:
    """A number that is no code cell is refused."""
    with pytest.raises(OptionError, match="parameter-cell"):
        made("a = 1", cell("text", "markdown"), parameter_cell=number)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('n = 5 #@param {type:"slider", min:0, max:10}', [("n", "int", "", ())]),
        ('size = "a"  # @param ["a", "b"]', [("size", "str", "", ("'a'", "'b'"))]),
        ('size = "a"  # @param ["a", "b"] {allow-input: true}', [("size", "str", "", ())]),
        ("n = 5", []),
    ],
)
def test_forms_of_colab(line: str, found: list[tuple[str, str, str, tuple[str, ...]]]) -> None:
    """A line that ends in ``#@param`` is a parameter, in any cell."""
    result = made("x = 1", line)
    names = [(p.name, p.kind, p.help) for p in result.parameters]
    assert names == [entry[:3] for entry in found]
    for entry in found:
        assert f"choices=[{', '.join(entry[3])}]" in result.text or not entry[3]


def test_the_cell_reads_like_the_notebook() -> None:
    """Only the values change."""
    assert body(made(tagged("rate = 0.5  # of learning\nx = rate"))) == (
        "rate = options.rate  # of learning\nx = rate\n"
    )


def test_names_of_the_notebook_are_respected() -> None:
    """A notebook with an ``options`` of its own keeps it."""
    result = made(tagged("options = 1\nrate = 2"), "print(options, rate)")
    assert output_of(result, "--rate", "5") == "1 5\n"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("x: float = 1", "float"),
        ("x: str | None = None", "str"),
        ("x: Optional[str] = None", "str"),
        ("x: int | None = None", "none"),
        ("x: int = 1", "int"),
        ("x = -1.5", "float"),
        ("x = (1, 2)", None),
        ("x = f()", None),
        ("x = y = 1", None),
        ("x: int", None),
        ("help = 1", None),
    ],
)
def test_kinds(line: str, kind: str | None) -> None:
    """The value decides, unless an annotation says more."""
    found = made(tagged(f"from typing import Optional\n{line}")).parameters
    assert [p.kind for p in found] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("form", "choices"),
    [
        ('["a", "b"]', "choices=['a', 'b']"),
        ("['a', 3]", "choices=['a', 3]"),
        ("[a, b]", ""),
        ('["a"] {"allow-input":true}', ""),
    ],
)
def test_choices_of_a_form(form: str, choices: str) -> None:
    """The values that a form offers are those that the option takes."""
    text = made(f"x = 'a' #@param {form}").text
    assert choices in text
    assert choices or "choices" not in text


def test_a_value_on_several_lines() -> None:
    """A default is written on one line; the next line stays in its place."""
    result = made(tagged("layers = [\n    1,\n    2,\n]\nx = layers"), "print(x)")
    assert result.parameters[0].default == "[1, 2]"
    assert output_of(result, "--layers", "[3]") == "[3]\n"


def test_without_parameters_there_is_no_parser() -> None:
    """A plain notebook stays plain."""
    assert "argparse" not in made("a = 1").text
