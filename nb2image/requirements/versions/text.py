"""requirements.txt: every version and hash, with the evidence as comments.

The evidence quotes the notebook, which is hostile: nothing of it may end a comment's line or
continue it. The same requirements give the same bytes.
"""

from __future__ import annotations

from nb2image.model import DirectRequirement, LockedPackage

MAX_COMMENT = 160


def requirements_text(
    *,
    packages: tuple[LockedPackage, ...],
    direct: tuple[DirectRequirement, ...],
    python: str,
    platform: str,
    versions: str,
    as_of: str,
) -> str:
    """The file, as pip and uv read it with ``--require-hashes``."""
    newest = f"the newest releases of {as_of}" if as_of else "the newest releases"
    chosen = {"env": "the environment's versions", "file": "the given file"}.get(versions, newest)
    lines = [
        comment(f"Python {python} on {platform}; {chosen}."),
        comment("Written by nb2image: every version is pinned, every file checked by its hash."),
    ]
    evidence = {d.name: d for d in direct}
    for package in packages:
        lines.append("")
        lines += package_lines(package, evidence.get(package.name))
    return "\n".join(lines) + "\n"


def package_lines(package: LockedPackage, direct: DirectRequirement | None) -> list[str]:
    """One package: why it is there, then its pin with hashes."""
    lines = []
    for evidence in direct.evidence if direct else ():
        if evidence.won:
            where = f"{evidence.place}: " if evidence.place else ""
            lines.append(comment(f"{where}{evidence.detail}"))
    if package.via:
        lines.append(comment(f"via {', '.join(package.via)}"))
    if package.vendored:
        lines.append(comment(f"no index on the network serves it: wheels/{package.vendored}"))
    extras = f"[{','.join(direct.extras)}]" if direct and direct.extras else ""
    pin = f"{package.name}{extras}"
    pin += f" @ {package.url}" if package.url else f"=={package.version}"
    hashes = [f"    --hash={value}" for value in package.hashes]
    return [*lines, *(" \\\n".join([pin, *hashes]).split("\n"))]


def comment(text: str) -> str:
    """One comment line, whatever the text holds.

    pip splits lines as str.splitlines does, on eleven characters, and joins lines that end in a
    backslash: what is not printable becomes a space, a backslash a slash.
    """
    safe = "".join(c if c.isprintable() else " " for c in text).replace("\\", "/")
    short = safe if len(safe) <= MAX_COMMENT else safe[: MAX_COMMENT - 1] + "…"
    return f"# {short}".rstrip()
