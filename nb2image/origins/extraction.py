"""Makes a context again of what an image holds."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from nb2image.events import Emit, Noticed
from nb2image.image.contract import WHEELS
from nb2image.model import BuildPlan, Finding, LockedPackage
from nb2image.network import read_network
from nb2image.origins.contents import image_contents
from nb2image.origins.repack import repack
from nb2image.project.context import check_destination, write_context
from nb2image.requirements.index.vendored import find_vendored
from nb2image.services import Services


def extract(
    image: str, destination: Path, services: Services, emit: Emit, *, force: bool = False
) -> Path:
    """Write the context that an image was built of: Dockerfile, script, notebook, lock, plan.

    Nothing of the image is run. A script that was edited in the context comes out as it is in the
    image, and a wheel that came along is packed again where this host has it no more. Raises
    EngineError, PlanError when nb2image did not make the image or its files are not those of its
    plan, and OptionError when the folder is not empty.
    """
    from nb2image.pipeline import stage

    check_destination(destination, force=force)
    with (
        stage(emit, "render") as say,
        image_contents(image, services.environ) as contents,
        tempfile.TemporaryDirectory(prefix="nb2image-") as made,
    ):
        plan = contents.plan
        wheels = find_vendored(plan.requirements.locked, read_network(services.environ))
        for package in plan.requirements.locked:
            if not package.vendored or package.vendored in wheels:
                continue
            packed = repack(package, plan.requirements.python, contents.fetch, Path(made))
            if packed is not None:
                wheels[package.vendored] = packed
                plan = with_wheel(plan, package, packed)
            emit(Noticed(stage="render", finding=lost(package) if packed is None else new(package)))
        folder = write_context(plan, contents.project, destination, force=force, wheels=wheels)
        script = folder / "app" / contents.plan.workdir / contents.plan.script.name
        if contents.script != contents.plan.script.text:
            script.write_text(contents.script, encoding="utf-8")
        say(str(destination))
    return destination


def with_wheel(plan: BuildPlan, package: LockedPackage, wheel: Path) -> BuildPlan:
    """The plan with the hash and size of a wheel that was packed again."""
    with wheel.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    packed = replace(package, hashes=(digest,), size=wheel.stat().st_size)
    found = plan.requirements
    text = found.text
    for former in package.hashes:
        text = text.replace(former, digest)
    locked = tuple(packed if p == package else p for p in found.locked)
    return replace(plan, requirements=replace(found, locked=locked, text=text))


def new(package: LockedPackage) -> Finding:
    """The note for a wheel that was packed again."""
    return Finding(
        severity="note",
        code="wheel-repacked",
        message=f"{package.vendored} is on no index: it is packed again of what the image has "
        "installed of it, and its hash in the lock is a new one",
    )


def lost(package: LockedPackage) -> Finding:
    """The warning for a file that was in the first context and is neither in the image nor here."""
    return Finding(
        severity="warning",
        code="wheel-missing",
        message=f"{package.vendored} is on no index and not in pip's folders of this host",
        hint=f"put it into the context's {WHEELS}/ before building",
    )
