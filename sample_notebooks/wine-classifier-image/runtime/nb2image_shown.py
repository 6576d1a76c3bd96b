"""Figures of plotly, bokeh and altair: what the notebook would show in a browser becomes a file.

Also sets pandas up to print tables as wide as in a notebook. Works on Python 3.6 and later.
"""

import functools
import sys

import nb2image_outputs


def save(value):
    """Save a figure as a file and say so in words; empty when ``value`` is no such figure."""
    library = type(value).__module__.partition(".")[0]
    if library == "matplotlib":
        return save_matplotlib(value)
    writer = {"plotly": write_plotly, "bokeh": write_bokeh, "altair": write_altair}[library]
    if not can_be_written(library, value):
        return ""
    path = nb2image_outputs.figure_path(".html")
    if path is None:
        return ""
    writer(value, path)
    return "<%s figure in %s>" % (library, path)


def can_be_written(library, value):
    """Whether a value of a library is a figure of its own."""
    if library == "bokeh":
        from bokeh.models import LayoutDOM

        return isinstance(value, LayoutDOM)
    return hasattr(value, "write_html" if library == "plotly" else "to_html")


def save_matplotlib(value):
    """Save a matplotlib figure that is a cell's value; its text is what the notebook has too."""
    from matplotlib.figure import Figure

    if not isinstance(value, Figure):
        return ""
    import nb2image_figures
    import nb2image_runtime

    nb2image_figures.end_cell()
    nb2image_figures.save(value, nb2image_runtime.current_cell())
    return repr(value)


def write_plotly(figure, path):
    """The figure with plotly's JavaScript in one file beside all figures."""
    figure.write_html(path, include_plotlyjs="directory", auto_open=False)


def write_bokeh(figure, path):
    """The figure with bokeh's JavaScript in it."""
    from bokeh.embed import file_html
    from bokeh.resources import INLINE

    with open(path, "w", encoding="utf-8") as file:
        file.write(file_html(figure, INLINE, "figure"))


def write_altair(chart, path):
    """The chart as altair writes it."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(chart.to_html())


def show(value):
    """Save a figure and print where it is; whatever goes wrong, the run goes on."""
    try:
        text = save(value)
    except Exception as error:
        sys.stderr.write("nb2image: a figure could not be saved: %r\n" % (error,))
        return
    if text:
        print(text)


def adapt(module):
    """Adapt a library that was just imported."""
    name = module.__name__
    if name == "pandas":
        module.set_option("display.max_columns", 20)  # as in a notebook, not as in a terminal
    elif name == "altair":
        for kind in module.Chart.__mro__:
            if "show" in vars(kind):
                kind.show = lambda self, *args, **kwargs: show(self)
    elif name == "plotly.io._renderers":
        module.show = lambda fig, *args, **kwargs: show(as_plotly(fig))
    elif name == "plotly.offline.offline":
        module.iplot = lambda fig, *args, **kwargs: show(as_plotly(fig))
        module.init_notebook_mode = lambda *args, **kwargs: None
    elif name == "bokeh.io.showing":
        module.show = show_bokeh
    elif name == "bokeh.io.output":
        module.output_notebook = lambda *args, **kwargs: None
    elif hasattr(module, "display"):
        module.display = displaying(module.display)


def as_plotly(figure):
    """A figure of plotly from what its functions take: a figure or a mapping."""
    if hasattr(figure, "write_html"):
        return figure
    import plotly.graph_objs

    return plotly.graph_objs.Figure(figure)


def show_bokeh(figure, *args, **kwargs):
    """``bokeh.io.show``: where the notebook named a file, that file is written too."""
    from bokeh.io.state import curstate

    if curstate().file:
        from bokeh.io import save as save_file

        save_file(figure)
    show(figure)


def displaying(display):
    """IPython's ``display``, with figures saved."""
    import nb2image_runtime

    def show_one(value, **options):
        text = nb2image_runtime.save_shown(value)
        if not text:
            return display(value, **options)
        print(text)
        return None

    @functools.wraps(display)
    def display_or_save(*values, **options):
        watch = nb2image_runtime.watch
        result = None if values else display(**options)
        for value in values:
            if watch is None:
                result = show_one(value, **options)
            else:
                result = watch(value, show_one, **options)
        return result

    return display_or_save
