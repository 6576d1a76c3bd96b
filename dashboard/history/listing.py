"""The list of the history with its filters, and the trend of a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import streamlit as st

from dashboard import command_line, links, state, theme
from dashboard.history import entries as of
from dashboard.history import trend
from nb2image.history.store import History
from nb2image.model.history import Action, HistoryEntry

LIMITS = (30, 100, 500)
KNOWN = 500
"""Entries, the newest, whose notebooks are offered."""
STATES = {"all": None, "ok": True, "failed": False}


def show(history: History) -> None:
    """Filters, the trend of the chosen notebook, and the entries."""
    st.title("History")
    known = history.entries(limit=KNOWN)
    if not known:
        st.write("Nothing was planned, built, run or verified on this machine yet.")
        st.page_link(links.BUILD, label="Build an image of a notebook")
        return
    found, arguments, notebook = filtered(history, known)
    if notebook:
        show_trend(found)
    show_list(found)
    command_line.show("history", arguments)


def filtered(
    history: History, known: Sequence[HistoryEntry]
) -> tuple[tuple[HistoryEntry, ...], list[str], str]:
    """The entries that are asked for, the same as options, and the chosen notebook."""
    first, second, third, fourth, fifth = st.columns([3, 3, 2, 1, 1])
    notebooks = list(dict.fromkeys(entry.notebook for entry in known if entry.notebook))
    notebook = first.selectbox(
        "Notebook",
        notebooks,
        index=None,
        format_func=shown,  # stands in the address too
        placeholder="All notebooks",
        key="notebook",
        bind="query-params",
    )
    find = second.text_input(
        "Find", placeholder="in names, bases and errors", key="find", bind="query-params"
    ).strip()
    actions = third.multiselect(
        "What", get_args(Action), placeholder="All", key="action", bind="query-params"
    )
    result = fourth.selectbox("Result", list(STATES), key="result", bind="query-params")
    limit = fifth.selectbox("Newest", LIMITS, key="limit", bind="query-params")
    found = history.entries(
        notebook=notebook or "", actions=actions, ok=STATES[result], find=find, limit=limit
    )
    arguments = ["--notebook", notebook] if notebook else []
    arguments += ["--find", find] if find else []
    arguments += [part for action in actions for part in ("--action", action)]
    arguments += ["--state", result] if STATES[result] is not None else []
    arguments += ["--limit", str(limit)] if limit != LIMITS[0] else []
    return found, arguments, notebook or ""


def shown(notebook: str) -> str:
    """A notebook's path, relative to the start folder where it lies below that."""
    path, start = Path(notebook), state.start_folder()
    return str(path.relative_to(start)) if path.is_relative_to(start) else notebook


def show_trend(found: Sequence[HistoryEntry]) -> None:
    """How size and time went."""
    if len(trend.built(found)) < 2:
        st.caption("A trend needs two builds of the notebook.")
        return
    colour = theme.colours()
    left, right = st.columns(2)
    with left:
        st.subheader("Size")
        spec = trend.sizes(found, colour)
        st.vega_lite_chart(spec=spec, theme=None, alt=f"Sizes: {trend.in_words(found)}")
    with right:
        st.subheader("Build time")
        spec = trend.times(found, colour)
        st.vega_lite_chart(spec=spec, theme=None, alt=f"Times: {trend.times_in_words(found)}")


def show_list(found: Sequence[HistoryEntry]) -> None:
    """The entries, one of which can be opened."""
    if not found:
        st.write("No entry is like that.")
        return
    chosen = st.selectbox(
        "Open",
        found,
        index=None,
        format_func=of.title,
        placeholder="An entry with its log, report and figures",
        key="open",
    )
    if chosen is not None:
        open_entry(chosen.id)
    event = st.dataframe(
        of.columns(found),
        hide_index=True,
        column_config={
            "Size": st.column_config.NumberColumn(format="bytes"),
            "Number": st.column_config.NumberColumn(width="small"),
        },
        on_select="rerun",
        selection_mode="single-row",
        alt="The entries of the history, newest first; each can be opened with the field above",
        key="entries",
    )
    rows = cast(dict[str, Any], event)["selection"]["rows"]
    if rows:
        open_entry(found[rows[0]].id)


def open_entry(number: int) -> None:
    """Go to an entry."""
    st.switch_page(links.HISTORY, query_params={"entry": str(number)})


def link() -> None:
    """The way back to the list."""
    st.page_link(links.HISTORY, label="All entries")
