"""Worker processes: what makes them work in a script as they did in the notebook."""

from __future__ import annotations

from collections.abc import Collection

PROCESSES = {"Pool", "Process", "ProcessPoolExecutor", "num_workers"}
OTHER_STARTS = {"spawn", "forkserver"}


def start(words: Collection[str]) -> str:
    """The lines for the script's head; empty when no cell uses worker processes.

    ``words`` are the names, keywords and short texts of the code. Linux forked a notebook's
    workers, so that they knew what its cells had defined; Python 3.14 no longer does so by
    itself. Where a cell asks for another way to start them, the workers load the main module
    again, which in a notebook is empty: so it must be in the script.
    """
    if not PROCESSES.intersection(words):
        return ""
    if OTHER_STARTS.intersection(words):
        return "del __file__  # as in a notebook: worker processes do not run the script again"
    if "set_start_method" in words:
        return ""
    return (
        "import multiprocessing\n\n"
        "# as in a notebook: worker processes know what the cells define\n"
        'multiprocessing.set_start_method("fork")'
    )
