"""The fixed encoder."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2image.build.embedded.layers import deflate

ENCODERS = (deflate.deflate_runs, deflate.deflate_text, deflate.deflate)


def inflated(data: bytes) -> bytes:
    """What a decoder makes of one whole stream."""
    decoder = zlib.decompressobj(-15)
    plain = decoder.decompress(data)
    assert decoder.eof
    assert not decoder.unused_data
    return plain


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 257, 258, 259, 260, 261, 262, 519, 40_000])
def test_runs_of_every_length_come_back(encode: Callable[[bytes], bytes], size: int) -> None:
    """A run is split into matches of 3 to 258 bytes without losing any."""
    assert inflated(encode(b"x" * size)) == b"x" * size


@pytest.mark.parametrize("encode", ENCODERS)
@given(data=st.lists(st.sampled_from([b"a", b"b", b"\0\0\0", b"abcdef", b"\xff"])).map(b"".join))
def test_any_bytes_come_back(encode: Callable[[bytes], bytes], data: bytes) -> None:
    """What is encoded decodes to itself."""
    assert inflated(encode(data)) == data


def test_every_byte_and_distance_comes_back() -> None:
    """All literals, and repetitions as far apart as the window is wide."""
    data = bytes(range(256)) + bytes(32_000) + bytes(range(256)) + bytes(32_700) + b"end"
    assert inflated(deflate.deflate_text(data)) == data


def test_the_bytes_never_change() -> None:
    """Digests of published images depend on them."""
    text = b"".join(b"line %d of a text\n" % n for n in range(500))
    made = deflate.deflate_runs(text) + deflate.deflate_text(text)
    assert len(deflate.deflate_text(text)) < len(text) / 3
    assert hashlib.sha256(made).hexdigest() == (
        "0d665ec48805f210eb33fe53761a7c1e7fbd75b76daed2d03b5fd5f7a2f57b73"
    )


def test_plain_bytes_as_stored_blocks() -> None:
    """More than one block, ended by an empty one."""
    data = bytes(range(256)) * 600
    assert inflated(deflate.stored(data) + deflate.LAST) == data
