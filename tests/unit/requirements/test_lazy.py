"""What a module's source says of names that it makes only when they are asked for."""

from __future__ import annotations

import time

import pytest

from nb2image.requirements.index.surface import Surface, surface, table_in
from nb2image.requirements.index.tables import Table

BRANCHES = """
def __getattr__(name):
    if name == "load_old":
        raise ImportError("gone")
    if name == "late":
        from .more import late
        return late
    raise AttributeError(name)
"""
SUBMODULES = """
import importlib
from .core import clone
submodules = ["linalg", "stats"]
__all__ = submodules + ["clone"]
def __getattr__(name):
    if name in submodules:
        return importlib.import_module(f"pkg.{name}")
    else:
        try:
            return globals()[name]
        except KeyError:
            raise AttributeError(name)
"""
LOOKED_UP = """
_map = {"Model": ("pkg", ".model"), **_more}
_more = dict(View="pkg.view")
_map["Late"] = ("pkg", ".late")
def __getattr__(name):
    found = _map.get(name)
    if found is None:
        raise AttributeError(name)
    return load(*found)
"""
LOOPED = """
_modules = {".a": ["One", "Two"], ".b": ["Three"]}
def __getattr__(name):
    for module, names in _modules.items():
        if name in names:
            return load(module, name)
    raise AttributeError(name)
"""
REUSED = """
_info = [("float", ""), ("int", "use {}".format("x"))]
_former = {n: "gone" for n, _ in _info}
_info = [("bool8", "np.bool_")]
_deprecated = {n: (n, "old") for n, _ in _info}
def __getattr__(attr):
    try:
        value, message = _deprecated[attr]
    except KeyError:
        pass
    else:
        return value
    if attr in _former:
        raise AttributeError(_former[attr])
    raise AttributeError(attr)
"""
LAZY_MODULE = """
import sys
from typing import TYPE_CHECKING
_import_structure = {"models": ["Model"]}
try:
    check()
except NotHere:
    from .utils import dummy_objects
    _import_structure["dummies"] = [n for n in dir(dummy_objects) if n[0] != "_"]
else:
    _import_structure["more"].extend(["Extra"])
if TYPE_CHECKING or SLOW:
    from .models import *
else:
    sys.modules[__name__] = _LazyModule(
        __name__, globals()["__file__"], _import_structure, extra_objects={"version": version}
    )
    for name, value in dummies.items():
        setattr(sys.modules[__name__], name, value)
"""
ATTACHED = """
import sys
def _attach(package, attrs):
    def __getattr__(name):
        sys.modules[package].__dict__[name] = found = load(name)
        return found
    return __getattr__, list
_ATTRS = {"client": ["Client", "login"]}
__getattr__, __dir__ = _attach(__name__, attrs=_ATTRS)
"""
LISTED = '__all__, __getattr__ = relative_import(__name__, [".io"], ["._figure.Figure"])'
SET = 'for each in ["float96", "float128"]:\n    globals()[each] = getattr(core, each)'


def asked(source: str, *names: str) -> Surface:
    return surface(source, "pkg", package=True, asked=frozenset(names))


@pytest.mark.parametrize(
    ("source", "there"),
    [
        (BRANCHES, {"late"}),
        (SUBMODULES, {"linalg", "clone"}),
        (LOOKED_UP, {"Model", "View", "Late"}),
        (LOOPED, {"One", "Three"}),
        (REUSED, {"bool8"}),
        (LAZY_MODULE, {"Model", "Extra", "version"}),
        (ATTACHED, {"Client", "login"}),
        (LISTED, {"io", "Figure"}),
        (SET, {"float96", "float128"}),
    ],
)
def test_what_a_lazy_module_does_not_list_is_gone(source: str, there: set[str]) -> None:
    """Every way to make names that says in the source which ones."""
    shown = asked(source, *there, "Gone")
    assert shown.anything
    assert shown.unlisted == {"Gone"}
    assert not shown.refused
    assert not shown.stars


@pytest.mark.parametrize(
    ("source", "refused"),
    [(BRANCHES, {"load_old"}), (REUSED, {"float", "int"})],
)
def test_what_is_raised_for_by_its_name_is_refused(source: str, refused: set[str]) -> None:
    """That holds whatever star imports seem to bring."""
    assert asked(source, *refused, "late", "bool8").refused == refused


@pytest.mark.parametrize(
    "body",
    [
        "return getattr(real, name)",
        "if name.startswith('_'):\n        return 1\n    raise AttributeError(name)",
        "if name in imported_elsewhere:\n        return 1\n    raise AttributeError(name)",
        "if name not in ('a',):\n        return 1\n    raise AttributeError(name)",
        "try:\n        return find(name)\n    except KeyError:\n        raise AttributeError(name)",
        "found = table.get(name)\n    if found is None:\n        return other(name)\n    raise X",
        "while True:\n        return 1",
        "pass",
    ],
)
def test_where_something_may_be_returned_nothing_is_gone(body: str) -> None:
    """A test that cannot be told may hold; a function that ends returns None."""
    shown = asked(f"table = {{'a': 1}}\ndef __getattr__(name):\n    {body}", "Gone")
    assert not shown.unlisted
    assert not shown.refused


@pytest.mark.parametrize(
    "source",
    [
        "sys.modules[__name__] = _LazyModule(__name__, define_import_structure(__file__))",
        "names = find()\n__getattr__, _ = attach(__name__, submod_attrs=names)",
        "names = {'a': ['B']}\nnames.update(more())\n__getattr__ = attach(__name__, attrs=names)",
        "names = {'a': LIST()}\n__getattr__ = attach(__name__, attrs=names)",
        "from ._real import __getattr__",
        "for n in find():\n    globals()[n] = 1",
        LISTED + "\nglobals().update(more)",
        SUBMODULES + "\nsubmodules += found_on_disk()",
        SUBMODULES + "\nfor submodules in x: pass",
    ],
)
def test_tables_that_are_made_as_it_runs_tell_nothing(source: str) -> None:
    """What is not written there whole may hold any name."""
    assert not asked(source, "Gone").unlisted


def test_a_stub_has_the_names() -> None:
    """lazy_loader reads them from the .pyi beside the module."""
    shown = asked("__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)", "Gone")
    assert shown.stub
    assert shown.unlisted == {"Gone"}


def test_a_table_of_another_module_is_looked_up() -> None:
    """numpy 2 keeps its expired names in a file of their own."""
    source = (
        "from ._expired import expired as old\ndef __getattr__(attr):\n    if attr in old:\n"
        "        raise AttributeError(old[attr])\n    raise AttributeError(attr)"
    )
    looked: list[tuple[str, str]] = []

    def look(module: str, name: str) -> Table:
        looked.append((module, name))
        return table_in('expired = {"float_": "gone", "product": "gone"}', name)

    names = frozenset({"float_", "other"})
    shown = surface(source, "pkg", package=True, asked=names, look=look)
    assert set(looked) == {("pkg._expired", "expired")}
    assert (shown.refused, shown.unlisted) == ({"float_"}, {"other"})
    assert not table_in("not python (", "expired").whole


GETTER = (
    "def __getattr__(name):\n    if name in t0:\n        return 1\n    raise AttributeError(name)"
)


@pytest.mark.parametrize(
    "source",
    [
        "\n".join(f"t{n} = [*t{n + 1}, *t{n + 1}]" for n in range(200)),
        "t0 = ['x']\n" + "t0 = [a for a in t0 for b in t0]\n" * 200,
        "\n".join(f"t{n} = t{(n + 1) % 50} | t{(n + 2) % 50}" for n in range(50)),
        "t0 = " + " + ".join(["['x']"] * 2_000),
        "t0 = [" + ", ".join(f"n{n}" for n in range(20_000)) + "]",
        "t0 = [" + ", ".join(f"'n{n}'" for n in range(50_000)) + "]",
    ],
    ids=["doubled", "used again", "in a ring", "deep", "names", "long"],
)
def test_a_source_that_is_made_to_be_read_for_ever_is_read_at_once(source: str) -> None:
    """It is a stranger's."""
    begun = time.process_time()
    asked(f"{source}\n{GETTER}", "Gone")
    assert time.process_time() - begun < 10
