"""A comparison as a chart: one bar an image, made up of its packages; as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2

from nb2image.model.comparison import Comparison, Part, Subject
from nb2image.resources import folder
from nb2image.sizes import amount

WIDTH = 760
BAR_HEIGHT = 26
BAR_STEP = 58
LEGEND_STEP = 22
LEGEND_COLUMNS = 4
THINNEST = 0.5
"""Pieces below half a pixel cannot be seen."""
NAMED = 6
"""Packages with a colour of their own: the largest in any of the images."""
NAME = 60
"""Characters of a name that are shown."""

# Okabe and Ito's colours and lighter ones of the same hues: told apart by the colour-blind
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
GROUPS = {
    "base": ("base image", "#6e7781"),
    "python-package": ("other Python packages", "#a6c8e4"),
    "apt": ("apt packages", "#8c959f"),
    "conda": ("conda packages", "#b3dcc9"),
    "python": ("Python itself", "#f0e442"),
    "project": ("the project", "#882255"),
    "other": ("the rest", "#afb8c1"),
    "hidden": ("stored and never seen", "#24292f"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a bar."""

    name: str
    label: str
    colour: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An image."""

    name: str
    label: str
    forecast: bool
    y: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """What a colour stands for."""

    name: str
    colour: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A whole chart, in pixels."""

    height: int
    description: str
    """What it shows, in words."""
    bars: tuple[Bar, ...]
    legend: tuple[LegendEntry, ...]


def layout(comparison: Comparison) -> Chart:
    """Where everything stands."""
    subjects = comparison.subjects
    colours = package_colours(subjects)
    largest = max((subject.size for subject in subjects), default=0) or 1
    bars = [
        Bar(
            name=cut(subject.name),
            label=bar_label(subject, subjects[0]),
            forecast=subject.forecast,
            y=24 + BAR_STEP * number,
            pieces=pieces(subject, colours, WIDTH / largest),
        )
        for number, subject in enumerate(subjects)
    ]
    shown = {piece.name: piece.colour for bar in bars for piece in bar.pieces}
    top = 24 + BAR_STEP * len(bars)
    legend = [
        LegendEntry(
            name=cut(name, 24),
            colour=colour,
            x=(number % LEGEND_COLUMNS) * (WIDTH // LEGEND_COLUMNS),
            y=top + LEGEND_STEP * (number // LEGEND_COLUMNS),
        )
        for number, (name, colour) in enumerate(shown.items())
    ]
    rows_of_legend = -(-len(legend) // LEGEND_COLUMNS)
    return Chart(
        height=top + LEGEND_STEP * rows_of_legend,
        description="; ".join(f"{bar.name} {bar.label}" for bar in bars),
        bars=tuple(bars),
        legend=tuple(legend),
    )


def svg(comparison: Comparison) -> str:
    """The chart, complete and without any outside reference."""
    chart = layout(comparison)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("comparison.svg.j2").render(
        width=WIDTH,
        height=chart.height,
        title="Sizes of images",
        description=chart.description,
        bars=chart.bars,
        legend=chart.legend,
        bar_height=BAR_HEIGHT,
    )


def package_colours(subjects: Sequence[Subject]) -> dict[str, str]:
    """A colour for each of the packages that are largest anywhere."""
    sizes: dict[str, int] = {}
    for subject in subjects:
        for part in subject.packages:
            if part.kind == "python-package":
                sizes[part.name] = max(sizes.get(part.name, 0), part.size)
    named = sorted(sizes, key=lambda name: (-sizes[name], name))[:NAMED]
    return dict(zip(named, COLOURS, strict=False))


def pieces(subject: Subject, colours: Mapping[str, str], scale: float) -> tuple[Piece, ...]:
    """The pieces of a bar: named packages, then groups, in the same order for every image."""
    sizes: dict[tuple[str, str], int] = dict.fromkeys(colours.items(), 0)
    sizes |= dict.fromkeys(GROUPS.values(), 0)
    for part in subject.packages:
        sizes[piece_of(part, colours)] += part.size
    sizes[GROUPS["hidden"]] += subject.hidden_size
    made = []
    x = 0.0
    for (name, colour), size in sizes.items():
        width = size * scale
        if width >= THINNEST:
            made.append(
                Piece(
                    name=name,
                    label=amount(size),
                    colour=colour,
                    x=round(x, 2),
                    width=round(width, 2),
                )
            )
        x += width
    return tuple(made)


def piece_of(part: Part, colours: Mapping[str, str]) -> tuple[str, str]:
    """The name and colour of the piece that a part belongs to."""
    if part.kind == "python-package" and part.name in colours:
        return part.name, colours[part.name]
    return GROUPS[part.kind]


def bar_label(subject: Subject, first: Subject) -> str:
    """The size, with the difference to the first image's."""
    told = f"{amount(subject.size)}{' expected' if subject.forecast else ''}"
    if subject is first or not first.size:
        return told
    return f"{told}, {100 * (subject.size / first.size - 1):+.1f} %"


def cut(text: str, length: int = NAME) -> str:
    """Text that fits, and that XML can hold."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return clean if len(clean) <= length else clean[: length - 1] + "…"
