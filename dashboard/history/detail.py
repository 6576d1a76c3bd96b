"""One entry of the history: how it ended, its verdict with figures, its log, its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import streamlit as st

from dashboard import command_line, theme
from dashboard.history import actions, listing
from dashboard.history import entries as of
from dashboard.tables import table
from dashboard.text import escape
from nb2image.history.store import History
from nb2image.history.text import detail_lines
from nb2image.model import CellVerdict, Report, Verdict
from nb2image.model.history import HistoryDetail, HistoryEntry
from nb2image.report.view import WORDS, headline
from nb2image.terminal import clean

SHOWN_LINES = 2_000
"""Of a log; all of it can be downloaded."""
SHOWN_CHARACTERS = 200_000
LOG_HEIGHT = 460
GRADES = {"same": "good", "close": "good", "differs": "bad", "not reached": "bad"}


def show(history: History, number: int) -> None:
    """Everything that was kept of a command."""
    detail = history.detail(number)
    entry = detail.entry
    st.title(escape(of.title(entry)))
    listing.link()
    report = report_of(detail)
    show_outcome(entry, report)
    actions.show(entry, history.entries(limit=listing.KNOWN))
    names = ["Facts", "Log", "Report"]
    verdict = report.verdict if report else None
    if verdict is not None:
        names.insert(0, "Verdict")
    tabs = dict(zip(names, st.tabs(names), strict=True))
    if verdict is not None:
        with tabs["Verdict"]:
            show_verdict(verdict, of.pairs(detail.pictures))
    with tabs["Facts"]:
        show_facts(detail)
    with tabs["Log"]:
        show_log(detail)
    with tabs["Report"]:
        show_report(detail)
    command_line.show("history", ["show", str(number)])


def report_of(detail: HistoryDetail) -> Report | None:
    """The report of a conversion or a verification; None for other commands' results."""
    if detail.entry.action not in ("convert", "verify") and detail.entry.ok:
        return None
    try:
        return msgspec.json.decode(detail.report, type=Report)
    except msgspec.DecodeError:
        return None


def show_outcome(entry: HistoryEntry, report: Report | None) -> None:
    """How it ended, the cause of a failure first."""
    if entry.ok:
        words = headline(report) if report and report.verdict else "It ended well."
        good = report is None or report.verdict is None or report.verdict.proved
        (st.success if good else st.warning)(escape(words))
        return
    st.error(f"**{escape(entry.message or entry.error or 'It failed.')}**", icon=":material/error:")
    if report is not None and report.error_hint:
        st.markdown(f"**What to do:** {escape(report.error_hint)}")
    if report is not None and report.error_place is not None:
        st.markdown(f"Where: {escape(str(report.error_place))}")
    if report is not None and report.error_details:
        st.code("\n".join(report.error_details), language=None, wrap_lines=True)


def show_facts(detail: HistoryDetail) -> None:
    """What is known of it, as the command line tells it."""
    lines = detail_lines(replace(detail, log=""))
    st.code("\n".join(clean(line) for line in lines), language=None, wrap_lines=True)


def show_verdict(verdict: Verdict, pairs: Mapping[int, tuple[of.Pair, ...]]) -> None:
    """Every cell with its grade; below it, what differs and the figures side by side."""
    rows = [cell for cell in verdict.cells if cell.cell]
    if not rows:
        st.write("The notebook holds no outputs to compare with.")
        return
    colour = theme.colours()
    columns: dict[str, Sequence[object]] = {
        "Cell": [cell.cell for cell in rows],
        "Result": [WORDS[cell.grade] for cell in rows],
        "Seconds": ["" if cell.seconds is None else f"{cell.seconds:.2f}" for cell in rows],
    }
    if any(cell.why for cell in rows):
        columns["Why"] = [cell.why for cell in rows]
    marks = {words: colour[use] for words, use in GRADES.items()}
    st.html(table(columns, "Cells against the notebook", colours=marks, words=True))
    for cell in rows:
        show_cell(cell, pairs.get(cell.cell, ()))


def show_cell(cell: CellVerdict, pairs: Sequence[of.Pair]) -> None:
    """What differs in a cell, and its figures."""
    differing = [compared for compared in cell.compared if compared.diff]
    if not differing and not pairs:
        return
    with st.expander(f"Cell {cell.cell}: {WORDS[cell.grade]}", expanded=cell.grade == "differs"):
        for compared in differing:
            st.caption(f"{compared.part}: the notebook (-), the run (+)")
            st.code(clean(compared.diff), language=None, wrap_lines=True)
        for pair in pairs:
            left, right = st.columns(2)
            sides = ((left, "notebook", pair.notebook), (right, "run", pair.run))
            for place, side, data in sides:
                what = f"Figure {pair.number} of cell {cell.cell}, {side}"
                if data is None:
                    place.write(f"{what}: there is none")
                else:
                    place.image(data, caption=what, alt=what)


def show_log(detail: HistoryDetail) -> None:
    """The end of what was printed, or the lines in which a text stands."""
    if not detail.log:
        st.write("Nothing was printed.")
        return
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    wanted = left.text_input("Find in the log", key="find-log").strip()
    right.download_button(
        "Download",
        detail.log,
        file_name=f"build-{detail.entry.id}.log",
        mime="text/plain",
        on_click="ignore",
        key="download-log",
    )
    shown, count = of.matching(detail.log, wanted, SHOWN_LINES)
    if count > SHOWN_LINES:
        st.caption(f"The last {SHOWN_LINES} of {count} lines")
    elif wanted:
        st.caption(f"{count} lines")
    st.code(clean(shown) or " ", language=None, height=LOG_HEIGHT)


def show_report(detail: HistoryDetail) -> None:
    """The command's result, whole."""
    if not detail.report:
        st.write("There was no result.")
        return
    st.download_button(
        "Download",
        detail.report,
        file_name=f"report-{detail.entry.id}.json",
        mime="application/json",
        on_click="ignore",
        key="download-report",
    )
    text = msgspec.json.format(detail.report, indent=2)
    st.code(clean(text)[:SHOWN_CHARACTERS], language=None, height=LOG_HEIGHT)
