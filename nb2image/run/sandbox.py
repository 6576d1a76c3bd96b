"""How a root file system is run without an engine: the command line of each runtime. Pure."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nb2image.image.contract import UID
from nb2image.run.request import Bind, Limits

Runtime = Literal["crun", "runc", "bwrap", "unshare"]
RUNTIMES: tuple[Runtime, ...] = ("crun", "runc", "bwrap", "unshare")
"""In the order in which they are tried."""
UNLIMITED = Limits()
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
    binds: tuple[Bind, ...]
    """Folders and files of the host, at places that the root has."""
    name: str
    user: int
    """The uid that runs it on the host."""
    network: bool = False
    limits: Limits = UNLIMITED


def command(runtime: Runtime, box: Sandbox, bundle: Path) -> list[str]:
    """The command line that runs the sandbox to its end."""
    if runtime in ("crun", "runc"):
        state = ["--root", str(bundle / "state")]
        # crun demands a cgroup hierarchy of one kind otherwise
        state += ["--cgroup-manager=disabled"] if runtime == "crun" else []
        return [runtime, *state, "run", "--bundle", str(bundle), box.name]
    made = bubblewrap(box) if runtime == "bwrap" else unshare(box)
    if box.limits.file_size is None:
        return made
    return ["prlimit", f"--fsize={box.limits.file_size}", "--core=0", *made]


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
    else:
        linux["resources"] = resources(box.limits)  # others may have no cgroup to limit
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
                "destination": bind.target,
                "type": "bind",
                "source": str(bind.source),
                "options": ["rbind", "rw" if bind.writable else "ro", "nosuid", "nodev"],
            }
            for bind in box.binds
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
            "rlimits": rlimits(box.limits),
        },
        "root": {"path": str(box.root), "readonly": True},
        "hostname": "nb2image",
        "mounts": mounts,
        "linux": linux,
    }
    return json.dumps(config)


def rlimits(limits: Limits) -> list[dict[str, Any]]:
    """The limits that belong to a process."""
    found = {"RLIMIT_CORE": 0}
    if limits.file_size is not None:
        found["RLIMIT_FSIZE"] = limits.file_size
    return [{"type": name, "hard": value, "soft": value} for name, value in found.items()]


def resources(limits: Limits) -> dict[str, Any]:
    """The limits that belong to a cgroup."""
    found: dict[str, Any] = {}
    if limits.memory is not None:
        found["memory"] = {"limit": limits.memory, "swap": limits.memory}
    if limits.cpus is not None:
        found["cpu"] = {"period": 100_000, "quota": int(limits.cpus * 100_000)}
    if limits.processes is not None:
        found["pids"] = {"limit": limits.processes}
    return found


def bubblewrap(box: Sandbox) -> list[str]:
    """https://manpages.debian.org/bwrap.1"""
    argv = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    argv += ["--share-net"] if box.network else []
    argv += ["--uid", str(UID), "--gid", str(UID), "--hostname", "nb2image"]
    argv += ["--ro-bind", str(box.root), "/", "--proc", "/proc", "--dev", "/dev"]
    for bind in box.binds:
        argv += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
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
    for bind in box.binds:
        place = shlex.quote(f"{box.root}{bind.target}")
        lines.append(f"mount --bind {shlex.quote(str(bind.source))} {place}")
        if not bind.writable:
            lines.append(f"mount -o remount,ro,bind {place}")
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
