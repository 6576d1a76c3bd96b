"""What a visitor has chosen, as the session and the page's address keep it.

The address is ``?notebook=REFERENCE&options=…``, options as they are typed into a shell, so that
a reload, a second tab or a colleague sees the same form. Links of other pages say ``?job=ID``,
``?fix=1`` or ``?fix=CODE:VALUE``; what they mean is put into the form once.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import links, state
from dashboard.build import fixes
from dashboard.build.form import DEFAULTS, NAMES, Form, form_of, options
from dashboard.build.library import Library
from nb2image.errors import Nb2ImageError
from nb2image.jobs import Job

PARAMETERS = ("notebook", "options", "job", "fix")
EMPTY_IS_NONE = ("python", "network")
"""Fields whose widget says None for nothing."""
MAX_OPTIONS = 4_000
"""Characters of options in an address; browsers and proxies cut longer ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to say once above the form."""

    text: str
    kind: str = "info"
    """``info``, ``success`` or ``error``."""


def key(name: str) -> str:
    """The name of a field's widget."""
    return f"build.{name}"


def reference() -> str:
    """The chosen notebook; empty for none."""
    return str(st.session_state.get("build-notebook") or "")


def choose(name: str) -> None:
    """Another notebook: the form begins anew, for what was chosen belonged to the old one."""
    if name != reference():
        st.session_state["build-notebook"] = name
        fill(DEFAULTS)
        note()


def form() -> Form:
    """The form as it stands."""
    return Form(**{name: field(name) for name in NAMES})


def field(name: str) -> Any:
    """A field's value, as the record has it."""
    value = st.session_state.get(key(name), getattr(DEFAULTS, name))
    default = getattr(DEFAULTS, name)
    if isinstance(default, tuple):
        return tuple(text for one in value or () if (text := str(one).strip()))
    if isinstance(default, str):
        return str(value or "").strip()
    if isinstance(default, float | int) and not isinstance(default, bool):
        return default if value is None else value
    return value


def fill(wanted: Form, names: Iterable[str] = NAMES) -> None:
    """Put a form, or some fields of it, into the widgets; before they are shown."""
    for name in names:
        value = getattr(wanted, name)
        if isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, float):
            if value == getattr(DEFAULTS, name) and key(name) not in st.session_state:
                continue  # the widget's own
        elif name in EMPTY_IS_NONE and not value:
            value = None
        st.session_state[key(name)] = value


def restore() -> None:
    """Widgets that were not on the page for a while are forgotten: keep what they held."""
    kept: Form = st.session_state.get("build-form", DEFAULTS)
    fill(kept, [name for name in NAMES if key(name) not in st.session_state])


def note(*notes: Note) -> None:
    """Say these, and nothing said before."""
    st.session_state["build-notes"] = notes


def notes() -> tuple[Note, ...]:
    """What is to be said."""
    found: tuple[Note, ...] = st.session_state.get("build-notes", ())
    return found


def look() -> tuple[str, ...]:
    """The fields that a failure points at."""
    found: tuple[str, ...] = st.session_state.get("build-look", ())
    return found


def arrive(library: Library) -> None:
    """Take in what the page's address says, if it is new."""
    given = address()
    if any(given) and given != st.session_state.get("build-seen"):
        st.session_state["build-look"] = ()
        note(*read_address(library, *given))
    restore()


def address() -> tuple[str, ...]:
    """The page's parameters."""
    return tuple(str(st.query_params.get(name) or "") for name in PARAMETERS)


def leave_address() -> None:
    """Write the notebook and the options into the page's address."""
    now = form()
    st.session_state["build-form"] = now
    text = shlex.join(options(now))
    if reference():
        wanted = {"notebook": reference()}
        if text and len(text) <= MAX_OPTIONS:
            wanted["options"] = text
        if dict(st.query_params) != wanted:
            st.query_params.from_dict(wanted)
    st.session_state["build-seen"] = address()


def read_address(library: Library, notebook: str, text: str, job: str, fix: str) -> list[Note]:
    """Fill the form as an address says; what is to be said about it."""
    said: list[Note] = []
    wanted = DEFAULTS
    known = links.job_in(job)
    found: Job | None = None
    if job:
        try:
            found = state.jobs().job(known or "")
        except KeyError:
            said.append(Note(text="This build is not kept any more.", kind="error"))
    if found is not None:
        notebook, wanted, message = of_job(library, found)
        said.append(message)
    elif text:
        try:
            wanted, _ = form_of([*shlex.split(text), "--", "notebook.ipynb"])
        except (Nb2ImageError, ValueError) as error:
            said.append(Note(text=f"The address's options are not those of a build: {error}"))
    if fix:
        wanted, more = with_fix(fix, found, wanted)
        said += more
    if notebook or not job:
        st.session_state["build-notebook"] = notebook
    fill(wanted)
    return said


def of_job(library: Library, job: Job) -> tuple[str, Form, Note]:
    """The notebook and the form of an earlier job, and what is to be said about it."""
    name = library.reference(Path(job.request.notebook)) if job.request.notebook else None
    if name is None:
        text = "That job's notebook is not below the folder of this dashboard."
        if not job.request.notebook:
            text = "That job was not the build of a notebook."
        return "", DEFAULTS, Note(text=text, kind="error")
    if job.request.kind != "convert":
        return name, DEFAULTS, Note(text="The notebook of that job, with nothing chosen yet.")
    try:
        wanted, _ = form_of(job.request.arguments)
    except Nb2ImageError as error:
        return name, DEFAULTS, Note(text=f"That job's options cannot be taken over: {error}")
    return name, wanted, Note(text="Filled in as it was for the earlier build.")


def with_fix(fix: str, job: Job | None, wanted: Form) -> tuple[Form, list[Note]]:
    """The form with the change that a link asks for."""
    failure = job.failure if job is not None else None
    found = fixes.fix_named(fix)
    if found is None and job is not None and failure is not None:
        found = fixes.fix_of(failure, state.jobs().result(job.id))
    if found is not None:
        after = fixes.applied(found, wanted)
        st.session_state["build-look"] = fixes.changed(wanted, after)
        return after, [Note(text=f"Changed for you: {found.label}.", kind="success")]
    if failure is not None:
        st.session_state["build-look"] = fixes.deciding(failure)
        hint = f" {failure.hint}" if failure.hint else ""
        return wanted, [Note(text=f"It failed: {failure.message}.{hint}", kind="error")]
    return wanted, []
