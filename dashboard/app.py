"""The router: which pages there are. Streamlit runs this file for every visitor and rerun."""

import streamlit as st

from dashboard import links, theme

st.set_page_config(page_title="nb2image", page_icon="📦", layout="wide")
page = st.navigation(
    [
        st.Page(links.BUILD, title="Build", icon="🛠️", default=True),
        st.Page(links.WATCH, title="Watch", icon="👀"),
        st.Page(links.COMPARE, title="Compare", icon="📊"),
        st.Page(links.HISTORY, title="History", icon="🕑"),
    ],
    position="top",
)
theme.apply()
page.run()
