"""A requirements file that the user gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.errors import OptionError
from nb2image.requirements.target import Target
from nb2image.requirements.written.given import read_given

TARGET = Target(python="3.11")


def read(tmp_path: Path, text: str, **more: str):
    """What a file and those beside it say."""
    for name, content in more.items():
        (tmp_path / f"{name}.txt").write_text(content)
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    return read_given(path, TARGET)


def test_lines_with_versions_markers_hashes_and_comments(tmp_path: Path) -> None:
    """Hashes are dropped, markers decide, continuation lines are one; the place is told."""
    text = (
        "# header\nnumpy>=1.20  # why\npandas==2.1.0 \\\n    --hash=sha256:aa \\\n"
        "    --hash=sha256:bb\nenum34; python_version < '3'\n"
        "Tool[fast]~=1.0; sys_platform=='linux'\n"
        "fork @ git+https://git.test/fork@abc\n"
    )
    direct, constraints, findings = read(tmp_path, text)
    assert [(d.name, d.specifier, d.extras, d.url) for d in direct] == [
        ("fork", "", (), "git+https://git.test/fork@abc"),
        ("numpy", ">=1.20", (), ""),
        ("pandas", "==2.1.0", (), ""),
        ("tool", "~=1.0", ("fast",), ""),
    ]
    assert direct[2].evidence[0].place is not None
    assert direct[2].evidence[0].place.line == 3
    assert (constraints, findings) == ((), ())


def test_files_include_and_constrain_each_other(tmp_path: Path) -> None:
    """-r adds, -c bounds, and a circle ends."""
    direct, constraints, _ = read(
        tmp_path,
        "-r more.txt\n-c bounds.txt\nsix\n",
        more="attrs\n-r requirements.txt\n",
        bounds="six<2\n",
    )
    assert [d.name for d in direct] == ["attrs", "six"]
    assert constraints == ("six<2",)


def test_lines_of_one_distribution_hold_together(tmp_path: Path) -> None:
    """As with pip: none of them is forgotten."""
    (found,), _, _ = read(tmp_path, "numpy>=1.2\nNumPy[extra]<1.5\n")
    assert (found.specifier, found.extras) == (">=1.2,<1.5", ("extra",))


def test_options_are_told_without_their_values(tmp_path: Path) -> None:
    """An index in the file may carry a password."""
    _, _, findings = read(tmp_path, "--index-url https://ann:s3cret@index.test/simple\nsix\n")
    assert [f.code for f in findings] == ["requirements-option"]
    assert "s3cret" not in repr(findings)


@pytest.mark.parametrize("line", ["-e .", "./local", "not a requirement", "numpy=>1"])
def test_lines_that_cannot_be_followed_are_all_listed(tmp_path: Path, line: str) -> None:
    """Each with its place, in one error."""
    with pytest.raises(OptionError) as caught:
        read(tmp_path, f"six\n{line}\n{line}\n")
    assert [f.place.line for f in caught.value.findings if f.place] == [2, 3]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The error names it."""
    with pytest.raises(OptionError, match=r"gone\.txt"):
        read_given(tmp_path / "gone.txt", TARGET)
