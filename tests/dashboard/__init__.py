"""Pages without a browser: Streamlit's own AppTest; no engine, no network."""
