"""What others print is made harmless for a terminal."""

from __future__ import annotations

import pytest

from nb2image.terminal import clean, one_line, passable, step_title


@pytest.mark.parametrize(
    ("text", "cleaned", "passed"),
    [
        ("plain ✓ é", "plain ✓ é", "plain ✓ é"),
        ("a\tb\nc", "a\tb\nc", "a\tb\nc"),
        ("\x1b[31mred\x1b[0m", "red", "\x1b[31mred\x1b[0m"),
        ("50%\x1b[K\r100%", "50%100%", "50%\x1b[K\r100%"),
        ("\x1b]0;title\x07x", "x", "x"),
        ("\x1b]52;c;c2VjcmV0\x1b\\x", "x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link", "link"),
        ("\x1bP+q\x1b\\x", "x", "x"),
        ("\x1b[6nx", "x", "x"),
        ("\x1b[?1049hx", "x", "x"),
        ("\x1bcx", "x", "x"),
        ("a\x08\x00b\x9bc", "abc", "a\x08bc"),
        ("unfinished \x1b", "unfinished ", "unfinished "),
    ],
)
def test_terminal_codes(text: str, cleaned: str, passed: str) -> None:
    """Colours and cursor moves may pass where asked; titles, clipboard and modes never do."""
    assert clean(text) == cleaned
    assert passable(text) == passed


def test_one_line() -> None:
    """A name with a line break stays on its line."""
    assert one_line("a\nb\t\x1b[1mc") == "a b c"


def test_step_title() -> None:
    """A step is shown by its command, not by its mounts, and fits."""
    step = "[b 1/2] RUN --mount=type=cache,target=/c --mount=type=secret,id=x pip install y"
    assert step_title(step) == "[b 1/2] RUN pip install y"
    assert step_title("RUN " + "x" * 200, 20) == "RUN " + "x" * 15 + "…"
