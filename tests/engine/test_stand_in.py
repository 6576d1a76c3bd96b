"""The base image that the engine tests build upon is what nb2image expects of the official one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.conftest import BuildImage, RunImage
from tests.engine.engine import Engine

USER = ("--user", "10001:10001", "--read-only", "--tmpfs", "/tmp", "--network", "none")

FACTS = """
import ctypes.util, distutils, json, os, shutil, sqlite3, ssl, sys, sysconfig
include = sysconfig.get_paths()["include"]
print(json.dumps({
    "version": f"{sys.version_info.major}.{sys.version_info.minor}",
    "uid": os.getuid(),
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 100,
    "libc": ctypes.util.find_library("c"),
    "headers": os.path.exists(f"{include}/Python.h"),
    "tools": [name for name in ("gcc", "cc", "make", "git", "curl") if shutil.which(name)],
    "where": [shutil.which(name) for name in ("python", "python3", "python3.11", "pip", "pip3")],
    "encoding": sys.getfilesystemencoding(),
}))
"""


def test_python_is_the_official_images(base_image: str, run_image: RunImage) -> None:
    """As a non-root user: version, paths, certificates, libraries, headers, and no compiler."""
    done = run_image(base_image, "python", "-W", "ignore", "-c", FACTS, options=USER)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "version": "3.11",
        "uid": 10001,
        "authorities": True,
        "libc": "libc.so.6",
        "headers": True,
        "tools": [],
        "where": [
            f"/usr/local/bin/{n}" for n in ("python", "python3", "python3.11", "pip", "pip3")
        ],
        "encoding": "utf-8",
    }


def test_configuration_is_the_official_images(engine: Engine, base_image: str) -> None:
    """Its command is python3, its user root, and the environment tells Python's version."""
    shown = engine.docker("image", "inspect", "--format", "{{json .Config}}", base_image)
    config = json.loads(shown.stdout)
    environment = dict(pair.split("=", 1) for pair in config["Env"])
    assert config["Cmd"] == ["python3"]
    assert config["User"] == ""
    assert environment["LANG"] == "C.UTF-8"
    assert environment["PYTHON_VERSION"].startswith("3.11.")
    assert environment["PATH"].startswith("/usr/local/bin:")


@pytest.mark.parametrize(
    "command",
    [
        "python -m venv /tmp/venv && /tmp/venv/bin/python -m pip --version",
        "pip --version",
        "test -z \"$(find / -xdev -name '*.pyc' -o -xdev -name '*.deb')\"",
        "test ! -e /etc/pip.conf && ! env | grep -E '^(PIP|UV)_|_(PROXY|proxy)='",
    ],
)
def test_base_can(base_image: str, run_image: RunImage, command: str) -> None:
    """A virtual environment and pip work, bytecode and packages are not kept, nothing is baked."""
    done = run_image(base_image, "sh", "-c", command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_build_reaches_the_distributions_packages(
    build_image: BuildImage, run_image: RunImage, tmp_path: Path
) -> None:
    """apt installs in a build, and a non-root process runs what it installed."""
    context = tmp_path / "apt"
    context.mkdir()
    (context / "Dockerfile").write_text(
        "FROM python:3.11-slim-bookworm\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends hello\n"
        "USER 10001\n"
    )
    done = run_image(build_image(context, "--no-cache"), "hello")
    assert done.stdout == "Hello, world!\n"
