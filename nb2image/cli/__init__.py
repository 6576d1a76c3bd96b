"""The command line: parses, calls the pipeline, hands results to the console.

Each command is one file here; heavy imports stand inside the functions so that ``--help`` is
instant.
"""

from nb2image.cli.app import main

__all__ = ["main"]
