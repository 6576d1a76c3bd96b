"""The dashboard: what the pipeline knows, in a browser. It computes nothing of its own."""
