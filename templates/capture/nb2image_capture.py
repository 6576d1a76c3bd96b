"""Tells the run that is compared which cell prints what. It lies in no image.

Records are lines of JSON behind a separator and a secret word, in the streams themselves, so
that what subprocesses print stands between them in its place:

    \\x1e<word> {"cell": 3, "at": 1.25, ...}     on stdout and stderr
    \\x1e<word> {"value": {"text": ...}}         what follows is the value's own text ...
    \\x1e<word> {"shown": true}                  ... up to here
    \\x1e<word> {"error": {"name": ..., ...}}
    \\x1e<word> {"end": true, "at": 9.5, ...}

Works on Python 3.6 and later. Nothing here may make a run fail.
"""

import os
import sys
import time

MAX_TEXT = 1000000
MAX_HTML = 2000000

_state = {"word": os.environ.pop("NB2IMAGE_CAPTURE", ""), "process": os.getpid(), "depth": 0}
_streams = ()


def start():
    """Keep the streams as they are now and put the hooks in, in the script's first process."""
    global _streams
    if _state["word"]:
        _streams = (os.dup(1), os.dup(2))
        _state["begun"] = time.time()
        sys.displayhook = showing(sys.displayhook)
        watch_displayhook()
        sys.excepthook = telling(sys.excepthook)
        try:
            import nb2image_runtime

            nb2image_runtime.watch = shown
        except Exception:
            pass


def tell(record, both=False):
    """Write a record to stdout, or to both streams."""
    if not _streams or os.getpid() != _state["process"]:
        return
    import json

    try:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        data = ("\x1e%s %s\n" % (_state["word"], json.dumps(record))).encode()
        for number in _streams if both else _streams[:1]:
            rest = data
            while rest:
                rest = rest[os.write(number, rest) :]
    except Exception:
        pass


def cell(number):
    """A cell begins."""
    tell({"cell": number, "at": elapsed(), "memory": memory()}, both=True)


def end():
    """The last cell has come to its end."""
    tell({"end": True, "at": elapsed(), "memory": memory()}, both=True)


def elapsed():
    """Seconds since the run began."""
    return round(time.time() - _state.get("begun", 0), 6)


def memory():
    """The most memory that this process or one of its children has used so far, in bytes."""
    try:
        import resource

        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        return max(resource.getrusage(one).ru_maxrss for one in who) * 1024
    except Exception:
        return 0


def shown(value, show, *args, **kwargs):
    """Show a value as ``show`` does, between records that tell of it."""
    if _state["depth"] or os.getpid() != _state["process"]:
        return show(value, *args, **kwargs)
    tell({"value": described(value)})
    _state["depth"] += 1
    try:
        return show(value, *args, **kwargs)
    finally:
        _state["depth"] -= 1
        tell({"shown": True})


def showing(hook):
    """A display hook that tells of what it shows."""

    def displayhook(value):
        if value is not None:
            shown(value, hook)

    displayhook.tells = True
    return displayhook


def watch_displayhook():
    """Go on telling of values when a library puts a display hook of its own in, as sympy does."""
    import types

    class Watched(types.ModuleType):
        def __setattr__(self, name, value):
            if name == "displayhook" and isinstance(value, types.FunctionType):
                value = printing(value)
            super().__setattr__(name, value)

    sys.__class__ = Watched


def printing(hook):
    """A library's display hook that tells of what it shows.

    What it prints is the text of the library's own values; a notebook shows others as ever.
    """
    import contextlib
    import io

    if getattr(hook, "tells", False):
        return hook
    library = str(hook.__module__).partition(".")[0]

    def displayhook(value):
        if value is None or _state["depth"] or os.getpid() != _state["process"]:
            return hook(value)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            hook(value)
        record = described(value)
        if record["type"].partition(".")[0] == library:
            record["text"] = printed.getvalue()[:MAX_TEXT].rstrip("\n")
        tell({"value": record})
        sys.stdout.write(printed.getvalue())
        tell({"shown": True})

    displayhook.tells = True
    return displayhook


def telling(hook):
    """An exception hook that tells of the exception first."""

    def excepthook(kind, error, trace):
        line = None
        import __main__

        script = getattr(__main__, "__file__", None)
        walked = trace
        while walked is not None:
            if walked.tb_frame.f_code.co_filename == script:
                line = walked.tb_lineno
            walked = walked.tb_next
        record = {"name": kind.__name__, "value": "", "line": line}
        try:
            record["value"] = str(error)[:4000]
            if isinstance(error, ImportError) and error.name:
                record["module"] = str(error.name)[:200]
        except Exception:
            pass
        tell({"error": record}, both=True)
        hook(kind, error, trace)

    return excepthook


def described(value):
    """The texts that a notebook would keep of a value."""
    kind = type(value)
    record = {"type": "%s.%s" % (kind.__module__, kind.__name__), "text": text_of(value)}
    for name, method in (("html", "_repr_html_"), ("latex", "_repr_latex_")):
        try:
            made = getattr(kind, method)(value) if hasattr(kind, method) else None
        except Exception:
            made = None
        if isinstance(made, tuple) and made:
            made = made[0]
        if isinstance(made, str) and len(made) <= MAX_HTML:
            record[name] = made
    return record


def text_of(value):
    """The plain text of a value: IPython's where it is loaded anyway."""
    pretty = sys.modules.get("IPython.lib.pretty")
    try:
        text = pretty.pretty(value) if pretty is not None else repr(value)
    except Exception as error:
        text = "<%s: %r>" % (type(value).__name__, error)
    return text[:MAX_TEXT]


start()
