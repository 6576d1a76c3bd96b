"""When the notebook's code last changed, by its git history.

The repository may be a stranger's: its configuration can name programs that git would run (a
pager, a signature checker, a transport). Every such door is shut here.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from nb2image.project.root import Project
from nb2image.services import Services

MAX_COMMITS = 30
"""How far back a change of outputs alone is told from a change of code."""
TIMEOUT_SECONDS = 20.0
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
"""What git prints for ``%cs`` since 2.21."""
SAFE = (
    "--literal-pathspecs",  # a notebook may be called [1].ipynb
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false", "-c", "protocol.allow=never"),
)
SAFE_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """The commit that gave the notebook's code its present form."""

    day: str
    """ISO date of the commit."""
    commit: str


def last_code_change(project: Project, source: bytes, services: Services) -> LastChange | None:
    """The oldest commit since which the code cells are what they are now.

    ``source`` is the notebook as it lies on disk. None without git or history, and when the code
    was changed since the last commit: then it is of today.
    """
    path = project.notebook.as_posix()
    log = git(
        project,
        services,
        "log",
        f"--max-count={MAX_COMMITS}",
        "--no-show-signature",
        "--format=%H %cs",
        "--",
        path,
    )
    commits = [tuple(line.split(" ", 1)) for line in (log or b"").decode().splitlines()]
    present = code_digest(source)
    found: LastChange | None = None
    for commit, day in commits:
        blob = git(project, services, "cat-file", "blob", f"{commit}:{path}")
        if not DAY.fullmatch(day) or blob is None or code_digest(blob) != present:
            break
        found = LastChange(day=day, commit=commit)
    return found


def git(project: Project, services: Services, *arguments: str) -> bytes | None:
    """What git prints; None when it fails or is not there."""
    argv = ["git", "--no-pager", *SAFE, *arguments]
    environ = {**without_git(services.environ), **SAFE_ENVIRONMENT}
    try:
        done = services.run(argv, cwd=project.root, env=environ, timeout=TIMEOUT_SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.encode() if done.status == 0 else None


def without_git(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables that point git at another repository."""
    return {k: v for k, v in environ.items() if not k.startswith("GIT_")}


def code_digest(source: bytes) -> str:
    """A digest of the code cells alone; of the whole text when it is no notebook."""
    try:
        cells = cells_of(json.loads(source))
        code = [c.get("source", c.get("input", "")) for c in cells if c.get("cell_type") == "code"]
        text = json.dumps(["".join(c) if isinstance(c, list) else c for c in code])
    except (ValueError, TypeError, AttributeError, RecursionError):
        return hashlib.sha256(source).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def cells_of(document: dict[str, object]) -> list[dict[str, object]]:
    """The cells of a notebook of format 3 or 4."""
    cells = document.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = document.get("worksheets")
    return [c for s in sheets for c in s.get("cells", [])] if isinstance(sheets, list) else []
