"""Makes train.py out of a notebook."""

from __future__ import annotations

from collections.abc import Callable

from nb2image.model import Notebook, Script
from nb2image.options import Options


def make_script(
    notebook: Notebook, options: Options, *, workdir: str, read: Callable[[str], bytes | None]
) -> Script:
    """The notebook as a script.

    ``workdir`` is the notebook's folder and ``read`` reads a file, both project-relative.
    Raises NotebookError with every cell that cannot be converted faithfully.
    """
    raise NotImplementedError
