"""Where a run's figures go. Works on Python 3.6 and later."""

import os
import sys

import nb2image_runtime

_state = {"folder": None, "count": 0}


def figure_path(suffix, cell=None):
    """The path for the next figure, ``figures/NNN-cellK`` and the suffix; None without a place."""
    folder = figures_folder()
    if folder is None:
        return None
    _state["count"] += 1
    if cell is None:
        cell = nb2image_runtime.current_cell()
    name = "%03d-cell%s%s" % (_state["count"], cell or 0, suffix)
    return os.path.join(folder, name)


def figures_folder():
    """The folder for figures, made when it is first needed.

    Below /outputs; where that cannot be written (the script runs outside of its image), below
    ./outputs; where that cannot be either, nowhere, which is said once.
    """
    if _state["folder"] is None:
        _state["folder"] = ""
        outputs = os.environ.get("NB2IMAGE_OUTPUTS", "/outputs")
        for root in (outputs, os.path.join(os.getcwd(), "outputs")):
            folder = os.path.join(root, "figures")
            try:
                if not os.path.isdir(folder):
                    os.makedirs(folder)
            except OSError:
                continue
            if os.access(folder, os.W_OK):
                _state["folder"] = folder
                break
        else:
            sys.stderr.write("nb2image: no folder for figures can be written: they are lost\n")
    return _state["folder"] or None
