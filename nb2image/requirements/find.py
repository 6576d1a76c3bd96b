"""From a script to its locked requirements: calls the steps of this folder in order."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.events import Emit
from nb2image.image.base import base_for
from nb2image.model import (
    DirectRequirement,
    Evidence,
    Notebook,
    Requirements,
    Script,
)
from nb2image.network import read_network
from nb2image.options import Options
from nb2image.project import Project
from nb2image.requirements.firstnames import first_names
from nb2image.requirements.python_version import choose_python
from nb2image.requirements.resolver import Refusal, ResolveRequest, resolve
from nb2image.requirements.text import requirements_text
from nb2image.services import Services

ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}


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
    python = choose_python(notebook, options)
    base = base_for(python.version, options.base_image)
    platform = f"{ARCHITECTURES[options.platform]}-manylinux_{base.glibc.replace('.', '_')}"
    network = read_network(services.environ)
    direct, needs, findings = first_names(script)
    direct += script_requirements(script, direct)
    request = ResolveRequest(
        requirements=tuple(pep508(d) for d in direct), python=python.version, platform=platform
    )
    found = resolve(request, services, network, offline=options.offline)
    if isinstance(found, Refusal):
        raise RequirementsError(f"no set of versions fits: {found.message}", code="no-versions")
    return Requirements(
        python=python.version,
        python_reason=python.reason,
        platform=platform,
        direct=direct,
        locked=found.packages,
        needs=needs,
        text=requirements_text(
            packages=found.packages,
            direct=direct,
            python=python.version,
            platform=platform,
            versions="latest",
            as_of="",
        ),
        findings=findings,
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
