"""Each file has an owner: a Python package, an apt package, Python itself, the project."""

from __future__ import annotations

import json

import pytest

from nb2image.analysis.merge import merge
from nb2image.analysis.owners import owners, wanted
from tests.unit.analysis.layers import layers

SITE = "opt/venv/lib/python3.11/site-packages"
FILES: dict[str, int | str | bytes] = {
    "lib": "usr/lib",
    "opt/venv/lib64": "lib",
    f"{SITE}/numpy/__init__.py": 10,
    f"{SITE}/numpy/__pycache__/__init__.cpython-311.pyc": 10,
    f"{SITE}/numpy/__pycache__/gone.cpython-311.pyc": 10,
    "opt/venv/bin/f2py": 10,
    f"{SITE}/Jinja2-3.1.dist-info/RECORD": b"jinja2/a.py,sha256=x,1\r\n",
    f"{SITE}/jinja2/a.py": 10,
    f"{SITE}/numpy-2.0.0.dist-info/RECORD": (
        b"numpy/__init__.py,sha256=x,10\n"
        b'"numpy/od,d.py",,\n'
        b"../../../bin/f2py,,\n"
        b"/srv/elsewhere,,\n"
        b"../../../../../../../../../../outside,,\n\n"
    ),
    f"{SITE}/numpy/od,d.py": 10,
    "srv/elsewhere": 10,
    "outside": 10,
    "opt/venv/pyvenv.cfg": 10,
    f"{SITE}/unlisted.py": 10,
    "usr/lib/x86_64-linux-gnu/libc.so.6": 10,
    "usr/bin/sed": 10,
    "usr/lib/python3.11/os.py": 10,
    "usr/lib/python3/dist-packages/pip/__init__.py": 10,
    "usr/lib/python3/dist-packages/pip-23.dist-info/RECORD": b"pip/__init__.py,,\n",
    "usr/local/lib/python3.12/os.py": 10,
    "usr/local/lib/libpython3.12.so.1.0": 10,
    "usr/local/bin/python3.12": 10,
    "usr/local/include/python3.12/Python.h": 10,
    "app/nb/train.py": 10,
    "opt/nb2image/plan.json": 10,
    "home/me/data.csv": 10,
    "var/lib/dpkg/status": (
        b"Package: libc6\nStatus: ok\nVersion: 2.36-9\n\n"
        b"Package: libpython3.11-stdlib\nVersion: 3.11.2\n"
    ),
    "var/lib/dpkg/info/libc6:amd64.list": b"/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n",
    "var/lib/dpkg/info/libpython3.11-stdlib:amd64.list": b"/usr/lib/python3.11/os.py\n",
    "var/lib/dpkg/info/python3-pip.list": (
        b"/usr/lib/python3/dist-packages/pip/__init__.py\n"
        b"/usr/lib/python3/dist-packages/pip-23.dist-info/RECORD\n"
    ),
    "var/lib/dpkg/status.d/sed": b"Package: sed\nVersion: 4.9\n",
    "var/lib/dpkg/status.d/sed.md5sums": b"0123456789abcdef0123456789abcdef  usr/bin/sed\n",
    "opt/conda/conda-meta/mkl-1.json": json.dumps(
        {"name": "mkl", "version": "1", "files": ["lib/libmkl.so"]}
    ).encode(),
    "opt/conda/conda-meta/bad.json": b"{",
    "opt/conda/lib/libmkl.so": 10,
    "etc/hostname": 10,
}
VISIBLE = merge(layers(FILES)).visible
TEXTS = {path: data for path, data in FILES.items() if isinstance(data, bytes)}
OWNED = owners(VISIBLE, TEXTS, "/home/me")


@pytest.mark.parametrize(
    ("path", "kind", "name", "version"),
    [
        (f"{SITE}/numpy/__init__.py", "python-package", "numpy", "2.0.0"),
        (f"{SITE}/numpy/__pycache__/__init__.cpython-311.pyc", "python-package", "numpy", "2.0.0"),
        (f"{SITE}/numpy/od,d.py", "python-package", "numpy", "2.0.0"),
        ("opt/venv/bin/f2py", "python-package", "numpy", "2.0.0"),
        ("srv/elsewhere", "python-package", "numpy", "2.0.0"),
        ("outside", "python-package", "numpy", "2.0.0"),
        (f"{SITE}/jinja2/a.py", "python-package", "jinja2", "3.1"),
        ("usr/lib/x86_64-linux-gnu/libc.so.6", "apt", "libc6", "2.36-9"),
        ("usr/bin/sed", "apt", "sed", "4.9"),
        ("usr/lib/python3.11/os.py", "python", "libpython3.11-stdlib", "3.11.2"),
        ("usr/lib/python3/dist-packages/pip/__init__.py", "apt", "python3-pip", ""),
        ("usr/local/lib/python3.12/os.py", "python", "python", ""),
        ("usr/local/lib/libpython3.12.so.1.0", "python", "python", ""),
        ("usr/local/bin/python3.12", "python", "python", ""),
        ("usr/local/include/python3.12/Python.h", "python", "python", ""),
        ("opt/venv/pyvenv.cfg", "python", "python", ""),
        ("app/nb/train.py", "project", "project", ""),
        ("opt/nb2image/plan.json", "project", "project", ""),
        ("home/me/data.csv", "project", "project", ""),
        ("opt/conda/lib/libmkl.so", "conda", "mkl", "1"),
        ("var/lib/dpkg/status", "other", "package lists", ""),
    ],
)
def test_owner(path: str, kind: str, name: str, version: str) -> None:
    """Each file belongs to the package that lists it, or to what its place tells."""
    owner = OWNED[path]
    assert (owner.kind, owner.name, owner.version) == (kind, name, version)


@pytest.mark.parametrize(
    "path",
    [f"{SITE}/unlisted.py", f"{SITE}/numpy/__pycache__/gone.cpython-311.pyc", "etc/hostname"],
)
def test_no_owner(path: str) -> None:
    """What nobody lists is nobody's."""
    assert path not in OWNED


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (f"{SITE}/numpy-2.0.0.dist-info/RECORD", True),
        (f"{SITE}/numpy-2.0.0.dist-info/METADATA", False),
        ("var/lib/dpkg/status", True),
        ("var/lib/dpkg/info/libc6:amd64.list", True),
        ("var/lib/dpkg/info/libc6:amd64.postinst", False),
        ("opt/conda/conda-meta/mkl-1.json", True),
        ("opt/nb2image/plan.json", True),
        ("app/plan.json", False),
    ],
)
def test_wanted(path: str, kept: bool) -> None:
    """Only the files that tell owners are kept whole."""
    assert wanted(path) is kept


@pytest.mark.parametrize(
    ("links", "listed", "real"),
    [
        ({"lib": "usr/lib"}, "lib/a", "usr/lib/a"),
        ({"lib": "/usr/lib", "usr/lib": "../opt/l"}, "lib/a", "opt/l/a"),
        ({"a": "b", "b": "a"}, "a/x", "a/x"),
        ({"a": "../../../b"}, "a/x", "b/x"),
        ({"a": "a/a/a/a"}, "a/x", None),
    ],
)
def test_folder_links_are_followed(links: dict[str, str], listed: str, real: str | None) -> None:
    """dpkg's paths lead through links such as /lib; loops end, and none leads outside."""
    files: dict[str, int | str | bytes] = {**links, **({real: 5} if real else {})}
    texts = {"var/lib/dpkg/info/p.list": f"/{listed}\n".encode()}
    owned = owners(merge(layers(files)).visible, texts, "")
    assert (real in owned) is (real is not None)
