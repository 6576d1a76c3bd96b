"""The matplotlib backend of the image: MPLBACKEND=module://nb2image_figures.

It does what Jupyter's inline backend does, with files in the place of pictures: ``plt.show()``
saves every figure that is alive and closes it, and so does the end of a cell. A cell's end is
noticed when pyplot is next used from another cell, and at the end of the run; on Python 3.12 and
later at once, by the interpreter's line events for the script's own module.
Works on Python 3.6 and later, and on matplotlib 2.2 and later.
"""

import atexit
import os
import sys

import nb2image_outputs
import nb2image_runtime
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_state = {"cell": None, "process": os.getpid(), "saving": False}


class FigureCanvas(FigureCanvasAgg):
    """A canvas that never waits for a person."""

    def start_event_loop(self, timeout=0):
        """Wait at most ``timeout`` seconds; for ever means not at all."""
        if timeout and timeout > 0:
            import time

            time.sleep(timeout)


FigureManager = FigureManagerBase
FigureCanvas.manager_class = FigureManagerBase


def new_figure_manager(num, *args, FigureClass=Figure, **kwargs):
    """What pyplot calls for a new figure."""
    return new_figure_manager_given_figure(num, FigureClass(*args, **kwargs))


def new_figure_manager_given_figure(num, figure):
    """A manager, which pyplot registers, for a figure."""
    figure.stale_callback = notice_change
    pyplot = sys.modules.get("matplotlib.pyplot")
    if hasattr(pyplot, "_auto_draw_if_interactive"):  # what pyplot then makes the callback
        pyplot._auto_draw_if_interactive = notice_change
    return FigureManager(FigureCanvas(figure), num)


def notice_change(figure, stale):
    """What matplotlib calls when something on a figure changed.

    A figure that another cell draws upon without pyplot is saved now. Before Python 3.12 this is
    the first that is seen of that cell, so its first change is on the picture too.
    """
    if stale:
        end_cell()


def draw_if_interactive():
    """Nothing is drawn before it is saved."""


def show(*args, **kwargs):
    """``plt.show()``: save every figure that is alive, and close it."""
    save_all(nb2image_runtime.current_cell())


def save_all(cell):
    """Save and close every figure that is alive, in the order in which they were made."""
    if _state["saving"] or os.getpid() != _state["process"]:
        return  # a forked worker inherits figures that are not its own
    _state["saving"] = True
    try:
        for manager in sorted(get_all(), key=lambda manager: manager.num):
            save(manager.canvas.figure, cell)
        destroy_all()
    finally:
        _state["saving"] = False


def save(figure, cell=None):
    """Save one figure unless nothing is on it; the path, or None."""
    if not (figure.axes or figure.lines or figure.images or figure.texts or figure.patches):
        return None
    path = nb2image_outputs.figure_path(".png", cell)
    if path is None:
        return None
    try:
        figure.savefig(path, format="png", bbox_inches="tight")
    except Exception as error:  # as in the notebook, a figure that cannot be drawn is only told of
        sys.stderr.write("nb2image: a figure of cell %s cannot be drawn: %r\n" % (cell, error))
        return None
    return path


def end_cell():
    """Save what earlier cells left alive, when the run is in another cell by now."""
    now = nb2image_runtime.current_cell()
    if now is None or now == _state["cell"]:
        return
    before, _state["cell"] = _state["cell"], now
    if before is not None:
        save_all(before)


def noticing(method):
    """A method of pyplot's registry that first notices the end of a cell."""

    def noticed(cls, *args, **kwargs):
        end_cell()
        return method(*args, **kwargs)

    return classmethod(noticed)


get_all, destroy_all = Gcf.get_all_fig_managers, Gcf.destroy_all


def watch_registry():
    """Notice the end of a cell whenever pyplot asks its registry of figures."""
    for name in (
        "destroy",
        "destroy_all",
        "destroy_fig",
        "get_active",
        "get_all_fig_managers",
        "get_fig_manager",
        "get_num_fig_managers",
        "has_fignum",
        "set_active",
        "set_new_active_manager",
        "_set_new_active_manager",
    ):
        method = getattr(Gcf, name, None)
        if method is not None:
            setattr(Gcf, name, noticing(method))


def watch_lines():
    """On Python 3.12 and later, notice a cell's end as soon as the script's next cell begins."""
    monitoring = getattr(sys, "monitoring", None)
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    module = frame.f_code
    if monitoring is None or not nb2image_runtime.is_script(module):
        return
    tools = [i for i in (4, 3) if monitoring.get_tool(i) is None]
    if not tools:
        return
    monitoring.use_tool_id(tools[0], "nb2image figures")

    def at_line(code, line):
        if nb2image_runtime.cell_of(line) != _state["cell"]:
            end_cell()
        return monitoring.DISABLE  # a line of the script's own module is run by one cell only

    monitoring.register_callback(tools[0], monitoring.events.LINE, at_line)
    monitoring.set_local_events(tools[0], module, monitoring.events.LINE)


_state["cell"] = nb2image_runtime.current_cell()
watch_registry()
watch_lines()
atexit.register(lambda: save_all(_state["cell"]))
