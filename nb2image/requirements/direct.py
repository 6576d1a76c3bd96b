"""Direct requirements and their bounds, put together."""

from __future__ import annotations

from dataclasses import replace

from nb2image.model import DirectRequirement


def combined(old: DirectRequirement, new: DirectRequirement) -> DirectRequirement:
    """Two requirements of the same distribution as one."""
    return replace(
        old,
        specifier=joined(old.specifier, new.specifier),
        preferred=joined(old.preferred, new.preferred),
        extras=tuple(sorted({*old.extras, *new.extras})),
        url=old.url or new.url,
        modules=tuple(dict.fromkeys((*old.modules, *new.modules))),
        evidence=(*old.evidence, *new.evidence),
    )


def joined(*bounds: str) -> str:
    """Bounds that hold together, each once."""
    return ",".join(dict.fromkeys(b for b in bounds if b))
