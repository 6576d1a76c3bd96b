"""Asks uv for one set of versions that fit together. Nothing is built: no foreign code runs here.

uv is told everything through its environment and files in a folder of its own, never through
the command line (which other users of the host can read) and never through a uv.toml or
pyproject.toml that lies beside the notebook.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nb2image.errors import RequirementsError
from nb2image.model import LockedPackage
from nb2image.network import NetworkConfig
from nb2image.process import Completed
from nb2image.requirements.lock import parse_pylock, with_reasons
from nb2image.requirements.store import write_atomically
from nb2image.requirements.target import Target
from nb2image.services import Services

# settings of uv that say how it reaches the network or where it keeps its cache; all others
# could change what is resolved, and are ours to say
KEPT_SETTINGS = (
    "UV_CACHE_DIR",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_HTTP_CONNECT_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT",
    "UV_KEYRING_PROVIDER",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
)
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
    prerelease: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A set of versions that fit together."""

    packages: tuple[LockedPackage, ...]
    pylock: str
    """The same as pylock.toml (PEP 751), as uv wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """uv found no such set, or could not look: its own words."""

    message: str


def uv_binary() -> str:
    """The path of the uv that came with nb2image."""
    import uv

    return str(uv.find_uv_bin())


def uv_environment(
    network: NetworkConfig,
    environ: Mapping[str, str],
    *,
    default_index: str = "",
    extra_indexes: tuple[str, ...] = (),
) -> dict[str, str]:
    """uv's environment: the host's own, with the network configuration in uv's terms.

    ``default_index`` is the address that an empty ``network.index_url`` stands for.
    """
    env = {k: v for k, v in environ.items() if not k.startswith("UV_") or k in KEPT_SETTINGS}
    env |= {"UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    main = network.index_url or default_index
    # the main index comes first, as in pip: of two equal files the remote one is taken
    indexes = [*extra_indexes, main, *network.extra_index_urls]
    if network.no_index:
        env["UV_NO_INDEX"] = "1"
    elif len(indexes) > 1 and main:
        env["UV_INDEX"] = " ".join(indexes[:-1])
        env["UV_DEFAULT_INDEX"] = indexes[-1]
    elif len(indexes) > 1:
        env["UV_INDEX"] = " ".join(i for i in indexes if i)
    elif main:
        env["UV_DEFAULT_INDEX"] = main
    if network.find_links:
        env["UV_FIND_LINKS"] = ",".join(network.find_links)
    env["UV_INDEX_STRATEGY"] = network.strategy
    if network.ca_file:
        env["SSL_CERT_FILE"] = network.ca_file
    for scheme, address in network.proxies:
        env[f"{scheme.upper()}_PROXY"] = env[f"{scheme}_proxy"] = address
    if network.trusted_hosts:
        env["UV_INSECURE_HOST"] = " ".join(network.trusted_hosts)
    return env


def uv_arguments(request: ResolveRequest, *, offline: bool) -> list[str]:
    """The command line of ``uv pip compile`` for a request, up to the output's format."""
    argv = [uv_binary(), "pip", "compile", "requirements.in", "--no-header", "--quiet"]
    argv += ["--python-version", request.python, "--python-platform", request.platform]
    argv += ["--no-build", "--no-python-downloads"]
    if request.constraints:
        argv += ["--constraints", "constraints.txt"]
    if request.overrides:
        argv += ["--overrides", "overrides.txt"]
    if request.as_of:
        argv += ["--exclude-newer", request.as_of]
        # old releases build and run with a setuptools of any age; an old one helps nobody
        argv += ["--exclude-newer-package", "setuptools=false"]
    if request.prerelease:
        argv += ["--prerelease", "allow"]
    if offline:
        argv += ["--offline"]
    return argv


def default_index(services: Services) -> str:
    """The address of uv's own default index, asked of uv so that it is written nowhere here."""
    from importlib.metadata import version

    kept = services.cache / "uv-default-index" / version("uv")
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    argv = [uv_binary(), "pip", "compile", "-", "--emit-index-url", "--no-header", "--quiet"]
    environ = uv_environment(NetworkConfig(), services.environ)
    done = services.run([*argv, "--offline"], env=environ, stdin=b"\n", timeout=60)
    found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("--index-url")]
    if found:
        write_atomically(kept, found[0].encode())
    return found[0] if found else ""


def resolve(
    request: ResolveRequest, services: Services, network: NetworkConfig, *, offline: bool = False
) -> Resolution | Refusal:
    """The set of versions that fits a request, or uv's refusal.

    Raises RequirementsError when uv itself cannot be run.
    """
    environ = uv_environment(
        network,
        services.environ,
        default_index=default_index(services),
        extra_indexes=request.extra_indexes,
    )
    with tempfile.TemporaryDirectory(prefix="nb2image-") as folder:
        at = Path(folder)
        for name in ("requirements", "constraints", "overrides"):
            lines = getattr(request, name)
            suffix = "in" if name == "requirements" else "txt"
            (at / f"{name}.{suffix}").write_text("".join(f"{x}\n" for x in lines), "utf-8")

        def compiled(*arguments: str, cached: bool) -> Completed:
            argv = [*uv_arguments(request, offline=cached), *arguments]
            try:
                return services.run(argv, cwd=at, env=environ, timeout=TIMEOUT_SECONDS)
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

        lock = compiled("--format", "pylock.toml", cached=offline)
        if lock.status != 0:
            return Refusal(message=plain(lock.stderr))
        # The lock does not say who asks for what; uv's other format does, from the same cache.
        listing = compiled("--annotation-style", "line", cached=True)
    packages = parse_pylock(lock.stdout, Target(python=request.python, platform=request.platform))
    return Resolution(packages=with_reasons(packages, listing.stdout), pylock=lock.stdout)


def plain(stderr: str) -> str:
    """uv's message without the warnings about files that carry no date."""
    lines = [x for x in stderr.splitlines() if "is missing an upload date" not in x]
    return "\n".join(lines).strip()
