"""The layers of the virtual environment: its skeleton, and one layer for each large wheel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers.layer import Compression, Layer, LayerWriter
from nb2image.build.embedded.wheels.bytecode import Compiler
from nb2image.build.embedded.wheels.members import Archive
from nb2image.build.embedded.wheels.place import Placed, Tree, place
from nb2image.image.contract import INSTALLED, VENV
from nb2image.image.trim import WHOLE, Trimmed
from nb2image.model import LockedPackage

LARGE = 1 << 20
"""Bytes from which a wheel has a layer of its own."""
MOST_LAYERS = 60
"""Engines take 127 layers with those of the base; a registry answers for each one."""
RECIPE = 3
"""Part of every cache key: raise it whenever the bytes of a layer change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel on this machine whose hash is one of the lock's."""

    package: LockedPackage
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenvOptions:
    """What decides the bytes of a wheel's layer besides the wheel."""

    python: str
    """``3.11``."""
    compression: Compression = "gzip"
    compiler: Compiler | None = None
    trimmed: Trimmed = WHOLE
    """What is left out (``--trim``)."""

    @property
    def key(self) -> str:
        """For cache keys."""
        compiled = self.compiler.version if self.compiler else ""
        trimmed = "+".join((*self.trimmed.tested, *self.trimmed.paths))
        return f"{RECIPE}/{self.python}/{self.compression}/{compiled}/{trimmed}"


def groups(wheels: Sequence[Wheel]) -> list[tuple[Wheel, ...]]:
    """The wheels of each layer: large ones alone, the rest together; by name."""
    by_size = sorted(wheels, key=lambda w: (-w.size, w.package.name))
    alone = {w.sha256 for w in by_size[:MOST_LAYERS] if w.size >= LARGE}
    rest = tuple(w for w in sorted(wheels, key=name_of) if w.sha256 not in alone)
    found = [(w,) for w in sorted(wheels, key=name_of) if w.sha256 in alone]
    return [*found, rest] if rest else list(found)


def name_of(wheel: Wheel) -> str:
    """To sort by."""
    return wheel.package.name


def in_order(layers: Sequence[Layer]) -> list[Layer]:
    """Largest first: a layer that changes makes an engine unpack all that lie upon it again."""
    return sorted(layers, key=lambda layer: (-layer.unpacked, layer.diff_id))


def wheel_layer(cache: BlobCache, wheels: tuple[Wheel, ...], options: VenvOptions) -> Layer:
    """The layer of some wheels, from the cache where it was made before.

    Raises BuildError for a wheel that is broken or hostile.
    """
    what = ", ".join(f"{w.package.name} {w.package.version}" for w in wheels)
    key = f"wheels/{options.key}/{'+'.join(w.sha256 for w in wheels)}"
    return cache.layer(key, lambda file: write_wheels(file, wheels, options, what))


def write_wheels(
    file: BinaryIO, wheels: tuple[Wheel, ...], options: VenvOptions, what: str
) -> Layer:
    """Write the layer of some wheels."""
    writer = LayerWriter(file, time=INSTALLED, compression=options.compression)
    tree = Tree(python=options.python, trimmed=options.trimmed)
    with ExitStack() as stack:
        placed: dict[str, tuple[Placed, Archive]] = {}
        for wheel in wheels:
            archive = stack.enter_context(Archive(wheel.path, wheel.path.name))
            for one in place(archive.name, archive.members, archive.read, tree):
                placed[one.path] = (one, archive)
        if options.compiler is not None:
            sources = [(one, archive) for one, archive in placed.values()]
            for compiled in options.compiler.compiled(sources):
                placed.setdefault(compiled.path, (compiled, sources[0][1]))
        for path, (one, archive) in sorted(placed.items()):
            writer.parents(path)
            mode = 0o755 if one.executable else 0o644
            if one.member is None:
                writer.file(path, one.data, mode=mode, bulk=one.bulk)
            else:
                writer.stream(
                    path,
                    archive.pieces(one.member),
                    size=one.member.size,
                    deflated=one.member.deflated,
                    crc=one.member.crc,
                    mode=mode,
                )
    return writer.finish(what)


def write_skeleton(writer: LayerWriter, python: str, interpreter: str, version: str) -> None:
    """What ``python -m venv --without-pip`` makes that a running image needs.

    ``interpreter`` is the base's Python, ``/usr/local/bin/python3.11``.
    """
    root = VENV[1:]
    home, _, _ = interpreter.rpartition("/")
    settings = (
        f"home = {home}\ninclude-system-site-packages = false\nversion = {version or python}\n"
        f"executable = {interpreter}\n"
    )
    site = Tree(python=python).site
    writer.parents(f"{site}/-")
    writer.parents(f"{root}/bin/-")
    writer.symlink(f"{root}/bin/python", interpreter)
    writer.symlink(f"{root}/bin/python3", "python")
    writer.symlink(f"{root}/bin/python{python}", "python")
    writer.symlink(f"{root}/lib64", "lib")
    writer.file(f"{root}/pyvenv.cfg", settings.encode())
