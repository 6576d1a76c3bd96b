"""A comparison of three images, for tests of what shows one."""

from __future__ import annotations

from dataclasses import replace

from nb2image.analysis.compare import compare
from nb2image.model.analysis import Waste
from nb2image.model.comparison import Part, Subject

FIRST = Subject(
    name="a:cpu",
    reference="a:cpu",
    notebook="a.ipynb",
    size=100_000_000,
    compressed_size=40_000_000,
    layer_count=2,
    packages=(
        Part(name="numpy", size=60_000_000, note="2.0", kind="python-package"),
        Part(name="six", size=38_000, note="1.0", kind="python-package"),
        Part(name="libc6", size=39_000_000, kind="apt"),
        Part(name="everything else", size=900_000, kind="other"),
    ),
    layers=(
        Part(name="base image", size=39_900_000, kind="base"),
        Part(name="COPY /out/ /", size=60_038_000, kind="layer"),
    ),
    folders=(Part(name="/usr/lib", size=39_000_000, kind="folder"),),
    layer_sizes=(("sha256:1", 39_900_000), ("sha256:2", 60_038_000)),
    hidden_size=62_000,
    efficiency=0.99,
    wasted_bytes=62_000,
    wastes=(Waste(path="etc/passwd", size=62_000, layers=(1, 2)),),
    cold_seconds=20.5,
    warm_seconds=0.9,
)
SECOND = replace(
    FIRST,
    name="a:cpu-single",
    size=140_000_000,
    packages=(
        Part(name="numpy", size=70_000_000, note="2.1", kind="python-package"),
        Part(name="gcc-12", size=69_000_000, kind="apt"),
        Part(name="everything else", size=938_000, kind="other"),
    ),
    layers=(
        Part(name="base image", size=39_900_000, kind="base"),
        Part(name="RUN apt-get install gcc", size=100_038_000, kind="layer"),
    ),
    warm_seconds=None,
)
SOON = Subject(
    name="a-image",
    forecast=True,
    size=90_000_000,
    packages=(Part(name="numpy", size=90_000_000, note="2.0", kind="python-package"),),
)
COMPARISON = compare([FIRST, SECOND, SOON])
