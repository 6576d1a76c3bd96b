"""The pages and the parameters of their addresses: what a link to a page can say."""

from __future__ import annotations

from nb2image.jobs.job import is_id

BUILD = "app_pages/build.py"
"""``?notebook=PATH`` opens a notebook below the start folder; ``?job=ID`` fills the form as it
was for that job; ``&fix=1`` adds what its failure suggests."""
WATCH = "app_pages/watch.py"
"""``?job=ID``: the job to watch; without it, the list of all."""
COMPARE = "app_pages/compare.py"
"""``?image=REFERENCE``, repeated: the images to compare, the first is the baseline;
``?notebook=PATH``: the notebook whose variants to compare; ``?job=ID``: a comparison."""
HISTORY = "app_pages/history.py"
"""``?entry=NUMBER``: the entry to open."""


def job_in(value: str | None) -> str | None:
    """A job's id from an address, or None when there is none that could be one."""
    return value if value and is_id(value) else None
