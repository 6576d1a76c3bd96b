"""The equivalent command: whatever a page does can be done in a terminal too."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import streamlit as st


def line(kind: str, arguments: Sequence[str]) -> str:
    """The command as it is typed into a shell."""
    return shlex.join(("nb2image", kind, *arguments))


def show(kind: str, arguments: Sequence[str]) -> None:
    """Show the command, to be copied."""
    st.caption("The same from a terminal:")
    st.code(line(kind, arguments), language=None, wrap_lines=True)
