"""Writes a build context to disk and reads its plan back.

A context is written beside its place and then moved there, so that an error or Ctrl-C leaves
what was there before. A list of what was written (``.nb2image-files``, the format of sha256sum)
tells later which files are ours: nothing else is ever deleted or overwritten.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import msgspec

from nb2image.errors import Nb2ImageError, OptionError, PlanError
from nb2image.image.contract import MANIFEST, WHEELS
from nb2image.image.quote import printable, project_path
from nb2image.image.validate import validate_plan
from nb2image.model import BuildPlan, LockedPackage, PlannedFile
from nb2image.model.plan import decode
from nb2image.project.root import Project

EDITED = ".edited"
"""Where ``force`` keeps generated files that the user had changed."""
NO_WHEELS: Mapping[str, Path] = MappingProxyType({})
MAX_PLAN_BYTES = 256 * 1000 * 1000


def write_context(
    plan: BuildPlan,
    project: Project,
    destination: Path,
    *,
    force: bool,
    wheels: Mapping[str, Path] = NO_WHEELS,
) -> Path:
    """Write the context of ``plan`` to the folder ``destination`` and return it, resolved.

    ``force`` allows a folder that is not empty: files that nb2image wrote there are replaced,
    all others stay; a generated file that was edited is kept in ``.edited``. ``wheels`` says
    where the plan's vendored files lie; one that it lacks is left out.
    Raises OptionError when the folder is not empty or holds a file of the user's where one of
    ours must go, PlanError when a project file changed since the plan was made.
    """
    destination = destination.resolve()
    try:
        occupied = check_destination(destination, force=force)
        parent = destination if occupied else destination.parent
        parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(parent) as temporary:
            new = temporary / "new"
            new.mkdir()
            written = fill(new, plan, project, wheels)
            if occupied:
                swap(destination, new, temporary / "old", written)
            else:
                new.replace(destination)
    except OSError as error:
        raise OptionError(
            f"cannot write the build context to {destination}: {error.strerror or error}",
            code="output-unwritable",
            hint="check the disk's space and the folder's permissions, or name another folder",
        ) from error
    return destination


def check_destination(destination: Path, *, force: bool) -> bool:
    """Whether the folder is occupied.

    Raises OptionError when a context may not be written there; see ``write_context``.
    """
    occupied = destination.is_dir() and any(destination.iterdir())
    if (destination.exists() and not destination.is_dir()) or (occupied and not force):
        raise OptionError(
            f"{destination} is not empty" if occupied else f"{destination} is not a folder",
            code="output-not-empty",
            hint="name a new folder, or add --force to replace what nb2image wrote there",
        )
    return occupied


def read_context(folder: Path) -> BuildPlan:
    """The plan of a context that was written, here or elsewhere; its plan.json is not trusted.

    Raises OptionError when the folder is no context, PlanError when its plan is not valid.
    """
    path = folder / "plan.json"
    try:
        if path.stat().st_size > MAX_PLAN_BYTES:
            raise OptionError(f"{path} is too large for a plan", code="context-invalid")
        plan = decode(path.read_bytes())
    except OSError as error:
        raise OptionError(
            f"{folder} is no build context: cannot read its plan.json ({error.strerror})",
            code="context-missing",
            hint="name a folder that `nb2image convert --output` wrote",
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise PlanError(
            f"{path} is not a plan: {error}",
            code="plan-invalid",
            hint="convert the notebook again",
        ) from error
    validate_plan(plan)
    return plan


def fill(
    folder: Path, plan: BuildPlan, project: Project, wheels: Mapping[str, Path]
) -> dict[str, str]:
    """Write every file of the context below ``folder``; its paths with their sha256."""
    from nb2image.image.render import render  # with its templates: a build only reads

    written = {}
    for path, data in render(plan):
        write_file(folder / path, data)
        written[path] = hashlib.sha256(data).hexdigest()
    for file in plan.files:
        path = context_path(file)
        copy_planned(file, project, folder / path)
        written[path] = file.sha256
    for package in plan.requirements.locked:
        if package.vendored in wheels:
            path = f"{WHEELS}/{package.vendored}"
            copy_wheel(package, wheels[package.vendored], folder / path)
            written[path] = sha256_of(folder / path)
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(written.items()))
    write_file(folder / MANIFEST, lines.encode())
    return written


def context_path(file: PlannedFile) -> str:
    """Where a project file stands in the context: data apart from code, a layer for each."""
    return f"{'app' if file.kind in ('notebook', 'module') else 'data'}/{file.path}"


def copy_planned(file: PlannedFile, project: Project, target: Path) -> None:
    """Copy a planned file. Raises PlanError when its bytes are not those of the plan."""
    source = project.locate(project_path(file.path))
    if source is None or not source.is_file():
        raise changed(file, "is gone")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    if sha256_of(target) != file.sha256:
        raise changed(file, "changed")


def copy_wheel(package: LockedPackage, source: Path, target: Path) -> None:
    """Copy a vendored file. Raises PlanError when it is not the locked one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    if f"sha256:{sha256_of(target)}" not in package.hashes:
        raise PlanError(
            f"{package.vendored} changed since it was locked",
            code="file-changed",
            hint="run the command again",
        )


def changed(file: PlannedFile, what: str) -> PlanError:
    """The error of a project file that is not what it was."""
    return PlanError(
        f"{printable(file.path)} {what} since the plan was made",
        code="file-changed",
        hint="run the command again",
    )


def write_file(path: Path, data: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A folder on the same file system, gone afterwards whatever happens."""
    path = Path(tempfile.mkdtemp(prefix=".nb2image-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def swap(destination: Path, new: Path, old: Path, written: Mapping[str, str]) -> None:
    """Move our former files out to ``old`` and those of ``new`` in, or nothing at all."""
    former = read_manifest(destination)
    wanted = [*written, MANIFEST]
    foreign = [p for p in wanted if p not in former and os.path.lexists(destination / p)]
    foreign += [p for p in wanted if blocked(destination, p)]
    if foreign:
        raise OptionError(
            f"{destination} holds files that nb2image did not write: "
            + ", ".join(printable(path) for path in sorted(foreign)[:5]),
            code="output-foreign",
            hint="move them away, or name another folder",
        )
    done: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        done.append((source, target))  # before it is done: Ctrl-C may come in between
        source.rename(target)

    try:
        for path, digest in former.items():
            place = destination / path
            if blocked(destination, path) or place.is_symlink() or not place.is_file():
                continue
            edited = path != MANIFEST and sha256_of(place) != digest
            move(place, spare(destination / EDITED / path) if edited else old / path)
        for path in wanted:
            move(new / path, destination / path)
    except BaseException:
        for source, target in reversed(done):
            if not os.path.lexists(source):
                target.rename(source)
        remove_empty_folders(
            destination, [target.relative_to(destination).as_posix() for _, target in done]
        )
        raise
    remove_empty_folders(destination, former)


def read_manifest(folder: Path) -> dict[str, str]:
    """Path → sha256 of what nb2image wrote there, itself included; hostile lines are left out."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {MANIFEST: ""}
    for line in lines:
        digest, _, path = line.partition("  ")
        try:
            found[project_path(path)] = digest
        except Nb2ImageError:
            continue
    return found


def blocked(folder: Path, path: str) -> bool:
    """Whether something on the way to ``path`` is no real folder (a link may lead anywhere)."""
    parts = path.split("/")[:-1]
    above = [folder.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    return any(os.path.lexists(p) and (p.is_symlink() or not p.is_dir()) for p in above)


def spare(path: Path) -> Path:
    """``path``, or with a number where that is taken."""
    number = 1
    candidate = path
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}.{number}")
    return candidate


def remove_empty_folders(folder: Path, paths: Iterable[str]) -> None:
    """Remove the folders of files that nothing is left in."""
    parents = {parent for path in paths for parent in Path(path).parents if parent != Path()}
    for parent in sorted(parents, key=lambda p: len(p.parts), reverse=True):
        try:
            (folder / parent).rmdir()
        except OSError:
            continue  # not empty, or not there


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
