"""Puts the verdict into the labels of the image that it is about."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from nb2image.errors import EngineError
from nb2image.image import quote
from nb2image.model import Verdict
from nb2image.summary import share_line

DIGEST = "io.nb2image.verdict.digest"
SUMMARY = "io.nb2image.verdict"


def verdict_digest(verdict: Verdict) -> str:
    """``sha256:…`` of the verdict as it stands in report.json, in canonical form."""
    data = msgspec.json.encode(verdict, order="deterministic")
    return "sha256:" + hashlib.sha256(data).hexdigest()


def stamp_image(image: str, verdict: Verdict, environ: Mapping[str, str]) -> str:
    """Give the image's name to a copy with the verdict's labels; its id.

    No layer changes: the copy has the same files. Raises EngineError.
    """
    from docker.errors import APIError

    from nb2image.engine import connect

    labels = {DIGEST: verdict_digest(verdict), SUMMARY: share_line(verdict)}
    changes = [
        f"LABEL {quote.label_name(name)}={quote.word(value)}" for name, value in labels.items()
    ]
    repository, tag = parted(image)
    with contextlib.closing(connect(environ)) as engine:
        api: Any = engine.api
        try:
            container = api.create_container(image, network_disabled=True)["Id"]
            try:
                made = api.commit(container, repository, tag, changes="\n".join(changes))
            finally:
                api.remove_container(container, v=True, force=True)
        except APIError as error:
            raise EngineError(
                f"{image} cannot be stamped: {error.explanation or error}", code="stamp-failed"
            ) from error
        return str(made["Id"])


def parted(image: str) -> tuple[str, str]:
    """The name and the tag of a reference. Raises PlanError when it names no tag to be moved."""
    name = quote.tag(image)
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (str(name), "latest")
