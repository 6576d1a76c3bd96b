"""Two images are held against each other file by file."""

from __future__ import annotations

from dataclasses import replace

from nb2image.model.layer import Entry, Layer, LayerFiles, StoredImage
from nb2image.origins.rebuild import compare

FILE = Entry(path="app/a.py", kind="file", size=9_000, mode=0o644, digest=b"1")


def image(*layers: tuple[str, tuple[Entry, ...]], id: str = "sha256:1") -> StoredImage:
    made = tuple(
        Layer(number=number, digest=digest, files=LayerFiles(entries=entries))
        for number, (digest, entries) in enumerate(layers, 1)
    )
    return StoredImage(reference="x", id=id, layers=made)


def test_equal_layers_are_the_same_files() -> None:
    """Layers of one digest need no look at their files."""
    found = compare("x", image(("a", (FILE,))), image(("a", (FILE,)), id="sha256:2"))
    assert (found.same_image, found.same_files, found.same_layers) == (False, True, 1)


def test_every_difference_is_named() -> None:
    """Content, mode, a missing and an added file are told apart."""
    gone = replace(FILE, path="app/gone")
    new = replace(FILE, path="app/new")
    changed = replace(FILE, digest=b"2", mode=0o755)
    found = compare("x", image(("a", (FILE, gone))), image(("b", (changed, new))))
    assert not found.same_files
    assert found.differences == (
        "app/a.py: mode, content",
        "app/gone: only in the old image",
        "app/new: only in the new image",
    )


def test_what_a_layer_deletes_is_no_file() -> None:
    """A whiteout removes a file and what lies below a folder."""
    folder = replace(FILE, path="app/d/x")
    gone = Entry(path="app/d", kind="whiteout")
    before = image(("a", (FILE, folder)), ("b", (gone,)))
    found = compare("x", before, image(("c", (FILE,))))
    assert found.differences == ("times of files, or the content of files below 4 kB",)
