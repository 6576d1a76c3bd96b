"""What must be compiled is built by podman where no engine answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.engine import apt, registry
from tests.engine.command import nb2image, write_notebook
from tests.engine.engine import Engine


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


def test_a_package_without_a_wheel(
    engine: Engine, base_image: str, settings: dict[str, str], tmp_path: Path
) -> None:
    """Podman is taken by itself; the image lies in a file and is proved in a sandbox."""
    write_notebook(tmp_path / "old.ipynb", "import docopt\nprint(docopt.__version__)")
    (tmp_path / "requirements.txt").write_text("docopt==0.6.2\n")
    folder = tmp_path / "registry"
    folder.mkdir()
    with registry.running(folder) as host:
        registries = f'[[registry]]\nlocation = "{host}"\ninsecure = true\n'
        (tmp_path / "registries.conf").write_text(registries)
        base = f"{host}/library/python:3.11-slim-bookworm"
        engine.docker("tag", base_image, base)
        engine.docker("push", "--quiet", base)
        engine.docker("rmi", base)
        made = nb2image(
            *("convert", "old.ipynb", "--base-image", base, "--json"), cwd=tmp_path, env=settings
        )
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert report["image"]["builder"] == "podman"
    assert report["verdict"]["exit_status"] == 0
    ran = nb2image("run", "old-image.tar", "--quiet", cwd=tmp_path, env=settings)
    assert ran.stdout == "0.6.2\n", ran.stderr
