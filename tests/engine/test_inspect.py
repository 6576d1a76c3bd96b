"""Inspection against the truth of others: the engine's own sizes, and tar's own listing."""

from __future__ import annotations

import gzip
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.archive.read import read_path
from nb2image.cli import main
from nb2image.errors import ArchiveError
from nb2image.measuring.inspection import inspect_named
from nb2image.model.analysis import Inspection
from nb2image.services import Services
from tests.engine import session
from tests.engine.engine import Engine

DOCKERFILE = """
FROM {base}
LABEL org.opencontainers.image.base.name={base}
COPY once twice gone /data/
RUN mkdir /opaque && cp /data/once /opaque/a && ln /data/once /data/hard && ln -s once /data/soft
COPY twice2 /data/twice
RUN rm /data/gone && rm -r /opaque && mkdir /opaque && echo new > /opaque/b
RUN chmod 600 /data/once
"""


@pytest.fixture(scope="module")
def image(engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image in which files are deleted, overwritten, linked and hidden by an opaque folder."""
    context = tmp_path_factory.mktemp("waste")
    (context / "Dockerfile").write_text(DOCKERFILE.format(base=base_image))
    for name, size in (("once", 70_000), ("twice", 50_000), ("twice2", 60_000), ("gone", 90_000)):
        (context / name).write_bytes(
            name.encode() * (size // len(name)) + b"." * (size % len(name))
        )
    name = session.image_name("waste")
    engine.docker("build", "--tag", name, str(context))
    return name


@pytest.fixture(scope="module")
def saved(engine: Engine, image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image as a docker save tar."""
    path = tmp_path_factory.mktemp("saved") / "image.tar"
    engine.docker("save", image, "--output", str(path))
    return path


@pytest.fixture(scope="module")
def found(image: str) -> Inspection:
    return inspect_named(image, Services())


def test_sizes_are_the_engines(engine: Engine, image: str, found: Inspection, saved: Path) -> None:
    """Layers have the size that docker history says, the image that of docker image inspect.

    For the base layer, which it unpacked, Docker counts the targets of links as well.
    """
    history = engine.docker("history", "--human=false", "--format", "{{.Size}}", image).stdout
    theirs = [int(line) for line in reversed(history.split()) if line != "0"]
    inspected = json.loads(engine.docker("image", "inspect", image).stdout)[0]
    base = read_path(saved, keep=lambda path: False).layers[0]
    links = sum(len(e.target.encode()) for e in base.files.entries if e.kind == "symlink")
    assert theirs[0] - found.layers[0].size in (0, links)
    assert [layer.size for layer in found.layers[1:]] == theirs[1:]
    assert inspected["Size"] - found.size in (0, links)
    assert found.id == inspected["Id"]
    assert [layer.digest for layer in found.layers] == inspected["RootFS"]["Layers"]


def test_layers_by_hand(found: Inspection) -> None:
    """The layers hold what the Dockerfile put into each."""
    assert [layer.size for layer in found.layers[1:]] == [
        70_000 + 50_000 + 90_000,
        70_000 + 70_000,  # the hard link made overlayfs copy its target up
        60_000,
        len("new\n"),
        70_000,
    ]


def test_what_is_hidden_by_hand(found: Inspection) -> None:
    """Deleted, overwritten, hidden by an opaque folder; a hard link keeps bytes in sight."""
    hidden = [(f.path, f.size, f.layer, f.hidden_by, f.cause) for f in found.hidden]
    assert hidden == [
        ("data/gone", 90_000, 2, 5, "deleted"),
        ("data/once", 70_000, 2, 3, "overwritten"),
        ("opaque/a", 70_000, 3, 5, "opaque"),
        ("data/twice", 50_000, 2, 4, "overwritten"),
    ]
    assert found.hidden[1].same_content


def test_dive_by_hand(found: Inspection) -> None:
    """dive's figures: once is a file, then the second name of one, then a file again."""
    wastes = {waste.path: waste.size for waste in found.efficiency.wastes}
    assert wastes == {"data/once": 70_000 + 0 + 70_000, "data/twice": 110_000, "data/gone": 90_000}
    least = found.size - 140_000 - (110_000 - 50_000) - 90_000
    assert found.efficiency.score == pytest.approx(least / found.size, abs=1e-12)


def test_base_is_found(found: Inspection) -> None:
    """The base's layers are told from the others by the engine."""
    assert [layer.base for layer in found.layers] == [True] + [False] * 5
    assert found.base_size == found.layers[0].size


def test_every_way_in_gives_the_same(found: Inspection, saved: Path, tmp_path: Path) -> None:
    """The engine's stream, its tar, and the tar compressed are one image."""
    compressed = tmp_path / "image.tar.gz"
    with saved.open("rb") as plain, gzip.open(compressed, "wb", compresslevel=1) as packed:
        while chunk := plain.read(1 << 20):
            packed.write(chunk)
    for path in (saved, compressed):
        other = inspect_named(str(path), Services())
        assert replace(other, reference=found.reference) == found


def test_entries_are_tars(saved: Path) -> None:
    """Each layer has the entries that tar lists, in number and by name."""
    image = read_path(saved, keep=lambda path: False)
    manifest = json.loads(tar("-xOf", str(saved), "manifest.json"))[0]
    for layer, name in zip(image.layers, manifest["Layers"], strict=True):
        inner = subprocess.run(["tar", "-xOf", str(saved), name], capture_output=True, check=True)
        listed = subprocess.run(["tar", "-t"], input=inner.stdout, capture_output=True, check=True)
        names = {line.rstrip("/") for line in listed.stdout.decode().splitlines()}
        theirs = {name.removeprefix("./") for name in names if name != "."}
        ours = set()
        for entry in layer.files.entries:
            folder, slash, last = entry.path.rpartition("/")
            ours.add(
                {
                    "whiteout": f"{folder}{slash}.wh.{last}",
                    "opaque": f"{entry.path}/.wh..wh..opq",
                }.get(entry.kind, entry.path)
            )
        assert ours == theirs


def tar(*argv: str) -> str:
    return subprocess.run(["tar", *argv], capture_output=True, text=True, check=True).stdout


def test_missing_image(engine: Engine) -> None:
    """An image that the engine does not have is an error that says where to look."""
    with pytest.raises(ArchiveError) as caught:
        inspect_named("nb2image-test/none:none", Services())
    assert caught.value.code == "image-missing"
    with pytest.raises(ArchiveError):
        inspect_named("No Reference At All!", Services())


def test_gate_on_a_real_image(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line holds an engine's image to limits."""
    assert main(["inspect", image, "--max-wasted", "300kB", "--max-layer", "300kB"]) == 9
    shown = capsys.readouterr()
    assert "FAIL  max-wasted: /data/once is in layers 2, 3, 6 (140.0 kB)" in shown.out
    assert "ok    max-layer" in shown.out
