"""Colours, the same in every chart and text of a theme, and small corrections of the style.

Every pair of text and ground reaches a contrast of 4.5 to 1 (WCAG 2 AA).
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Literal

import streamlit as st

Name = Literal["light", "dark"]

ICON = Path(__file__).with_name("icon.svg")

LIGHT = {
    "text": "#1a202c",
    "ground": "#ffffff",
    "quiet": "#56606e",
    "line": "#d5dae1",
    "panel": "#f4f6f9",
    "accent": "#0b5cad",
    "good": "#176639",
    "warn": "#7d4e00",
    "bad": "#b3261e",
}
DARK = {
    "text": "#e8ecf1",
    "ground": "#11161d",
    "quiet": "#a9b4c2",
    "line": "#36404d",
    "panel": "#1a212b",
    "accent": "#7fb8f5",
    "good": "#6fd39a",
    "warn": "#f2bf62",
    "bad": "#ff9a92",
}
SERIES_LIGHT = (
    "#0b5cad", "#b4540a", "#176639", "#8a2f8f", "#a3231c", "#5b5f00", "#00656b", "#6b4a2b",
    "#5a48b0", "#56606e",
)  # fmt: skip
SERIES_DARK = (
    "#7fb8f5", "#f5a66a", "#6fd39a", "#dc9be0", "#ff9a92", "#cfd36a", "#67cfd6", "#d3b08c",
    "#b3a6ff", "#a9b4c2",
)  # fmt: skip
FILL = "#1f6fc2"
"""Of what carries white text, in both themes: 5.1 to 1, and 3.5 to 1 on dark ground."""
STATES = {
    "queued": "quiet",
    "running": "accent",
    "done": "good",
    "failed": "bad",
    "cancelled": "warn",
    "lost": "warn",
}
"""The colour of a job's state."""


def name() -> Name:
    """The theme that the visitor sees."""
    return "dark" if st.context.theme.type == "dark" else "light"


def colours() -> dict[str, str]:
    """The theme's colours by their use."""
    return DARK if name() == "dark" else LIGHT


def scale(categories: list[str]) -> dict[str, str]:
    """A colour for each category, for every chart of a page alike; the order decides."""
    series = SERIES_DARK if name() == "dark" else SERIES_LIGHT
    return {category: series[i % len(series)] for i, category in enumerate(categories)}


def config() -> dict[str, object]:
    """The theme as options of the server."""
    return {
        "theme.baseRadius": "small",
        "theme.showWidgetBorder": True,
        "theme.headingFontSizes": ["1.75rem", "1.35rem", "1.15rem", "1rem", "1rem", "0.9rem"],
        **palette("light", LIGHT),
        **palette("dark", DARK),
    }


def palette(theme: Name, colour: dict[str, str]) -> dict[str, object]:
    """One theme's colours as options of the server."""
    return {
        f"theme.{theme}.primaryColor": "#0b5cad" if theme == "light" else "#2770bd",
        f"theme.{theme}.backgroundColor": colour["ground"],
        f"theme.{theme}.secondaryBackgroundColor": colour["panel"],
        f"theme.{theme}.textColor": colour["text"],
        f"theme.{theme}.linkColor": colour["accent"],
        f"theme.{theme}.borderColor": colour["line"],
    }


def apply() -> None:
    """What the server's options cannot say; once a run."""
    colour = colours()
    st.html(
        "<style>.stMainBlockContainer{padding-top:4rem;padding-bottom:3rem}"
        # faded to 60 % it lacks contrast
        "[data-testid=stCaptionContainer],[data-testid=stCaptionContainer] *"
        f"{{color:{colour['quiet']};opacity:1}}"
        # the primary colour is read as text on dark: beneath white it lacks contrast
        f"button[data-testid=stBaseButton-primary]:enabled{{background:{FILL};"
        f"border-color:{FILL};color:#ffffff}}</style>"
    )


def badge(state: str) -> str:
    """A job's state as a coloured word, in HTML."""
    colour = colours()[STATES.get(state, "quiet")]
    return f'<strong style="color:{colour}">{html.escape(state)}</strong>'
