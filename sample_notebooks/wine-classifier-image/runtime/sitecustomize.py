"""Python runs this at its start: it lies in /opt/nb2image, which is on PYTHONPATH.

It makes a run tell of the notebook's cells (nb2image_runtime.py), then hands over to the
sitecustomize that the image would have without it. Works on Python 3.6 and later.
"""

import os
import sys

try:
    import nb2image_runtime

    nb2image_runtime.start()
except Exception as error:  # a run must never fail for want of a nicer message
    sys.stderr.write("nb2image: no notebook cells in tracebacks: %r\n" % (error,))


def hand_over():
    """Import the next sitecustomize on the path, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    before = list(sys.path)
    this = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [entry for entry in before if os.path.abspath(entry or ".") != here]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if this is not None:
            sys.modules["sitecustomize"] = this
    finally:
        sys.path[:] = before


hand_over()
