"""Imports what it is told and reports each failure as a line of JSON; runs in the image.

    python -c PROGRAM WORD NEEDS

Every report begins with WORD, so that nothing that an import prints can be taken for one. Works
on Python 3.6.
"""

import importlib
import json
import os
import re
import sys
import traceback

WORD, NEEDS = sys.argv[1], json.loads(sys.argv[2])
REPORTS = os.fdopen(os.dup(1), "w")
PLACE = re.compile(r"[\\/](?:site|dist)-packages[\\/]([^\\/.]+)")


def report(**said):
    REPORTS.write("\n" + WORD + json.dumps(said) + "\n")
    REPORTS.flush()


def origin(error):
    """The missing module behind an ImportError that a package raised in its place, else itself."""
    seen = error
    while isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        error = error.__cause__ or error.__context__
    return error if isinstance(error, ModuleNotFoundError) else seen


def failed(number, error, name=""):
    """Report an exception, with the package whose code raised it and the one that called that."""
    error = origin(error)
    frames = traceback.extract_tb(error.__traceback__)
    packages = [m.group(1) for m in (PLACE.search(f.filename) for f in frames) if m]
    callers = [p for p in packages if p != packages[-1]]
    report(
        need=number,
        name=name,
        error=type(error).__name__,
        message=str(error),
        missing=getattr(error, "name", None) if isinstance(error, ImportError) else None,
        importer=packages[-1] if packages else "",
        caller=callers[-1] if callers else "",
    )


for number, need in enumerate(NEEDS):
    report(need=number, begun=True)
    try:
        module = importlib.import_module(need["module"])
    except BaseException as error:
        failed(number, error)
        continue
    for name in need["names"]:
        inside = need["module"] + "." + name
        try:
            if not hasattr(module, name):
                importlib.import_module(inside)
        except BaseException as error:
            # a module of that name that is there fails for a reason of its own
            if isinstance(error, ModuleNotFoundError) and error.name == inside:
                error = ImportError("cannot import name %r from %r" % (name, need["module"]))
            failed(number, error, name)
    report(need=number, done=True)
REPORTS.flush()
# threads that imports have started must not keep the check from ending
os._exit(0)
