"""Podman builds a context's Dockerfile where no engine answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import apt, registry
from tests.engine.command import nb2image, write_notebook
from tests.engine.engine import Engine

BASE = "library/python:3.11-slim-bookworm"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Podman with a storage of its own, for machines that let it make no cgroups."""
    if shutil.which("podman") is None:
        apt.install("podman", "uidmap")
    storage = (
        f'[storage]\ndriver = "overlay"\ngraphroot = "{tmp_path}/s"\nrunroot = "{tmp_path}/r"\n'
    )
    (tmp_path / "storage.conf").write_text(storage)
    return {
        "BUILDAH_ISOLATION": "chroot",
        "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf"),
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


@pytest.fixture
def host(
    engine: Engine, base_image: str, settings: dict[str, str], tmp_path: Path
) -> Iterator[str]:
    """A registry that has the base image and that podman may use."""
    folder = tmp_path / "registry"
    folder.mkdir()
    with registry.running(folder) as found:
        registries = f'[[registry]]\nlocation = "{found}"\ninsecure = true\n'
        (tmp_path / "registries.conf").write_text(registries)
        base = f"{found}/{BASE}"
        engine.docker("tag", base_image, base)
        engine.docker("push", "--quiet", base)
        engine.docker("rmi", base)
        yield found


def test_a_package_without_a_wheel(host: str, settings: dict[str, str], tmp_path: Path) -> None:
    """The image lies in a file and is proved in a sandbox."""
    write_notebook(tmp_path / "old.ipynb", "import docopt\nprint(docopt.__version__)")
    (tmp_path / "requirements.txt").write_text("docopt==0.6.2\n")
    options = ("--base-image", f"{host}/{BASE}", "--builder", "podman", "--json")
    made = nb2image("convert", "old.ipynb", *options, cwd=tmp_path, env=settings)
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert report["image"]["builder"] == "podman"
    assert report["verdict"]["exit_status"] == 0
    ran = nb2image("run", "old-image.tar", "--quiet", cwd=tmp_path, env=settings)
    assert ran.stdout == "0.6.2\n", ran.stderr


def test_podman_pushes(engine: Engine, host: str, settings: dict[str, str], tmp_path: Path) -> None:
    """To the registry alone: no file is left, and the image is not run here."""
    write_notebook(tmp_path / "one.ipynb", "print(6 * 7)")
    tag = f"{host}/me/one:1"
    options = ("--builder", "podman", "--push", "--tag", tag, "--base-image", f"{host}/{BASE}")
    made = nb2image("convert", "one.ipynb", *options, "--json", cwd=tmp_path, env=settings)
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert report["image"]["pushed_only"]
    assert not report["image"]["file"]
    assert not (tmp_path / "one-image.tar").exists()
    assert engine.docker("run", "--rm", tag).stdout == "42\n"
    engine.docker("rmi", tag)
