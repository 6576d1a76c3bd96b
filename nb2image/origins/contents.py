"""Brings back out of an image what it was made of: plan, script, notebook, project files."""

from __future__ import annotations

import contextlib
import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nb2image.errors import EngineError, PlanError
from nb2image.image.contract import APP, RUNTIME
from nb2image.image.validate import validate_plan
from nb2image.model import BuildPlan
from nb2image.model.plan import decode
from nb2image.project.root import Project
from nb2image.run.outputs import CHUNK, Outputs

if TYPE_CHECKING:
    import docker

MAX_PLAN = 256 * 1000**2
MAX_FILES_SIZE = 2 * 1000**3
HINT = "name an image that nb2image made: nb2image convert NOTEBOOK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an image was made of. It comes from the image, so none of it is trusted."""

    plan: BuildPlan
    """Validated."""
    app: Path
    """A folder with what the image has below /app."""
    fetch: Callable[[str], Path | None] = lambda path: None
    """Brings another file or folder of the image here, by its absolute path; None for nothing."""
    image_id: str = ""

    @property
    def script(self) -> str:
        """The script as it stands in the image: a context may have been edited by hand."""
        return self._text(self.plan.script.name)

    @property
    def notebook(self) -> bytes:
        """The notebook's bytes. Raises PlanError when they are not there."""
        path = self.app / self.plan.notebook
        if not path.is_file() or path.is_symlink():
            raise PlanError(f"the image lacks its notebook {self.plan.notebook!r}", hint=HINT)
        return path.read_bytes()

    @property
    def project(self) -> Project:
        """The files as the project that they were."""
        return Project(root=self.app, notebook=PurePosixPath(self.plan.notebook))

    def _text(self, name: str) -> str:
        path = self.app / self.plan.workdir / name
        if not path.is_file() or path.is_symlink():
            raise PlanError(f"the image lacks its script {name!r}", hint=HINT)
        return path.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def image_contents(image: str, environ: Mapping[str, str]) -> Iterator[Contents]:
    """What an image of the engine was made of, as long as the context is open.

    Nothing of the image is run. Raises EngineError when there is no engine or image, PlanError
    when nb2image did not make it.
    """
    from nb2image.engine import connect

    if Path(image).exists():  # a file of the embedded builder
        from nb2image.run.rootless import file_contents
        from nb2image.services import default_cache

        with file_contents(Path(image), default_cache() / "roots") as (data, app, fetch, image_id):
            plan = decode_plan(data, image)
            yield Contents(plan=plan, app=app, fetch=fetch, image_id=image_id)
        return
    with (
        tempfile.TemporaryDirectory(prefix="nb2image-") as temporary,
        contextlib.closing(connect(environ)) as engine,
        stopped_container(engine, image) as (container, image_id),
    ):
        root = Path(temporary).resolve()
        plan = read_plan(bring(engine, container, f"{RUNTIME}/plan.json", root, MAX_PLAN), image)

        def fetch(path: str) -> Path | None:
            return bring(engine, container, path, root, MAX_FILES_SIZE)

        fetch(APP)
        app = root / APP.lstrip("/")
        yield Contents(plan=plan, app=app, fetch=fetch, image_id=image_id)


@contextlib.contextmanager
def stopped_container(engine: docker.DockerClient, image: str) -> Iterator[tuple[str, str]]:
    """A container of the image that never runs, and the image's id."""
    from docker.errors import APIError, ImageNotFound

    api: Any = engine.api
    try:
        made = api.create_container(image, command=["true"], network_disabled=True)["Id"]
    except ImageNotFound as error:
        raise EngineError(
            f"there is no image {image} in the engine",
            code="image-missing",
            hint="see which there are: docker images; make one: nb2image convert NOTEBOOK",
        ) from error
    except APIError as error:
        raise EngineError(f"{image} cannot be opened: {error.explanation or error}") from error
    try:
        yield made, str(api.inspect_container(made).get("Image", ""))
    finally:
        with contextlib.suppress(APIError, ConnectionError):
            api.remove_container(made, v=True, force=True)


def bring(
    engine: docker.DockerClient, container: str, path: str, root: Path, limit: int
) -> Path | None:
    """Unpack a path of the container below ``root``, where it keeps its full path."""
    from docker.errors import NotFound

    api: Any = engine.api
    try:
        chunks, _ = api.get_archive(container, path, chunk_size=CHUNK)
    except NotFound:
        return None
    above = posixpath.dirname(path).lstrip("/")
    outputs = Outputs(folder=root, owner=None, skipped=lambda name, why: None, max_bytes=limit)
    outputs.take(chunks, lambda member: posixpath.join(above, member))
    outputs.finish()
    return root / path.lstrip("/")


def read_plan(path: Path | None, image: str) -> BuildPlan:
    """The plan that an image carries, validated. Raises PlanError."""
    plain = path is not None and path.is_file() and not path.is_symlink()
    return decode_plan(path.read_bytes() if path and plain else None, image)


def decode_plan(data: bytes | None, image: str) -> BuildPlan:
    """The plan from its bytes, None where there are none; validated. Raises PlanError."""
    if data is None:
        raise PlanError(
            f"{image} holds no plan: nb2image did not make it", code="plan-missing", hint=HINT
        )
    try:
        plan = decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PlanError(
            f"the plan in {image} cannot be read: {error}", code="plan-invalid", hint=HINT
        ) from error
    validate_plan(plan)
    return plan
