"""Worker processes: what makes them work in a script as they did in the notebook."""

from __future__ import annotations

from collections.abc import Collection

PROCESSES = {"Pool", "Process", "ProcessPoolExecutor", "num_workers"}
OTHER_STARTS = {"spawn", "forkserver"}
SPAWNING = {"dask", "distributed"}
"""Packages whose worker processes are spawned whatever the notebook says: Dask's
``distributed.worker.multiprocessing-method`` and its scheduler of processes."""


def start(words: Collection[str], modules: Collection[str]) -> str:
    """The lines for the script's head; empty when no cell uses worker processes.

    ``words`` are the names, keywords and short texts of the code, ``modules`` what it imports.
    Linux forked a notebook's workers, so that they knew what its cells had defined; Python 3.14
    no longer does so by itself. Workers that are started in another way load the main module
    again, which in a notebook is empty: so it must be in the script.
    """
    used = PROCESSES.intersection(words)
    others = OTHER_STARTS.intersection(words)
    lines = []
    if used and not others and "set_start_method" not in words:
        lines += [
            "import multiprocessing\n",
            "# as in a notebook: worker processes know what the cells define",
            'multiprocessing.set_start_method("fork")',
        ]
    if (used and others) or any(m.partition(".")[0] in SPAWNING for m in modules):
        lines += ["del __file__  # as in a notebook: worker processes do not run the script again"]
    return "\n".join(lines)
