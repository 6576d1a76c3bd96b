"""The layers that are the image's own: the user and the environment, the data, the code."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from nb2image.build.embedded.bases.base import Base, BaseFacts
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers.layer import Compression, Layer, LayerWriter
from nb2image.build.embedded.layers.tarhead import Owner
from nb2image.build.embedded.wheels.venv import RECIPE, write_skeleton
from nb2image.errors import BuildError
from nb2image.image import contract
from nb2image.image.quote import printable, project_path
from nb2image.model import BuildPlan
from nb2image.project.context import read_manifest, sha256_of

APP_OWNER = Owner(uid=contract.UID, gid=contract.UID)
Write = Callable[[BinaryIO], Layer]
RUNTIME_FILES = ("requirements.txt", "plan.json")


def setup_layer(cache: BlobCache, base: Base, python: str, compression: Compression) -> Layer:
    """The layer of ``write_setup``, made once for each base."""
    version, facts = base_python(base), base.facts
    key = f"setup/{RECIPE}/{python}/{version}/{compression}/{facts!r}"
    return cache.layer(key, lambda file: write_setup(file, facts, python, version, compression))


def base_python(base: Base) -> str:
    """The full version of the base's Python, where its settings tell (official images do)."""
    for line in base.settings.get("Env") or ():
        name, _, value = str(line).partition("=")
        if name == "PYTHON_VERSION":
            return value
    return ""


def write_setup(
    file: BinaryIO, facts: BaseFacts, python: str, version: str, compression: Compression
) -> Layer:
    """The user app, the folders that are its own, and an empty virtual environment."""
    writer = LayerWriter(file, time=contract.INSTALLED, compression=compression)
    for name, text, line in (
        ("passwd", facts.passwd, contract.PASSWD),
        ("group", facts.group, contract.GROUP),
    ):
        writer.parents(f"etc/{name}")
        before = text if not text or text.endswith("\n") else f"{text}\n"
        writer.file(f"etc/{name}", f"{before}{line}\n".encode())
    writer.folder(contract.APP[1:], owner=APP_OWNER)
    writer.folder(contract.OUTPUTS[1:], mode=0o1777, owner=APP_OWNER)
    write_skeleton(writer, python, facts.interpreter, version)
    return writer.finish("the user app and its virtual environment")


def write_data(file: BinaryIO, context: Path, plan: BuildPlan, compression: Compression) -> Layer:
    """The project's data below /app."""
    writer = LayerWriter(file, time=plan.created, compression=compression)
    add_tree(writer, context / "data", contract.APP[1:], APP_OWNER)
    return writer.finish("the project's data")


def write_code(file: BinaryIO, context: Path, plan: BuildPlan, compression: Compression) -> Layer:
    """What changes with every edit: the script, the notebook, their plan and lock."""
    writer = LayerWriter(file, time=plan.created, compression=compression)
    runtime = contract.RUNTIME[1:]
    for name in RUNTIME_FILES:
        writer.parents(f"{runtime}/{name}")
        writer.file(f"{runtime}/{name}", (context / name).read_bytes())
    add_tree(writer, context / "runtime", runtime, Owner())
    add_tree(writer, context / "app", contract.APP[1:], APP_OWNER)
    return writer.finish("the script and its notebook")


def add_tree(writer: LayerWriter, folder: Path, below: str, owner: Owner) -> None:
    """Every file of a folder, sorted; the folders above them belong to ``owner`` too."""
    for relative in files_below(folder):
        path = folder / relative
        target = f"{below}/{relative}"
        executable = bool(path.stat().st_mode & 0o111)
        writer.parents(target, owner=owner, below=below)
        writer.file(target, path.read_bytes(), mode=0o755 if executable else 0o644, owner=owner)


def files_below(folder: Path) -> Iterator[str]:
    """The regular files of a folder, POSIX, sorted. Raises BuildError for anything else."""
    found = []
    for top, folders, names in os.walk(folder):
        for name in (*names, *(f for f in folders if Path(top, f).is_symlink())):
            path = Path(top, name)
            if not stat.S_ISREG(path.lstat().st_mode):
                raise BuildError(
                    f"{printable(str(path))} is no plain file",
                    code="context-file",
                    hint="the embedded builder takes plain files only; or use --builder docker",
                )
            found.append(project_path(path.relative_to(folder).as_posix()))
    yield from sorted(found)


def refuse_edited_dockerfile(context: Path) -> None:
    """Raise BuildError when the Dockerfile is not the one that was written with the plan.

    The embedded builder builds the plan; what somebody wrote into the Dockerfile would be lost.
    """
    digest = read_manifest(context).get("Dockerfile")
    path = context / "Dockerfile"
    if digest and path.is_file() and sha256_of(path) != digest:
        raise BuildError(
            f"the Dockerfile in {context} was edited, and the embedded builder reads the plan",
            code="embedded-edited",
            hint="build it with Docker (--builder docker), or restore it"
            f" ({contract.MANIFEST} names it)",
        )
