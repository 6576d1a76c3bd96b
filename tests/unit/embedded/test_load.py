"""Loading into an engine: which layers it has already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nb2image.build.embedded.documents import CONFIG, MANIFEST, Blob, Image
from nb2image.build.embedded.layers.layer import Layer
from nb2image.build.embedded.load import shared_layers


class Engine:
    """An engine's images by name, each the list of its layers; it counts what it is asked."""

    def __init__(self, **images: list[str]) -> None:
        self.known = images
        self.asked: list[str] = []
        self.api = self

    def images(self, *, all: bool) -> list[dict[str, str]]:
        """Every image's id."""
        self.asked.append("all")
        return [{"Id": name} for name in self.known]

    def inspect_image(self, name: str) -> dict[str, Any]:
        """An image's layers. Raises KeyError for one that is not there."""
        self.asked.append(name)
        return {"RootFS": {"Layers": self.known[name]}}


def image(*layers: str) -> Image:
    """An image of some layers."""
    return Image(
        config=Blob(media_type=CONFIG, data=b"{}"),
        manifest=Blob(media_type=MANIFEST, data=b"{}"),
        layers=tuple(Layer(digest=d, diff_id=d, size=1, unpacked=1, media_type="") for d in layers),
        architecture="amd64",
    )


def shared(engine: Engine, *layers: str) -> int:
    """What an engine has of an image that is to be ``mine``."""
    client: Any = SimpleNamespace(api=engine)
    return shared_layers(image(*layers), "mine", client)


def test_after_an_edit_the_image_of_the_same_name_is_all_that_is_asked_for() -> None:
    """An engine may hold hundreds of images, and each costs a request."""
    engine = Engine(other=["base"], mine=["base", "wheels", "old code"])
    assert shared(engine, "base", "wheels", "code") == 2
    assert engine.asked == ["mine"]


def test_other_images_are_asked_for_as_long_as_they_may_have_more() -> None:
    """The one that shares most wins; one that goes meanwhile is passed over."""
    engine = Engine(one=["base"], two=["base", "wheels", "x"], three=["base", "wheels", "code"])
    assert shared(engine, "base", "wheels", "code") == 2
    assert engine.asked == ["mine", "all", "one", "two"]
    assert shared(Engine(one=["else"]), "base", "code") == 0
