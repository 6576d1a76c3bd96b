"""The budget that a visitor sets: what the command line takes as options, read by the same rules."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from dashboard import state
from dashboard.words import plain
from nb2image.analysis.gates import shown
from nb2image.configuration import find_gates, growth, stated_gates
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
    flags: list[str] = []
    budget = Budget()
    for name, text in given.items():
        if not text:
            continue
        try:
            if name == "max_growth":
                budget = Budget(gates=budget.gates, max_growth=growth(text))
            else:
                found = {f: given[f] for f in (*kept(flags), name) if f != "max_growth"}
                budget = Budget(gates=stated_gates(found), max_growth=budget.max_growth)
        except OptionError as error:
            st.error(plain(f"{error.message}. {error.hint}"))
            continue
        flags += [option(name), text]
    return flags, budget


def option(name: str) -> str:
    """The option of the command line."""
    return "--" + name.replace("_", "-")


def kept(flags: list[str]) -> list[str]:
    """The fields whose options are among those taken so far."""
    return [flag.removeprefix("--").replace("-", "_") for flag in flags[::2]]


def from_configuration() -> dict[str, str]:
    """The limits that the start folder's project asks of its images."""
    try:
        gates = find_gates(state.start_folder())
    except OptionError as error:
        st.warning(plain(error.message))
        return {}
    found = {field.name: getattr(gates, field.name) for field in fields(Gates)}
    return {name: exact(limit) for name, limit in found.items() if limit is not None}


def exact(limit: float) -> str:
    """A limit as it is typed, to the byte."""
    return str(limit) if isinstance(limit, int) else shown(limit)(limit)
