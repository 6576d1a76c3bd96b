"""From a script to its locked requirements: calls the steps of this folder in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.events import Emit, Noticed
from nb2image.image.base import SUITES, base_for
from nb2image.model import (
    DirectRequirement,
    Evidence,
    Finding,
    Need,
    Notebook,
    Requirements,
    ResolutionStep,
    Script,
)
from nb2image.network import NetworkConfig, read_network
from nb2image.options import Options
from nb2image.project import Project
from nb2image.requirements.cache import DiskCache
from nb2image.requirements.conflicts import refusal_error
from nb2image.requirements.dates import VersionPolicy, choose_versions, date_finding
from nb2image.requirements.firstnames import first_names
from nb2image.requirements.git_history import last_code_change
from nb2image.requirements.index import Index
from nb2image.requirements.ladder import Climb, Rung, climb, rungs
from nb2image.requirements.mend import resolve_mended
from nb2image.requirements.pins import pins
from nb2image.requirements.python_version import PythonChoice, choose_python
from nb2image.requirements.resolver import (
    Refusal,
    Resolution,
    ResolveRequest,
    default_index,
    resolve,
)
from nb2image.requirements.runtime_files import named_pythons
from nb2image.requirements.syntax import python_bounds
from nb2image.requirements.text import requirements_text
from nb2image.services import Services

ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
UNKNOWN_GLIBC = "2.28"
"""For a base whose release is not known: what wheels are commonly made for."""
KNOWN_TO_UV = (17, 28, *range(31, 41))
"""The glibc levels that uv has a platform for; a newer base runs the wheels of an older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the steps need beyond the notebook."""

    services: Services
    network: NetworkConfig
    cache: DiskCache
    index: Index
    options: Options
    emit: Emit

    @property
    def today(self) -> date:
        """The day that "newest" and "end of life" refer to."""
        return self.services.today()


def find_requirements(
    notebook: Notebook,
    script: Script,
    project: Project,
    options: Options,
    services: Services,
    emit: Emit,
) -> Requirements:
    """The lock for the image's Python and platform, with the evidence.

    Raises RequirementsError.
    """
    network = read_network(services.environ)
    cache = DiskCache(root=services.cache)
    index = Index(
        network,
        cache,
        default_index=network.index_url or default_index(services, cache),
        offline=options.offline,
    )
    world = World(
        services=services, network=network, cache=cache, index=index, options=options, emit=emit
    )
    policy = date_policy(notebook, project, world)
    python = choose_python(
        notebook,
        options,
        available=tuple(SUITES),
        files=named_pythons(project.workdir, project.read),
        bounds=python_bounds(script),
        as_of=policy.as_of,
        today=world.today,
    )
    direct, needs, findings = first_names(script)
    direct += script_requirements(script, direct)
    seen = pins(notebook, direct) if policy.kind == "as-of" else ()
    climbed = climb(
        rungs(python, policy, tuple(SUITES), world.today),
        seen,
        attempt_with(direct, world),
        tell_with(emit),
    )
    return locked(climbed, direct, needs, python, policy, findings, world)


def date_policy(notebook: Notebook, project: Project, world: World) -> VersionPolicy:
    """Which releases may be taken; git is only asked when its answer would count."""
    asked = world.options.as_of or world.options.versions in {"latest", "env"}
    source = b"" if asked else project.read(project.notebook.as_posix())
    change = last_code_change(project, source, world.services) if source else None
    return choose_versions(notebook, world.options, change, world.today)


def attempt_with(
    direct: tuple[DirectRequirement, ...], world: World
) -> Callable[[Rung], Resolution | Refusal]:
    """The function that tries one rung of the ladder."""
    requirements = tuple(sorted(pep508(d) for d in direct))

    def attempt(rung: Rung) -> Resolution | Refusal:
        request = ResolveRequest(
            requirements=requirements,
            constraints=tuple(f"{p.name}=={p.version}" for p in rung.pins),
            python=rung.python,
            platform=platform_of(rung.python, world.options),
            as_of=rung.as_of,
        )

        def ask(mended: ResolveRequest) -> Resolution | Refusal:
            offline = world.options.offline
            return resolve(mended, world.services, world.network, world.cache, offline=offline)

        return resolve_mended(request, ask, world.index)

    return attempt


def tell_with(emit: Emit) -> Callable[[ResolutionStep], None]:
    """The function that says each step of the ladder that failed."""

    def tell(step: ResolutionStep) -> None:
        if not step.ok:
            when = f"of {step.as_of}" if step.as_of else "of today"
            message = f"Python {step.python} with the releases {when}: {step.message}"
            finding = Finding(severity="note", code="resolution-step", message=message)
            emit(Noticed(stage="require", finding=finding))

    return tell


def platform_of(python: str, options: Options) -> str:
    """uv's name of the image's platform: architecture and the base's glibc."""
    glibc = base_for(python, options.base_image).glibc or UNKNOWN_GLIBC
    level = int(glibc.partition(".")[2])
    known = max((k for k in KNOWN_TO_UV if k <= level), default=KNOWN_TO_UV[0])
    return f"{ARCHITECTURES[options.platform]}-manylinux_2_{known}"


def locked(
    climbed: Climb,
    direct: tuple[DirectRequirement, ...],
    needs: tuple[Need, ...],
    python: PythonChoice,
    policy: VersionPolicy,
    findings: tuple[Finding, ...],
    world: World,
) -> Requirements:
    """The record of what was found. Raises RequirementsError when nothing was."""
    rung = climbed.rung
    platform = platform_of(rung.python, world.options)
    if climbed.found is None:
        assert climbed.refused is not None
        raise refusal_error(
            climbed.refused, direct, python=rung.python, platform=platform, as_of=rung.as_of
        )
    versions = policy.kind if rung.as_of or policy.kind != "as-of" else "latest"
    return Requirements(
        python=rung.python,
        python_reason=python.reason,
        platform=platform,
        versions=versions,
        as_of=rung.as_of,
        direct=direct,
        locked=climbed.found.packages,
        needs=needs,
        steps=climbed.steps,
        text=requirements_text(
            packages=climbed.found.packages,
            direct=direct,
            python=rung.python,
            platform=platform,
            versions=versions,
            as_of=rung.as_of,
        ),
        findings=(
            *findings,
            *python.findings,
            *date_finding(policy),
            *step_findings(climbed, python, policy),
        ),
    )


def step_findings(
    climbed: Climb, python: PythonChoice, policy: VersionPolicy
) -> tuple[Finding, ...]:
    """Warnings about what had to give way before a set of versions fitted."""
    if climbed.refused is None:
        return ()
    rung, changed = climbed.rung, []
    if rung.python != python.version:
        changed.append(f"Python {rung.python} instead of {python.version}")
    if rung.as_of != policy.as_of:
        changed.append(f"the releases of {rung.as_of or 'today'} instead of {policy.as_of}")
    if not changed:
        changed.append("other versions than the outputs show")
    return (
        Finding(
            severity="warning",
            code="resolution-changed",
            message=f"{' and '.join(changed)}: {climbed.refused.explanation}",
            hint="--python and --as-of hold what they are given",
        ),
    )


def script_requirements(
    script: Script, direct: tuple[DirectRequirement, ...]
) -> tuple[DirectRequirement, ...]:
    """What the script itself needs beyond the notebook's imports, such as ipython."""
    known = {d.name for d in direct}
    return tuple(
        DirectRequirement(
            name=canonicalize_name(name),
            evidence=(Evidence(rule="script", candidate=name, won=True, detail=reason),),
        )
        for name, reason in script.extra_requirements
        if canonicalize_name(name) not in known
    )


def pep508(direct: DirectRequirement) -> str:
    """The requirement as one PEP 508 line.

    Raises RequirementsError when it is none: it may come from the notebook, and uv's input has
    one requirement a line.
    """
    extras = f"[{','.join(direct.extras)}]" if direct.extras else ""
    tail = f" @ {direct.url}" if direct.url else direct.specifier
    line = f"{direct.name}{extras}{tail}"
    try:
        return str(Requirement(line))
    except InvalidRequirement as error:
        place = next((e.place for e in direct.evidence if e.won), None)
        raise RequirementsError(
            f"not a requirement: {line!r}", code="requirement-invalid", where=place
        ) from error
