"""What a container prints, in chunks of any size, becomes lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nb2image.run.lines import LONGEST, Lines


def lines(*chunks: bytes) -> list[tuple[str, str]]:
    """Feed chunks and end the stream."""
    stream = Lines()
    found: list[tuple[str, str]] = [item for chunk in chunks for item in stream.feed(chunk)]
    return found + list(stream.flush(end=True))


def test_line_ends() -> None:
    """A newline ends a line, a carriage return rewrites it, the two together are a newline."""
    assert lines(b"a\nb\r\nc\rd") == [("a", "\n"), ("b", "\n"), ("c", "\r"), ("d", "")]


def test_carriage_return_at_the_end_of_a_chunk() -> None:
    """It may be the first half of a line end."""
    assert lines(b"a\r", b"\nb\r", b"c\n") == [("a", "\n"), ("b", "\r"), ("c", "\n")]


def test_pause_shows_what_there_is() -> None:
    """A prompt or a dot is shown before its line ends."""
    stream = Lines()
    assert list(stream.feed(b"epoch 1")) == []
    assert list(stream.flush()) == [("epoch 1", "")]
    assert list(stream.feed(b" done\n")) == [(" done", "\n")]


def test_endless_line() -> None:
    """A line without an end does not pile up."""
    stream = Lines()
    pieces = [piece for _ in range(10) for piece in stream.feed(b"x" * 50_000)]
    assert sum(len(text) for text, _ in pieces) >= 500_000 - LONGEST


@given(
    text=st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])),
    cuts=st.lists(st.integers(0, 200)),
)
def test_nothing_is_lost(text: str, cuts: list[int]) -> None:
    """However the bytes are cut, the text comes out."""
    data = text.encode()
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[a:b] for a, b in pairwise(bounds)]
    assert "".join(line + end for line, end in lines(*chunks)) == text
