"""The kinds of fields that the form is made of; each shows right below what is wrong with it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import theme
from dashboard.build import session
from dashboard.build.form import DEFAULTS, known

Problems = Mapping[str, str]
"""What is wrong, by field."""


def group(
    title: str, names: Sequence[str], problems: Problems
) -> st.delta_generator.DeltaGenerator:
    """A part of the form that opens by itself where something is to be looked at."""
    changed = sum(session.field(name) != getattr(DEFAULTS, name) for name in names)
    wrong = any(name in problems for name in names)
    opened = wrong or any(name in session.look() for name in names)
    told = f" · {changed} changed" if changed else ""
    return st.expander(f"{title}{told}", expanded=opened, key=f"build-group-{title}")


def problem(name: str, problems: Problems) -> None:
    """What is wrong with a field."""
    if name in problems:
        colour = theme.colours()["bad"]
        st.html(
            f'<p role="alert" style="color:{colour};margin:0;font-size:0.875rem">'
            f"{html.escape(problems[name])}</p>"
        )


def text(name: str, label: str, problems: Problems, *, help: str, placeholder: str = "") -> None:
    """A field of one line."""
    if known(name):
        st.text_input(label, key=session.key(name), help=help, placeholder=placeholder)
        problem(name, problems)


def choice(
    name: str, label: str, options: Mapping[str, str], problems: Problems, *, help: str
) -> None:
    """A field that offers a choice; ``options`` are its values and what they are called.

    A browser answers with what a value is called: that must not change while the page is open.
    """
    if not known(name):
        return
    now = session.field(name)
    offered = list(dict.fromkeys([*options, *([now] if now not in options else [])]))
    st.selectbox(
        label,
        offered,
        key=session.key(name),
        help=help,
        format_func=lambda value: options.get(value, value),
    )
    problem(name, problems)


def open_choice(
    name: str, label: str, options: Sequence[str], problems: Problems, *, help: str, nothing: str
) -> None:
    """A field that offers a choice and takes what is typed too; ``nothing`` stands for empty."""
    if not known(name):
        return
    now = session.field(name)
    st.selectbox(
        label,
        list(dict.fromkeys([*options, *([now] if now else [])])),
        index=None,
        key=session.key(name),
        help=help,
        placeholder=nothing,
        accept_new_options=True,
    )
    problem(name, problems)


def entries(
    name: str,
    label: str,
    problems: Problems,
    *,
    help: str,
    placeholder: str,
    offered: Sequence[str] = (),
) -> None:
    """A field of several entries: offered ones are chosen, others typed."""
    if not known(name):
        return
    now = session.field(name)
    st.multiselect(
        label,
        list(dict.fromkeys([*now, *offered])),
        key=session.key(name),
        help=help,
        placeholder=placeholder,
        accept_new_options=True,
    )
    problem(name, problems)


def switch(name: str, label: str, problems: Problems, *, help: str) -> None:
    """A field that is on or off."""
    if known(name):
        st.checkbox(label, key=session.key(name), help=help)
        problem(name, problems)


def number(name: str, label: str, problems: Problems, *, help: str, most: int) -> None:
    """A number, or none."""
    if known(name):
        st.number_input(
            label,
            key=session.key(name),
            min_value=1,
            max_value=max(most, session.field(name) or 1),
            step=1,
            value=None,
            placeholder="none",
            help=help,
        )
        problem(name, problems)
