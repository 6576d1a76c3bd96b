"""What maintainer scripts would do, as far as it can be told without running them. Pure.

Most do nothing when a package is installed for the first time: they are frames that packaging
tools make, or look after former versions. Of the others one kind is understood here: plain calls
of update-alternatives. https://www.debian.org/doc/debian-policy/ch-maintainerscripts.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

IDLE = re.compile(
    r"|#.*|set -e[u]?|exit 0|:|ldconfig|esac|;;|fi|case .* in|.*\)|if .*|else|then|true"
    # former versions, services, menus and bytecode: nothing of them is in a new image
    r"|dpkg-maintscript-helper (rm_conffile|mv_conffile|symlink_to_dir|dir_to_symlink) .*"
    r"|(update|invoke)-rc\.d .*|deb-systemd-(helper|invoke) .*|update-menus|pyp?y?3compile .*"
    r"|update-alternatives --remove .*|dpkg-trigger .*|db_purge|\. /usr/share/debconf/confmodule"
)
WHEN_CONFIGURED = re.compile(
    r"if \[ \"?\$1\"? = \"?configure\"? \](; then)?|case \"?\$1\"? in"
    r"|\(?configure.*\)|abort-.*\)|\*\)"
)
"""The conditions that hold at a first installation, and the labels beside them."""
CONDITION = re.compile(r"if .*|case .*|.*\)|else")
INSTALL = "update-alternatives --install "
DIVERTS = re.compile(rb"dpkg-divert|add(user|group)")
"""Of scripts that run before a package is unpacked; most only look at former versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One candidate for a generic name."""

    name: str
    link: str
    """The generic name's path, absolute."""
    path: str
    """The file that it stands for."""
    priority: int
    slaves: tuple[tuple[str, str, str], ...] = ()
    """(name, link, path) of what goes along."""


def does_something(script: bytes) -> bool:
    """Whether a postinst does more than nothing and what ``alternatives`` understands."""
    lines = list(commands(script))
    understood = alternatives(script)
    return any(
        not IDLE.fullmatch(line) and not (understood and line.startswith(INSTALL)) for line in lines
    )


def alternatives(script: bytes) -> tuple[Alternative, ...]:
    """The alternatives that a postinst installs; none when it cannot be told for sure."""
    lines = list(commands(script))
    calls = [line for line in lines if line.startswith(INSTALL)]
    if any(CONDITION.fullmatch(line) and not WHEN_CONFIGURED.fullmatch(line) for line in lines):
        return ()
    found = [parsed(line) for line in calls]
    return tuple(one for one in found if one) if all(found) else ()


def commands(script: bytes) -> Iterator[str]:
    """The lines of a script, those that go on with a backslash joined."""
    text = script.decode("utf-8", "replace")
    for line in re.sub(r"[ \t]*\\\n[ \t]*", " ", text).splitlines():
        yield line.strip()


def parsed(line: str) -> Alternative | None:
    """A call of ``update-alternatives --install``; None where an argument is not plain."""
    if re.search(r"[$`|&;<>*?\[]", line):
        return None
    try:
        words = shlex.split(line)[2:]
    except ValueError:
        return None
    main, rest = words[:4], words[4:]
    slaves = [rest[at + 1 : at + 4] for at in range(0, len(rest), 4)]
    whole = len(main) == 4 and len(rest) % 4 == 0 and rest[::4] == ["--slave"] * len(slaves)
    if not whole or not main[3].isdigit():
        return None
    names = [(main[1], main[0], main[2]), *((name, link, path) for link, name, path in slaves)]
    if not all(sane(*one) for one in names):
        return None
    name, link, path = names[0]
    return Alternative(
        name=name, link=link, path=path, priority=int(main[3]), slaves=tuple(names[1:])
    )


def sane(name: str, link: str, path: str) -> bool:
    """Whether the words are a file name and two absolute paths."""
    paths = all(p.startswith("/") and ".." not in p.split("/") for p in (link, path))
    return paths and "/" not in name and name not in ("", ".", "..")


def chosen(candidates: Iterable[Alternative]) -> dict[str, list[Alternative]]:
    """The candidates for each name, the one that is taken first."""
    found: dict[str, list[Alternative]] = {}
    for one in sorted(candidates, key=lambda a: (-a.priority, a.path)):
        found.setdefault(one.name, []).append(one)
    return found


def record(candidates: list[Alternative]) -> bytes:
    """What update-alternatives itself keeps of a name (its ``altdb`` format)."""
    first = candidates[0]
    slaves = {name: link for one in candidates for name, link, _ in one.slaves}
    lines = ["auto", first.link]
    for name, link in sorted(slaves.items()):
        lines += [name, link]
    lines.append("")
    for one in sorted(candidates, key=lambda a: a.path):
        paths = {name: path for name, _, path in one.slaves}
        lines += [one.path, str(one.priority), *(paths.get(name, "") for name in sorted(slaves))]
    return ("\n".join(lines) + "\n\n").encode()
