"""Images that leave the engine: saved and loaded again, pushed and pulled again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine import registry, session
from tests.engine.command import nb2image
from tests.engine.engine import Engine


@pytest.fixture
def image(engine: Engine, tmp_path: Path) -> str:
    """A small image."""
    name = session.image_name("deliver")
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    engine.docker("build", "--tag", name, str(context))
    return name


def test_saved_image_is_loaded_again(engine: Engine, image: str, tmp_path: Path) -> None:
    """The file brings back the image with its id and name."""
    number = engine.docker("image", "inspect", "--format={{.Id}}", image).stdout
    done = nb2image("save", image, "--output", "a.tar", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "a.tar\n")
    engine.docker("rmi", image)
    engine.docker("load", "--input", str(tmp_path / "a.tar"))
    assert engine.docker("image", "inspect", "--format={{.Id}}", image).stdout == number


def test_pushed_image_is_pulled_again(engine: Engine, image: str, tmp_path: Path) -> None:
    """The registry has the digest that was told; a name without a registry there is refused."""
    with registry.running(tmp_path) as host:
        tag = f"{host}/me/deliver:1"
        done = nb2image("push", image, "--tag", tag, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        digest = json.loads(done.stdout)["digest"]
        engine.docker("rmi", tag)
        engine.docker("pull", f"{host}/me/deliver@{digest}")
        engine.docker("rmi", f"{host}/me/deliver@{digest}")
    refused = nb2image("push", image, "--tag", tag, cwd=tmp_path)
    engine.docker("rmi", tag)
    assert refused.returncode == 7
    assert "cannot be pushed" in refused.stderr
