"""Running an image: live output, exit status, signals, outputs, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.command import nb2image, started
from tests.engine.engine import Engine

DOCKERFILE = """
FROM {base}
RUN mkdir -p /app/project/notebooks /app/project/data /outputs && touch /app/project/data/in.csv \\
    && chown -R 10001:10001 /app /outputs
COPY --chown=10001:10001 script.py /app/project/notebooks/
VOLUME ["/outputs", "/tmp"]
USER 10001:10001
WORKDIR /app/project/notebooks
STOPSIGNAL SIGINT
ENTRYPOINT ["python3", "-u", "script.py"]
"""

SCRIPT = """
import os, pathlib, signal, sys, time

def status():
    print("arguments", sys.argv[2:])
    print("for stderr", file=sys.stderr)
    sys.exit(42)

def outputs():
    pathlib.Path("/outputs/sub").mkdir()
    pathlib.Path("/outputs/sub/model.bin").write_bytes(bytes(range(256)) * 40)
    pathlib.Path("/outputs/tool.sh").write_text("#!/bin/sh")
    os.chmod("/outputs/tool.sh", 0o6755)
    pathlib.Path("result.csv").write_text("a,b")
    pathlib.Path("../data/in.csv").write_text("changed")
    for number in range(30):
        pathlib.Path(f"part{number}").write_text("x")
    pathlib.Path("__pycache__").mkdir()
    pathlib.Path("__pycache__/x.pyc").write_text("x")

def hostile():
    os.symlink("/etc/passwd", "/outputs/absolute")
    os.symlink("../../../../etc/passwd", "/outputs/climbing")
    os.symlink("good.txt", "/outputs/latest")
    os.symlink("/", "/outputs/root")
    os.mkfifo("/outputs/fifo")
    pathlib.Path("/outputs/good.txt").write_text("good")
    pathlib.Path("/outputs/line\\nbreak").write_text("x")
    pathlib.Path(b"/outputs/not-\\xff-utf8".decode(errors="surrogateescape")).write_text("x")
    pathlib.Path("/outputs/victim").mkdir()
    pathlib.Path("/outputs/victim/stolen.txt").write_text("x")

def writes():
    try:
        pathlib.Path("here").write_text("x")
    except OSError as error:
        print(error.strerror)
    pathlib.Path("/outputs/there").write_text("x")
    pathlib.Path("/tmp/cache").write_text("x")

def interfaces():
    import socket
    print([name for _, name in socket.if_nameindex()])

def live():
    print("begun", flush=True)
    sys.stdout.write("unfinished")
    time.sleep(60)

def saves():
    print("begun", flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pathlib.Path("/outputs/checkpoint").write_text("x")
        raise

def flood():
    while True:
        print("x" * 1000)

def deaf():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("begun", flush=True)
    time.sleep(60)

globals()[sys.argv[1]]()
"""


@pytest.fixture(scope="module")
def image(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An image with a script that does what its first argument names."""
    from tests.engine import session

    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(DOCKERFILE.format(base=base_image))
    (folder / "script.py").write_text(SCRIPT)
    name = session.image_name("script")
    # the label makes the image this run's own: a container that an earlier, killed run left of the
    # same content would count as left by this one
    engine.docker("build", "--tag", name, "--label", f"{session.LABEL}={session.RUN}", str(folder))
    yield name
    assert engine.docker("ps", "--all", "--quiet", "--filter", f"ancestor={name}").stdout == ""


@pytest.fixture(autouse=True)
def nothing_left(engine: Engine, image: str) -> Iterator[None]:
    """No test leaves a container."""
    yield
    assert engine.docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}").stdout == ""


def test_streams_status_and_arguments(image: str, tmp_path: Path) -> None:
    """stdout and stderr stay apart, the script's arguments and exit status are its own."""
    done = nb2image("run", image, "--quiet", "--", "status", "--alpha", "-b", cwd=tmp_path)
    assert done.returncode == 42
    assert done.stdout == "arguments ['--alpha', '-b']\n"
    assert done.stderr == "for stderr\n"
    assert [p.name for p in (tmp_path / "outputs").iterdir()] == ["run.json"]


def test_json(image: str, tmp_path: Path) -> None:
    """--json gives the report on stdout and the script's lines as events on stderr."""
    done = nb2image("run", image, "--json", "--", "status", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert report["exit_status"] == done.returncode == 42
    events = [json.loads(line) for line in done.stderr.splitlines()]
    lines = [(e["stream"], e["line"]) for e in events if e["kind"] == "output-line"]
    assert sorted(lines) == [("stderr", "for stderr"), ("stdout", "arguments []")]


def test_outputs_come_back(image: str, tmp_path: Path) -> None:
    """/outputs and what was written below /app arrive, whole, without extra rights."""
    done = nb2image("run", image, "--output", "back", "--", "outputs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    back = tmp_path / "back"
    found = {p.relative_to(back).as_posix() for p in back.rglob("*") if p.is_file()}
    parts = {f"part{number}" for number in range(30)}
    changed = "app/project/data/in.csv"
    assert found == {"run.json", "sub/model.bin", "tool.sh", "result.csv", changed, *parts}
    assert (back / "sub/model.bin").read_bytes() == bytes(range(256)) * 40
    assert (back / changed).read_text() == "changed"
    assert (back / "tool.sh").stat().st_mode & 0o7777 == 0o755
    assert (back / "sub/model.bin").stat().st_uid == os.getuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_outputs_belong_to_the_user_behind_sudo(image: str, tmp_path: Path) -> None:
    """Under sudo, files and folders go to the user who called it."""
    env = {"SUDO_UID": "12345", "SUDO_GID": "12346"}
    done = nb2image("run", image, "--", "outputs", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    for name in ("outputs", "outputs/sub", "outputs/sub/model.bin"):
        status = (tmp_path / name).stat()
        assert (status.st_uid, status.st_gid) == (12345, 12346)


def test_hostile_outputs(image: str, tmp_path: Path) -> None:
    """Links that lead out, odd names and special files stay behind; nothing is followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/victim").symlink_to(outside)
    (tmp_path / "outputs/good.txt").symlink_to(outside / "target")
    done = nb2image("run", image, "--", "hostile", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not list(outside.iterdir())
    found = {p.name for p in (tmp_path / "outputs").iterdir()}
    assert found == {"good.txt", "latest", "run.json", "victim"}
    assert (tmp_path / "outputs/latest").read_text() == "good"
    assert not (tmp_path / "outputs/good.txt").is_symlink()
    assert done.stderr.count("in the container") == 7


def test_read_only(image: str, tmp_path: Path) -> None:
    """With --read-only the script can write /outputs and /tmp and nothing else."""
    done = nb2image("run", image, "--read-only", "--", "writes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Read-only file system\n"
    assert (tmp_path / "outputs/there").exists()


@pytest.mark.parametrize("script", ["live", "deaf"])
def test_sigterm_stops_at_once(image: str, tmp_path: Path, script: str) -> None:
    """SIGTERM ends the container, one that ignores signals too; output was shown at once.

    The time is for a busy machine: the container is killed after 0.8 s.
    """
    with started("run", image, "--", script, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        if script == "live":
            assert process.stdout.read(10) == "unfinished"
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130
        assert time.monotonic() - asked < 6


def test_interrupt_lets_the_script_save(engine: Engine, image: str, tmp_path: Path) -> None:
    """Ctrl-C reaches the script; what it saves then is brought back; its volumes are removed."""
    with started("run", image, "--", "saves", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        name = engine.docker("ps", "--quiet", "--filter", f"ancestor={image}").stdout.strip()
        names = "{{range .Mounts}}{{.Name}} {{end}}"
        volumes = engine.docker("inspect", "--format", names, name).stdout.split()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert (tmp_path / "outputs/checkpoint").exists()
        assert len(volumes) == 2
        left = engine.docker("volume", "ls", "--quiet").stdout.split()
        assert not set(volumes) & set(left)


def test_second_interrupt_kills(image: str, tmp_path: Path) -> None:
    """A script that ignores Ctrl-C is killed by the second."""
    with started("run", image, "--", "deaf", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert time.monotonic() - asked < 5


def test_reader_that_goes_away(image: str, tmp_path: Path) -> None:
    """``nb2image run … | head`` ends the container instead of filling memory or running on."""
    with started("run", image, "--quiet", "--", "flood", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "x" * 1000 + "\n"
        process.stdout.close()
        assert process.wait(15) == 1
        assert process.stderr.read() == ""


def test_docker_stop(engine: Engine, image: str, tmp_path: Path) -> None:
    """A container that somebody else stops ends within a second: it heeds its stop signal."""
    with started("run", image, "--", "live", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        name = engine.docker("ps", "--quiet", "--filter", f"ancestor={image}").stdout.strip()
        asked = time.monotonic()
        engine.docker("stop", name)
        assert time.monotonic() - asked < 2
        assert process.wait(10) == 130


def test_network(image: str, tmp_path: Path) -> None:
    """--network none leaves the loopback alone; a network that is not there is named."""
    done = nb2image("run", image, "-q", "--network", "none", "--", "interfaces", cwd=tmp_path)
    assert done.stdout == "['lo']\n"
    done = nb2image("run", image, "--network", "no-such", "--", "interfaces", cwd=tmp_path)
    assert done.returncode == 8
    assert "no-such" in done.stderr


def test_image_that_is_not_there(engine: Engine, tmp_path: Path) -> None:
    """The engine has no such image: exit 6, and what to do."""
    done = nb2image("run", "nb2image-test/nobody", cwd=tmp_path)
    assert done.returncode == 6
    assert "there is no image nb2image-test/nobody" in done.stderr
    assert "Traceback" not in done.stderr


def test_detached(engine: Engine, image: str, tmp_path: Path) -> None:
    """--detach leaves the container running under its name and prints that; a taken one is said."""
    name = f"{image.partition('/')[2].replace(':', '-')}-detached"
    given = ("run", image, "--detach", "--name", name, "--json", "--", "live")
    try:
        done = nb2image(*given, cwd=tmp_path)
        assert json.loads(done.stdout) == {"container": name}
        assert engine.docker("ps", "--quiet", "--filter", f"name={name}").stdout
        until = time.monotonic() + 30
        while not engine.docker("logs", name).stdout and time.monotonic() < until:
            time.sleep(0.1)  # it has been started, and may not have come to speak yet
        assert engine.docker("logs", name).stdout.startswith("begun\n")
        again = nb2image(*given, cwd=tmp_path)
        assert again.returncode == 8
        assert f"docker rm -f {name}" in again.stderr
        assert engine.docker("ps", "--quiet", "--filter", f"name={name}").stdout
    finally:
        engine.docker("rm", "--force", "--volumes", name)
