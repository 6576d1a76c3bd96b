"""The compared run's bytes are taken apart into cells, however they come."""

from __future__ import annotations

import json

import pytest

from nb2image.model import Place, Script, ScriptCell
from nb2image.verify.capture import MAX_KEPT, Capture
from nb2image.verify.instrument import instrumented

WORD = "secret"


def record(**content: object) -> bytes:
    """A record as the capture module writes it."""
    return b"\x1e" + f"{WORD} {json.dumps(content)}\n".encode()


STDOUT = (
    b"before\n"
    + record(cell=1, at=0.0)
    + b"one\n"
    + record(cell=4, at=1.5, memory=1000)
    + b"no line end"
    + record(value={"text": "42", "type": "builtins.int"})
    + b"42\n"
    + record(shown=True)
    + b"after\n"
    + record(end=True, at=2.0)
    + b"at exit\n"
)


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_cells_are_told_apart_whatever_the_pieces(size: int) -> None:
    """Each cell gets its own text and values; the user sees everything but the records."""
    capture = Capture(WORD)
    seen = b"".join(
        capture.feed("stdout", STDOUT[i : i + size]) for i in range(0, len(STDOUT), size)
    )
    capture.feed("stderr", record(cell=1) + b"careful\n" + record(cell=4))
    outside, one, four = capture.cells(("figures/001-cell4.png", "figures/002-cell4.png"))
    assert seen == b"before\none\nno line end42\nafter\nat exit\n"
    assert (outside.cell, outside.printed) == (0, "before\nat exit\n")
    assert (one.printed, one.warnings, one.seconds) == ("one\n", "careful\n", 1.5)
    assert (four.printed, four.shown[0].text, four.seconds) == ("no line endafter\n", "42", 0.5)
    assert four.figures == ("figures/001-cell4.png", "figures/002-cell4.png")
    assert capture.ended
    assert capture.memory == 1000


@pytest.mark.parametrize(
    "text",
    [b"\x1e", b"\x1esec", b"\x1esecre! {}\n", b"\x1e\x1e\x1eother {}\n", b"a\x1eb\x1ec"],
)
def test_separators_that_the_notebook_prints_are_its_own(text: bytes) -> None:
    """What only looks like a record is text."""
    capture = Capture(WORD)
    capture.feed("stdout", record(cell=1) + text + b"z" + record(cell=2))
    assert capture.cells()[1].printed == (text + b"z").decode()


@pytest.mark.parametrize(
    "broken", [b"{", b"[]", b'{"cell": "x"}', b'{"value": 3}', b"[" * 100_000, b"\xff"]
)
def test_broken_records_are_passed_over(broken: bytes) -> None:
    """A record that is none changes nothing and stops nothing."""
    capture = Capture(WORD)
    capture.feed("stdout", record(cell=1) + b"\x1e" + f"{WORD} ".encode() + broken + b"\nx")
    assert capture.cells()[1].printed == "x"


def test_a_flood_is_counted_and_not_kept() -> None:
    """Of a cell that prints without end only the beginning is kept."""
    capture = Capture(WORD)
    capture.feed("stdout", record(cell=1))
    for _ in range(40):
        capture.feed("stdout", b"y" * 100_000)
    cell = capture.cells()[1]
    assert len(cell.printed) == MAX_KEPT
    assert cell.cut
    assert capture.total == 4_000_000


SCRIPT = '''# Made by nb2image
from __future__ import annotations

# %% [cell 2]
text = """
# %% [cell 3]
"""

# %% [cell 3]
print(text)

# %% [cell 9]
# not Python
'''


def test_the_script_tells_of_its_cells_and_no_line_moves() -> None:
    """Each cell's comment becomes a call; what stands in a string or holds no Python stays."""
    places = tuple(Place() for _ in SCRIPT.split("\n"))
    cells = tuple(
        ScriptCell(number=n, source="", first_line=1, last_line=1, broken=n == 9) for n in (2, 3, 9)
    )
    made = instrumented(Script(name="train.py", text=SCRIPT, lines=places, cells=cells))
    lines = made.split("\n")
    assert lines[3] == '__import__("nb2image_capture").cell(2)'
    assert lines[5] == "# %% [cell 3]"
    assert lines[8] == '__import__("nb2image_capture").cell(3)'
    assert lines[11] == "# %% [cell 9]"
    assert lines[-2] == '__import__("nb2image_capture").end()'
    compile(made, "train.py", "exec")
