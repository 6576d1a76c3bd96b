"""The Build page without a browser."""
