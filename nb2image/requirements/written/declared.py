"""What the notebook and its project say that they need: requirements with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nb2image.model import Finding, Install, Place, Rule
from nb2image.requirements.naming.catalogue import Catalogue, load_catalogue
from nb2image.requirements.target import Target

EGG = re.compile(r"(?:^|&)egg=([A-Za-z0-9._-]+)")
URL = re.compile(r"^(?:(?:git|hg|svn|bzr)\+|https?:|ssh:)", re.IGNORECASE)
SCHEMES = {"http", "https", "git+http", "git+https", "git+ssh"}
"""Of addresses that uv follows and that do not lead to this host."""
COMMENT = re.compile(r"(?:^|\s)#.*$")
POETRY_BOUND = re.compile(r"([\^~])\s*(\d+(?:\.\d+)*)")
SPELLED = re.compile(r"^(?:python-|py-?)|(?:-python|-py|-master|-main)$")
"""What a repository's name has and its distribution's may not: pytorch_geometric, openai-python."""
OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
REVISION = re.compile(
    r"(\.git)?/*(@.*|/(archive|tarball|zipball)/.*)?$|\.(zip|tar\.gz)$", re.DOTALL
)
"""What follows a repository in an address: a revision, or the archive of one."""
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
    aliases: tuple[str, ...] = ()
    """Other names that the project at the address may have, where the address does not say."""
    place: Place
    written: str
    """As it was written, for the evidence."""
    modules: tuple[str, ...] = ()
    """Import names, where the source knows them (an environment does)."""
    itself: bool = False
    """It lies in the project, by the project's own word: the index may hold another's."""


def parse_requirement(
    text: str, *, rule: Rule, place: Place, target: Target | None = None
) -> Declared | None:
    """A line of a requirements file or of ``pip install``; None for anything else.

    A requirement whose marker excludes the target is none, nor one at an address that is not to
    be followed.
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
    if parsed.url and not is_address(parsed.url):
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
    """A direct reference: its name is told by ``#egg=``, by the catalogue, or by the address."""
    url, _, fragment = line.partition("#")
    if not is_address(url):
        return None
    egg = EGG.search(fragment)
    path = urlsplit(url).path
    wheel = WHEEL_NAME.match(path.rpartition("/")[2])
    owner = ""
    if egg:
        name = egg[1]
    elif wheel:
        name = wheel[1]
    else:
        repository = REVISION.sub("", path.strip("/"))
        folders, _, name = repository.rpartition("/")
        owner = folders.rpartition("/")[2]
        name = load_catalogue().repositories.get(repository.lower(), name)
    subdirectory = next((p for p in fragment.split("&") if p.startswith("subdirectory=")), "")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        return None
    return Declared(
        rule=rule,
        name=canonicalize_name(name),
        aliases=other_names(name, owner),
        url=f"{url}#{subdirectory}" if subdirectory else url,
        place=place,
        written=line,
    )


def address_in(line: str, target: Target) -> str:
    """The address that a requirement names, if it is for the target; else empty."""
    text = re.sub(r"^(-e|--editable)[\s=]+", "", line.strip())
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        return text if "://" in text.partition(" ")[0] else ""
    environment = {**target.marker_environment(), "extra": ""}
    fits = parsed.marker is None or parsed.marker.evaluate(environment)
    return parsed.url or "" if fits else ""


def other_names(repository: str, owner: str) -> tuple[str, ...]:
    """What the distribution of a repository may be called, if not as the repository is.

    A repository may leave out what its owner says (tensorflow/docs holds tensorflow-docs), and
    may say more than its distribution does (openai-python).
    """
    if not OWNER.fullmatch(owner):
        return ()
    name = canonicalize_name(repository)
    return (canonicalize_name(f"{owner}-{name}"), *filter(None, {SPELLED.sub("", name)} - {name}))


def is_address(url: str) -> bool:
    """Whether an address may be handed to uv: a host's, and wholly written out.

    uv puts variables of this host in the place of ``${NAME}``, and reads files line by line.
    """
    if "${" in url or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.hostname)


def requirement_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, content) of a requirements file's lines, without comments and hashes.

    One that goes on after a backslash has its first line's number.
    """
    whole, first = "", 1
    for number, raw in enumerate(text.splitlines(), start=1):
        part = COMMENT.sub("", raw).strip()
        first = first if whole else number
        whole = f"{whole} {part.removesuffix(chr(92)).strip()}".strip()
        if part.endswith("\\"):
            continue
        line, whole = re.sub(r"\s--(?:hash|config-settings)[\s=]\S+", "", whole), ""
        if line:
            yield first, line


def poetry_bounds(version: str) -> str:
    """Poetry's ``^1.2`` and ``~1.2`` as PEP 440 bounds; others pass through."""
    version = version.strip()
    if version in {"", "*"}:
        return ""
    match = POETRY_BOUND.fullmatch(version)
    if match is None:
        return version if version[0] in "<>=!~^" else f"=={version}"
    numbers = [int(part) for part in match[2].split(".")]
    if match[1] == "~":
        kept = min(2, len(numbers))
    else:
        kept = next((n for n, part in enumerate(numbers, start=1) if part), len(numbers))
    upper = [*numbers[: kept - 1], numbers[kept - 1] + 1]
    return f">={match[2]},<{'.'.join(map(str, upper))}"


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
) -> tuple[list[Declared], list[Finding]]:
    """What the notebook's own pip and conda lines install, and what of them is left out."""
    found, findings = [], []
    for install in installs:
        text, place = install.requirement, install.place
        if install.tool == "apt":
            continue
        if install.tool == "pip":
            findings += [option_ignored(option, place) for option in install.options]
        if text.startswith("-r "):
            continue
        if install.tool == "pip":
            declared = parse_requirement(text, rule="install-line", place=place, target=target)
            known = declared or parse_requirement(text, rule="install-line", place=place)
        else:
            declared = known = parse_conda(
                text, rule="install-line", place=place, catalogue=catalogue
            )
        if declared is not None:
            found.append(declared)
        elif known is None and install.tool == "pip":
            findings.append(skipped(install))
    return found, list(dict.fromkeys(findings))


def option_ignored(text: str, place: Place) -> Finding:
    """What is said of an option beside requirements; its value may be a secret."""
    option = re.split(r"[\s=]", text)[0]
    return Finding(
        severity="warning",
        code="requirements-option",
        message=f"the option {option} is not followed",
        place=place,
        hint="indexes are taken from pip's and uv's own configuration",
    )


def skipped(install: Install) -> Finding:
    """What is said of an install line that names nothing of an index and no address."""
    return Finding(
        severity="warning",
        code="install-skipped",
        message=f"{install.requirement[:80]!r} is not installed: only names on an index and "
        "whole https and git+https addresses are",
        place=install.place,
        hint="what is local must be imported from beside the notebook, or published",
    )
