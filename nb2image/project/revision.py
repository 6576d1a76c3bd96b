"""The commit that the project's files are of, asked of git without running anything of theirs.

A repository's own configuration can name programs (fsmonitor, filters, hooks, signers), and the
repository came with the notebook. So only plumbing is asked that reads objects, and the files
are compared here: ``git status`` would run the repository's filters.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from nb2image.model import PlannedFile, Revision
from nb2image.process import Runner
from nb2image.project.root import Project

TIMEOUT = 20.0
"""Seconds that git may take: a slow disk must not hold up a plan."""
QUIET = {
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone would go to the network
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def read_revision(
    project: Project, files: Sequence[PlannedFile], run: Runner, environ: Mapping[str, str]
) -> Revision:
    """The revision of the project's files; an empty one where there is no git or no commit."""

    def git(*arguments: str) -> str | None:
        argv = ["git", "-C", str(project.root), "--literal-pathspecs", *arguments]
        try:
            done = run(argv, env={**environ, **QUIET}, timeout=TIMEOUT)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.status == 0 else None

    if not (project.root / ".git").exists():
        return Revision()
    source = address((git("config", "--get", "remote.origin.url") or "").strip())
    commit = (git("rev-parse", "--verify", "HEAD^{commit}") or "").strip()
    header = git("cat-file", "commit", commit) if re.fullmatch(r"[0-9a-f]{40,64}", commit) else None
    tree = git("ls-tree", "-r", "-z", "--full-tree", commit) if header else None
    if not header or tree is None or not as_committed(project, files, tree):
        return Revision(source=source)
    committed = re.search(r"^committer .* (\d{1,11}) [-+]\d{4}$", header, re.MULTILINE)
    return Revision(commit=commit, time=int(committed[1]) if committed else None, source=source)


def as_committed(project: Project, files: Sequence[PlannedFile], tree: str) -> bool:
    """Whether each file is the very one that ``git ls-tree -r -z`` lists."""
    listed = {}
    for entry in tree.split("\0"):
        kind, _, path = entry.partition("\t")
        listed[path] = kind.rpartition(" ")[2]
    for file in files:
        expected = listed.get(file.path)
        data = project.read(file.path) if expected else None
        if not expected or data is None:
            return False
        # a blob's name (git's documentation, "Git Objects"): by SHA-1, in new repositories SHA-256
        blob = hashlib.sha1 if len(expected) == 40 else hashlib.sha256
        if blob(b"blob %d\0" % len(data) + data).hexdigest() != expected:
            return False
    return bool(files)


def address(remote: str) -> str:
    """A remote's web address without user, password and query; empty for a local one."""
    scp = re.fullmatch(r"(?:[^@/:]+@)?([A-Za-z0-9.-]+):(?!/)([^:]+)", remote)
    if scp:
        remote = f"https://{scp[1]}/{scp[2]}"
    try:
        parts = urlsplit(remote)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port and parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", "ssh", "git") or not host:
        return ""
    scheme = "http" if parts.scheme == "http" else "https"
    path = parts.path.removesuffix(".git")
    clean = f"{scheme}://{host}{port}{path}"
    return clean if clean.isprintable() and " " not in clean else ""
