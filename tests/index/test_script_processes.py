"""Scripts of the tests' own notebooks, run as a user runs them: python -u train.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.model import Script
from nb2image.notebook.runtime import runtime_files
from nb2image.options import Options
from nb2image.resources import folder
from nb2image.verify.capture import Capture
from nb2image.verify.instrument import instrumented
from tests.unit.notebook.build import script


def run(
    made: Script, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script with what the image has of the runtime."""
    runtime = folder / "runtime"
    runtime.mkdir(exist_ok=True)
    for name, data in runtime_files(made):
        (runtime / name).write_bytes(data)
    (folder / made.name).write_text(made.text, "utf-8")
    environ = {
        **os.environ,
        "PYTHONPATH": str(runtime),
        "MPLBACKEND": "module://nb2image_figures",
        "NB2IMAGE_OUTPUTS": str(folder / "outputs"),
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-u", made.name, *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_an_error_names_its_cell_above_the_usual_traceback(tmp_path: Path) -> None:
    """Cell, line and text first; below them nothing but the user's own frames."""
    ended = run(script("def f(x):\n    return 1 / x", "print('on')\nf(0)"), tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "on\n")
    story, _, trace = ended.stderr.partition("Traceback")
    assert story == (
        "Error in cell 1, line 2 of analysis.ipynb:\n    return 1 / x\n"
        "  called from cell 2, line 2 of analysis.ipynb\n\n"
    )
    assert set(re.findall(r'File "(.*?)"', trace)) == {str(tmp_path / "train.py")}
    assert trace.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("source", "status"), [("1", 0), ("import sys\nsys.exit(3)", 3), ("exit()", 0), ("x", 1)]
)
def test_the_exit_status_is_the_scripts(source: str, status: int, tmp_path: Path) -> None:
    """What the code asks for, or 1 for an error."""
    assert run(script(source), tmp_path).returncode == status


def test_shell_lines_print_in_their_order(tmp_path: Path) -> None:
    """Shell and Python write to the same stream, in turn."""
    made = script("print(1)\n!echo 2\nx = !printf '3\\n4\\n'\nprint(x)", "%%bash\necho 5", "6")
    assert run(made, tmp_path).stdout == "1\n2\n['3', '4']\n5\n6\n"


def test_a_shell_cell_that_fails_ends_the_run(tmp_path: Path) -> None:
    """As ``%%bash`` raises in the notebook; a failing ``!`` line does not."""
    assert run(script("!false", "print(1)"), tmp_path).stdout == "1\n"
    ended = run(script("%%bash\nfalse", "print(1)"), tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error in cell 1")


WORKERS = "def square(x):\n    return x * x\nwith {}(2) as pool:\n    print(list(pool.map(square, [1, 2])))"  # noqa: E501


@pytest.mark.parametrize(
    ("first", "pool"),
    [
        ("from multiprocessing import Pool", "Pool"),
        ("from concurrent.futures import ProcessPoolExecutor", "ProcessPoolExecutor"),
    ],
)
def test_worker_processes(first: str, pool: str, tmp_path: Path) -> None:
    """Workers know the functions of the cells, and do not run the script again."""
    ended = run(script(first, "print('once')", WORKERS.format(pool)), tmp_path)
    assert (ended.stdout, ended.stderr) == ("once\n[1, 4]\n", "")


def test_workers_that_are_spawned(tmp_path: Path) -> None:
    """With functions of a module, as a notebook needs it."""
    (tmp_path / "helper.py").write_text("def square(x):\n    return x * x\n")
    made = script(
        "import multiprocessing, helper\nprint('once')",
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    print(pool.map(helper.square, [3]))",
    )
    ended = run(made, tmp_path)
    assert (ended.stdout, ended.stderr) == ("once\n[9]\n", "")


def test_a_module_that_a_cell_writes(tmp_path: Path) -> None:
    """``%%writefile`` and then an import; ``%run`` takes over what the file binds."""
    made = script("%%writefile helper.py\nx = 5", "import helper\nhelper.x", "%run helper.py\nx")
    assert run(made, tmp_path).stdout == "Writing helper.py\n5\n5\n"


def test_parameters(tmp_path: Path) -> None:
    """Options go before variables; what does not fit ends with status 2."""
    made = script("n = 1", "print(n)", options=Options(parameter_cell=1))
    assert run(made, tmp_path, "--n", "3", NB_N="2").stdout == "3\n"
    assert run(made, tmp_path, NB_N="2").stdout == "2\n"
    assert run(made, tmp_path, "--n", "x").returncode == 2
    assert "--n" in run(made, tmp_path, "--help").stdout


def test_a_real_shell(tmp_path: Path) -> None:
    """What needs IPython runs on its shell, with the script's own names."""
    pytest.importorskip("IPython")
    made = script("x = 4\n%alias shout echo", "%shout {x}", "get_ipython().user_ns['x']")
    ended = run(made, tmp_path, HOME=str(tmp_path))
    assert (ended.returncode, ended.stdout) == (0, "4\n4\n")


def test_the_next_sitecustomize_runs_too(tmp_path: Path) -> None:
    """What the image has of its own is not hidden."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("print('mine')\n")
    path = f"{tmp_path / 'runtime'}{os.pathsep}{other}"
    assert run(script("1"), tmp_path, PYTHONPATH=path).stdout == "mine\n1\n"


def test_the_runtime_starts_at_once(tmp_path: Path) -> None:
    """It takes less than a third of what the same Python's start takes without it."""
    run(script("1"), tmp_path)
    costs, starts = [], []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", ""], check=True)
        starts.append(time.perf_counter() - begun)
        ended = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", ""],
            env={**os.environ, "PYTHONPATH": str(tmp_path / "runtime")},
            capture_output=True,
            text=True,
            check=True,
        )
        [cost] = re.findall(r"\| +(\d+) \|   sitecustomize$", ended.stderr, re.MULTILINE)
        costs.append(int(cost) / 1e6)
    assert min(costs) < min(starts) / 3


def test_figures_are_saved_as_jupyter_shows_them(tmp_path: Path) -> None:
    """At ``plt.show()``, at a cell's end and as a value; closed figures are not drawn upon."""
    pytest.importorskip("matplotlib")
    made = script(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
        "plt.plot([2, 1])\nplt.show()\nplt.plot([3]);",
        "fig, ax = plt.subplots();",
        "ax.set_title('late')\nfig",
        "plt.figure()\nplt.close()",
    )
    ended = run(made, tmp_path)
    assert ended.returncode == 0, ended.stderr
    saved = sorted(path.name for path in (tmp_path / "outputs" / "figures").iterdir())
    assert saved == [
        "001-cell1.png",
        "002-cell2.png",
        "003-cell2.png",
        "004-cell3.png",
        "005-cell4.png",
    ]


PLOTLY = {
    "plotly/__init__.py": "",
    "plotly/io/__init__.py": "from plotly.io._renderers import show",
    "plotly/io/_renderers.py": "def show(fig):\n    raise RuntimeError('a browser')",
    "plotly/graph_objs/__init__.py": (
        "class Figure:\n"
        "    def write_html(self, path, **options):\n"
        "        open(path, 'w').write('figure')\n"
        "    def show(self):\n"
        "        from plotly import io\n"
        "        io.show(self)\n"
    ),
}
"""A stand-in for plotly with the parts that matter here."""


def test_figures_for_the_browser_become_files(tmp_path: Path) -> None:
    """plotly's ``show()`` and a figure as a cell's value are saved as HTML."""
    for name, text in PLOTLY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = script("from plotly.graph_objs import Figure\nf = Figure()", "f.show()", "f")
    ended = run(made, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    saved = sorted(path.name for path in (tmp_path / "outputs" / "figures").iterdir())
    assert saved == ["001-cell2.html", "002-cell3.html"]


SYMBOLS = """import sys
class Symbol:
    def __repr__(self):
        return "x/2"
def init_printing():
    sys.displayhook = lambda value: print("x\\n-\\n2" if type(value) is Symbol else str(value))
"""


def test_a_library_with_a_display_hook_of_its_own(tmp_path: Path) -> None:
    """The compared run tells of its values too, and of others' as a notebook does."""
    (tmp_path / "symbols.py").write_text(SYMBOLS)
    made = script("import symbols\nsymbols.init_printing()\nsymbols.Symbol()", "'text'")
    module = folder("templates") / "capture" / "nb2image_capture.py"
    (tmp_path / "nb2image_capture.py").write_bytes(module.read_bytes())
    told = replace(made, text=instrumented(made))
    ended = run(told, tmp_path, NB2IMAGE_CAPTURE="word")
    capture = Capture("word")
    assert capture.feed("stdout", ended.stdout.encode()) == b"x\n-\n2\ntext\n"
    cells = capture.cells()
    assert [[s.text for s in cell.shown] for cell in cells] == [[], ["x\n-\n2"], ["'text'"]]
    assert not any(cell.printed for cell in cells)


def test_a_build_without_an_engine_loads_what_it_needs() -> None:
    """Each command pays for what is imported: templates and uv serve source distributions alone."""
    program = "import sys, nb2image.build.embedded.make; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"jinja2", "uv", "docker", "nb2image.requirements.versions.resolver"}
