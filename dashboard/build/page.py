"""The Build page: a notebook is chosen, read at once, and made into the image that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import streamlit as st

from dashboard import command_line, links, state
from dashboard.build import asked, fields, outlook, preview, session
from dashboard.build.asked import Answer, Asked
from dashboard.build.fixes import applied, changed, deciding, fix_of
from dashboard.build.form import DEFAULTS, Form, arguments, stage_options
from dashboard.build.library import MAX_BYTES, SUFFIXES, Library, listed
from dashboard.build.overview import Overview, overview
from dashboard.build.rules import problems
from dashboard.build.session import Note
from dashboard.text import escape, sentence
from nb2image.errors import Nb2ImageError
from nb2image.jobs import Failure, Job, JobRequest
from nb2image.model import Finding

GPU_WORDS = {"required": "needed", "optional": "used if there", "none": "not needed"}


def show() -> None:
    """Show the page."""
    st.title("Build")
    library = Library(start=state.start_folder(), uploads=state.shared().uploads)
    session.arrive(library)
    choose(library)
    say()
    reference = session.reference()
    if not reference:
        nothing(library)
        session.leave_address()
        return
    try:
        path = library.path(reference)
        form = session.form()
        wrong = problems(form)
        view = overview(path, stage_options(form if not wrong else DEFAULTS))
    except Nb2ImageError as error:
        refused(error)
        session.leave_address()
        return
    except OSError as error:
        st.error(escape(f"The notebook cannot be read: {error.strerror or error}"))
        return
    summary(view)
    with_form(library, reference, path, view, form, wrong)
    session.leave_address()


def choose(library: Library) -> None:
    """The notebook: one of the start folder, or an upload."""
    names = listed(library)
    now = session.reference()
    offered = list(dict.fromkeys([*([now] if now else []), *names]))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if st.session_state.get("build-choice") != (now or None):
            st.session_state["build-choice"] = now or None
        st.selectbox(
            "Notebook",
            offered,
            key="build-choice",
            index=None,
            format_func=lambda name: shown_name(library, name),
            accept_new_options=True,
            placeholder="Choose a notebook or type its path",
            on_change=take_choice,
            help="Those below the folder that the dashboard was started in. A .py or .md file of "
            "jupytext's can be typed.",
        )
        st.caption(escape(f"In {library.start}"))
    with right:
        turn = st.session_state.get("build-uploads", 0)
        st.file_uploader(
            "Or upload one",
            type=[suffix.removeprefix(".") for suffix in SUFFIXES],
            key=f"build-upload-{turn}",
            max_upload_size=MAX_BYTES // 1_000_000,
            on_change=take_upload,
            args=(library, f"build-upload-{turn}"),
            help="A single file: data that it reads is not part of an upload.",
        )


def shown_name(library: Library, name: str) -> str:
    """What a notebook is called in the list."""
    if not name.startswith("upload:"):
        return name
    try:
        return f"{library.path(name).name} (uploaded)"
    except Nb2ImageError:
        return "an upload that is not kept any more"


def take_choice() -> None:
    """Another notebook was chosen."""
    session.choose(str(st.session_state.get("build-choice") or "").strip())


def take_upload(library: Library, key: str) -> None:
    """A file was uploaded: keep it if it is a notebook, and let go of the browser's copy."""
    file = st.session_state.get(key)
    if file is None:
        return
    st.session_state["build-uploads"] = st.session_state.get("build-uploads", 0) + 1
    try:
        session.choose(library.keep(file.name, file.getvalue()))
    except Nb2ImageError as error:
        hint = f" {sentence(error.hint)}." if error.hint else ""
        text = f"That file was not taken: {error.message}.{hint}"
        session.note(Note(text=text, kind="error"))
    except OSError as error:
        text = f"That file could not be kept: {error.strerror or error}"
        session.note(Note(text=text, kind="error"))


def say() -> None:
    """What is to be said about how the form came to be."""
    show_as: Mapping[str, Callable[..., object]] = {
        "info": st.info,
        "success": st.success,
        "error": st.error,
    }
    for note in session.notes():
        show_as.get(note.kind, st.info)(escape(note.text))


def nothing(library: Library) -> None:
    """No notebook is chosen yet."""
    st.subheader("Choose a notebook")
    st.markdown(
        "nb2image turns it into a container image that is proved to run: it extracts the code, "
        "finds the packages with their versions, writes a Dockerfile, builds the image, runs it "
        "and compares what it shows with what the notebook showed.\n\n"
        "Nothing of a notebook is executed on this machine, only in a container."
    )
    if not listed(library):
        st.info(
            escape(f"There is no .ipynb file below {library.start}. Upload one, or start the "
                   "dashboard where your notebooks are: nb2image dashboard FOLDER")
        )  # fmt: skip


def refused(error: Nb2ImageError) -> None:
    """A notebook that cannot be built."""
    st.error(f"**{escape(sentence(error.message))}**", icon=":material/error:")
    if error.hint:
        st.markdown(f"**What to do:** {escape(error.hint)}")
    preview.findings(error.findings)


def summary(view: Overview) -> None:
    """What reading the notebook told."""
    parameters = len(view.script.parameters) if view.script else 0
    need = GPU_WORDS[view.gpu.need] if view.gpu else "unknown"
    with st.container(horizontal=True, gap="medium"):
        st.metric("Code cells", len(view.code), help=f"{view.lines:,} lines of code")
        st.metric("Text cells", len(view.text))
        st.metric("Parameters", parameters, help="Variables that become options of the image")
        st.metric("GPU", need, help="Read from the code and the outputs; see Notebook below")
        st.metric("Notes", len(view.findings), help="What there is to know before a build")
    if view.error is not None:
        refused(view.error)
        leave_out(view.error)


def leave_out(error: Nb2ImageError) -> None:
    """A button that does without the cells at fault."""
    cells = sorted({f.place.cell for f in error.findings if f.place and f.place.cell})
    if not cells:
        return
    text = ",".join(map(str, cells))
    label = f"Leave out cell {text}" if len(cells) == 1 else f"Leave out the cells {text}"
    st.button(label, type="primary", on_click=take_skip, args=(text,), key="build-leave-out")


def take_skip(cells: str) -> None:
    """Cells are to be left out, beside those that are already."""
    now = session.form()
    together = ",".join(filter(None, (now.skip_cells, cells)))
    session.fill(replace(now, skip_cells=together), ("skip_cells",))
    st.session_state["build-look"] = ("skip_cells",)


def with_form(
    library: Library,
    reference: str,
    path: Path,
    view: Overview,
    form: Form,
    wrong: Mapping[str, str],
) -> None:
    """The form, the plan that it makes, and the button."""
    questions = asked.asked(state.plans())
    number, answer = "", None
    if view.error is None:
        if not wrong:
            number = ask(questions, library, reference, path, form)
            answer = questions.answer(number)
        last = latest(questions, reference, number, answer)
    else:
        last = ""
    shown = questions.answer(last).planned if last else None
    plan = shown.plan if shown else None
    forecast = shown.forecast if shown else None
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.subheader("What to build")
        fields.show(view, plan, wrong)
    with right:
        st.subheader("What it will be")
        told(view.findings, plan.findings + plan.requirements.findings if plan else ())
        checks = questions.checks(str(library.start))
        if answer is not None and answer.failure is not None:
            failed(answer.failure, form)
        outlook.show(questions, number, answer, last, checks)
        if view.error is None:
            button(library, reference, path, form, wrong, answer)
        pending = answer is not None and answer.state == "pending"
        preview.show(view, plan, forecast, last, pending=pending)


def ask(questions: Asked, library: Library, reference: str, path: Path, form: Form) -> str:
    """The job that plans what the form says."""
    stat = path.stat()
    given = arguments(form, library.argument(reference), "plan")
    again = bool(st.session_state.pop("build-again", False))
    number = questions.plan(
        (str(path), stat.st_mtime_ns, stat.st_size, given),
        JobRequest(
            kind="plan",
            arguments=(*given, "--forecast", "--no-history"),
            folder=str(library.start),
            notebook=str(path),
        ),
        again=again,
    )
    before = st.session_state.get("build-asked", "")
    if before and before != number:
        questions.give_up(before)
    st.session_state["build-asked"] = number
    return number


def latest(questions: Asked, reference: str, number: str, answer: Answer | None) -> str:
    """The newest plan of this notebook that there is: while another is made, it stays in sight."""
    if answer is not None and answer.state == "done":
        st.session_state["build-plan"] = (reference, number)
    of, last = st.session_state.get("build-plan", ("", ""))
    return str(last) if of == reference and questions.answer(last).planned else ""


def told(*found: tuple[Finding, ...]) -> None:
    """What the stages noticed."""
    every = tuple(dict.fromkeys(finding for some in found for finding in some))
    if every:
        grave = sum(finding.severity != "note" for finding in every)
        title = f"{len(every)} notes" if len(every) > 1 else "1 note"
        if grave:
            title += f", {grave} of them warnings" if grave > 1 else ", 1 of them a warning"
        with st.expander(title, key="build-findings"):
            preview.findings(every)


def failed(failure: Failure, form: Form) -> None:
    """There is no plan: why, and what to do."""
    st.error(f"**{escape(sentence(failure.message))}**", icon=":material/error:")
    if failure.hint:
        st.markdown(f"**What to do:** {escape(failure.hint)}")
    preview.findings(failure.findings)
    fix = fix_of(failure)
    with st.container(horizontal=True):
        if fix is not None:
            st.button(fix.label, type="primary", on_click=take_fix, args=(applied(fix, form),))
        st.button("Try again", on_click=try_again, key="build-try-again")
    wanted = deciding(failure)
    if set(wanted) - set(session.look()):
        st.session_state["build-look"] = wanted
        st.rerun()


def take_fix(after: Form) -> None:
    """The change that mends a failure was asked for."""
    names = changed(session.form(), after)
    session.fill(after, names)
    st.session_state["build-look"] = names


def try_again() -> None:
    """The same plan once more."""
    st.session_state["build-again"] = True


def button(
    library: Library,
    reference: str,
    path: Path,
    form: Form,
    wrong: Mapping[str, str],
    answer: Answer | None,
) -> None:
    """The command, and the button that starts it."""
    given = arguments(form, library.argument(reference))
    command_line.show("convert", given)
    running = under_way(path)
    if running is not None:
        st.info("This notebook is being built; another build would write into the same folder.")
        st.page_link(links.WATCH, label="Watch it", query_params={"job": running.id})
    if wrong:
        st.error("Correct the form first: " + escape("; ".join(wrong.values())))
    impossible = bool(wrong) or running is not None or bool(answer and answer.failure)
    if st.button(
        "Build the image", type="primary", disabled=impossible, width="stretch", key="build-start"
    ):
        job = state.jobs().start(
            JobRequest(
                kind="convert",
                arguments=given,
                folder=str(library.start),
                notebook=str(path),
                title=path.name,
                form={"notebook": reference},
            )
        )
        st.switch_page(links.WATCH, query_params={"job": job.id})


def under_way(path: Path) -> Job | None:
    """The build of this notebook that is not over yet."""
    for job in state.jobs().jobs():
        same = job.request.kind == "convert" and job.request.notebook == str(path)
        if same and not job.finished:
            return job
    return None
