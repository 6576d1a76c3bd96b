"""What the build would make: packages, script, files, size; and the notebook it comes from."""

from __future__ import annotations

import html

import streamlit as st

from dashboard import theme
from dashboard.build import diff, session
from dashboard.build.form import Form
from dashboard.build.overview import Overview
from dashboard.build.packages import Row, edited, rows
from dashboard.text import escape
from nb2image.errors import PlanError
from nb2image.image.render import render
from nb2image.model import BuildPlan, Cell, Finding
from nb2image.model.forecast import Forecast
from nb2image.sizes import amount
from nb2image.terminal import one_line

TABS = ("Packages", "train.py", "Dockerfile", "Size", "Notebook")
SHOWN_FILES = ("Dockerfile", "requirements.txt", ".dockerignore", "README.md")
SEVERITY = {
    "error": ":material/error:",
    "warning": ":material/warning:",
    "note": ":material/info:",
}
SHOWN_FINDINGS = 50


def show(
    view: Overview,
    plan: BuildPlan | None,
    forecast: Forecast | None,
    plan_id: str,
    *,
    pending: bool,
) -> None:
    """The tabs; only the one that is open is made."""
    tabs = dict(zip(TABS, st.tabs(TABS, key="build-tabs", on_change="rerun"), strict=True))
    for name, tab in tabs.items():
        if not tab.open:
            continue
        with tab:
            if name == "Notebook":
                notebook(view)
            elif name == "train.py":
                script(view)
            elif plan is None:
                st.caption(
                    "Shown as soon as the packages are known."
                    if pending
                    else "There is no plan yet: see above what stands in its way."
                )
            elif name == "Packages":
                packages(plan, forecast, plan_id)
            elif name == "Dockerfile":
                files(plan)
            else:
                size(forecast)


def packages(plan: BuildPlan, forecast: Forecast | None, plan_id: str) -> None:
    """The table of packages; its versions can be changed."""
    form = session.form()
    found = rows(plan, forecast, form.constraint)
    if not found:
        st.caption("The notebook needs nothing but Python itself.")
        return
    direct = sum(row.direct for row in found)
    others = len(found) - direct
    st.caption(
        f"{direct} {'package' if direct == 1 else 'packages'} that the notebook needs, "
        f"{others} more that {'it needs' if direct == 1 else 'those need'}. "
        "Change a version to hold it (1.26.4) or bound it (<2); empty lets it go again."
    )
    turn = st.session_state.get("build-turn", 0)
    name = f"build-table-{plan_id}-{turn}"
    st.data_editor(
        package_columns(found),
        key=name,
        hide_index=True,
        num_rows="fixed",
        disabled=["Package", "Asked for by", "Why", "Size"],
        column_config={
            "Package": st.column_config.TextColumn(pinned=True),
            "Version": st.column_config.TextColumn(
                help="What is installed. Type another version, or bounds such as <2.",
                max_chars=100,
            ),
            "Asked for by": st.column_config.TextColumn(
                help="The cell, or the packages, that need it."
            ),
            "Why": st.column_config.TextColumn(width="large"),
            "Size": st.column_config.TextColumn(help="On disk, once installed."),
        },
        on_change=take_edits,
        args=(name, found),
        alt=f"{len(found)} packages with version, who asks for them, why, and size",
    )
    for text in st.session_state.get("build-table-problems", ()):
        st.error(escape(text))
    if form.constraint:
        st.caption(f"Held by you: {escape(', '.join(form.constraint))}")
    system = [p for p in plan.requirements.system if p.stage == "final"]
    if system:
        st.markdown("**Debian packages**")
        for package in system:
            st.markdown(f"- {escape(package.name)}: {escape(package.reason)}")


def package_columns(found: tuple[Row, ...]) -> dict[str, list[str]]:
    """The rows as the table shows them."""
    return {
        "Package": [row.name for row in found],
        "Version": [row.version for row in found],
        "Size": [amount(row.size) if row.size is not None else "unknown" for row in found],
        "Asked for by": [row.place or ("the notebook" if row.direct else "") for row in found],
        "Why": [f"{row.why} ({row.rule})" if row.direct else "dependency" for row in found],
    }


def take_edits(name: str, shown: tuple[Row, ...]) -> None:
    """Versions that were edited become bounds in the form; the plan follows."""
    state = st.session_state.get(name) or {}
    edits = {
        int(number): str(cells.get("Version") or "")
        for number, cells in dict(state.get("edited_rows") or {}).items()
        if "Version" in cells
    }
    before: Form = session.form()
    made, wrong = edited(shown, edits, before.constraint)
    st.session_state[session.key("constraint")] = list(made)
    st.session_state["build-table-problems"] = wrong
    st.session_state["build-turn"] = st.session_state.get("build-turn", 0) + 1


def script(view: Overview) -> None:
    """train.py beside the cells that it comes from."""
    if view.script is None:
        st.caption("There is no script: the notebook cannot be converted as it is.")
        return
    found = diff.blocks(view.notebook, view.script)
    changes = sum(block.changes for block in found)
    st.caption(
        f"{view.script.name} has {len(view.script.lines):,} lines; {changes} differ from the "
        "notebook's."
    )
    whole = st.checkbox("Show what nb2image adds of its own", key="build-own-lines")
    st.html(diff_style() + diff.table(found, own=whole))
    st.download_button(f"Download {view.script.name}", view.script.text, file_name=view.script.name)


def diff_style() -> str:
    """How the comparison looks in the visitor's theme."""
    colour = theme.colours()
    dark = theme.name() == "dark"
    changed, added, removed = (
        ("#33290a", "#0f2d1c", "#3a1717") if dark else ("#fff5d6", "#e3f6e9", "#fde8e6")
    )
    return f"""<style>
.nb-diff {{ overflow-x: auto; max-height: 40rem; border: 1px solid {colour["line"]};
  border-radius: 4px; }}
.nb-diff table {{ border-collapse: collapse; width: 100%; min-width: 44rem; margin: 0;
  font-size: 0.8rem; table-layout: fixed; }}
.nb-diff th {{ text-align: left; background: {colour["panel"]}; padding: 0.2rem 0.5rem;
  color: {colour["text"]}; }}
.nb-diff td {{ vertical-align: top; padding: 0 0.5rem; border: 0; color: {colour["text"]}; }}
.nb-diff thead th:nth-child(odd) {{ width: 3.2rem; }}
.nb-diff thead th:nth-child(3) {{ width: 4.5rem; }}
.nb-diff td:nth-child(1), .nb-diff td:nth-child(4) {{ text-align: right;
  color: {colour["quiet"]}; width: 3.2rem; }}
.nb-diff thead th:nth-child(4) {{ width: 3.2rem; }}
.nb-diff thead th:nth-child(5) {{ width: auto; }}
.nb-diff td:nth-child(3) {{ text-align: center; }}
.nb-diff code {{ white-space: pre-wrap; overflow-wrap: anywhere; background: none; padding: 0;
  color: inherit; font-size: inherit; }}
.nb-diff abbr {{ text-decoration: none; font-weight: bold; }}
.nb-changed td {{ background: {changed}; }}
.nb-added td {{ background: {added}; }}
.nb-removed td {{ background: {removed}; }}
</style>"""


def files(plan: BuildPlan) -> None:
    """The generated files of the build context."""
    try:
        made = dict(render(plan))
    except PlanError as error:
        st.error(escape(f"{error.message}. {error.hint}"))
        return
    names = [name for name in SHOWN_FILES if name in made]
    name = st.selectbox("File", names, key="build-file") or names[0]
    st.html(listing(name, made[name].decode()))
    st.download_button(f"Download {name}", made[name], file_name=name.removeprefix("."))
    if plan.files:
        st.markdown("**Files of the project that come along**")
        st.dataframe(
            {
                "File": [file.path for file in plan.files],
                "Size": [amount(file.size) for file in plan.files],
                "Why": [one_line(file.reason) for file in plan.files],
            },
            hide_index=True,
            alt=f"{len(plan.files)} files that are copied into the image",
        )


def listing(name: str, text: str) -> str:
    """A file as HTML: unlike Streamlit's own, what scrolls can be reached with the keyboard."""
    colour = theme.colours()
    return (
        f'<pre role="region" aria-label="{html.escape(name)}" tabindex="0" style="'
        "overflow:auto;max-height:40rem;white-space:pre-wrap;overflow-wrap:anywhere;"
        f"font-size:0.8rem;padding:0.75rem;margin:0;border:1px solid {colour['line']};"
        f'border-radius:4px;background:{colour["panel"]};color:{colour["text"]}">'
        f"{html.escape(text)}</pre>"
    )


def size(forecast: Forecast | None) -> None:
    """Where the bytes of the image will be."""
    if forecast is None:
        st.caption("There is no forecast for this plan.")
        return
    st.caption(
        f"About {amount(forecast.size)} on disk, give or take {amount(forecast.error)}, and "
        f"{amount(forecast.compressed)} to download."
    )
    most = max((item.size for item in forecast.items), default=1) or 1
    st.dataframe(
        {
            "Part": [f"{item.name} {item.version}".strip() for item in forecast.items],
            "Kind": [item.kind.replace("-", " ") for item in forecast.items],
            "Size": [amount(item.size) for item in forecast.items],
            "Share": [item.size / most for item in forecast.items],
            "Known from": [
                f"guess: {item.source}" if item.guess else item.source for item in forecast.items
            ],
        },
        hide_index=True,
        column_config={
            "Share": st.column_config.ProgressColumn(
                format=" ", min_value=0, max_value=1, help="Beside the largest part."
            )
        },
        alt=f"The image's {len(forecast.items)} parts, the largest first, with their sizes",
    )
    if forecast.earlier:
        st.caption(
            f"{forecast.earlier} earlier forecasts were off by "
            f"{100 * forecast.earlier_error:.1f} % on average."
        )


def notebook(view: Overview) -> None:
    """The cells and the parameters."""
    if view.gpu is not None and view.gpu.reasons:
        st.markdown("**Signs of a GPU**")
        for reason in view.gpu.reasons[:SHOWN_FINDINGS]:
            place = f" ({reason.place})" if reason.place else ""
            st.markdown(f"- {reason.level}: {escape(reason.message + place)}")
    if view.script and view.script.parameters:
        st.markdown("**Parameters**")
        found = view.script.parameters
        st.dataframe(
            {
                "Name": [p.name for p in found],
                "Default": [p.default for p in found],
                "Kind": [p.kind for p in found],
                "Option": [f"--{p.name.lower().replace('_', '-')}" for p in found],
                "Variable": [f"NB_{p.name.upper()}" for p in found],
                "What for": [p.help for p in found],
            },
            hide_index=True,
            alt=f"{len(found)} parameters with their defaults and options",
        )
    st.markdown("**Cells**")
    cells = view.notebook.cells
    st.dataframe(
        {
            "Cell": [cell.number for cell in cells],
            "Kind": [cell.kind for cell in cells],
            "Run": [f"[{c.execution_count}]" if c.execution_count else "" for c in cells],
            "Lines": [cell.source.count("\n") + 1 for cell in cells],
            "Outputs": [len(cell.outputs) for cell in cells],
            "Begins with": [beginning(cell) for cell in cells],
        },
        hide_index=True,
        column_config={"Begins with": st.column_config.TextColumn(width="large")},
        alt=f"The notebook's {len(cells)} cells",
    )


def beginning(cell: Cell) -> str:
    """The first line of a cell that says something."""
    lines = (one_line(line) for line in cell.source.split("\n"))
    return next((line for line in lines if line), "")[:200]


def findings(found: tuple[Finding, ...]) -> None:
    """What the user should know, the gravest first."""
    order = ("error", "warning", "note")
    ordered = sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity))
    for finding in ordered[:SHOWN_FINDINGS]:
        place = f"**{escape(str(finding.place))}:** " if finding.place else ""
        hint = f" → {escape(finding.hint)}" if finding.hint else ""
        st.markdown(f"{SEVERITY[finding.severity]} {place}{escape(finding.message)}{hint}")
    if len(ordered) > SHOWN_FINDINGS:
        st.caption(f"{len(ordered) - SHOWN_FINDINGS} more")
