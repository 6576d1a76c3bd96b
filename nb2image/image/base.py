"""The base images that exist for each Python."""

from __future__ import annotations

from nb2image.model import BaseImage


def base_for(python: str, named: str = "") -> BaseImage:
    """The base image for a Python (``3.11``); ``named`` is the user's own choice.

    Raises PlanError when there is none, OptionError when ``named`` is no image reference.
    """
    raise NotImplementedError
