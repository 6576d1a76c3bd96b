"""Chooses the files of the project that go into the image."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nb2image.errors import OptionError, PlanError
from nb2image.image.constants import Env
from nb2image.image.contract import WHEELS
from nb2image.image.paths import NamedPath, named_paths
from nb2image.image.pattern import UNKNOWN, excluded, fits, literal_folder
from nb2image.image.quote import printable, project_path
from nb2image.image.secret_names import looks_secret
from nb2image.model import Finding, LockedPackage, Notebook, Place, PlannedFile, Script
from nb2image.options import Options
from nb2image.project.root import Project, is_made

EXTENSION = re.compile(r"\.[A-Za-z]\w{0,7}$")
NEVER = (".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints", "node_modules", ".DS_Store")
"""Names that a folder which is taken whole leaves behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A file before it is read."""

    path: str
    kind: Literal["notebook", "module", "data", "included"]
    reason: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFiles:
    """The files that go into the image, and what is to be said about those that do not."""

    files: tuple[PlannedFile, ...]
    """Sorted by path."""
    findings: tuple[Finding, ...] = ()


def plan_files(
    notebook: Notebook,
    script: Script,
    project: Project,
    options: Options,
    locked: tuple[LockedPackage, ...] = (),
) -> ProjectFiles:
    """The notebook, the local modules, the data files it names and what --include adds.

    Raises PlanError when they, with the vendored files of ``locked``, are larger than
    ``options.max_context`` or cannot be read, OptionError when an --include is not there.
    """
    chosen: dict[str, Chosen] = {}
    data, findings = named_data(script, project)
    for choice in (
        Chosen(path=project.notebook.as_posix(), kind="notebook", reason="the notebook"),
        *local_modules(script),
        *included(project, options),
        *data,
    ):
        if choice.kind == "notebook" or not excluded(choice.path, options.exclude):
            chosen.setdefault(choice.path, choice)
    chosen.pop(posixpath.join(project.workdir, script.name), None)  # ours takes its place
    for path in chosen:
        project_path(path)
    sizes = {path: size_of(path, project) for path in chosen}
    wheels = {f"{WHEELS}/{p.vendored}": p.size or 0 for p in locked if p.vendored}
    check_size(sizes | wheels, options.max_context)
    files = tuple(planned(chosen[path], project) for path in sorted(chosen))
    return ProjectFiles(files=files, findings=findings)


def local_modules(script: Script) -> Iterator[Chosen]:
    """The Python files that the code reaches."""
    for module in script.local_modules:
        if module.written_by_cell is None:
            yield Chosen(path=module.path, kind="module", reason="imported")


def included(project: Project, options: Options) -> Iterator[Chosen]:
    """What ``--include`` names; secrets only when named themselves."""
    for name in options.include:
        path = normal(posixpath.join(project.workdir, name))
        if path is None or project.locate(path) is None:
            raise OptionError(
                f"--include {printable(name)} lies outside the project",
                code="include-outside",
                hint="copy it into the project, or mount it when the container runs",
            )
        found = [path] if (project.root / path).is_file() else list(below(project, path))
        if not found:
            raise OptionError(
                f"--include {printable(name)}: there is no such file",
                code="include-missing",
                hint="paths are relative to the notebook's folder",
            )
        for file in found:
            if file == path or not looks_secret(file):
                yield Chosen(path=file, kind="included", reason=f"--include {name}")


def named_data(script: Script, project: Project) -> tuple[tuple[Chosen, ...], tuple[Finding, ...]]:
    """The data files that the code names and does not itself make, and what it misses."""
    chosen: dict[str, Chosen] = {}
    findings: list[Finding] = []
    made: set[str] = set()
    folder = project.workdir
    for named, place in names_in_order(script):
        if named.chdir:
            moved = normal(posixpath.join(folder, named.text))
            if named.sure and moved is not None and UNKNOWN not in moved:
                folder = moved
            continue
        if named.use == "write":
            path = normal(posixpath.join(folder, named.text))
            if named.sure and path is not None:
                made.add(path)
            continue
        found = [p for p in matches(named, folder, project) if p not in made]
        for path in found:
            if looks_secret(path):
                findings.append(secret(path, place))
            elif path not in chosen:
                reason = f"{'named' if named.use == 'mention' else 'read'} as {shown(named)}"
                chosen[path] = Chosen(path=path, kind="data", reason=reason, place=place)
        if not found and named.use == "open":
            findings += absent(named, folder, project, place, made)
    return tuple(chosen.values()), tuple(dict.fromkeys(findings))


def names_in_order(script: Script) -> Iterator[tuple[NamedPath, Place]]:
    """The paths that modules and cells name, with their places."""
    for module in script.local_modules:
        try:
            names = named_paths(module.source, {})
        except (SyntaxError, ValueError, RecursionError):
            continue
        for named in names:
            # a module's functions may be called before or after anything in the notebook
            yield replace(named, sure=False), Place(file=module.path, line=named.line)
    env: Env = {}
    for cell in script.cells:
        if cell.broken or cell.left_out:
            continue
        try:
            names = named_paths(cell.source, env)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for named in names:
            yield named, Place(cell=cell.number, line=named.line)


def matches(named: NamedPath, folder: str, project: Project) -> Iterator[str]:
    """The project files that a name stands for, as project-relative paths."""
    whole = normal(posixpath.join(folder, named.text))
    if whole is None:
        return
    located = None if UNKNOWN in whole else project.locate(whole)
    if located is not None and located.is_file():  # "a[1].csv" is also a file's name
        yield whole
    elif UNKNOWN in named.text or named.glob:
        known = named.text.replace(UNKNOWN, "")
        telling = "/" in known.strip("./") or "." in posixpath.basename(known).strip(".")
        word = any(character.isalnum() for character in known)  # f"{folder}/{name}" has none
        if named.glob or (word and (telling or named.use != "mention")):
            deep = "**" in whole or whole.endswith(UNKNOWN)
            start = literal_folder(whole)
            levels = None if deep else whole.removeprefix(start).strip("/").count("/")
            found = below(project, start, levels=levels)
            yield from (path for path in found if fits(path, whole, glob=named.glob))
    elif located is not None and named.folder and not holds(whole, project):
        yield from below(project, whole)


def holds(folder: str, project: Project) -> bool:
    """Whether the notebook lies below the folder: then not all of it is data."""
    return not folder or f"{project.notebook.as_posix()}/".startswith(f"{folder}/")


def below(
    project: Project,
    folder: str,
    *,
    levels: int | None = None,
    above: frozenset[Path] = frozenset(),
) -> Iterator[str]:
    """Every file below a folder, sorted; links are followed as long as they stay inside.

    ``levels`` is how many folders deep to look; None for all the way.
    """
    start = project.locate(folder)
    if start is None or start in above or not start.is_dir() or is_made(start):
        return
    for entry in sorted(start.iterdir(), key=lambda e: e.name):
        path = f"{folder}/{entry.name}" if folder else entry.name
        outside = entry.is_symlink() and project.locate(path) is None
        if entry.name in NEVER or outside or normal(path) is None:
            continue
        if entry.is_file():
            yield path
        elif entry.is_dir() and levels != 0:
            deeper = None if levels is None else levels - 1
            yield from below(project, path, levels=deeper, above=above | {start})


def normal(path: str) -> str | None:
    """The path without ``.`` and ``..``, empty for the root; None when it cannot be carried."""
    clean = posixpath.normpath(path.replace(UNKNOWN, "*")) if path else ""
    if clean in ("", "."):
        return ""
    try:
        project_path(clean)
    except PlanError:
        return None
    return posixpath.normpath(path)


def absent(
    named: NamedPath, folder: str, project: Project, place: Place, made: Container[str]
) -> Iterator[Finding]:
    """What to say about a file that is read and not taken; nothing where it may well be no file."""
    text = named.text
    if UNKNOWN in text or named.glob or not EXTENSION.search(text):
        return
    if posixpath.isabs(text) or text.startswith("~"):
        yield Finding(
            severity="warning",
            code="path-absolute",
            message=f"{printable(text)} is a place on this machine; the image has no such file",
            place=place,
            hint="name files relative to the notebook, or mount it when the container runs",
        )
        return
    if "\\" in text:
        yield Finding(
            severity="warning",
            code="path-windows",
            message=f"{printable(text)} is a path of Windows; in the image it is no file",
            place=place,
            hint=f"write {printable(text.replace(chr(92), '/'))}, which Windows reads too",
        )
        return
    whole = normal(posixpath.join(folder, text))
    if whole is None or project.locate(whole) is None:
        yield Finding(
            severity="warning",
            code="path-outside",
            message=f"{printable(text)} lies outside the project and is not taken along",
            place=place,
            hint="copy it into the project, or mount it when the container runs",
        )
    elif whole not in made and not (project.root / whole).exists() and named.sure:
        like = spelt_otherwise(whole, project)
        yield Finding(
            severity="warning",
            code="file-missing",
            message=f"{printable(text)} is read and does not exist",
            place=place,
            hint=f"there is {printable(like)}: in the image, upper and lower case differ"
            if like
            else "put it beside the notebook, or mount it when the container runs",
        )


def spelt_otherwise(path: str, project: Project) -> str:
    """The name of the file that differs from ``path`` in upper and lower case alone, or none."""
    folder = (project.root / path).parent
    name = posixpath.basename(path).casefold()
    found = (p.name for p in folder.iterdir()) if folder.is_dir() else iter(())
    return next((other for other in found if other.casefold() == name), "")


def secret(path: str, place: Place) -> Finding:
    """What to say about a file that is read and looks like a secret."""
    return Finding(
        severity="warning",
        code="secret-not-taken",
        message=f"{printable(path)} looks like a secret and is not taken along",
        place=place,
        hint="mount it when the container runs; --include takes it into the image all the same",
    )


def check_size(sizes: dict[str, int], cap: int) -> None:
    """Raise PlanError that names the largest files when all together are over the cap."""
    total = sum(sizes.values())
    if total <= cap:
        return
    largest = sorted(sizes, key=lambda path: (-sizes[path], path))[:5]
    listed = ", ".join(f"{printable(path)} ({megabytes(sizes[path])})" for path in largest)
    wheels = any(path.startswith(f"{WHEELS}/") for path in sizes)
    brought = f"; {WHEELS}/ holds what only this host's package folders have" if wheels else ""
    raise PlanError(
        f"the context's files take {megabytes(total)}, more than {megabytes(cap)}: {listed}",
        code="context-too-large",
        hint="leave some out with --exclude and mount them when the container runs,"
        f" or allow more with --max-context{brought}",
    )


def megabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1e6:,.1f} MB"


def size_of(path: str, project: Project) -> int:
    """Bytes of a project file; 0 when it cannot be looked at, which ``planned`` reports."""
    try:
        return (project.root / path).stat().st_size
    except OSError:
        return 0


def planned(choice: Chosen, project: Project) -> PlannedFile:
    """The file with its size and hash. Raises PlanError when it cannot be read."""
    try:
        with (project.root / choice.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise PlanError(
            f"cannot read {printable(choice.path)}: {error.strerror}",
            code="file-unreadable",
            hint="check its permissions, or leave it out with --exclude",
            where=choice.place,
        ) from error
    return PlannedFile(
        path=choice.path,
        size=size,
        sha256=digest,
        reason=choice.reason,
        kind=choice.kind,
        place=choice.place,
    )


def shown(named: NamedPath) -> str:
    """The name for a reason, with … for its unknown parts."""
    return printable(named.text.replace(UNKNOWN, "…"))
