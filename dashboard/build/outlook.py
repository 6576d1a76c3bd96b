"""What the plan comes to before anything is built: its size, and whether this machine can."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.build import asked
from dashboard.build.asked import Answer, Asked
from dashboard.text import escape, sentence
from nb2image.analysis.forecast_text import other_line
from nb2image.doctor import Check
from nb2image.sizes import amount

TICK = 0.4
"""Seconds between looks at a plan that is being made."""
STATES = {
    "ok": ":material/check_circle:",
    "warning": ":material/warning:",
    "missing": ":material/error:",
}


def show(
    questions: Asked,
    number: str,
    answer: Answer | None,
    last: str,
    checks: tuple[Check, ...] | None,
) -> None:
    """What the plan comes to, and how this machine is; looked at again until both are known."""
    pending = (answer is not None and answer.state == "pending") or checks is None

    @st.fragment(run_every=TICK if pending else None)
    def panel() -> None:
        if answer is not None and answer.state == "pending":
            now = questions.answer(number)
            if now.state != "pending":
                st.rerun()
            what = f": {now.stage}" if now.stage else ""
            st.caption(f"Planning{what}. What is shown is from before." if last else
                       f"Finding the packages{what}")  # fmt: skip
        if checks is None and questions.checks(str(state.start_folder())) is not None:
            st.rerun()

    figures(questions, last)
    panel()
    machine(checks)


def figures(questions: Asked, last: str) -> None:
    """The forecast."""
    shown = questions.answer(last).planned if last else None
    if shown is None:
        return
    plan, forecast = shown.plan, shown.forecast
    kind = "GPU" if plan.accelerator.kind == "cuda" else "CPU"
    with st.container(horizontal=True, gap="medium"):
        if forecast is not None:
            st.metric(
                "Expected size",
                amount(forecast.size),
                help=f"Give or take {amount(forecast.error)}.",
            )
            st.metric("To download", amount(forecast.compressed))
        st.metric("Packages", len(plan.requirements.locked))
        st.metric("Python", plan.requirements.python, help=plan.requirements.python_reason or None)
        st.metric("Made for", kind, help=plan.accelerator.reason or None)
    if shown.other_kind is not None:
        st.caption(escape(sentence(other_line(shown.other_kind))))


def machine(checks: tuple[Check, ...] | None) -> None:
    """Whether this machine can build."""
    if checks is None:
        st.caption("Looking whether this machine can build")
        return
    bad = [check for check in checks if check.state != "ok"]
    title = "This machine is ready"
    if bad:
        title = f"This machine: look at {', '.join(check.name for check in bad)}"
    elif not checks:
        title = "It is not known whether this machine can build"
    icon = ":material/check_circle:" if checks and not bad else ":material/warning:"
    with st.expander(title, icon=icon, key="build-machine"):
        for check in checks:
            sign = STATES[check.state]
            fix = f" → {escape(check.fix)}" if check.fix and check.state != "ok" else ""
            st.markdown(f"{sign} **{escape(check.name)}** {escape(check.found)}{fix}")
        st.button("Look again", on_click=look_again, key="build-look-again")


def look_again() -> None:
    """Ask this machine once more."""
    asked.asked(state.plans()).checks(str(state.start_folder()), again=True)
