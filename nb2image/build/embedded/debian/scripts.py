"""What the commands of maintainer scripts come to in an image that nothing was installed in. Pure.

Most do nothing at a first installation, or nothing that matters in a container. What others do is
said by an ``Effect``, which ``effects`` turns into files. A command that is neither is not known
here, and its package is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nb2image.build.embedded.debian.refusals import REFUSED
from nb2image.build.embedded.debian.shell.follow import Call, trace
from nb2image.build.embedded.debian.shell.machine import Machine
from nb2image.build.embedded.debian.shell.syntax import Unreadable

NOTHING = {
    "services: none is started in a container": """deb-systemd-helper deb-systemd-invoke invoke-rc.d
        journalctl pam-auth-update service shadowconfig systemctl systemd-tmpfiles sysctl telinit
        udevadm update-binfmts update-grub update-initramfs update-rc.d dbus-send""",
    "former versions, of which there are none": """clean-up-unmanaged-libraries deluser delgroup
        dpkg-maintscript-helper""",
    "debconf's questions, answered by their defaults": """db_fset db_get db_go db_input db_purge
        db_register db_reset db_set db_settitle db_stop db_subst db_title db_unregister
        db_version""",
    "what is written here for all packages together": "dpkg-trigger ldconfig ucfr",
    "tables that only save time": """fc-cache gio-querymodules gtk-update-icon-cache mandb py3clean
        py3compile py_compile.py pycompile update-icon-caches""",
    "an identity, which each machine must have of its own": """dbus-uuidgen
        systemd-machine-id-setup""",
    "editors, menus and desktops": """emacs-package-install gdk-pixbuf-query-loaders
        glib-compile-schemas gtk-query-immodules-2.0 gtk-query-immodules-3.0 install-info
        install-docs update-default-ispell update-default-wordlist update-desktop-database
        update-dictcommon-aspell update-dictcommon-hunspell update-fonts-alias update-fonts-dir
        update-fonts-scale update-menus update-mime update-mime-database""",
    "links to manual pages": "configure_client_version",
    "cross-compilers, which make no image": "pkg-config-dpkghook",
}
IDLE = frozenset(name for names in NOTHING.values() for name in names.split())
"""Programs that do nothing that is missed in an image."""
SOURCED = re.compile(
    r"/usr/share/debconf/confmodule|/usr/share/postgresql-common/maintscripts-functions"
)
"""Files of shell that define what is known above."""
FLEETING = re.compile(r"/(tmp|run|proc|dev|sys|var/run|var/log|var/tmp)/.*")
"""What is not kept in an image."""
ON_FILES = frozenset(
    {"chgrp", "chmod", "chown", "cp", "install", "ln", "mkdir", "mv", "perl", "rm", "rmdir", "sed"}
    | {"touch"}
)
"""Programs that do nothing but to the files that they are given."""
TABLES = {
    "update-gsfontmap": "gsfontmap",
    "libgvc6-config-update": "graphviz",
}
SUBSTITUTES = {
    # its users and groups are made; what else it sets up is for the first process of a machine
    "systemd": ("systemd-sysusers basic.conf systemd-journal.conf systemd-network.conf",),
    "systemd-sysv": (),
    # asks which services shall be started again
    "libpam0g": (),
    # accounts of people, who do not log in here
    "passwd": (),
    # the size of paper, which stays open
    "libpaper1": (),
    # its settings, with a question of which the answer is to leave them
    "adduser": ("ucf /usr/share/adduser/adduser.conf /etc/adduser.conf",),
    # the size of paper is filled in there, and stays open here
    "r-base-core": (
        "ucf /usr/lib/R/etc/Renviron.ucf /etc/R/Renviron",
        "mkdir -p /usr/local/lib/R/site-library",
    ),
    # the certificates of ca-certificates as Java reads them
    "ca-certificates-java": ("jks-keystore",),
}
"""Packages whose scripts are too much to be followed, with the commands that they come to."""
KNOWN = frozenset(
    {
        *("base-files", "base-passwd", "bash", "ca-certificates", "coreutils", "dash"),
        *("debianutils", "gzip", "libc-bin", "libc6", "login", "mime-support", "ncurses-bin"),
        *("netbase", "tzdata", "ucf"),
        *(f"python{v}{part}" for v in ("3.9", "3.11", "3.13") for part in ("", "-minimal")),
        *(f"libpython{v}-minimal" for v in ("3.9", "3.11", "3.13")),
    }
)
"""Packages whose scripts do nothing that is missed here, or what ``root`` does."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A folder, a file or a symbolic link."""

    path: str
    kind: Literal["folder", "file", "link"]
    mode: int = 0o644
    data: bytes = b""
    target: str = ""
    over: bool = False
    """Whether it takes the place of what is there already, which stays otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A file that is another one's copy."""

    source: str
    path: str
    over: bool = False
    """As for ``Made``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Another mode or owner of a path; empty and None for what stays."""

    path: str
    mode: int | None = None
    user: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A file that a package brings and does not keep."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A system user, or a group where ``user`` is empty."""

    user: str = ""
    group: str = ""
    """The user's own group is of its name; empty for none of its own."""
    home: str = "/nonexistent"
    gecos: str = ""
    shell: str = "/usr/sbin/nologin"
    number: int | None = None
    from_top: bool = False
    """Whether its number is looked for from the highest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The users and groups of a file of sysusers.d."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that is made from the image's files."""

    name: str


Effect = Alternative | Made | Copied | Changed | Removed | Account | Accounts | Table


class Unknown(Exception):
    """A script does something that nobody here knows: in words."""


def effects(
    package: str, control: Mapping[str, bytes], before: Machine, machine: Machine
) -> list[Effect]:
    """What a package's first installation does beside its files. Raises Unknown.

    ``before`` is the image without the package's files, which its preinst sees.
    """
    if package in KNOWN:
        return []
    if package in REFUSED:
        raise Unknown(REFUSED[package])
    if package in SUBSTITUTES:
        lines = [Call(tuple(line.split()), True) for line in SUBSTITUTES[package]]
        return [effect for line in lines for effect in judged(line, machine)]
    answers = defaults(control.get("templates", b""))
    found: list[Effect] = []
    for name, arguments, seen in (
        ("preinst", ("install",), before),
        ("postinst", ("configure", ""), machine),
    ):
        if control.get(name, b"").strip():
            try:
                calls = trace(control[name], arguments, package, seen, answers)
            except Unreadable as error:
                raise Unknown(f"its {name} cannot be read: {error}") from error
            found += [effect for call in calls for effect in judged(call, seen)]
    return found


def defaults(templates: bytes) -> dict[str, str]:
    """The default answers of a package's questions to debconf (debconf-devel.7)."""
    found = {}
    for stanza in templates.decode("utf-8", "replace").split("\n\n"):
        fields = dict(re.findall(r"^(Template|Default): *(.*)$", stanza, re.MULTILINE))
        if "Template" in fields and "Default" in fields:
            found[fields["Template"].strip()] = fields["Default"].strip()
    return found


def judged(call: Call, machine: Machine) -> list[Effect]:
    """What a call comes to. Raises Unknown."""
    program = (call.words[0] or "").rpartition("/")[2]
    words = [word for word in call.words if word is not None]
    if program in IDLE or (program == "." and SOURCED.fullmatch(words[-1])):
        return []
    if program.startswith(("java", "python")) and re.search(r"Xshare:dump|py_compile", str(call)):
        return []  # saves time
    whole = len(words) == len(call.words)
    there = any(machine.kind(path, follow=False) for path in paths(words))
    if program in ("rm", "rmdir", "mv") and whole and not there:
        return []
    if program == "dpkg-divert" and ("--remove" in words or not diverts(words, machine)):
        return []
    if call.words == (">",):
        if call.into is not None and FLEETING.fullmatch(call.into):
            return []
        if call.into is not None and call.into.endswith("/loaders.cache"):
            return [Table(name="pixbuf")]
    elif program in ON_FILES and all(FLEETING.fullmatch(path) for path in paths(words) or [""]):
        return []
    found = None
    if call.sure and whole:
        found = written(call) if program == ">" else done(program, words[1:], machine)
    if found is None:
        raise Unknown(f"it calls {str(call)[:100]}" + ("" if call.sure else ", perhaps"))
    return found


def paths(words: Sequence[str]) -> list[str]:
    """The words of a command that are paths."""
    return [word for word in words[1:] if word.startswith("/")]


def diverts(words: Sequence[str], machine: Machine) -> bool:
    """Whether a diversion moves anything that is there."""
    return "--no-rename" not in words and machine.kind(words[-1], follow=False) != ""


def written(call: Call) -> list[Effect] | None:
    """What a redirection writes."""
    if not call.into or not call.into.startswith("/") or call.text is None:
        return None
    return [Made(path=clean(call.into), kind="file", data=call.text.encode(), over=True)]


def done(program: str, words: Sequence[str], machine: Machine) -> list[Effect] | None:
    """What a program does with its words; None for a program that nobody here knows."""
    options = [word for word in words if word.startswith("-")]
    plain = [word for word in words if not word.startswith("-")]
    match program:
        case "update-alternatives":
            return alternatives(words)
        case "configure-symlinks" if plain[:1] == ["install"] and len(plain) == 3:
            return alternatives(["--install", "/etc/mysql/my.cnf", "my.cnf", plain[2], "200"])
        case "jks-keystore":
            return [Table(name=program)]
        case "systemd-sysusers":
            return [Accounts(name=name) for name in plain]
        case "mkdir" | "install" if program == "mkdir" or "-d" in options:
            return folders(words)
        case "touch":
            return [Made(path=clean(path), kind="file") for path in plain]
        case "ln" if any("s" in option.lstrip("-") for option in options) and len(plain) == 2:
            over = any("f" in option.lstrip("-") for option in options)
            return [link(plain[0], plain[1], machine, over=over)]
        case "ucf" if {"-p", "--purge"} & {*options}:
            return []
        case "cp" | "ucf" if len(plain) == 2:
            over = program == "cp"
            return [Copied(source=clean(plain[0]), path=clean(plain[1]), over=over)]
        case "rm" | "rmdir" if not any(option in ("-r", "-rf", "-fr") for option in options):
            return [Removed(path=clean(p)) for p in plain if machine.kind(p, follow=False)]
        case "chmod" if len(plain) > 1 and re.fullmatch(r"[0-7]{3,4}", plain[0]) and not options:
            return [Changed(path=clean(path), mode=octal(plain[0])) for path in plain[1:]]
        case "chmod" if plain[:1] == ["+x"] and not options:
            return [Changed(path=clean(path), mode=0o755) for path in plain[1:]]
        case "chown" | "chgrp" if len(plain) > 1 and not options:
            owner = plain[0] if program == "chown" else f":{plain[0]}"
            user, _, group = owner.replace(".", ":").partition(":")
            return [Changed(path=clean(path), user=user, group=group) for path in plain[1:]]
        case "dpkg-statoverride" if "--add" in options and len(plain) == 4:
            user, group, mode, path = plain
            return [Changed(path=clean(path), mode=octal(mode), user=user, group=group)]
        case "adduser" | "useradd" | "addgroup" | "groupadd" if "--system" in options:
            return account(program, words)
    return [Table(name=TABLES[program])] if program in TABLES else None


def folders(words: Sequence[str]) -> list[Effect]:
    """What mkdir, and install with -d, make."""
    found: list[Effect] = []
    mode, rest = 0o755, list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-m", "--mode") and rest:
            mode = octal(rest.pop(0))
        elif word in ("-o", "-g") and rest:
            rest.pop(0)
        elif not word.startswith("-"):
            found.append(Made(path=clean(word), kind="folder", mode=mode))
    return found


def octal(text: str) -> int:
    """A mode in digits. Raises Unknown for one in letters."""
    if not re.fullmatch(r"[0-7]{1,5}", text):
        raise Unknown(f"it gives the mode {text[:20]}")
    return int(text, 8)


def link(target: str, path: str, machine: Machine, *, over: bool) -> Made:
    """What ``ln -s`` makes; in a folder that is there it has its target's name."""
    if path.endswith("/") or machine.kind(path, follow=True) == "folder":
        path = f"{path.rstrip('/')}/{target.rpartition('/')[2]}"
    return Made(path=clean(path), kind="link", mode=0o777, target=target, over=over)


def account(program: str, words: Sequence[str]) -> list[Effect] | None:
    """A system account (adduser.8, useradd.8)."""
    taking = ("--home", "--gecos", "--shell", "--ingroup", "--uid", "--gid", "-d", "-c", "-s", "-g")
    given: dict[str, str] = {}
    names, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if option in taking:
            given[option] = value if equals else rest.pop(0) if rest else ""
        elif not word.startswith("-"):
            names.append(word)
    if len(names) != 1 or not re.fullmatch(r"[a-z_][a-z0-9_-]*", names[0]):
        return None
    name = names[0]
    if program in ("addgroup", "groupadd"):
        return [Account(group=name)]
    if not set(given) <= {"--home", "--gecos", "--shell", "-d", "-c", "-s"}:
        return None
    own = "--group" in words or program == "useradd"
    return [
        Account(
            user=name,
            group=name if own else "",
            home=given.get("--home") or given.get("-d") or "/nonexistent",
            gecos=given.get("--gecos") or given.get("-c") or "",
            shell=given.get("--shell") or given.get("-s") or "/usr/sbin/nologin",
        )
    ]


def alternatives(words: Sequence[str]) -> list[Effect] | None:
    """What a call of update-alternatives installs; None where it cannot be told."""
    rest = [word for word in words if word not in ("--quiet", "--force", "--verbose")]
    if rest[:1] and rest[0] in ("--remove", "--remove-all", "--auto"):
        return []
    if rest[:1] != ["--install"]:
        return None
    # a line that goes on by mistake: "20 exit 0"
    main, more = rest[1:5], rest[5:]
    if more[:1] != ["--slave"]:
        more = []
    slaves = [more[at + 1 : at + 4] for at in range(0, len(more), 4)]
    whole = len(main) == 4 and len(more) % 4 == 0 and more[::4] == ["--slave"] * len(slaves)
    if not whole or not main[3].isdigit():
        return None
    names = [(main[1], main[0], main[2]), *((name, link, path) for link, name, path in slaves)]
    if not all(sane(*one) for one in names):
        return None
    name, link, path = names[0]
    return [
        Alternative(name=name, link=link, path=path, priority=int(main[3]), slaves=tuple(names[1:]))
    ]


def sane(name: str, link: str, path: str) -> bool:
    """Whether the words are a file name and two absolute paths."""
    paths = all(p.startswith("/") and ".." not in p.split("/") for p in (link, path))
    return paths and "/" not in name and name not in ("", ".", "..")


def clean(path: str) -> str:
    """A path below the root. Raises Unknown for one that is not absolute, or leads out."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not path.startswith("/") or ".." in parts or not parts:
        raise Unknown(f"it names {path[:100]!r}, which is no plain path")
    return "/".join(parts)
