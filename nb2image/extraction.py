"""Makes a context again of what an image holds."""

from __future__ import annotations

from pathlib import Path

from nb2image.contents import image_contents
from nb2image.context import check_destination, write_context
from nb2image.events import Emit, Noticed
from nb2image.image.contract import WHEELS
from nb2image.model import Finding, LockedPackage
from nb2image.network import read_network
from nb2image.requirements.vendored import find_vendored
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
        locked = contents.plan.requirements.locked
        wheels = find_vendored(locked, read_network(services.environ))
        folder = write_context(
            contents.plan, contents.project, destination, force=force, wheels=wheels
        )
        for package in locked:
            if package.vendored and package.vendored not in wheels:
                emit(Noticed(stage="render", finding=lost(package)))
        script = folder / "app" / contents.plan.workdir / contents.plan.script.name
        if contents.script != contents.plan.script.text:
            script.write_text(contents.script, encoding="utf-8")
        say(str(destination))
    return destination


def lost(package: LockedPackage) -> Finding:
    """The warning for a file that was in the first context and is neither in the image nor here."""
    return Finding(
        severity="warning",
        code="wheel-missing",
        message=f"{package.vendored} is on no index and not in pip's folders of this host",
        hint=f"put it into the context's {WHEELS}/ before building",
    )
