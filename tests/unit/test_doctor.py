"""doctor: each part is looked at, and what is missing comes with the way to get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image import doctor
from nb2image.doctor import (
    check_buildkit,
    check_disk,
    check_engine,
    check_gpu,
    check_index,
    check_sandbox,
)
from nb2image.errors import EngineError, RequirementsError
from nb2image.process import Completed
from nb2image.requirements.versions import resolver
from nb2image.requirements.versions.resolver import Refusal, Resolution
from nb2image.services import Services
from tests.unit.build.test_docker import FACTS

USE = {"LayersSize": 2_000_000_000, "BuildCache": [{"Size": 500_000_000}, {"Size": None}]}


class FakeEngine:
    """An engine that tells its use of the disk."""

    def df(self) -> dict[str, Any]:
        return USE

    def close(self) -> None:
        """Nothing to close."""


def no_program(argv: Sequence[str], **_: Any) -> Completed:
    """No program is there."""
    raise FileNotFoundError(argv[0])


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """Nothing of this machine."""
    return Services(run=no_program, environ={"PATH": ""}, cache=tmp_path)


def test_everything(monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    """All is looked at, in the order of a build, even when BuildKit is missing."""
    monkeypatch.setattr(doctor, "connect", lambda environ: FakeEngine())
    monkeypatch.setattr(doctor, "engine_facts", lambda engine, environ: FACTS)
    monkeypatch.setattr(
        resolver, "compile_lock", lambda *_, **__: Resolution(packages=(), pylock="")
    )
    found = {check.name: check.state for check in doctor.examine(services)}
    assert list(found) == ["engine", "BuildKit", "sandbox", "disk", "GPU", "index"]
    assert found["engine"] == "ok"
    assert found["BuildKit"] == "missing"
    assert found["index"] == "ok"


def test_no_engine(monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    """Without an engine the rest is still looked at."""

    def refuse(environ: object) -> None:
        raise EngineError("no engine", hint="install one")

    monkeypatch.setattr(doctor, "connect", refuse)
    monkeypatch.setattr(resolver, "compile_lock", lambda *_, **__: Refusal(message="no network"))
    found = {check.name: check for check in doctor.examine(services)}
    assert found["engine"].fix.startswith("install one; without one the embedded builder")
    assert not any(found[name].needed for name in ("engine", "BuildKit", "sandbox"))
    assert found["sandbox"].state == "missing"
    assert "bubblewrap" in found["sandbox"].fix
    assert found["index"].state == "missing"
    assert "no network" in found["index"].found


def test_a_sandbox_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the runtimes that are here the first that works is named; the host's own true is run."""
    ran: list[str] = []

    def run(argv: Sequence[str], **_: Any) -> Completed:
        ran.append(" ".join(argv))
        return Completed(status=1 if "unshare" in argv[0] else 0, stdout="", stderr="")

    monkeypatch.setattr("shutil.which", lambda name, path: name if name[0] in "bu" else None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    check = check_sandbox(Services(run=run, environ={}, cache=tmp_path))
    assert (check.state, check.found) == ("ok", "bwrap runs images without an engine")
    assert "/usr/bin/true" in ran[0]
    assert list((tmp_path / "roots").iterdir()) == []


def test_engine_of_windows_containers() -> None:
    """It answers, but cannot make Linux images."""
    assert check_engine(replace(FACTS, os="windows")).state == "missing"
    assert "rootless" in check_engine(replace(FACTS, rootless=True)).found


def test_buildkit_is_needed(services: Services) -> None:
    """No docker command: no build."""
    check = check_buildkit(services)
    assert (check.state, check.needed) == ("missing", True)


@pytest.mark.parametrize(("free", "state"), [(60e9, "ok"), (2e9, "warning")])
def test_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: float, state: str) -> None:
    """Little room is a warning with a way to make more."""
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("U", (), {"free": int(free)}))
    check = check_disk(replace(FACTS, root_folder=str(tmp_path)), USE)
    assert check.state == state
    assert "2.0 GB of images, 0.5 GB of build cache" in check.found
    assert bool(check.fix) == (state == "warning")


def test_disk_of_another_host(tmp_path: Path) -> None:
    """An engine elsewhere: its folder is not one of ours."""
    facts = replace(FACTS, address="tcp://x:1", root_folder=str(tmp_path))
    assert "free" not in check_disk(facts, {}).found


@pytest.mark.parametrize(
    ("runtimes", "devices", "found"),
    [
        (("nvidia", "runc"), (), "the nvidia runtime"),
        ((), ("nvidia.com/gpu=all",), "CDI: nvidia.com/gpu=all"),
        (("nvidia",), ("nvidia.com/gpu=0",), "the nvidia runtime, CDI: nvidia.com/gpu=0"),
        (("runc",), (), "none"),
    ],
)
def test_gpu(
    runtimes: tuple[str, ...], devices: tuple[str, ...], found: str, services: Services
) -> None:
    """A runtime or CDI devices, or neither."""
    check = check_gpu(replace(FACTS, runtimes=runtimes, devices=devices), services)
    assert (check.state, check.found, check.needed) == ("ok", found, False)


def test_a_card_that_containers_do_not_get(services: Services) -> None:
    """A driver here, and an engine without NVIDIA's toolkit: what to install is said."""

    def smi(argv: Sequence[str], **_: Any) -> Completed:
        return Completed(status=0, stdout="580.65.06, 8.9\n", stderr="")

    told = replace(services, run=smi)
    check = check_gpu(replace(FACTS, runtimes=("runc",), devices=()), told)
    assert check.state == "warning"
    assert "driver 580.65.06, compute capability 8.9" in check.found
    assert "nvidia-container-toolkit" in check.fix


def test_index_error(monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    """An error of the resolver is the check's finding."""

    def refuse(*_: Any, **__: Any) -> None:
        raise RequirementsError("uv is gone", hint="install it")

    monkeypatch.setattr(resolver, "compile_lock", refuse)
    check = check_index(services)
    assert (check.state, check.found, check.fix) == ("missing", "uv is gone", "install it")
