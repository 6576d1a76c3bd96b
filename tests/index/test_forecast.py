"""Forecasts read wheels' lists of files from an index, once."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from nb2image import pipeline
from nb2image.events import ignore
from nb2image.measuring.forecasting import forecast_plan, wheels
from nb2image.measuring.other_kind import other_kind
from nb2image.model import BuildPlan, LockedPackage
from nb2image.options import Options
from nb2image.services import Services
from tests.index.fake_index import FakeIndex
from tests.index.wheels import wheel
from tests.unit.image.plans import REQUIREMENTS, plan

NAME, DATA = wheel("demo", "1.0", files={"demo/__init__.py": "x" * 5000, "demo/core.so": b"y" * 90})


@pytest.fixture
def made(index: FakeIndex) -> BuildPlan:
    """A plan that locks a wheel of the index and a package that it does not have."""
    index.add((NAME, DATA))
    locked = (
        LockedPackage(name="demo", version="1.0", wheel=NAME, size=len(DATA)),
        LockedPackage(name="gone", version="1.0", wheel="gone-1.0-py3-none-any.whl", size=100),
    )
    return plan(requirements=replace(REQUIREMENTS, locked=locked))


@pytest.fixture
def no_engine(services: Services) -> Services:
    """The host, without an engine."""
    environ = {**services.environ, "DOCKER_HOST": "unix:///nowhere.sock"}
    return replace(services, environ={**environ, "NB2IMAGE_HISTORY": "off"})


def test_wheels_are_counted(made: BuildPlan, no_engine: Services) -> None:
    """The installed bytes are the sum of the wheel's members; what is missing is guessed."""
    found = forecast_plan(made, no_engine, builder="embedded")
    sizes = {item.name: (item.size, item.guess) for item in found.items}
    members = zipfile.ZipFile(BytesIO(DATA)).infolist()
    assert sizes["demo"] == (sum(member.file_size for member in members), False)
    assert sizes["gone"] == (330, True)


def test_offline_uses_what_was_read(index: FakeIndex, made: BuildPlan, no_engine: Services) -> None:
    """A wheel whose list of files is in the cache is known without the index."""
    assert wheels(made, no_engine, offline=True) == {}
    online = wheels(made, no_engine, offline=False)
    index.down_after = 0
    offline = wheels(made, no_engine, offline=True)
    assert list(offline) == ["demo"]
    assert tuple(offline["demo"].sizes) == tuple(online["demo"].sizes)


def test_a_wheel_at_an_address_is_counted(index: FakeIndex, no_engine: Services) -> None:
    """PyTorch's builds for the CPU are on no configured index: their address leads to them."""
    index.add((NAME, DATA))
    url = f"{index.url.removesuffix('/simple')}/files/{NAME}"
    package = LockedPackage(name="elsewhere", version="1.0", wheel=NAME, url=url)
    made = plan(requirements=replace(REQUIREMENTS, locked=(package,)))
    assert list(wheels(made, no_engine, offline=False)) == ["elsewhere"]


def test_the_other_kind_is_forecast(tmp_path: Path, index: FakeIndex, no_engine: Services) -> None:
    """A plan with xgboost-cpu comes with what xgboost and a GPU would take."""
    for name in ("xgboost", "xgboost_cpu"):
        index.add(wheel(name, "3.2.0", files={"xgboost/__init__.py": "x" * 5000}))
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}}
    notebook = tmp_path / "notebook.ipynb"
    notebook.write_text(json.dumps({**document, "cells": [{**cell, "source": "import xgboost"}]}))
    options = Options(versions="latest", python="3.11", gpu="cpu")
    made = pipeline.make_plan(notebook, options, no_engine, ignore)
    found = other_kind(notebook, made, options, no_engine)
    assert found is not None
    assert (found.kind, found.why_not) == ("cuda", "")
    assert found.forecast is not None
    assert {i.name for i in found.forecast.items if i.kind == "python-package"} == {"xgboost"}
    assert [p.name for p in made.requirements.locked] == ["xgboost-cpu"]


def test_one_kind_of_packages_has_no_other(no_engine: Services) -> None:
    """What no package of the lock can use is not asked about."""
    assert other_kind(Path("none.ipynb"), plan(), Options(), no_engine) is None
