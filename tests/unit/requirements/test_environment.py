"""A live environment, read through its interpreter."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nb2image.errors import OptionError
from nb2image.process import Completed, OnLine
from nb2image.requirements.written.environment import PROBE, read_environment
from nb2image.services import Services


@dataclass
class Interpreter:
    """A runner that answers as the probe would in an environment."""

    rows: list[dict[str, object]] = field(default_factory=list)
    status: int = 0
    asked: list[Sequence[str]] = field(default_factory=list)

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        on_line: OnLine | None = None,
        timeout: float | None = None,
    ) -> Completed:
        self.asked.append(argv)
        out = json.dumps({"python": "3.10.12", "rows": self.rows})
        return Completed(status=self.status, stdout=out, stderr="line\nit broke")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A virtual environment with an interpreter that never runs."""
    path = tmp_path / "venv/bin/python"
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path


def row(name: str, version: str, direct: object = "", **more: object) -> dict[str, object]:
    """A distribution of the environment."""
    text = json.dumps(direct) if direct else ""
    return {"name": name, "version": version, "direct_url": text, **more}


def test_exact_versions_and_addresses(python: Path) -> None:
    """Versions without their build, git installs at their commit; the probe runs isolated."""
    git = {"url": "https://git.test/a.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    runner = Interpreter(
        [
            row("Torch", "2.3.0+cu121", modules=["torch"]),
            row("mine", "0.1", git),
            row("wheel-file", "1.0", {"url": "https://h.test/w-1.0-py3-none-any.whl"}),
        ]
    )
    found = read_environment(str(python), Services(run=runner, environ={}))
    assert runner.asked == [[str(python), "-I", "-c", PROBE]]
    assert found.python == "3.10.12"
    assert [(d.name, d.specifier, d.url) for d in found.declared] == [
        ("mine", "", "git+https://git.test/a.git@abc"),
        ("torch", "==2.3.0", ""),
        ("wheel-file", "", "https://h.test/w-1.0-py3-none-any.whl"),
    ]
    assert found.declared[1].modules == ("torch",)


def test_folders_of_this_machine_are_told(python: Path) -> None:
    """An editable install cannot be had in an image."""
    editable = {"url": "file:///home/ann/lib", "dir_info": {"editable": True}}
    runner = Interpreter([row("lib", "1.0", editable)])
    found = read_environment(str(python), Services(run=runner, environ={}))
    assert found.declared == ()
    assert [f.code for f in found.findings] == ["environment-local"]


@pytest.mark.parametrize(
    "broken",
    [
        row("foo\n  bar", "1.0"),
        row("lib", "1.0\n--extra-index-url https://evil.test"),
        row("lib", "1.0-custom"),
        row("lib", "1.0", {"url": "https://h.test/${TOKEN}/lib.zip"}),
    ],
)
def test_what_is_no_requirement_is_left_out(python: Path, broken: dict[str, object]) -> None:
    """Metadata is anybody's: nothing of it becomes a line of its own in uv's files."""
    runner = Interpreter([broken, row("good", "1.0")])
    found = read_environment(str(python), Services(run=runner, environ={}))
    assert [d.name for d in found.declared] == ["good"]
    assert [f.code for f in found.findings] == ["environment-unusable"]
    assert "\n" not in found.findings[0].message


def test_condas_packages_are_the_indexs_by_version(python: Path) -> None:
    """conda builds with pip in a folder of its own machine, and leaves its address behind."""
    built = row("numpy", "1.26.4", {"url": "file:///croot/numpy_1/work"}, installer="conda")
    found = read_environment(str(python), Services(run=Interpreter([built]), environ={}))
    assert [(d.name, d.specifier) for d in found.declared] == [("numpy", "==1.26.4")]
    assert found.findings == ()


def test_nothing_of_the_host_is_written_down(python: Path) -> None:
    """The evidence goes into the lock: it does not say where the environment lies."""
    runner = Interpreter([row("lib", "1.0")])
    found = read_environment(str(python), Services(run=runner, environ={}))
    assert str(python.parent) not in repr(found)


def test_a_venv_by_its_folder(python: Path) -> None:
    """The folder of a virtual environment stands for its interpreter."""
    runner = Interpreter()
    read_environment(str(python.parent.parent), Services(run=runner, environ={}))
    assert runner.asked[0][0] == str(python)


def test_a_kernel_by_its_name(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Jupyter kernel's specification names its interpreter."""
    spec = tmp_path / "jupyter/kernels/mine/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": [str(python), "-m", "ipykernel"]}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    runner = Interpreter()
    read_environment("kernel mine", Services(run=runner, environ={}))
    assert runner.asked[0][0] == str(python)
    with pytest.raises(OptionError) as caught:
        read_environment("kernel other", Services(run=runner, environ={}))
    assert caught.value.code == "environment-missing"
    assert "mine" in caught.value.hint


def test_environments_that_do_not_answer(python: Path) -> None:
    """No interpreter there, or one that fails, is the user's option gone wrong."""
    for asked, status in ((str(python), 1), ("/no/such/python", 0)):
        with pytest.raises(OptionError) as caught:
            read_environment(asked, Services(run=Interpreter(status=status), environ={}))
        assert caught.value.code.startswith("environment-")


@pytest.mark.parametrize("old", [False, True])
def test_the_probe_reads_what_it_can(
    old: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken metadata costs its distribution; Python 3.6 needs nothing that is installed."""
    for name, text in {
        "good": b"Name: good\nVersion: 1.0\n",
        "nameless": b"Version: 1.0\n",
        "garbage": b"\xff\xfe\x00",
    }.items():
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
        (tmp_path / f"{name}-1.0.dist-info/METADATA").write_bytes(text)
    (tmp_path / "good-1.0.dist-info/RECORD").write_bytes(b"good/__init__.py,,\ngood/a\xe9.py,,\n")
    (tmp_path / "good").mkdir()
    (tmp_path / "good/__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/no/such/folder"])
    probe = PROBE.replace("from importlib import metadata", "raise ImportError") if old else PROBE
    exec(compile(probe, "probe", "exec"), {"__name__": "probe"})
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(r["name"], r["version"]) for r in rows] == [("good", "1.0")]


def test_the_probe_parses_on_python_3_6() -> None:
    """It runs in environments that are far older than nb2image."""
    import ast

    ast.parse(PROBE, feature_version=(3, 6))
