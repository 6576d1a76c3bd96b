"""``nb2image build``: a context folder becomes an image."""

from __future__ import annotations

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def build(
    folder: o.Folder,
    tag: o.Tag = "",
    no_cache: o.NoCache = False,
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Build the image of a folder that convert wrote, edited by hand or not."""
    from nb2image import console, pipeline
    from nb2image.remember import remember
    from nb2image.services import Services

    services = Services()
    with (
        face(quiet=quiet, json=json) as emit,
        remember("build", emit, services, keep=not no_history) as memory,
    ):
        image = pipeline.build(folder, services, memory.emit, tag=tag, no_cache=no_cache)
        memory.done(image, context=folder)
    console.show_image(image, as_json=json)
