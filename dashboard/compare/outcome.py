"""A comparison: the charts, the tables, the budget, and what can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec
import streamlit as st

from dashboard import command_line, theme
from dashboard.charts import Spec
from dashboard.compare import bars, limits, names, segments, tables
from dashboard.compare.treemap import treemap
from dashboard.tables import table
from nb2image.analysis.budget import hold
from nb2image.analysis.chart import svg
from nb2image.analysis.chart_png import png
from nb2image.analysis.compare import compare
from nb2image.analysis.comparison_text import csv_text, markdown_lines
from nb2image.jobs import Job
from nb2image.model.comparison import Budget, Comparison
from nb2image.sizes import amount

MARKDOWN_ROWS = 15
MAP_HEIGHT = 420


def show(job: Job, found: Comparison) -> None:
    """Everything that the comparison says."""
    called = bars.names_of(found)
    left, right = st.columns(2)
    first = left.selectbox(
        "Baseline", range(len(called)), format_func=lambda n: called[n], key="baseline"
    )
    order = names.with_first(called, first)
    found = compare([found.subjects[number] for number in order])
    with right.popover("Budget", icon=":material/rule:", width="stretch"):
        flags, budget = limits.ask()
    found = hold(found, budget)
    show_budget(found, budget)
    show_sizes(found)
    show_parts(found)
    show_map(found)
    show_changes(found)
    show_building(found)
    show_export(found)
    command_line.show("compare", [*arguments(job, order), *flags])


def arguments(job: Job, order: Sequence[int]) -> list[str]:
    """The job's arguments with the images, or variants, in another order.

    What was typed in another form than this page's stays as it is.
    """
    given = list(job.request.arguments)
    if "--variants" in given:
        place = given.index("--variants") + 1
        variants = given[place].split(",")
        if len(variants) == len(order):
            given[place] = ",".join(variants[number] for number in order)
        return given
    images, rest = given[: len(order)], given[len(order) :]
    if len(images) < len(order) or any(image.startswith("-") for image in images):
        return given
    return [*(images[number] for number in order), *rest]


def show_budget(found: Comparison, budget: Budget) -> None:
    """Whether every image keeps the limits."""
    if budget == Budget():
        return
    if all(gate.ok for gates in found.gates for gate in gates):
        st.success("Pass: every image keeps the budget.", icon=":material/check_circle:")
    else:
        st.error("Fail: not every image keeps the budget.", icon=":material/error:")
    colour = theme.colours()
    marks = {"ok": colour["good"], "FAILED": colour["bad"]}
    st.html(table(tables.limits(found), "Budget", colours=marks))


def show_sizes(found: Comparison) -> None:
    """The totals, and the differences to the baseline."""
    colour = theme.colours()
    st.subheader("Size")
    left, right = st.columns([3, 2])
    with left:
        chart(bars.totals(found, colour), in_words("Sizes", found))
    with right:
        if len(found.subjects) > 1:
            chart(bars.deltas(found, colour), difference_in_words(found))
    st.html(table(tables.totals(found), "Totals"))


def show_parts(found: Comparison) -> None:
    """What each image is made of."""
    st.subheader("What the images are made of")
    by_package, by_layer = st.tabs(["By package", "By layer"])
    for tab, pieces, what in (
        (by_package, segments.by_package(found), "packages"),
        (by_layer, segments.by_layer(found), "layers"),
    ):
        with tab:
            if not pieces.pieces:
                st.write("A forecast knows no layers.")
                continue
            scale = theme.scale(list(pieces.categories))
            spec = bars.stacked(found, pieces, scale, theme.colours())
            shown = ", ".join(pieces.categories)
            chart(spec, f"{in_words('Sizes', found)}; made of the {what} {shown}")


def show_map(found: Comparison) -> None:
    """One image as rectangles."""
    called = bars.names_of(found)
    st.subheader("One image by package")
    number = st.selectbox(
        "Image", range(len(called)), format_func=lambda n: called[n], key="map-image"
    )
    subject = found.subjects[number]
    scale = theme.scale(list(segments.by_package(found).categories))
    spec = treemap(subject, segments.named(found), scale, theme.colours())
    largest = sorted(subject.packages, key=lambda part: -part.size)[:5]
    told = ", ".join(f"{part.name} {amount(part.size)}" for part in largest)
    st.echarts_chart(
        spec,
        theme=None,
        height=MAP_HEIGHT,
        alt=f"{called[number]} is made of {amount(subject.size)}; the largest packages: {told}",
        key=f"map-{theme.name()}-{number}",
    )


def show_changes(found: Comparison) -> None:
    """What grew and what shrank."""
    if len(found.subjects) < 2:
        return
    st.subheader("What grew and shrank")
    for tab, section in zip(
        st.tabs([name.capitalize() for name in get_args(tables.Section)]),
        get_args(tables.Section),
        strict=True,
    ):
        with tab:
            columns = tables.changes(found, section)
            if not columns["Name"]:
                st.write(f"No {section} differ.")
                continue
            st.dataframe(
                columns,
                hide_index=True,
                column_config={
                    name: st.column_config.NumberColumn(format="bytes")
                    for name in columns
                    if name not in tables.WORDS
                },
                alt=f"The {section} that differ, the largest difference first",
                key=f"changes-{section}",
            )
            if section != "folders" and (same := tables.unchanged(found, section)):
                st.caption(f"{same} {section} have the same size in all images.")


def show_building(found: Comparison) -> None:
    """How long the builds took, and how well the layers are used."""
    times = bars.times(found, theme.colours())
    st.subheader("Build time")
    if times is None:
        st.write("The history knows no build of these images.")
    else:
        values = times["data"]["values"]
        told = "; ".join(f"{v['image']} {v['build']} {v['words']}" for v in values)
        chart(times, f"Seconds of the builds: {told}")
        st.caption(
            "Of the build alone. Cold: nothing in the cache but the base image. Warm: everything."
        )
    st.subheader("Efficiency and waste")
    for name, subject in zip(bars.names_of(found), found.subjects, strict=True):
        if subject.efficiency is None:
            words = "not known before it is built"
        else:
            wasted = amount(subject.wasted_bytes or 0)
            words = (
                f"{100 * subject.efficiency:.2f} % efficient, {wasted} wasted as dive counts, "
                f"{amount(subject.hidden_size)} stored and never seen"
            )
        st.text(f"{name}: {words}")
    columns = tables.wastes(found)
    if columns["Path"]:
        st.dataframe(
            columns,
            hide_index=True,
            column_config={"Bytes": st.column_config.NumberColumn(format="bytes")},
            alt="The paths that stand in several layers, the largest first",
            key="wastes",
        )


def show_export(found: Comparison) -> None:
    """The comparison as files."""
    st.subheader("Take it away")
    made = (
        ("CSV", "csv", "text/csv", lambda: csv_text(found)),
        ("JSON", "json", "application/json", lambda: msgspec.json.encode(found)),
        ("SVG", "svg", "image/svg+xml", lambda: svg(found)),
        ("PNG", "png", "image/png", lambda: png(found)),
        (
            "Markdown",
            "md",
            "text/markdown",
            lambda: "\n".join(markdown_lines(found, top=MARKDOWN_ROWS)),
        ),
    )
    with st.container(horizontal=True):
        for label, suffix, mime, data in made:
            st.download_button(
                label,
                data,
                file_name=f"comparison.{suffix}",
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                key=f"export-{suffix}",
            )


def chart(spec: Spec, alt: str) -> None:
    """A chart in its own colours, with what it shows in words."""
    st.vega_lite_chart(spec=spec, theme=None, alt=alt)


def in_words(what: str, found: Comparison) -> str:
    """Every image with its size."""
    pairs = zip(bars.names_of(found), found.subjects, strict=True)
    return f"{what}: " + "; ".join(f"{name} {amount(subject.size)}" for name, subject in pairs)


def difference_in_words(found: Comparison) -> str:
    """Every image but the baseline with its difference."""
    first, *others = zip(bars.names_of(found), found.subjects, strict=True)
    told = (f"{name} {bars.signed(s.size - first[1].size)}" for name, s in others)
    return f"Against {first[0]}: " + "; ".join(told)
