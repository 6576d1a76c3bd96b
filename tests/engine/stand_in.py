"""A stand-in for the official Python image, made from Debian's packages.

Where no registry can be reached, ``python:3.11-slim-bookworm`` is made with debootstrap and looks
like the official image where nb2image can tell: python and pip in /usr/local/bin, the headers, no
compiler, certificates, the same environment, no bytecode, documentation or package lists. Unlike
the official one its packages are in dist-packages and sys.prefix is /usr. The machine's apt
sources are part of it, as an image's distributor puts in theirs; pip's settings are not.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.engine import apt
from tests.engine.engine import Engine, NoEngineError

RELEASES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}
PACKAGES = "ca-certificates,netbase,tzdata,python3,python3-pip,python3-venv"
LABEL = "io.nb2image.stand-in"
RECIPE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
PRINT_VERSION = "import platform; print(platform.python_version())"
MACHINE_CA = Path("/etc/ssl/certs/ca-certificates.crt")

DPKG_SETTINGS = "".join(f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "man", "locale"))
APT_SETTINGS = """\
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
"""

FINISH = """
apt-get update -q
apt-get dist-upgrade -q -y
cd /tmp  # the headers without the compiler, as in the official image
apt-get download -q libpython$PYTHON-dev
dpkg-deb --fsys-tarfile libpython*.deb | tar -x -C / ./usr/include
rm libpython*.deb
rm -f /usr/lib/python$PYTHON/EXTERNALLY-MANAGED
cd /usr/local/bin
for name in python python3 python$PYTHON; do ln -s /usr/bin/python$PYTHON $name; done
for name in pip pip3 pip$PYTHON; do ln -s /usr/bin/pip3 $name; done
find / -xdev -name __pycache__ -prune -exec rm -r {} +
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /etc/resolv.conf /etc/hostname
"""
"""Run in the new root by sh, with PYTHON set."""


def reference(python: str) -> str:
    """The official image's name for a Python version."""
    return f"python:{python}-slim-{RELEASES[python]}"


@contextlib.contextmanager
def provided(engine: Engine, python: str, cache: Path) -> Iterator[str]:
    """The base image for a Python, in the engine: there already, pulled, or the stand-in.

    The stand-in's file system is kept in ``cache``; in an engine that is not the tests' own, its
    name is given back afterwards. Raises NoEngineError.
    """
    name = reference(python)
    recipe = f'{{{{index .Config.Labels "{LABEL}"}}}}'
    there = engine.docker("image", "inspect", "--format", recipe, name, check=False)
    current = there.returncode == 0 and there.stdout.strip() in ("", RECIPE)
    if current or engine.docker("pull", "--quiet", name, check=False).returncode == 0:
        yield name
        return
    kept = cache / f"{name.replace(':', '-')}.{RECIPE}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # runs at the same time make it once
        if not kept.exists():
            _make(python, kept)
    version = (kept / "python-version").read_text()
    engine.docker("import", *_changes(version), str(kept / "root.tar"), name)
    try:
        yield name
    finally:
        if there.returncode and not engine.owned:
            engine.docker("image", "rm", name, check=False)


def _changes(version: str) -> list[str]:
    """The image's configuration, as the official image has it."""
    lines = (
        "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV LANG=C.UTF-8",
        f"ENV PYTHON_VERSION={version}",
        'CMD ["python3"]',
        f"LABEL {LABEL}={RECIPE}",
    )
    return [word for line in lines for word in ("--change", line)]


def _make(python: str, kept: Path) -> None:
    """Write root.tar and python-version into the folder ``kept``, or nothing at all."""
    if os.geteuid() != 0:
        raise NoEngineError(f"{reference(python)} cannot be pulled, and only root can make it")
    if shutil.which("debootstrap") is None:
        apt.install("debootstrap")
    for outdated in kept.parent.glob(f"{kept.stem}.*"):
        shutil.rmtree(outdated)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        root, made = Path(folder, "root"), Path(folder, "made")
        made.mkdir()
        _make_root(RELEASES[python], python, root)
        version = _run("chroot", str(root), "python3", "-IBc", PRINT_VERSION)
        (made / "python-version").write_text(version.strip())
        excluded = [f"--exclude=./{name}/*" for name in ("dev", "proc", "sys", "tmp")]
        packed = str(made / "root.tar")
        _run("tar", "--numeric-owner", *excluded, "-C", str(root), "-cf", packed, ".")
        made.rename(kept)


def _make_root(release: str, python: str, root: Path) -> None:
    sources = apt.debian_sources(release)
    # In a mount namespace of its own: what debootstrap mounts in the root is never left behind.
    make = ("unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={PACKAGES}")
    _run(*make, release, str(root), sources[0][0])
    listed = "".join(f"deb {uri} {suite} {component}\n" for uri, suite, component in sources)
    (root / "etc/apt/sources.list").write_text(listed)
    transport = apt.transport_settings()
    if "https:" in listed and MACHINE_CA.exists():
        # apt alone trusts what the machine trusts: Python must not, for nb2image brings its own
        shutil.copy(MACHINE_CA, root / "etc/apt/machine-ca.crt")
        transport += 'Acquire::https::CaInfo "/etc/apt/machine-ca.crt";\n'
    (root / "etc/apt/apt.conf.d/90machine").write_text(transport)
    (root / "etc/apt/apt.conf.d/90docker").write_text(APT_SETTINGS)
    (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(DPKG_SETTINGS)
    _run("env", f"PYTHON={python}", "chroot", str(root), "sh", "-euc", FINISH)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise NoEngineError(f"{argv[0]}: {(done.stdout + done.stderr).strip()[-800:]}")
    return done.stdout
