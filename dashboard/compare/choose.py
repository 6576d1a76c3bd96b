"""The forms of the Compare page: images that exist, and variants that are to be built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from dashboard import command_line, links, state
from dashboard.build.library import Library
from dashboard.compare import names
from dashboard.text import escape
from nb2image.errors import HistoryError
from nb2image.image.quote import slug
from nb2image.jobs import JobRequest
from nb2image.model.history import HistoryEntry

VARIANTS = {
    "cpu": "CPU, multi-stage",
    "cpu-single": "CPU, single-stage",
    "gpu": "GPU, multi-stage",
    "gpu-single": "GPU, single-stage",
    "cpu-bytecode": "CPU, with bytecode",
}
LOOKED_AT = 500
"""Entries of the history, the newest, whose images are offered."""


def show() -> None:
    """Both forms."""
    entries = entries_of_history()
    images, variants = st.tabs(["Images and builds", "Variants of a notebook"])
    with images:
        show_images(entries)
    with variants:
        show_variants(entries)


def entries_of_history() -> tuple[HistoryEntry, ...]:
    """The newest entries; none when there is no history or it cannot be read."""
    history = state.history()
    try:
        return history.entries(limit=LOOKED_AT) if history else ()
    except HistoryError as error:
        st.warning(escape(error.message))
        return ()


def show_images(entries: Sequence[HistoryEntry]) -> None:
    """Images, archives and folders by name, and what was built here before."""
    offered = names.builds(entries)
    asked = [name for name in st.query_params.get_all("image") if name][: names.MAX_NAMES]
    if not offered:
        st.write("Nothing was built on this machine yet. Type the names of images to compare them.")
    chosen = st.multiselect(
        "Images, the baseline first",
        [*offered, *(name for name in asked if name not in offered)],
        default=asked,
        format_func=lambda name: offered.get(name, name),
        accept_new_options=True,
        max_selections=names.MAX_NAMES,
        placeholder="Choose builds, or type an image's name, a file or a folder",
        key="images",
    )
    why = [(name, names.refused(name, state.start_folder())) for name in chosen]
    problems = [f"{escape(name)}: {reason}" for name, reason in why if reason]
    for problem in problems:
        st.error(problem)
    ready = len(chosen) >= 2 and not problems
    if st.button("Compare", type="primary", disabled=not ready, key="compare"):
        begin(tuple(chosen), title=" · ".join(names.short(n, offered) for n in chosen))
    if ready:
        command_line.show("compare", chosen)
    elif not problems:
        st.caption("Two or more images can be compared.")


def show_variants(entries: Sequence[HistoryEntry]) -> None:
    """The ways of building a notebook: those that are there, and those that are missing."""
    asked = st.query_params.get("notebook")
    below = Library(start=state.start_folder(), uploads=state.shared().uploads).names()
    offered = list(dict.fromkeys((*filter(None, [asked]), *notebooks(entries), *below)))
    notebook = st.selectbox(
        "Notebook",
        offered,
        index=0 if asked else None,
        accept_new_options=True,
        placeholder="Choose a notebook, or type its path below the start folder",
        key="notebook",
    )
    chosen = st.multiselect(
        "Variants, the baseline first",
        list(VARIANTS),
        default=["cpu", "cpu-single"],
        format_func=lambda name: f"{name}: {VARIANTS[name]}",
        key="variants",
    )
    reuse = st.checkbox(
        "Build only what is missing or was made of another plan", value=True, key="reuse"
    )
    if not notebook:
        return
    path = state.below_start(notebook)
    if path is None or not path.is_file():
        st.error("There is no such notebook below the folder that the dashboard was started in.")
        return
    there = names.variants_there(slug(path.stem), chosen, entries)
    for variant in chosen:
        entry = there.get(variant)
        known = escape(names.build_label(entry)) if entry else "not built yet"
        st.markdown(f"- **{variant}**: {known}")
    relative = str(path.relative_to(state.start_folder()))
    shown = relative if not relative.startswith("-") else f"./{relative}"
    arguments = (shown, "--variants", ",".join(chosen), *(["--reuse"] if reuse else []))
    if st.button("Build and compare", type="primary", disabled=not chosen, key="build-variants"):
        begin(arguments, title=f"{path.name}: {', '.join(chosen)}", notebook=path)
    if chosen:
        command_line.show("compare", arguments)


def notebooks(entries: Sequence[HistoryEntry]) -> list[str]:
    """The notebooks of the history that lie below the start folder, relative to it."""
    start = state.start_folder()
    found: dict[str, None] = {}
    for entry in entries:
        path = Path(entry.notebook)
        if path.is_absolute() and path.is_relative_to(start):
            found[str(path.relative_to(start))] = None
    return list(found)


def begin(arguments: tuple[str, ...], *, title: str, notebook: Path | None = None) -> None:
    """Start the comparison and go to its address."""
    job = state.jobs().start(
        JobRequest(
            kind="compare",
            arguments=arguments,
            folder=str(state.start_folder()),
            notebook=str(notebook or ""),
            title=title,
        )
    )
    st.switch_page(links.COMPARE, query_params={"job": job.id})
