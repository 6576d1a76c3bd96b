"""Which modules and names a distribution's files provide."""

from __future__ import annotations

import pytest

from nb2image.requirements.index.surface import surface
from nb2image.requirements.index.wheel import (
    looks_empty,
    module_file,
    sdist_modules,
    wheel_modules,
)


@pytest.mark.parametrize(
    ("member", "module"),
    [
        ("six.py", "six"),
        ("pkg/__init__.py", "pkg"),
        ("pkg/sub/mod.py", "pkg.sub.mod"),
        ("cv2/cv2.abi3.so", "cv2.cv2"),
        ("fast.cpython-311-x86_64-linux-gnu.so", "fast"),
        ("z3/lib.so", "z3.lib"),
        ("old.pyd", "old"),
        ("odd-1.0.data/purelib/odd/__init__.py", "odd"),
        ("odd-1.0.data/platlib/odd/deep.so", "odd.deep"),
    ],
)
def test_modules_of_a_wheel(member: str, module: str) -> None:
    """A member of a wheel is the module that an import finds."""
    found = wheel_modules([member])
    assert module in found
    assert found.owns(module)


@pytest.mark.parametrize(
    "member",
    [
        "pkg-1.0.dist-info/METADATA.py",
        "odd-1.0.data/scripts/run.py",
        "my-folder/mod.py",
        "pkg/data.json",
        "pkg/lib.so.6",
        "2to3.py",
    ],
)
def test_what_is_no_module(member: str) -> None:
    """Metadata, scripts, data and names that cannot be imported."""
    assert not wheel_modules([member]).files


def test_a_folder_of_modules_is_a_namespace() -> None:
    """A folder without __init__ can be imported and is owned by nobody."""
    found = wheel_modules(["google/cloud/storage/__init__.py"])
    assert "google.cloud" in found
    assert not found.owns("google.cloud")
    assert found.tops == {"google"}


@pytest.mark.parametrize(
    ("one", "two", "clash"),
    [
        (["a/__init__.py"], ["a/__init__.py"], True),
        (["a.py"], ["a.py"], True),
        (["a/__init__.py", "a/b.py"], ["a/__init__.py", "a/b.py"], True),
        (["a/__init__.py", "a/b.py"], ["a/__init__.py"], True),
        (["a/__init__.py", "a/b.py"], ["a/__init__.py", "a/c/__init__.py"], False),
        (["a/b.py"], ["a/c.py"], False),
        (["a/__init__.py"], ["b/__init__.py"], False),
    ],
)
def test_a_namespace_of_several_distributions(one: list[str], two: list[str], clash: bool) -> None:
    """Distributions that share a package's __init__ and nothing below it live side by side."""
    assert wheel_modules(one).clashes(wheel_modules(two), "a") is clash


def test_modules_of_an_sdist() -> None:
    """Below the root and the usual source folders; Cython sources become modules."""
    found = sdist_modules(["setup.py", "src/pkg/__init__.py", "src/pkg/fast.pyx", "lib/old.py"])
    assert {"pkg", "pkg.fast", "old"} <= found.files
    assert "setup" not in found


def test_a_distribution_of_nothing() -> None:
    """Tests and examples alone are no content."""
    assert looks_empty(wheel_modules(["tests/__init__.py", "x-1.dist-info/METADATA"]))
    assert not looks_empty(wheel_modules(["x.py"]))


def test_the_source_of_a_module() -> None:
    """The package's __init__ comes before a module of the same name."""
    members = ["a.py", "p-1.data/purelib/b/__init__.py", "c/fast.so"]
    assert module_file(members, "a") == "a.py"
    assert module_file(members, "b") == "p-1.data/purelib/b/__init__.py"
    assert module_file(members, "c.fast") == ""


def test_names_of_a_source() -> None:
    """Whatever a statement binds is a name, also below conditions."""
    source = (
        "from .x import a as b\nimport os.path\nclass C: pass\ndef f(): pass\n"
        "if 1:\n    d = 1\nfor e in (): pass"
    )
    shown = surface(source, "pkg", package=True)
    assert {"b", "os", "C", "f", "d", "e"} <= shown.names
    assert "a" not in shown.names
    assert not shown.anything


@pytest.mark.parametrize(
    ("source", "module", "package", "star"),
    [
        ("from .x import *", "pkg", True, "pkg.x"),
        ("from .x import *", "pkg.mod", False, "pkg.x"),
        ("from .. import *", "pkg.sub", True, "pkg"),
        ("from other import *", "pkg", True, "other"),
    ],
)
def test_stars_are_told(source: str, module: str, package: bool, star: str) -> None:
    """A star import names the module whose names come along."""
    assert surface(source, module, package=package).stars == (star,)


@pytest.mark.parametrize(
    "source",
    [
        "def __getattr__(name): ...",
        "globals().update(x)",
        "for name in x:\n    locals()[name] = x[name]",
        "import sys\nsys.modules[__name__] = Lazy()",
        "__getattr__, __dir__, __all__ = lazy.attach(__name__, submod_attrs={})",
        "this does not parse",
    ],
)
def test_modules_that_may_have_any_name(source: str) -> None:
    """Where names are made at run time nothing can be ruled out."""
    assert surface(source, "pkg", package=True).anything
