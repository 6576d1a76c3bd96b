"""A wheel is packed again of what an image has installed of it."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.model import LockedPackage
from nb2image.origins.extraction import with_wheel
from nb2image.origins.repack import repack
from tests.unit.image.plans import REQUIREMENTS, plan

SITE = "opt/venv/lib/python3.11/site-packages"
FORMER = "sha256:" + "a" * 64
PACKAGE = LockedPackage(
    name="tool",
    version="1.0+own",
    hashes=(FORMER,),
    wheel="tool-1.0+own-py3-none-any.whl",
    vendored="tool-1.0+own-py3-none-any.whl",
)
INFO = "tool-1.0+own.dist-info"
FILES = {
    f"{SITE}/tool/__init__.py": "WORD = 1\n",
    f"{SITE}/tool/__pycache__/__init__.cpython-311.pyc": "",
    f"{SITE}/alone.py": "",
    f"{SITE}/{INFO}/METADATA": "Name: tool\n",
    f"{SITE}/{INFO}/WHEEL": "Wheel-Version: 1.0\n",
    f"{SITE}/{INFO}/INSTALLER": "uv",
    f"{SITE}/{INFO}/entry_points.txt": "[console_scripts]\nMade = tool:main\n",
    "opt/venv/bin/Made": "#!/opt/venv/bin/python\n",
    "opt/venv/bin/written": "#!/opt/venv/bin/python\nprint(1)\n",
    "opt/venv/share/tool/x.txt": "x",
    "etc/passwd": "root",
}
LISTED = "".join(
    f"{path},,\n"
    for path in (
        *(path.removeprefix(f"{SITE}/") for path in FILES if path.startswith(SITE)),
        "tool/left_out.py",
        "../../../bin/Made",
        "../../../bin/written",
        "../../../share/tool/x.txt",
        "../../../../../etc/passwd",
        "/etc/passwd",
        f"{INFO}/RECORD",
    )
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The files of an image, and a link that leaves it."""
    for name, text in (FILES | {f"{SITE}/{INFO}/RECORD": LISTED + "tool/host.py,,\n"}).items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "secret").write_text("the host's")
    (tmp_path / "root" / SITE / "tool/host.py").symlink_to(tmp_path / "secret")
    return tmp_path / "root"


def packed(image: Path, package: LockedPackage = PACKAGE) -> Path | None:
    """The wheel, made beside the image."""

    def fetch(path: str) -> Path | None:
        found = image / path.lstrip("/")
        return found if found.exists() else None

    return repack(package, "3.11", fetch, image.parent)


def test_the_wheel_has_what_is_installed(image: Path) -> None:
    """And nothing that installing made, that lies elsewhere or that only the host has."""
    made = packed(image)
    assert made is not None
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        assert names == [
            "alone.py",
            "tool-1.0+own.data/data/share/tool/x.txt",
            "tool-1.0+own.data/scripts/written",
            f"{INFO}/METADATA",
            f"{INFO}/WHEEL",
            f"{INFO}/entry_points.txt",
            "tool/__init__.py",
            f"{INFO}/RECORD",
        ]
        assert archive.read("tool-1.0+own.data/scripts/written") == b"#!python\nprint(1)\n"
        record = archive.read(f"{INFO}/RECORD").decode().splitlines()
    assert [line.partition(",")[0] for line in record] == names


def test_the_same_image_gives_the_same_bytes(image: Path) -> None:
    """Whenever it was unpacked."""
    first = packed(image)
    data = first.read_bytes() if first else b""
    for path in image.rglob("*.py"):
        path.touch()
    second = packed(image)
    assert second is not None
    assert second.read_bytes() == data


def test_what_cannot_be_packed(image: Path) -> None:
    """A source, and a distribution without its list."""
    assert packed(image, replace(PACKAGE, wheel="", vendored="tool-1.0.tar.gz")) is None
    (image / SITE / INFO / "RECORD").unlink()
    assert packed(image) is None


def test_the_lock_has_the_new_hash(image: Path) -> None:
    """In the plan and in its requirements.txt."""
    text = f"tool==1.0+own \\\n    --hash={FORMER}\n"
    of = plan(requirements=replace(REQUIREMENTS, locked=(PACKAGE,), text=text))
    made = packed(image)
    assert made is not None
    found = with_wheel(of, PACKAGE, made).requirements
    digest = f"sha256:{hashlib.sha256(made.read_bytes()).hexdigest()}"
    assert found.locked[0].hashes == (digest,)
    assert found.text == text.replace(FORMER, digest)
