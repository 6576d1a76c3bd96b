"""What can be done with an entry: repeat, edit, compare, run, push, save. Each is a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from dashboard import command_line, links, state
from dashboard.history import entries as of
from dashboard.text import escape
from nb2image.errors import PlanError
from nb2image.image import quote
from nb2image.jobs import JobRequest, Kind
from nb2image.model.history import HistoryEntry


def show(entry: HistoryEntry, entries: Sequence[HistoryEntry]) -> None:
    """The buttons, as far as the entry allows them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        show_repeat(entry)
        show_edit(entry)
        if entry.size and entry.reference:
            st.page_link(
                links.COMPARE,
                label="Compare",
                icon=":material/bar_chart:",
                query_params={"image": f"@{entry.id}"},
            )
    image = of.image(entry, entries)
    if not image:
        return
    with st.expander("Run, push or save its image"):
        run, push, save = st.tabs(["Run", "Push", "Save"])
        with run:
            show_run(image)
        with push:
            show_push(image, entry)
        with save:
            show_save(image, entry)


def show_repeat(entry: HistoryEntry) -> None:
    """The same command once more, where it was given."""
    kind, folder = of.kind(entry), Path(entry.cwd)
    if kind is None:
        return
    below = state.below_start(entry.cwd) is not None and folder.is_dir()
    arguments = of.command(entry)[1:]
    if st.button(
        "Repeat",
        key="repeat",
        disabled=not below,
        help=None if below else "It was given outside the folder of this dashboard.",
    ):
        notebook = entry.notebook if Path(entry.notebook).is_absolute() else ""
        begin(kind, arguments, folder=entry.cwd, notebook=notebook, title=of.subject(entry))


def show_edit(entry: HistoryEntry) -> None:
    """The form of the Build page, filled as it was, or with the notebook."""
    job = of.job_of(entry, state.jobs().jobs())
    notebook = state.below_start(entry.notebook) if entry.notebook else None
    if job is not None and job.request.form:
        query = {"job": job.id}
    elif notebook is not None and notebook.is_file():
        query = {"notebook": str(notebook.relative_to(state.start_folder()))}
    else:
        return
    if st.button("Edit and build again", key="edit"):
        st.switch_page(links.BUILD, query_params=query)


def show_run(image: str) -> None:
    """Run the image; what it writes is brought to a folder."""
    folder = st.text_input("Folder for its outputs", value="outputs", key="run-folder").strip()
    offline = st.checkbox("Without a network", key="run-offline")
    if not below(folder):
        return
    arguments = (image, "--output", folder, *(("--network", "none") if offline else ()))
    offer("run", arguments, label="Run", title=f"run {image}")


def show_push(image: str, entry: HistoryEntry) -> None:
    """Push the image by a name that says the registry."""
    name = st.text_input(
        "Name with its registry",
        placeholder="ghcr.io/me/analysis:1.0",
        key="push-name",
        help="The credentials are those of docker login on this machine.",
    ).strip()
    if not name:
        st.caption("Say where: the registry, your place there, the image and its version.")
        return
    try:
        quote.tag(name)
    except PlanError as error:
        st.error(escape(error.message))
        return
    offer("push", (image, "--tag", name), label="Push", title=f"push {name}")


def show_save(image: str, entry: HistoryEntry) -> None:
    """Write the image to a file."""
    proposed = f"{quote.slug(entry.reference.replace(':', '-'))}.tar"
    file = st.text_input("File", value=proposed, key="save-file").strip()
    if not below(file):
        return
    offer("save", (image, "--output", file), label="Save", title=f"save {image}")


def below(path: str) -> bool:
    """Whether a path may be written; says why when it may not."""
    found = state.below_start(path) if path and not path.startswith("-") else None
    if found is None or found == state.start_folder():
        st.error("This must lie below the folder that the dashboard was started in.")
        return False
    return True


def offer(kind: Kind, arguments: tuple[str, ...], *, label: str, title: str) -> None:
    """The button that begins a job, and the same from a terminal."""
    if st.button(label, type="primary", key=f"begin-{kind}"):
        begin(kind, arguments, folder=str(state.start_folder()), title=title)
    command_line.show(kind, arguments)


def begin(
    kind: Kind, arguments: tuple[str, ...], *, folder: str, title: str, notebook: str = ""
) -> None:
    """Start a job and watch it."""
    request = JobRequest(
        kind=kind, arguments=arguments, folder=folder, notebook=notebook, title=title
    )
    job = state.jobs().start(request)
    st.switch_page(links.WATCH, query_params={"job": job.id})
