"""The whole way on a machine where no engine answers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from nb2image.events import ignore
from nb2image.run.container import run_image
from nb2image.run.request import Limits, RunRequest
from nb2image.run.sandbox import RUNTIMES
from tests.engine.command import nb2image, write_notebook
from tests.index.wheels import sdist

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, RUNTIMES)), reason="nothing here runs a container"
)


def test_convert_builds_proves_and_runs(tmp_path: Path) -> None:
    """The base is made from Debian's packages, the proof is run in a sandbox."""
    path = write_notebook(tmp_path / "sums.ipynb", "import six\n6 * 7", "print(six.PY3)")
    notebook = json.loads(path.read_text())
    notebook["cells"][0] |= {"execution_count": 1}
    notebook["cells"][0]["outputs"] = [
        {
            "output_type": "execute_result",
            "execution_count": 1,
            "metadata": {},
            "data": {"text/plain": "42"},
        }
    ]
    path.write_text(json.dumps(notebook))
    done = nb2image("convert", "sums.ipynb", "--json", cwd=tmp_path, env=NO_ENGINE)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["image"]["file"] == "sums-image.tar"
    assert report["verdict"]["exit_status"] == 0
    assert [c["grade"] for c in report["verdict"]["cells"]][:1] == ["same"]
    ran = nb2image("run", "sums-image.tar", "--quiet", cwd=tmp_path, env=NO_ENGINE)
    assert ran.stdout == "42\nTrue\n", ran.stderr
    verified = nb2image("verify", "sums-image.tar", "--quiet", cwd=tmp_path, env=NO_ENGINE)
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("python", ["3.9", "3.11", "3.13"])
def test_every_release_of_debian_makes_a_base(python: str, tmp_path: Path) -> None:
    """Bullseye, bookworm and trixie: the interpreter, its libraries, certificates, time zones."""
    source = (
        "import bz2, ctypes.util, curses, dbm, lzma, readline, sqlite3, ssl, sys, zoneinfo\n"
        "print(*sys.version_info[:2], sep='.')\n"
        "print(len(ssl.create_default_context().get_ca_certs()) > 50)\n"
        "print(sqlite3.connect(':memory:').execute('select 6 * 7').fetchone())\n"
        "print(zoneinfo.ZoneInfo('Asia/Kolkata').key, ctypes.util.find_library('c'))\n"
        "import six\nprint(six.__name__)\n"
        "if sys.version_info < (3, 12):\n    import distutils.cmd, lib2to3.pgen2"
    )
    write_notebook(tmp_path / "base.ipynb", source)
    options = ("--python", python, "--no-verify")
    made = nb2image("convert", "base.ipynb", *options, cwd=tmp_path, env=NO_ENGINE)
    assert made.returncode == 0, made.stderr
    ran = nb2image("run", "base-image.tar", "--quiet", cwd=tmp_path, env=NO_ENGINE)
    assert ran.stdout.splitlines() == [
        *(python, "True", "(42,)", "Asia/Kolkata libc.so.6", "six")
    ], ran.stderr


SETUP = """
import os, socket
from setuptools import Extension, setup
try:
    socket.create_connection(("1.1.1.1", 53), 3)
    network = True
except OSError:
    network = False
found = (os.getuid(), network, os.path.exists('HOST'))
open("where.py", "w").write(f"import there; found = {found}")
setup(
    name="where",
    version="1.0",
    py_modules=["where"],
    ext_modules=[Extension("there", ["there.c"])],
)
"""
SOURCE = """!pip install where==1.0
import shutil, where
print(where.found)
print(shutil.which("gcc"))
"""
THERE = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "there", 0, -1, 0};
PyMODINIT_FUNC PyInit_there(void) { return PyModule_Create(&module); }
"""


def test_a_source_distribution_is_built_in_a_sandbox(tmp_path: Path) -> None:
    """As the image's user, without a network, with Debian's compiler; the image has none of it.

    The next build takes the same wheel again.
    """
    links = tmp_path / "links"
    links.mkdir()
    files = {"setup.py": SETUP.replace("HOST", str(links)), "there.c": THERE}
    name, data = sdist("where", "1.0", files=files)
    (links / name).write_bytes(data)
    write_notebook(tmp_path / "asks.ipynb", SOURCE)
    env = NO_ENGINE | {"PIP_FIND_LINKS": str(links), "NB2IMAGE_CACHE": str(tmp_path / "cache")}
    argv = ("convert", "asks.ipynb", "--builder", "embedded", "--no-verify", "--force", "--json")
    made = nb2image(*argv, cwd=tmp_path, env=env)
    assert made.returncode == 0, made.stderr
    assert "wheels built from source" in made.stderr
    ran = nb2image("run", "asks-image.tar", "--quiet", cwd=tmp_path, env=env)
    assert ran.stdout == "(10001, False, False)\nNone\n", ran.stderr
    again = nb2image(*argv, cwd=tmp_path, env=env)
    assert json.loads(again.stdout)["image"]["id"] == json.loads(made.stdout)["image"]["id"]
    assert "Successfully built" in made.stderr
    assert "Successfully built" not in again.stderr


def test_a_flood_of_output_is_stopped(tmp_path: Path) -> None:
    """Neither many lines nor one without an end fill this machine's memory."""
    write_notebook(tmp_path / "flood.ipynb", "while True:\n    print('x' * 100_000, end='')")
    made = nb2image("convert", "flood.ipynb", "--no-verify", cwd=tmp_path, env=NO_ENGINE)
    assert made.returncode == 0, made.stderr
    request = RunRequest(
        image=str(tmp_path / "flood-image.tar"),
        outputs=None,
        limits=Limits(printed=5_000_000, seconds=300),
    )
    report = run_image(request, os.environ, ignore)
    assert report.printed_too_much
    assert not report.timed_out
