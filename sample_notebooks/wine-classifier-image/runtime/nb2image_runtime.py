"""What a run needs to tell of the notebook's cells: the map, and the hooks that use it.

map.json, beside this file, says which lines of the script come from which cell:

    {"script": "train.py", "notebook": "analysis.ipynb",
     "cells": [{"cell": 3, "first": 12, "last": 15}, ...],
     "lines": [null, [3, 1], [3, 2], [5, 1, "other.ipynb"], ...]}

``lines`` has one entry for each line of the script: null for a line that no cell holds, else the
cell's number (null in a file without cells), the line in it and, for what another file holds,
that file. Works on Python 3.6 and later, imports only what is loaded anyway until it is needed.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
_map = {}
watch = None
"""Called as watch(value, show, **options) instead of show(value, **options), where something
wants to know what ``display`` shows."""


def start():
    """Install the hooks."""
    sys.excepthook = show_error
    sys.displayhook = show_value
    sys.meta_path.insert(0, AfterImport())


def the_map():
    """The content of map.json; empty when it cannot be read."""
    if not _map:
        import json

        _map.update({"script": "", "notebook": "the notebook", "cells": [], "lines": []})
        try:
            with open(os.path.join(HERE, "map.json"), encoding="utf-8") as file:
                _map.update(json.load(file))
        except (OSError, ValueError):
            pass
    return _map


def is_script(code):
    """Whether a code object was compiled from the script."""
    return os.path.basename(code.co_filename) == the_map()["script"]


def place_of(line):
    """(cell, line, file) of a line of the script, or None."""
    lines = the_map()["lines"]
    found = lines[line - 1] if 0 < line <= len(lines) else None
    return None if found is None else (found[0], found[1], found[2] if len(found) > 2 else None)


def current_cell():
    """The number of the cell that the main module is at now, or None.

    Only the script's own module says where a run is; a thread other than the main one is not
    asked, since cells run in the main thread.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    if frame.f_globals.get("__name__") != "__main__" or not is_script(frame.f_code):
        return None
    return cell_of(frame.f_lineno)


def cell_of(line):
    """The number of the cell whose part of the script holds a line, or None."""
    for cell in the_map()["cells"]:
        if cell["first"] <= line <= cell["last"]:
            return cell["cell"]
    return None


def in_words(place):
    """``cell 3, line 2`` of the notebook or of another file."""
    cell, line, file = place
    text = "line %d" % line if cell is None else "cell %d, line %d" % (cell, line)
    return "%s of %s" % (text, file or the_map()["notebook"])


def show_error(kind, error, trace):
    """The exception hook: name the notebook's cell and line, then show the usual traceback."""
    try:
        sys.stderr.write(story(trace))
    except Exception:
        pass
    sys.__excepthook__(kind, error, trace)


def story(trace):
    """The places of the notebook that a traceback passes, innermost first; may be empty."""
    places = []
    while trace is not None:
        if is_script(trace.tb_frame.f_code):
            place = place_of(trace.tb_lineno)
            if place is not None:
                places.append((place, trace.tb_lineno, trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    if not places:
        return ""
    import linecache

    place, line, file = places[-1]
    text = "Error in %s:\n    %s\n" % (in_words(place), linecache.getline(file, line).strip())
    shown = 1
    for place, _, _ in reversed(places[:-1]):
        if shown == 5:
            text += "  called from %d more places\n" % (len(places) - shown)
            break
        text += "  called from %s\n" % in_words(place)
        shown += 1
    return text + "\n"


def show_value(value):
    """The display hook: as Python's own, but a figure of a plotting library becomes a file."""
    if value is not None:
        saved = save_shown(value)
        if saved:
            import builtins

            builtins._ = value
            print(saved)
            return
    sys.__displayhook__(value)


def save_shown(value):
    """Save a figure that was shown and say where; empty for any other value."""
    if type(value).__module__.partition(".")[0] not in ("plotly", "bokeh", "altair", "matplotlib"):
        return ""
    try:
        import nb2image_shown

        return nb2image_shown.save(value)
    except Exception as error:
        sys.stderr.write("nb2image: a figure could not be saved: %r\n" % (error,))
        return ""


class AfterImport:
    """Adapts a plotting library when the script imports it; other imports pass untouched."""

    watched = (
        "IPython.core.display",
        "IPython.core.display_functions",
        "altair",
        "bokeh.io.output",
        "bokeh.io.showing",
        "pandas",
        "plotly.io._renderers",
        "plotly.offline.offline",
    )

    def find_spec(self, name, path=None, target=None):
        """Let the other finders find a watched module, and adapt it once it is loaded."""
        if name not in self.watched:
            return None
        for finder in list(sys.meta_path):
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self.adapt_after_loading(spec)
                return spec
        return None

    @staticmethod
    def adapt_after_loading(spec):
        """Make the loader call nb2image_shown once the module is there."""
        load = getattr(spec.loader, "exec_module", None)
        if load is None:
            return

        def load_and_adapt(module):
            load(module)
            try:
                import nb2image_shown

                nb2image_shown.adapt(module)
            except Exception as error:
                sys.stderr.write("nb2image: %s is used as it is: %r\n" % (spec.name, error))

        try:
            spec.loader.exec_module = load_and_adapt
        except AttributeError:  # a loader that allows no such change: the library stays as it is
            pass
