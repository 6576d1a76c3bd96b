"""The embedded builder makes what Docker makes, and real tools take it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image.build.choose import BuildOptions
from nb2image.build.embedded.make import make_builder
from nb2image.build.embedded.targets import Destination
from nb2image.build.interface import BuildRequest
from nb2image.errors import BuildError, PlanError
from nb2image.events import Event, Noticed, Progress, ignore
from nb2image.model import BuildPlan, LockedPackage
from nb2image.options import Options
from nb2image.run.container import run_image
from nb2image.run.request import RunRequest
from nb2image.services import Services
from tests.engine import registry as registries
from tests.engine.conftest import BuildImage, RunImage
from tests.engine.engine import Engine
from tests.engine.test_image import SOURCE, VALUE, Work, network, requiring, work

__all__ = ["network", "work"]

LISTING = r"""
cd /; find app opt/venv/lib opt/nb2image outputs etc/passwd etc/group -not -name RECORD \
  -printf '%y %m %U:%G %p %l ' \( -type f -exec sha256sum {} \; -o -printf '\n' \) | sort -k4
"""
Make = Callable[..., str]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One blob cache for all tests, as a user has one."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def base_file(engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base image as ``docker save`` writes it."""
    path = tmp_path_factory.mktemp("base") / "base.tar"
    engine.docker("save", "--output", str(path), base_image)
    return path


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A registry for everybody; its host."""
    with registries.running(tmp_path_factory.mktemp("registry")) as host:
        yield host


def build(
    plan: BuildPlan,
    context: Path,
    cache: Path,
    tag: str,
    destination: Destination,
    emit: Callable[[Event], None] = ignore,
    environ: dict[str, str] | None = None,
    **asked: Any,
) -> str:
    """Build a context; the image's id."""
    services = Services(cache=cache, environ=environ or dict(os.environ))
    builder = make_builder(plan, BuildOptions(**asked), destination, services)
    return builder.build(BuildRequest(context=context, tag=tag), emit).id


@pytest.fixture
def plan(work: Work) -> BuildPlan:
    """Hostile file names, a variable that needs quotes, a wheel."""
    return work.plan(Options(env=(("VALUE", VALUE),)))


def test_the_same_image_as_docker_makes(
    engine: Engine,
    work: Work,
    plan: BuildPlan,
    network: tuple[str, ...],
    build_image: BuildImage,
    run_image: RunImage,
    image_name: Callable[[str], str],
    base_file: Path,
    cache: Path,
    tmp_path: Path,
) -> None:
    """Same config, same files with owners and modes, same output."""
    context = work.context(plan, tmp_path / "context")
    theirs = build_image(context, *network)
    ours = image_name("embedded")
    build(plan, context, cache, ours, Destination(engine=True), base=str(base_file))

    def config(name: str) -> dict[str, Any]:
        found = json.loads(engine.docker("image", "inspect", name).stdout)[0]["Config"]
        known = ("Env", "Labels", "User", "Entrypoint", "Cmd", "WorkingDir", "StopSignal")
        return {key: found.get(key) for key in (*known, "Volumes")}

    assert config(ours) == config(theirs)
    options = ("--user", "0", "--entrypoint", "sh")
    listings = [run_image(i, "-c", LISTING, options=options).stdout for i in (ours, theirs)]
    assert len(listings[0].splitlines()) > 20
    assert listings[0] == listings[1]
    outputs = [run_image(i) for i in (ours, theirs)]
    assert "some data" in outputs[0].stdout
    assert (outputs[0].stdout, outputs[0].returncode) == (outputs[1].stdout, 0)


def test_debian_packages_upon_a_finished_base(
    work: Work,
    network: tuple[str, ...],
    build_image: BuildImage,
    run_image: RunImage,
    image_name: Callable[[str], str],
    base_file: Path,
    cache: Path,
    tmp_path: Path,
) -> None:
    """The libraries load, programs run, and all tables say what they say of Docker's image."""
    source = SOURCE + "\nimport ctypes\nfor n in 'gomp.so.1', 'blas.so.3': ctypes.CDLL(f'lib{n}')\n"
    names = (
        *("gawk", "graphviz", "hello", "libblas3", "libgomp1", "libsndfile1", "openssh-client"),
        *("procps", "xz-utils"),
    )
    options = Options(env=(("VALUE", VALUE),))
    plan = work.plan(options, source=source, requirements=requiring(system=names))
    context = work.context(plan, tmp_path / "context")
    theirs = build_image(context, *network)
    ours = image_name("packages")
    build(plan, context, cache, ours, Destination(engine=True), base=str(base_file))
    ran = run_image(ours)
    assert ran.returncode == 0, ran.stderr
    shell = ("--user", "0", "--entrypoint", "sh")

    def said(image: str, command: str) -> list[str]:
        return run_image(image, "-c", command, options=shell).stdout.splitlines()

    check = (
        "dpkg-query -W; dpkg --audit; apt-get check -q; hello; awk --version; lzma --version; "
        "update-alternatives --query libblas.so.3-x86_64-linux-gnu; echo 'digraph {a -> b}' > /g; "
        "update-alternatives --get-selections; update-alternatives --query awk; dot -Tsvg /g; "
        "ps --version; getent passwd; getent group; stat -c '%a %U:%G' /usr/bin/ssh-agent; "
        "cd /etc/fonts/conf.d && readlink *; sed '/^#/d; /^$/d' /usr/lib/*/graphviz/config6a"
    )
    assert "Hello, world!" in said(ours, check)
    assert said(ours, check) == said(theirs, check)
    # theirs has no further names of a library, and shows the linked folder /lib
    libraries = "ldconfig -p | grep '=>' | sed 's,=> /lib,=> /usr/lib,'"
    assert set(said(theirs, libraries)) <= set(said(ours, libraries))


def test_an_older_base_gets_newer_packages(
    engine: Engine,
    work: Work,
    run_image: RunImage,
    image_name: Callable[[str], str],
    base_image: str,
    cache: Path,
    tmp_path: Path,
) -> None:
    """Those that are needed, and those that fit the old ones alone."""
    old = image_name("older")
    age = "/^Package: \\(gcc-12-base\\|libgcc-s1\\)$/,/^$/ s/12\\.2\\.0-14[^ )]*/12.2.0-1/"
    older = tmp_path / "older"
    older.mkdir()
    (older / "Dockerfile").write_text(
        f"FROM {base_image}\nRUN sed -i '{age}' /var/lib/dpkg/status\n"
    )
    engine.docker("build", "--quiet", "--tag", old, str(older))
    file = tmp_path / "older.tar"
    engine.docker("save", "--output", str(file), old)
    source = SOURCE + "\nimport ctypes\nctypes.CDLL('libgomp.so.1')\n"
    made = work.plan(Options(), source=source, requirements=requiring(system=("libgomp1",)))
    ours = image_name("renewed")
    events: list[Event] = []
    context = work.context(made, tmp_path / "context")
    to = Destination(engine=True)
    build(made, context, cache, ours, to, events.append, base=str(file))
    told = [event.finding.message for event in events if isinstance(event, Noticed)]
    assert any("made newer: gcc-12-base, libgcc-s1" in message for message in told)
    assert run_image(ours, options=("-e", "VALUE=v")).returncode == 0
    check = "dpkg-query -W gcc-12-base libgcc-s1 libgomp1 && apt-get check -q && dpkg --audit"
    shell = ("--user", "0", "--entrypoint", "sh")
    said = run_image(ours, "-c", check, options=shell)
    assert (said.returncode, said.stdout.count("12.2.0-14")) == (0, 3)


def test_packages_whose_scripts_matter_upon_debian_packages(
    work: Work, cache: Path, tmp_path: Path
) -> None:
    """Graphviz has its table of plugins, procps its alternatives."""
    source = (
        "import subprocess\nprint(open('-data [a]*?.csv').read())\n"
        "dot = subprocess.run(['dot', '-Tplain'], input=b'digraph {a -> b}', stdout=-1)\n"
        "print(dot.stdout.decode())\nsubprocess.run(['ps'], check=True)\n"
    )
    needs = requiring(system=("graphviz", "procps"))
    made = work.plan(Options(), source=source, requirements=needs)
    archive = tmp_path / "image.tar"
    context = work.context(made, tmp_path / "context")
    build(made, context, cache, "me/x:1", Destination(layout=archive), base="debian")
    lines: list[str] = []

    def emit(event: Event) -> None:
        if event.kind == "output-line":
            lines.append(event.line)

    request = RunRequest(image=str(archive), outputs=tmp_path / "outputs")
    assert run_image(request, os.environ, emit).exit_status == 0, lines
    assert any(line.startswith("edge a b ") for line in lines), lines


def test_a_changed_script_sends_one_layer(
    work: Work,
    plan: BuildPlan,
    image_name: Callable[[str], str],
    run_image: RunImage,
    base_file: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine fills in the layers that it has."""
    from nb2image.build.embedded import load

    sent: list[tuple[int, str]] = []
    send = load.send

    def counted(image: Any, tag: str, blobs: Any, engine: Any, skipped: int) -> str:
        refusal = send(image, tag, blobs, engine, skipped)
        sent.append((len(image.layers) - skipped, refusal))
        return refusal

    monkeypatch.setattr(load, "send", counted)
    for text in ("print('one')", "print('two')"):
        edited = work.plan(Options(), source=SOURCE + text)
        context = work.context(edited, tmp_path / "context")
        name = image_name("edited")
        build(edited, context, cache, name, Destination(engine=True), base=str(base_file))
        assert run_image(name, options=("-e", "VALUE=v")).stdout.rstrip().endswith(text[7:10])
    assert sent[-1][0] == 1 or sent[-2][1]  # or the engine wants every layer


def test_debian_base_in_two_caches_is_the_same_to_the_byte(
    work: Work, plan: BuildPlan, cache: Path, tmp_path: Path
) -> None:
    """Other folders, another umask and time zone: the same archive; --check says so."""
    made = []
    umask = os.umask(0o077)
    try:
        for number, zone in enumerate(("UTC", "Asia/Kolkata")):
            os.umask((0o022, 0o077)[number])
            context = work.context(plan, tmp_path / f"context-{number}")
            archive = tmp_path / f"{number}.tar"
            build(
                plan,
                context,
                tmp_path / f"cache-{number}",
                "me/x:1",
                Destination(layout=archive),
                environ={**os.environ, "TZ": zone},
                base="debian",
            )
            made.append(archive.read_bytes())
    finally:
        os.umask(umask)
    assert made[0] == made[1]
    with pytest.raises(BuildError) as caught:
        build(
            plan,
            tmp_path / "context-0",
            tmp_path / "cache-0",
            "me/x:1",
            Destination(layout=tmp_path / "2.tar"),
            base="debian",
            check=f"sha256:{'0' * 64}",
        )
    assert caught.value.code == "check-failed"
    assert not (tmp_path / "2.tar").exists()


def test_an_image_in_a_file_runs_without_an_engine(
    work: Work, plan: BuildPlan, cache: Path, tmp_path: Path
) -> None:
    """As the image's user, without a network, its outputs brought back."""
    source = SOURCE + (
        "\nimport socket, ssl, ctypes.util\nprint(os.getuid(), ctypes.util.find_library('c'))\n"
        "print(len(ssl.create_default_context().get_ca_certs()) > 50)\n"
        "try:\n    socket.create_connection(('192.0.2.1', 80), 1)\n"
        "except OSError as error:\n    print(error.strerror)\n"
        "try:\n    open('/opt/venv/x', 'w')\nexcept OSError as error:\n    print(error.strerror)\n"
    )
    changed = work.plan(Options(env=(("VALUE", VALUE),)), source=source)
    context = work.context(changed, tmp_path / "context")
    archive = tmp_path / "image.tar"
    build(changed, context, cache, "me/x:1", Destination(layout=archive), base="debian")
    lines: list[str] = []

    def emit(event: Event) -> None:
        if event.kind == "output-line":
            lines.append(event.line)

    request = RunRequest(image=str(archive), outputs=tmp_path / "outputs")
    report = run_image(request, os.environ, emit)
    assert report.exit_status == 0, lines
    assert "10001 libc.so.6" in lines
    assert "True" in lines
    assert "Network is unreachable" in lines
    assert (tmp_path / "outputs/result.txt").read_text() == "done"


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not here")
@pytest.mark.parametrize("form", ["oci-archive", "oci", "docker-archive"])
def test_skopeo_reads_every_form(
    work: Work, plan: BuildPlan, base_file: Path, cache: Path, tmp_path: Path, form: str
) -> None:
    """A folder, an archive, and the same archive as docker's."""
    context = work.context(plan, tmp_path / "context")
    target = tmp_path / ("layout" if form == "oci" else "image.tar")
    build(plan, context, cache, "me/x:1", Destination(layout=target), base=str(base_file))
    done = subprocess.run(
        ["skopeo", "inspect", f"{form}:{target}"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["Labels"]["io.nb2image.plan"] == plan.digest


def test_push_and_pull(
    engine: Engine,
    work: Work,
    plan: BuildPlan,
    registry: str,
    base_image: str,
    image_name: Callable[[str], str],
    cache: Path,
    tmp_path: Path,
) -> None:
    """The base comes from a registry and is mounted there; a second push sends what changed."""
    base = f"{registry}/library/python:3.11"
    engine.docker("tag", base_image, base)
    engine.docker("push", "--quiet", base)
    engine.docker("rmi", base)
    sent = []
    for number, text in enumerate(("", "print(1)")):
        made = work.plan(Options(base_image=base), source=SOURCE + text)
        context = work.context(made, tmp_path / "context")
        progress: list[int] = [0]

        def emit(event: Event, progress: list[int] = progress) -> None:
            if isinstance(event, Progress):
                progress.append(event.done)

        tag = f"{registry}/me/image-{number}:1"
        build(made, context, cache, tag, Destination(push=True), emit)
        sent.append(max(progress))
        pulled = engine.docker("run", "--rm", "-e", "VALUE=v", tag)
        assert "some data" in pulled.stdout
        engine.docker("rmi", tag)
    assert sent[0] < 5_000_000  # neither the base nor what another image has
    assert sent[1] < 200_000


def test_a_registry_that_wants_a_login(
    work: Work, plan: BuildPlan, base_file: Path, cache: Path, tmp_path: Path
) -> None:
    """Refused without, served with the login of docker's config."""
    # bcrypt of "secret", the only kind of hash that the registry takes
    users = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
    context = work.context(plan, tmp_path / "context")
    config = tmp_path / "docker"
    config.mkdir()
    folder = tmp_path / "registry"
    folder.mkdir()
    with registries.running(folder, users=users) as host:
        environ = {**os.environ, "DOCKER_CONFIG": str(config)}
        given = (plan, context, cache, f"{host}/me/x:1", Destination(push=True))
        with pytest.raises(BuildError) as caught:
            build(*given, environ=environ, base=str(base_file))
        assert caught.value.code == "registry-denied"
        login = base64.b64encode(b"me:secret").decode()
        (config / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
        build(*given, environ=environ, base=str(base_file))


def test_one_index_for_two_platforms(
    work: Work, plan: BuildPlan, registry: str, cache: Path, tmp_path: Path
) -> None:
    """No emulation: the wheels and packages of each are put together here."""
    other = replace(
        plan, requirements=replace(plan.requirements, platform="aarch64-manylinux_2_36")
    )
    contexts = [work.context(p, tmp_path / f"context-{n}") for n, p in enumerate((plan, other))]
    tag = f"{registry}/me/both:1"
    archive = tmp_path / "both.tar"
    destination = Destination(push=True, layout=archive)
    build(plan, contexts[0], cache, tag, destination, base="debian", others=(contexts[1],))
    done = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{tag}"],
        capture_output=True,
        text=True,
        check=True,
    )
    platforms = [m["platform"]["architecture"] for m in json.loads(done.stdout)["manifests"]]
    assert platforms == ["amd64", "arm64"]


def test_what_needs_a_run_is_refused_by_name(
    work: Work, base_file: Path, cache: Path, tmp_path: Path
) -> None:
    """A package of a repository, and a Debian package whose script matters."""
    cloned = LockedPackage(name="olden", version="1.0", url="git+https://example.com/olden@0a1b2c3")
    for requirements, name in (
        (replace(requiring(), locked=(cloned,)), "olden 1.0"),
        (requiring(system=("texlive-latex-base",)), "tex-common"),
    ):
        made = work.plan(Options(), requirements=requirements)
        context = work.context(made, tmp_path / re.sub(r"\W", "", name))
        target = Destination(layout=tmp_path / "x.tar")
        with pytest.raises(PlanError, match=re.escape(name)):
            build(made, context, cache, "me/x:1", target, base=str(base_file))
        assert not (tmp_path / "x.tar").exists()
