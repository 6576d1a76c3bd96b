"""Asks uv for one set of versions that fit together. Nothing is built: no foreign code runs here.

uv is told everything through files in a folder of its own, never through the command line (which
other users of the host can read) and never through a uv.toml or pyproject.toml that lies beside
the notebook.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import msgspec

from nb2image.errors import RequirementsError
from nb2image.model import LockedPackage
from nb2image.network import NetworkConfig, redact
from nb2image.process import Completed
from nb2image.requirements.accelerator.torch_cpu import Listing, write_listings
from nb2image.requirements.index.cache import DiskCache
from nb2image.requirements.index.client import FRESH_SECONDS
from nb2image.requirements.index.local import local_path, present
from nb2image.requirements.target import Target
from nb2image.requirements.versions.conflicts import diagnose
from nb2image.requirements.versions.lock import PROJECT, parse_pylock, with_reasons
from nb2image.requirements.versions.stub import Stub, with_sdists, write_stub
from nb2image.requirements.versions.uv_config import StatedMetadata, uv_environment, uv_toml
from nb2image.services import Services

TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveRequest:
    """What a set of versions must satisfy."""

    requirements: tuple[str, ...]
    """PEP 508 lines: what the notebook needs."""
    constraints: tuple[str, ...] = ()
    """PEP 508 lines: bounds for packages that are taken, needed or not."""
    overrides: tuple[str, ...] = ()
    """PEP 508 lines that replace every other wish for the package."""
    python: str
    platform: str
    as_of: str = ""
    """ISO date; empty for the newest releases."""
    extra_indexes: tuple[str, ...] = ()
    """Indexes that come before the host's own, such as one with CPU builds."""
    stubs: tuple[Stub, ...] = ()
    """Stand-ins for packages that have no wheel."""
    metadata: tuple[StatedMetadata, ...] = ()
    later: tuple[tuple[str, str], ...] = ()
    """(package, ISO date) of packages that came to the index after ``as_of``."""
    listed: tuple[Listing, ...] = ()
    """The only files of a project that may be taken; each is among the requirements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A set of versions that fit together."""

    packages: tuple[LockedPackage, ...]
    pylock: str
    """The same as pylock.toml (PEP 751), as uv wrote it."""


class Stored(msgspec.Struct, array_like=True):
    """What uv wrote, as it is cached."""

    pylock: str
    listing: str
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """uv found no such set, or could not look: its own words."""

    message: str


@lru_cache(maxsize=1)
def uv_binary() -> str:
    """The path of the uv that came with nb2image."""
    import uv

    return str(uv.find_uv_bin())


@lru_cache(maxsize=1)
def uv_version() -> str:
    """The version of uv: another one may resolve otherwise."""
    return version("uv")


def interpreter() -> list[str]:
    """uv's option that names a Python.

    It only says that the target's is a CPython with a GIL, as every base's: looking for one of the
    target's release among the host's, which uv does without, takes up to a second.
    """
    usual = sys.implementation.name == "cpython" and "t" not in sys.abiflags
    return ["--python", sys.executable] if sys.executable and usual else []


def uv_arguments(request: ResolveRequest, *, offline: bool) -> list[str]:
    """The command line of ``uv pip compile`` for a request, up to the output's format."""
    given = "pyproject.toml" if request.listed else "requirements.in"
    argv = [uv_binary(), "pip", "compile", given, "--no-header", "--quiet"]
    target = Target(python=request.python, platform=request.platform)
    argv += ["--python-version", target.full_version, "--python-platform", target.platform]
    argv += ["--no-build", "--no-python-downloads", *interpreter()]
    if request.constraints:
        argv += ["--constraints", "constraints.txt"]
    if request.overrides:
        argv += ["--overrides", "overrides.txt"]
    if request.as_of:
        argv += ["--exclude-newer", request.as_of]
        # old releases build and run with a setuptools of any age; an old one helps nobody
        argv += ["--exclude-newer-package", "setuptools=false"]
        for name, day in request.later:
            argv += ["--exclude-newer-package", f"{name}={day}"]
    if offline:
        argv += ["--offline"]
    return argv


def default_index(services: Services, cache: DiskCache) -> str:
    """The address of uv's own default index, asked of uv so that it is written nowhere here."""
    key = uv_version()
    kept = cache.get("uv-default-index", key)
    if kept is not None:
        return kept.decode()
    argv = [uv_binary(), "pip", "compile", "-", "--emit-index-url", "--no-header", "--quiet"]
    environ = {**uv_environment(NetworkConfig(), services.environ), "UV_NO_CONFIG": "1"}
    done = run_uv([*argv, "--offline"], services, environ, stdin=b"\n")
    lines = [x for x in done.stdout.splitlines() if x.startswith("--index-url ")]
    found = lines[0].split()[1] if lines else ""
    if found:
        cache.put("uv-default-index", key, found.encode())
    return found


def resolve(
    request: ResolveRequest,
    services: Services,
    network: NetworkConfig,
    cache: DiskCache,
    *,
    offline: bool = False,
) -> Resolution | Refusal:
    """The set of versions that fits a request, or uv's refusal; from the cache where it can be.

    The releases of a past day are the same for ever; those of today, asked for by date or not, are
    looked up anew tomorrow. Raises
    RequirementsError when uv itself cannot be run.
    """
    key = cache_key(request, services, network)
    target = Target(python=request.python, platform=request.platform)
    kept = cache.get("resolution", key)
    if kept is not None:
        stored = decode_stored(kept)
        if stored is not None:
            return answer_of(stored, target)
    answer = compile_lock(request, services, network, cache, offline)
    if isinstance(answer, Refusal):
        if not diagnose(answer.message).passing:
            return answer
        answer = Stored("", "", answer.message)
    cache.put("resolution", key, msgspec.msgpack.encode(answer))
    return answer_of(answer, target)


def compile_lock(
    request: ResolveRequest,
    services: Services,
    network: NetworkConfig,
    cache: DiskCache,
    offline: bool,
) -> Stored | Refusal:
    """Ask uv, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="nb2image-") as folder:
        at = Path(folder)
        for name, lines in (
            ("requirements.in", request.requirements),
            ("constraints.txt", request.constraints),
            ("overrides.txt", request.overrides),
        ):
            (at / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        if request.listed:
            listings = write_listings(request.listed, cache.root, at / "listed")
            (at / "pyproject.toml").write_text(project_toml(request, listings), "utf-8")
        stubs = at / "stubs"
        if request.stubs:
            stubs.mkdir()
        for stub in request.stubs:
            write_stub(stub, stubs)
        settings = uv_toml(
            replace(network, find_links=present(network.find_links)),
            default_index=default_index(services, cache),
            extra_indexes=request.extra_indexes,
            find_links=[str(stubs)] if request.stubs else [],
            metadata=request.metadata,
            fresh_seconds=FRESH_SECONDS,
        )
        (at / "uv.toml").write_text(settings, "utf-8")
        environ = uv_environment(network, services.environ)
        environ["UV_CONFIG_FILE"] = str(at / "uv.toml")
        argv = uv_arguments(request, offline=offline)
        lock = run_uv([*argv, "--format", "pylock.toml"], services, environ, cwd=at)
        if lock.status != 0:
            return Refusal(message=plain(lock.stderr))
        # The lock does not say who asks for what; uv's other format does, from its cache.
        argv = uv_arguments(request, offline=True)
        listing = run_uv([*argv, "--annotation-style", "line"], services, environ, cwd=at)
        pylock = with_sdists(lock.stdout, request.stubs, stubs)
    return Stored(pylock, listing.stdout)


def project_toml(request: ResolveRequest, listings: Path) -> str:
    """The requirements as a project's: only there uv takes single packages from an index."""
    sources = [f'{json.dumps(one.name)} = {{ index = "listed" }}' for one in request.listed]
    return "\n".join(
        [
            "[project]",
            f"name = {json.dumps(PROJECT)}",
            'version = "0"',
            f"dependencies = {json.dumps(list(request.requirements))}",
            "[tool.uv.sources]",
            *sources,
            "[[tool.uv.index]]",
            'name = "listed"',
            f"url = {json.dumps(listings.resolve().as_uri())}",
            "explicit = true",
            "",
        ]
    )


def answer_of(stored: Stored, target: Target) -> Resolution | Refusal:
    """What uv wrote, as records."""
    if stored.refusal:
        return Refusal(message=stored.refusal)
    packages = with_reasons(parse_pylock(stored.pylock, target), stored.listing)
    return Resolution(packages=packages, pylock=stored.pylock)


def decode_stored(data: bytes) -> Stored | None:
    """A cached answer; None when it is damaged or another release's."""
    try:
        return msgspec.msgpack.decode(data, type=Stored)
    except msgspec.MsgspecError:
        return None


def cache_key(request: ResolveRequest, services: Services, network: NetworkConfig) -> str:
    """Everything that the answer depends on, without credentials."""
    today = services.today().isoformat()
    day = "" if request.as_of and request.as_of < today else today
    sources = [
        *map(redact, (network.index_url, *network.extra_index_urls, *network.find_links)),
        network.strategy,
        str(network.no_index),
        *folder_states((network.index_url, *network.extra_index_urls, *network.find_links)),
    ]
    python = Target(python=request.python).full_version
    parts = [uv_version(), day, python, *sources, msgspec.json.encode(request).decode()]
    return "\n".join(parts)


def folder_states(links: tuple[str, ...]) -> list[str]:
    """The files in this host's folders and indexes: a wheel that is put there counts at once.

    A new file of an index's project changes the project's page, or its folder where it has none.
    """
    found = []
    for link in filter(None, links):
        folder = local_path(link) if "://" in link else Path(link)
        with contextlib.suppress(OSError):
            # an index may have thousands of folders: no Path for each of them
            for entry in sorted(os.scandir(folder), key=lambda e: e.name) if folder else ():
                try:
                    status = os.stat(f"{entry.path}/index.html")  # noqa: PTH116
                except OSError:
                    status = entry.stat()
                found.append(f"{entry.name} {status.st_mtime_ns}")
    return found


def run_uv(
    argv: list[str],
    services: Services,
    environ: dict[str, str],
    *,
    cwd: Path | None = None,
    stdin: bytes | None = None,
) -> Completed:
    """Run uv. Raises RequirementsError when it is missing or takes too long."""
    try:
        return services.run(argv, cwd=cwd, env=environ, stdin=stdin, timeout=TIMEOUT_SECONDS)
    except FileNotFoundError as error:
        raise RequirementsError(
            "uv, which nb2image resolves versions with, is not installed",
            code="uv-missing",
            hint="reinstall nb2image: uv is one of its dependencies",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RequirementsError(
            f"no answer to which versions fit together in {TIMEOUT_SECONDS:.0f} s",
            code="resolve-timeout",
            hint="try again; if the index is slow, --offline works from the cache",
        ) from error


def plain(stderr: str) -> str:
    """uv's message without the warnings about files that carry no date."""
    lines = [x for x in stderr.splitlines() if "is missing an upload date" not in x]
    return "\n".join(lines).strip()
