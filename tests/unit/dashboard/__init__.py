"""The parts of the dashboard that need no streamlit."""
