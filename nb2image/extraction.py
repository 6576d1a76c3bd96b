"""Makes a context again of what an image holds."""

from __future__ import annotations

from pathlib import Path

from nb2image.contents import image_contents
from nb2image.context import check_destination, write_context
from nb2image.events import Emit
from nb2image.services import Services


def extract(
    image: str, destination: Path, services: Services, emit: Emit, *, force: bool = False
) -> Path:
    """Write the context that an image was built of: Dockerfile, script, notebook, lock, plan.

    Nothing of the image is run. A script that was edited in the context comes out as it is in the
    image. Raises EngineError, PlanError when nb2image did not make the image or its files are not
    those of its plan, and OptionError when the folder is not empty.
    """
    from nb2image.pipeline import stage

    check_destination(destination, force=force)
    with stage(emit, "render") as say, image_contents(image, services.environ) as contents:
        folder = write_context(contents.plan, contents.project, destination, force=force)
        script = folder / "app" / contents.plan.workdir / contents.plan.script.name
        if contents.script != contents.plan.script.text:
            script.write_text(contents.script, encoding="utf-8")
        say(str(destination))
    return destination
