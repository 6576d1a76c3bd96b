"""What the notebook and its project say that they need: requirements with their places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nb2image.model import Install, Place, Rule
from nb2image.requirements.catalogue import Catalogue
from nb2image.requirements.target import Target

EGG = re.compile(r"(?:^|&)egg=([A-Za-z0-9._-]+)")
URL = re.compile(r"^(?:(?:git|hg|svn|bzr)\+|https?:|ssh:)", re.IGNORECASE)
WHEEL_NAME = re.compile(r"^([A-Za-z0-9._]+)-\d[^-]*-.*\.whl$")
CONDA = re.compile(r"^(?:[\w./-]+::)?([A-Za-z0-9][\w.-]*)\s*(?:([=<>!~].*)|\s+(\S+))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One requirement that somebody wrote down."""

    rule: Rule
    name: str
    """Canonical."""
    specifier: str = ""
    extras: tuple[str, ...] = ()
    url: str = ""
    place: Place
    written: str
    """As it was written, for the evidence."""
    modules: tuple[str, ...] = ()
    """Import names, where the source knows them (an environment does)."""
    itself: bool = False
    """The project is this distribution, by its own word: the index may hold another's."""


def parse_requirement(
    text: str, *, rule: Rule, place: Place, target: Target | None = None
) -> Declared | None:
    """A line of a requirements file or of ``pip install``; None for anything else.

    A requirement whose marker excludes the target is none.
    """
    line = re.sub(r"^(-e|--editable)[\s=]+", "", text.strip())
    line = re.split(r"\s+#|\s--", line, maxsplit=1)[0].strip().rstrip("\\").strip()
    if not line or line.startswith(("-", "#", ".", "/")):
        return None
    if URL.match(line):
        return parse_url(line, rule=rule, place=place)
    try:
        parsed = Requirement(line)
    except InvalidRequirement:
        return None
    if target and parsed.marker:
        environment = {**target.marker_environment(), "extra": ""}
        if not parsed.marker.evaluate(environment):
            return None
    return Declared(
        rule=rule,
        name=canonicalize_name(parsed.name),
        specifier=str(parsed.specifier),
        extras=tuple(sorted(parsed.extras)),
        url=parsed.url or "",
        place=place,
        written=line,
    )


def parse_url(line: str, *, rule: Rule, place: Place) -> Declared | None:
    """A direct reference: its name is told by ``#egg=`` or guessed from the address."""
    url, _, fragment = line.partition("#")
    egg = EGG.search(fragment)
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    wheel = WHEEL_NAME.match(last)
    if egg:
        name = egg[1]
    elif wheel:
        name = wheel[1]
    else:
        name = re.sub(r"(\.git)?(@.*)?$|\.(zip|tar\.gz)$", "", last)
    subdirectory = next((p for p in fragment.split("&") if p.startswith("subdirectory=")), "")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        return None
    return Declared(
        rule=rule,
        name=canonicalize_name(name),
        url=f"{url}#{subdirectory}" if subdirectory else url,
        place=place,
        written=line,
    )


def parse_conda(text: str, *, rule: Rule, place: Place, catalogue: Catalogue) -> Declared | None:
    """A conda match specification (``pytorch=1.4.*=py3*``) as a distribution of the index.

    Only the upper part of the version is kept: ``=1.4`` is ``==1.4.*``.
    """
    match = CONDA.match(text.strip().strip("'\""))
    if match is None:
        return None
    name, operator, bare = match.groups()
    version = (operator or (f"={bare}" if bare else "")).replace(" ", "")
    if version.startswith("=") and not version.startswith("=="):
        number = version[1:].partition("=")[0].rstrip("*").rstrip(".")
        version = f"=={number}.*" if number else ""
    elif version.startswith("=="):
        version = "==" + version[2:].partition("=")[0]
    name = catalogue.conda.get(name.lower(), name)
    if not name:
        return None
    return parse_requirement(name + version, rule=rule, place=place) or parse_requirement(
        name, rule=rule, place=place
    )


def files_named(installs: Sequence[Install]) -> list[str]:
    """The requirements files that the notebook's install lines read."""
    return [i.requirement[3:].strip() for i in installs if i.requirement.startswith("-r ")]


def from_installs(
    installs: Sequence[Install], catalogue: Catalogue, target: Target
) -> list[Declared]:
    """What the notebook's own pip and conda lines install."""
    found = []
    for install in installs:
        if install.tool == "pip":
            declared = parse_requirement(
                install.requirement, rule="install-line", place=install.place, target=target
            )
        elif install.tool == "conda":
            declared = parse_conda(
                install.requirement, rule="install-line", place=install.place, catalogue=catalogue
            )
        else:
            declared = None
        if declared is not None:
            found.append(declared)
    return found
