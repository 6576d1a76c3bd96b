"""How a root file system is run without an engine: the command line of each runtime. Pure."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nb2image.image.contract import UID

Runtime = Literal["crun", "runc", "bwrap", "unshare"]
RUNTIMES: tuple[Runtime, ...] = ("crun", "runc", "bwrap", "unshare")
"""In the order in which they are tried."""
MASKED = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/sched_debug", "/proc/scsi")
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What is run, and with what of the host."""

    root: Path
    """The root file system, which is mounted read-only."""
    arguments: tuple[str, ...]
    env: tuple[str, ...]
    """``NAME=value``"""
    workdir: str
    binds: tuple[tuple[Path, str], ...]
    """(folder of the host, place inside), each of them writable."""
    name: str
    user: int
    """The uid that runs it on the host."""
    network: bool = False


def command(runtime: Runtime, box: Sandbox, bundle: Path) -> list[str]:
    """The command line that runs the sandbox to its end."""
    if runtime in ("crun", "runc"):
        state = ["--root", str(bundle / "state")]
        # crun demands a cgroup hierarchy of one kind otherwise
        state += ["--cgroup-manager=disabled"] if runtime == "crun" else []
        return [runtime, *state, "run", "--bundle", str(bundle), box.name]
    if runtime == "bwrap":
        return bubblewrap(box)
    return unshare(box)


def bundle_config(box: Sandbox) -> str:
    """The config.json of an OCI bundle.

    https://github.com/opencontainers/runtime-spec/blob/main/config.md
    """
    spaces = ["pid", "ipc", "uts", "mount"] + ([] if box.network else ["network"])
    linux: dict[str, Any] = {"maskedPaths": list(MASKED), "readonlyPaths": list(READ_ONLY)}
    if box.user:
        spaces.append("user")
        one = [{"containerID": UID, "hostID": box.user, "size": 1}]
        linux |= {"uidMappings": one, "gidMappings": [{**one[0], "hostID": box.user}]}
    linux["namespaces"] = [{"type": space} for space in spaces]
    plain = ["nosuid", "noexec", "nodev"]
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": plain},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
            "destination": "/dev/shm",
            "type": "tmpfs",
            "source": "shm",
            "options": [*plain, "mode=1777", "size=1g"],
        },
        *(
            {
                "destination": inside,
                "type": "bind",
                "source": str(folder),
                "options": ["rbind", "rw", "nosuid", "nodev"],
            }
            for folder, inside in box.binds
        ),
    ]
    config = {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": UID, "gid": UID},
            "args": list(box.arguments),
            "env": list(box.env),
            "cwd": box.workdir,
            "capabilities": {},
            "noNewPrivileges": True,
            "rlimits": [{"type": "RLIMIT_CORE", "hard": 0, "soft": 0}],
        },
        "root": {"path": str(box.root), "readonly": True},
        "hostname": "nb2image",
        "mounts": mounts,
        "linux": linux,
    }
    return json.dumps(config)


def bubblewrap(box: Sandbox) -> list[str]:
    """https://manpages.debian.org/bwrap.1"""
    argv = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    argv += ["--share-net"] if box.network else []
    argv += ["--uid", str(UID), "--gid", str(UID), "--hostname", "nb2image"]
    argv += ["--ro-bind", str(box.root), "/", "--proc", "/proc", "--dev", "/dev"]
    for folder, inside in box.binds:
        argv += ["--bind", str(folder), inside]
    argv += ["--clearenv"]
    for line in box.env:
        name, _, value = line.partition("=")
        argv += ["--setenv", name, value]
    return [*argv, "--chdir", box.workdir, "--", *box.arguments]


def unshare(box: Sandbox) -> list[str]:
    """With util-linux alone: a private mount table, built by a small shell script."""
    root = shlex.quote(str(box.root))
    lines = [
        "set -e",
        # a mount point for the root of its own, so that it can be made read-only
        f"mount --rbind {root} {root}",
        f"mount -t proc proc {root}/proc",
        f"mount -t tmpfs -o mode=755 dev {root}/dev",
        f"mkdir {root}/dev/shm",
        f"mount -t tmpfs -o mode=1777 shm {root}/dev/shm",
    ]
    for device in ("null", "zero", "random", "urandom"):
        lines += [
            f": > {root}/dev/{device}",
            f"mount --bind /dev/{device} {root}/dev/{device}",
        ]
    for folder, inside in box.binds:
        place = shlex.quote(f"{box.root}{inside}")
        lines.append(f"mount --bind {shlex.quote(str(folder))} {place}")
    lines.append(f"mount -o remount,ro,bind {root}")
    enter = [f"--root={box.root}", f"--wd={box.workdir}"]
    if box.user:
        enter += ["--user", f"--map-user={UID}", f"--map-group={UID}"]
    else:
        enter += [f"--setuid={UID}", f"--setgid={UID}"]
    # found before the environment becomes the image's
    program = '"$(command -v unshare)"'
    started = shlex.join([*enter, "--", *box.arguments])
    lines.append(f"exec {shlex.join(['env', '-i', *box.env])} {program} {started}")
    spaces = ["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
    spaces += [] if box.network else ["--net"]
    spaces += ["--user", "--map-root-user"] if box.user else []
    return ["unshare", *spaces, "--", "sh", "-c", "\n".join(lines)]
