"""Images without an engine: layers put together directly from wheels, packages and files."""
