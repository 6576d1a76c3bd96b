"""Says in words why no set of versions fits: what uv answered, and the cells behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.model import DirectRequirement, Finding, Place
from nb2image.requirements.versions.lock import PROJECT

Kind = Literal[
    "conflict",
    "contradiction",
    "unknown-package",
    "no-such-version",
    "no-wheel",
    "python-too-old",
    "broken-metadata",
    "too-new",
    "yanked",
    "index-down",
    "index-refused",
    "offline-missing",
    "source",
    "address",
]
LACKING: frozenset[Kind] = frozenset({"no-wheel", "python-too-old", "too-new"})
"""What another day or Python may mend."""

MOST_READ = 20_000
"""Characters of a message; it quotes what publishers wrote, who may have written anything."""
# only where a word begins: from every letter of a long one the search would take for ever
NAME = r"(?<![A-Za-z0-9._-])(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)"
UNKNOWN = re.compile(rf"\b{NAME} was not found in the (?:package registry|cache)")
NO_SUCH_RELEASE = re.compile(rf"there is no version of {NAME}==")
WHEELS_REQUIRED = re.compile(r"Wheels are required for `(?P<name>[^`]+)`")
NO_TAG = re.compile(
    rf"{NAME}(?:[=<>!~][^ ]*)? (?:has|have) no wheels with a matching (?:Python|platform|ABI)"
)
NO_WHEELS = re.compile(rf"\b{NAME}(?P<bounds>[=<>!~][^ ]*) has no usable wheels")
BROKEN = re.compile(r"Metadata for `(?P<name>[^`]+)`(?: \(v(?P<version>[^)]+)\))?")
TOO_NEW = re.compile(r"`(?P<name>[^`]+)` was filtered by `exclude-newer`")
NONE_AT_ALL = re.compile(rf"\bthere are no versions of {NAME}(?![A-Za-z0-9._-]|[=<>!~])")
YANKED = re.compile(rf"\b{NAME}==\S+ was yanked")
SUBJECT = re.compile(rf"{NAME}(?:\[[^\]]*\])?(?:[=<>!~][^ ]*)? depends? on ")
OBJECT = re.compile(rf" depends? on (?:one of: *)?{NAME}")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
FETCH_TROUBLE = ("Failed to fetch", "error sending request", "Failed to download", "dns error")
DIRECT = re.compile(
    r"^error: Failed to download(?: and build)? `(?P<name>[^` ]+) @ (?P<url>[^`]+)`"
)
BY_ADDRESS = re.compile(
    r"^error: Failed to resolve dependencies for package `(?P<by>[^`=]+)[^`]*`\s+"
    r"cause: Package `(?P<name>[^`]+)` was included as a URL dependency"
    r"[^`]*`[^`]*@ (?P<url>[^`]+)`"
)
OTHER_NAME = re.compile(
    r"^error: Requested package name `(?P<name>[^`]+)` does not match `(?P<other>[^`]+)`"
    r"[^:]*: (?P<url>\S+)"
)
CONTRADICTION = re.compile(
    rf"you require {NAME}(?P<one>[=<>!~][^ ]*) and (?P=name)(?P<other>[=<>!~][^ ]*),"
    r" (?:which are incompatible|we can conclude that your requirements)"
)
REFUSED = ("403 Forbidden", "401 Unauthorized", "407 Proxy")
ADDRESS = re.compile(r"\b\w+://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What uv's refusal means."""

    kind: Kind
    packages: tuple[str, ...] = ()
    """Canonical names of the packages at fault, as far as the message tells."""
    bounds: tuple[tuple[str, str], ...] = ()
    """(package, PEP 440 bounds) within which it has no wheels, as others ask for it."""
    explanation: str
    """One paragraph without addresses, credentials or line ends."""

    @property
    def passing(self) -> bool:
        """Other versions may fit: another date, Python or looser pin is worth a try."""
        return self.kind not in {
            "contradiction",
            "unknown-package",
            "index-down",
            "index-refused",
            "offline-missing",
            "source",
            "address",
        }


def diagnose(message: str) -> Diagnosis:
    """Read uv's message, of a very long one the beginning."""
    message = message[:MOST_READ]
    explanation = in_words(message)

    def made(kind: Kind, names: Iterable[str] = ()) -> Diagnosis:
        bounds = tuple(
            (str(canonicalize_name(m["name"])), m["bounds"])
            for m in NO_WHEELS.finditer(explanation)
        )
        return replace(told(kind, names, explanation), bounds=bounds)

    if about := about_address(message):
        return about
    if any(text in message for text in REFUSED):
        return made("index-refused")
    if "network was disabled" in message or "network connectivity is disabled" in message:
        return made("offline-missing", names(UNKNOWN, message))
    if any(text in message for text in FETCH_TROUBLE):
        return made("index-down")
    if clash := CONTRADICTION.search(message):
        return made("contradiction", [clash["name"]])
    if found := names(UNKNOWN, message):
        return made("unknown-package", found)
    late = names(TOO_NEW, message)
    if found := [name for name in names(NONE_AT_ALL, explanation) if name in late]:
        return made("too-new", found)  # of others uv says what it tried for want of these
    if found := names(BROKEN, message):
        return made("broken-metadata", found)
    if found := names(WHEELS_REQUIRED, message):
        return made("no-wheel", found)
    if found := names(NO_TAG, message):
        return made("no-wheel", found)
    if "requested Python version" in message:
        return made("python-too-old", names(re.compile(rf"e\.g\., {NAME}=="), message))
    if late:
        return made("too-new", late)
    if found := names(YANKED, message):
        return made("yanked", found)
    if found := names(NO_SUCH_RELEASE, message):
        return made("no-such-version", found)
    return made("conflict")


def about_address(message: str) -> Diagnosis | None:
    """What is wrong with an address that a requirement names; None when that is not the cause."""
    if found := DIRECT.match(message):
        why = message.strip().splitlines()[-1].strip()
        why = re.sub(r"^(?:cause|fatal|error): (?:unable to access '[^']*': )?", "", why)
        words = ADDRESS.sub("it", f"{found['name']} from {place_of(found['url'])}: {why}")
        return told("source", [found["name"]], words)
    if found := OTHER_NAME.match(message):
        words = f"{place_of(found['url'])} holds {found['other']} and not {found['name']}"
        return told("source", [found["name"]], words)
    if found := BY_ADDRESS.match(message):
        by, name, place = found["by"], found["name"], place_of(found["url"])
        words = f"{by} wants {name} from {place}, which the notebook does not name"
        return told("address", [name, by], words)
    return None


def told(kind: Kind, names: Iterable[str], words: str) -> Diagnosis:
    """A diagnosis in words, which may quote a stranger."""
    packages = tuple(sorted({str(canonicalize_name(n)) for n in names}))
    return Diagnosis(kind=kind, packages=packages, explanation=one_line(words))


def names(pattern: re.Pattern[str], message: str) -> list[str]:
    """Every name that a pattern finds."""
    return [match["name"] for match in pattern.finditer(message)]


def in_words(message: str) -> str:
    """The causes of uv's message as one paragraph: no hints about uv's options, no addresses."""
    text = message.partition("\nhint:")[0]
    lines = [re.sub(r"^(error|cause):\s*", "", line.strip()) for line in text.splitlines()]
    joined = " ".join(
        x for x in lines if x and x != "No solution found when resolving dependencies"
    )
    joined = re.sub(
        r",? we can conclude that your requirements are unsatisfiable\.?",
        ", they cannot be installed together.",
        joined,
    )
    joined = joined.replace("your requirements", "the requirements")
    joined = joined.replace("you require", "the notebook needs")
    joined = joined.replace(f"{PROJECT} depends on", "the notebook needs")
    joined = ADDRESS.sub("the index", joined)
    return one_line(joined)


def one_line(text: str) -> str:
    """The text without what would end a line or change a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def place_of(address: str) -> str:
    """Host and path of an address: no scheme, no credentials, no query."""
    try:
        parts = urlsplit(address.removeprefix("git+"))
    except ValueError:
        return "an address"
    return f"{parts.hostname or ''}{parts.path}"


def mentioned(message: str, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of the canonical names that the message speaks of."""
    said = {canonicalize_name(w.rstrip(".,")) for w in WORD.findall(message)}
    said |= {canonicalize_name(re.split(r"[=<>!~]", w)[0]) for w in message.split()}
    return tuple(name for name in wanted if name in said)


def depended_on(explanation: str) -> set[str]:
    """Canonical names that others ask for in a refusal and that ask for nothing themselves.

    Of ``tensorflow==1.10.0 depends on numpy<=1.14.5``, numpy: where one of the two must step
    back, it is the one that has no wish.
    """
    asked = {str(canonicalize_name(n)) for n in names(OBJECT, explanation)}
    return asked - {str(canonicalize_name(n)) for n in names(SUBJECT, explanation)}


def wishes(direct: DirectRequirement) -> list[Finding]:
    """A requirement as lines of an error: each that bounds it with its cell, else the import."""
    won = [e for e in direct.evidence if e.won]
    written = [e for e in won if e.rule in WRITTEN]
    return [
        Finding(
            severity="error",
            code="wanted",
            message=f"{direct.name}: {evidence.detail}" if evidence.detail else direct.name,
            place=evidence.place,
        )
        for evidence in written or won[:1]
    ]


WRITTEN = {"user", "lock", "environment", "file", "install-line", "drift"}
"""Rules that state which release is wanted."""
HINTS: dict[Kind, str] = {
    "conflict": "loosen one of the two pins, or give a working set with --requirements FILE",
    "contradiction": "take one of them out, or give a working set with --requirements FILE",
    "unknown-package": "check the name; --assume import=distribution names the right one",
    "no-such-version": "pin a release that exists",
    "no-wheel": "try another --python, or a version that has wheels for it",
    "python-too-old": "try a newer --python",
    "broken-metadata": "pin another release of it",
    "too-new": "move --as-of to a later day",
    "yanked": "its authors withdrew the release: pin another",
    "index-down": "check the network and the index that pip is configured with; "
    "--offline works from the cache",
    "index-refused": "put credentials into pip's or uv's configuration, or into ~/.netrc",
    "offline-missing": "run once without --offline to fill the cache",
    "source": "check the address, your access to it and the network",
    "address": "an install line or a requirements file of yours that names it with its address "
    "takes it from there; or pin a release that does without",
}
TITLES: dict[Kind, str] = {
    "conflict": "the requirements exclude each other",
    "contradiction": "two releases of {packages} are wanted, and there can be one",
    "unknown-package": "no such package on the index: {packages}",
    "no-such-version": "no such version on the index: {packages}",
    "no-wheel": "no wheel for Python {python} on {platform}: {packages}",
    "python-too-old": "Python {python} is too old for {packages}",
    "broken-metadata": "the metadata of {packages} cannot be read",
    "too-new": "no release on {as_of} yet: {packages}",
    "yanked": "withdrawn from the index: {packages}",
    "index-down": "the package index does not answer",
    "index-refused": "the package index refuses access",
    "offline-missing": "not in the cache: {packages}",
    "source": "what a requirement names by its address cannot be read",
    "address": "a package wants another from an address of its own",
}


def refusal_error(
    diagnosis: Diagnosis,
    direct: tuple[DirectRequirement, ...],
    *,
    python: str,
    platform: str,
    as_of: str,
) -> RequirementsError:
    """The error for the user: the cause, then each requirement that takes part, by cell."""
    title = TITLES[diagnosis.kind].format(
        packages=", ".join(diagnosis.packages) or "a package",
        python=python,
        platform=platform,
        as_of=as_of or "that day",
    )
    involved = set(mentioned(diagnosis.explanation, [d.name for d in direct]))
    involved |= set(diagnosis.packages)
    wanted = [line for d in direct if d.name in involved for line in wishes(d)]
    place: Place | None = wanted[0].place if len(wanted) == 1 else None
    return RequirementsError(
        f"{title}. {diagnosis.explanation}" if diagnosis.explanation else title,
        code=diagnosis.kind,
        hint=HINTS[diagnosis.kind],
        where=place,
        findings=wanted,
    )
