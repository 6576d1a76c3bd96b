"""Which Debian mirrors this machine uses, as its apt is configured. Pure: takes files' texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

PUBLIC = "http://deb.debian.org/debian"
"""Debian's own address for everybody; every file from it is verified."""
PUBLIC_SECURITY = "http://deb.debian.org/debian-security"
SUITE = re.compile(
    r"(bullseye|bookworm|trixie|forky|sid|stable|oldstable|testing|unstable)(?P<pocket>-[a-z]+)?/?"
)
OTHER_SERVICES = re.compile(r"backports|debug|proposed")
LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$", re.MULTILINE)
PROXY = re.compile(r'^\s*Acquire::(https?)::Proxy\s+"([^"]+)"\s*;', re.MULTILINE | re.IGNORECASE)


def machine_mirrors(etc: Path = Path("/etc/apt")) -> tuple[str, str]:
    """The mirrors of the archive and of security updates; the public ones where apt has none."""
    texts = []
    for path in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))):
        if path.suffix in (".list", ".sources"):
            try:
                texts.append((path.suffix, path.read_text("utf-8")))
            except (OSError, UnicodeDecodeError):
                continue
    return choose(texts)


def choose(texts: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The two mirrors from the texts of apt's source files, with the suffix of each."""
    main, security = "", ""
    for suffix, text in texts:
        found = deb822(text) if suffix == ".sources" else LINE.findall(text)
        for uri, suite, components in found:
            match = SUITE.fullmatch(suite)
            if match is None or "main" not in components.split() or not is_web(uri):
                continue
            pocket = match["pocket"] or ""
            if pocket == "-security":
                security = security or uri.rstrip("/")
            elif not OTHER_SERVICES.search(pocket):
                main = main or uri.rstrip("/")
    if not main:
        return PUBLIC, PUBLIC_SECURITY
    return main, security


def deb822(text: str) -> list[tuple[str, str, str]]:
    """(uri, suite, components) of each source in the newer format."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Za-z-]+):\s*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE))
        known = {key.lower(): value for key, value in fields.items()}
        if "deb" not in known.get("types", "").split() or known.get("enabled") == "no":
            continue
        for uri in known.get("uris", "").split():
            for suite in known.get("suites", "").split():
                found.append((uri, suite, known.get("components", "")))
    return found


def is_web(uri: str) -> bool:
    """Whether the mirror is reached over HTTP."""
    return uri.startswith(("http://", "https://"))


def apt_proxies(etc: Path = Path("/etc/apt")) -> Mapping[str, str]:
    """The proxies that apt itself is told to use, by scheme."""
    found: dict[str, str] = {}
    for path in (*sorted((etc / "apt.conf.d").glob("*")), etc / "apt.conf"):
        try:
            settings = PROXY.findall(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        found |= {scheme.lower(): value for scheme, value in settings if value != "DIRECT"}
    return found
