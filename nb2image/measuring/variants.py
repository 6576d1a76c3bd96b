"""Names for ways to build one notebook, so that they can be built and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nb2image.errors import OptionError
from nb2image.options import Options

Change = Callable[[Options], Options]

CHANGES: dict[str, Change] = {
    "cpu": lambda options: replace(options, gpu="cpu"),
    "gpu": lambda options: replace(options, gpu="gpu"),
    "multi": lambda options: replace(options, layout="multi-stage"),
    "single": lambda options: replace(options, layout="single-stage"),
    "lab": lambda options: replace(options, entry="lab"),
    "bytecode": lambda options: replace(options, compile_bytecode=True),
}
"""What each word of a variant's name changes: ``cpu-single-bytecode``."""


def variant_options(name: str, options: Options) -> Options:
    """The options of a variant. Raises OptionError when a word of its name means nothing."""
    for word in name.split("-"):
        change = CHANGES.get(word)
        if change is None:
            raise OptionError(
                f"the variant {name!r} has a word {word!r} that means nothing",
                code="variant-unknown",
                hint=f"put variants together of {', '.join(CHANGES)}: cpu,cpu-single",
            )
        options = change(options)
    return options
