"""The History page: what was planned, built, run and verified on this machine."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.history import detail, listing
from dashboard.text import escape
from nb2image.errors import HistoryError, OptionError


def show() -> None:
    """Show the entry that the address names, else the list."""
    history = state.history()
    if history is None:
        st.title("History")
        st.info("The history is switched off: NB2IMAGE_HISTORY is 'off'.")
        return
    number = named()
    try:
        if number is None:
            listing.show(history)
        else:
            detail.show(history, number)
    except OptionError as error:  # no entry of that number
        st.title("History")
        st.warning(escape(error.message))
        listing.link()
    except HistoryError as error:
        st.title("History")
        st.error(f"**{escape(error.message)}**", icon=":material/error:")
        st.markdown(f"**What to do:** {escape(error.hint)}")


def named() -> int | None:
    """The entry in the page's address."""
    text = st.query_params.get("entry", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
