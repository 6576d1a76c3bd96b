"""The router: which pages there are. Streamlit runs this file for every visitor and rerun."""

import streamlit as st

from dashboard import links, theme

# a picture of our own: naming an icon here would fetch one from another host
st.set_page_config(page_title="nb2image", page_icon=str(theme.ICON), layout="wide")
page = st.navigation(
    [
        st.Page(links.BUILD, title="Build", icon=":material/build:", default=True),
        st.Page(links.WATCH, title="Watch", icon=":material/visibility:"),
        st.Page(links.COMPARE, title="Compare", icon=":material/bar_chart:"),
        st.Page(links.HISTORY, title="History", icon=":material/history:"),
    ],
    position="top",
)
theme.apply()
page.run()
