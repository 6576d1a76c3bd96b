"""Chooses the Python of the image, and says why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nb2image.errors import OptionError
from nb2image.model import Notebook
from nb2image.options import Options

DEFAULT = "3.11"
MINOR = re.compile(r"^(3\.\d{1,2})(\.|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonChoice:
    """A Python and the evidence for it."""

    version: str
    """``3.11``."""
    reason: str


def choose_python(notebook: Notebook, options: Options) -> PythonChoice:
    """The Python that the evidence asks for. Raises OptionError for an invalid ``--python``."""
    if options.python:
        asked = MINOR.match(options.python)
        if asked is None:
            raise OptionError(
                f"not a Python version: {options.python!r}",
                code="python-invalid",
                hint="write it as 3.11",
            )
        return PythonChoice(version=asked[1], reason="asked for")
    if found := MINOR.match(notebook.python_version):
        return PythonChoice(version=found[1], reason="the notebook's metadata")
    return PythonChoice(version=DEFAULT, reason="the notebook does not say")
