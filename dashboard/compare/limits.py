"""The budget that a visitor sets: the command line's options, read by the same rules."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from dashboard import state
from dashboard.text import escape
from nb2image.configuration import find_gates, growth, limit, stated_gates
from nb2image.errors import OptionError
from nb2image.model.analysis import Gates
from nb2image.model.comparison import Budget

FIELDS = {
    "max_size": ("Largest size", "800MB"),
    "max_growth": ("Most growth against the baseline", "5% or 20MB"),
    "max_compressed": ("Largest size, compressed", "300MB"),
    "max_layer": ("Largest layer above the base", "500MB"),
    "max_package": ("Largest package", "200MB"),
    "max_wasted": ("Most waste", "10MB"),
    "max_wasted_share": ("Largest wasted share", "5%"),
    "min_efficiency": ("Least efficiency", "0.95"),
}


def ask() -> tuple[list[str], Budget]:
    """The limits, as options of the command line and as a record."""
    configured = from_configuration()
    given = {
        name: st.text_input(
            label, value=configured.get(name, ""), placeholder=example, key=f"limit-{name}"
        ).strip()
        for name, (label, example) in FIELDS.items()
    }
    taken = {name: text for name, text in given.items() if text and accepted(name, text)}
    budget = Budget(
        gates=stated_gates(taken),
        max_growth=growth(taken["max_growth"]) if "max_growth" in taken else None,
    )
    return [part for name, text in taken.items() for part in (option(name), text)], budget


def accepted(name: str, text: str) -> bool:
    """Whether a limit can be read; says why when it cannot."""
    try:
        growth(text) if name == "max_growth" else limit(name, text)
    except OptionError as error:
        st.error(escape(f"{error.message}; {error.hint}"))
        return False
    return True


def option(name: str) -> str:
    """The option of the command line."""
    return "--" + name.replace("_", "-")


def from_configuration() -> dict[str, str]:
    """The limits that the start folder's project asks of its images."""
    try:
        gates = find_gates(state.start_folder())
    except OptionError as error:
        st.warning(escape(error.message))
        return {}
    found = {field.name: getattr(gates, field.name) for field in fields(Gates)}
    return {name: str(limit) for name, limit in found.items() if limit is not None}
