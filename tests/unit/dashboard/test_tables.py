"""Tables of a comparison: what differs, in bytes; text that HTML shows as it is."""

from __future__ import annotations

from dashboard.compare import tables
from dashboard.tables import table
from nb2image.analysis.budget import hold
from nb2image.model.analysis import Gates
from nb2image.model.comparison import Budget
from tests.unit.dashboard.comparisons import COMPARISON


def test_changes_of_packages() -> None:
    """The largest difference first, with versions and both kinds of numbers."""
    found = tables.changes(COMPARISON, "packages")
    assert found["Name"][:2] == ["gcc-12", "libc6"]
    row = found["Name"].index("numpy")
    assert found["Version"][row] == "2.0 → 2.1 → 2.0"
    assert found["a:cpu-single"][row] == 70_000_000
    assert found["Δ a:cpu-single"][row] == 10_000_000
    assert "Δ a:cpu" not in found


def test_changes_of_layers_and_folders() -> None:
    """They have no version; what is the same everywhere is counted, not listed."""
    assert list(tables.changes(COMPARISON, "layers"))[:2] == ["Name", "a:cpu"]
    assert "/usr/lib" in tables.changes(COMPARISON, "folders")["Name"]
    assert tables.unchanged(COMPARISON, "layers") == 0


def test_totals_and_limits() -> None:
    """One column an image, the rows in words."""
    totals = tables.totals(COMPARISON)
    assert list(totals) == ["", "a:cpu", "a:cpu-single", "a-image"]
    assert totals["a:cpu"][0] == "100.0 MB"
    held = hold(COMPARISON, Budget(gates=Gates(max_size=100_000_000, min_efficiency=0.5)))
    limits = tables.limits(held)
    assert limits["a:cpu-single"] == ["FAILED, 140.0 MB", "ok, 0.99"]
    assert limits["a-image"] == ["ok, 90.0 MB", "–"]


def test_wastes() -> None:
    """Every image's, with the layers that hold the path."""
    found = tables.wastes(COMPARISON)
    assert found["Path"] == ["/etc/passwd", "/etc/passwd"]
    assert found["Layers"] == ["1, 2", "1, 2"]


def test_html() -> None:
    """A caption, headings of rows and columns, and no markup of anybody else."""
    made = table({"": ["size"], "<b>x": ["ok, \x1b[1m<i>"]}, "A & B", colours={"ok": "#010203"})
    assert "<caption>A &amp; B</caption>" in made
    assert '<th scope="col">&lt;b&gt;x</th>' in made
    assert '<th scope="row">size</th>' in made
    assert '<td style="color:#010203"><strong>ok, &lt;i&gt;</strong></td>' in made
