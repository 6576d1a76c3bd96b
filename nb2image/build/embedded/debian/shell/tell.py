"""What the programs tell that change nothing: tests, and questions about the image. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nb2image.build.embedded.debian.shell.machine import Machine, Value
from nb2image.build.embedded.debian.version import compare

Answer = tuple[bool | None, Value]
"""Status and output; None for what cannot be told."""
PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
ORDERS: dict[str, Callable[[int], bool]] = {
    "lt": lambda order: order < 0,
    "le": lambda order: order <= 0,
    "eq": lambda order: order == 0,
    "ne": lambda order: order != 0,
    "ge": lambda order: order >= 0,
    "gt": lambda order: order > 0,
}
COMPARED = {
    **{f"-{name}": order for name, order in ORDERS.items()},
    "=": ORDERS["eq"],
    "==": ORDERS["eq"],
    "!=": ORDERS["ne"],
}
KINDS = {
    "-f": ("file",),
    "-d": ("folder",),
    "-x": ("file", "folder"),
    "-r": ("file", "folder"),
    "-e": ("file", "folder"),
    "-L": ("link",),
    "-h": ("link",),
}
ONLY_READ = frozenset(
    {
        *("awk", "basename", "cat", "cmp", "cut", "date", "debconf-show", "diff", "dirname"),
        *("dpkg", "dpkg-query", "egrep", "expr", "fgrep", "find", "getconf", "getent", "grep"),
        *("head", "hostname", "id", "ischroot", "locale", "ls", "lsof", "md5sum", "mountpoint"),
        *("paperconf", "pidof", "printenv", "ps", "readlink", "realpath", "sed", "sha1sum"),
        *("sha256sum", "sha512sum", "sort", "stat", "tail", "tr", "ucfq", "uname", "uniq", "wc"),
        "which",
    }
)
"""Programs that tell something and change nothing, but for the options in ``WRITES``."""
WRITES = {
    "dpkg": re.compile(r"-[airP]|--(install|unpack|configure|remove|purge|.*-selections).*"),
    "find": re.compile(r"-(delete|exec|ok|fprint|fls).*"),
    "sed": re.compile(r"-[nErsz]*i.*|--in-place.*"),
    "sort": re.compile(r"-o.*|--output.*"),
}
NEVER = re.compile(r"(?!)")
QUESTIONS = re.compile(r"--(list|display|query|get-selections|list-choices|truename)")


def said(words: Sequence[Value], document: Value, machine: Machine) -> Answer | None:
    """What a program says that only tells something; None for another program.

    ``document`` is the text that it is given.
    """
    name, rest = words[0], words[1:]
    known = [word for word in rest if word is not None]
    whole = len(known) == len(rest)
    match name:
        case "echo":
            plain = [word for word in known if word not in ("-n", "-e")]
            return True, " ".join(plain) + "\n" * ("-n" not in rest) if whole else None
        case "printf":
            fixed = whole and len(rest) == 1 and not re.search(r"[%\\]", known[0])
            return True, known[0] if fixed else None
        case "which" | "type" | "command":
            asked = [word for word in known if not word.startswith("-")]
            place = program(asked[0], machine) if len(asked) == 1 and whole else None
            return (None if place is None else place != ""), place
        case "dpkg" if known[:1] == ["--compare-versions"] and len(rest) == 4:
            return compared(rest[1], known[-2], rest[3]) if whole else None, ""
        case "dpkg" if rest == ["--print-architecture"]:
            return True, machine.architecture
        case "uname" if rest in ([], ["-s"]):
            return True, "Linux"
        case "getent" if whole and len(rest) == 2 and rest[0] in ("passwd", "group"):
            return machine.account(known[0], known[1]), None
        case "basename" if whole and len(rest) in (1, 2):
            return True, known[0].rpartition("/")[2].removesuffix(known[1] if rest[1:] else "")
        case "expr" if whole and len(rest) == 3 and known[1] in "+-":
            if known[0].isdigit() and known[2].isdigit():
                sign = 1 if known[1] == "+" else -1
                return None, str(int(known[0]) + sign * int(known[2]))
        case "cat" if not rest:
            return True, document
        case "dpkg-query" if rest and rest[-1] is not None:
            known_there = machine.installed(rest[-1].partition(":")[0])
            return (None, None) if known_there else (False, "")
        case "mktemp" | "tempfile":
            return True, f"/tmp/{name}"  # whatever is written there does not last
        case "update-alternatives" | "dpkg-statoverride" | "dpkg-divert":
            asks = any(QUESTIONS.fullmatch(word) for word in known)
            table = f"/var/lib/dpkg/alternatives/{known[-1]}" if known else "/"
            unknown = "--truename" in known or not whole or machine.kind(table, follow=True)
            return ((None, None) if unknown else (False, "")) if asks else None
    writes = WRITES.get(name or "", NEVER)
    if name in ONLY_READ and not any(writes.fullmatch(word) for word in known):
        return None, None
    return None


def program(name: str, machine: Machine) -> str:
    """Where a program lies; empty where there is none."""
    places = [name] if "/" in name else [f"{folder}/{name}" for folder in PATH]
    found = (place for place in places if machine.kind(place, follow=True) == "file")
    return next(found, "")


def test(words: list[Value], machine: Machine) -> bool | None:
    """The status of ``[ … ]``."""
    for operator, decides in (("-o", True), ("-a", False)):
        if operator in words[1:-1]:
            at = words.index(operator, 1)
            both = (test(words[:at], machine), test(words[at + 1 :], machine))
            if decides in both:
                return decides
            return None if None in both else not decides
    if len(words) > 1 and words[0] == "!":
        status = test(words[1:], machine)
        return None if status is None else not status
    if len(words) == 1:
        return None if words[0] is None else words[0] != ""
    if len(words) == 2 and words[0] is not None:
        return unary(words[0], words[1], machine)
    if len(words) == 3 and words[1] in COMPARED:
        left, right = words[0], words[2]
        if left is None or right is None:
            return None
        if not words[1].startswith("-"):
            return (left == right) == (words[1] != "!=")
        if left.isdigit() and right.isdigit():
            return COMPARED[words[1]](int(left) - int(right))
    return None


def unary(operator: str, value: Value, machine: Machine) -> bool | None:
    if value is None:
        return None
    if operator in ("-n", "-z"):
        return (value != "") == (operator == "-n")
    if operator == "-S":
        return False
    kinds = KINDS.get(operator)
    if value == "":
        return False
    if not value.startswith("/") or value.startswith(("/sys/", "/dev/", "/proc/")):
        return None
    if kinds is None:
        # an empty file or one with something in it, say
        return None if machine.kind(value, follow=True) else False
    follow = operator not in ("-L", "-h")
    return machine.kind(value, follow=follow) in kinds


def compared(left: Value, order: str, right: Value) -> bool | None:
    """``dpkg --compare-versions``: no version is older than any, or newer with ``-nl``."""
    check = ORDERS.get(order.removesuffix("-nl"))
    if check is None or left is None or right is None:
        return None
    if left and right:
        return check(compare(left, right))
    older = bool(right) - bool(left)  # 1 where only the left one is missing
    return check(older if order.endswith("-nl") else -older)
