"""The catalogue: which distribution an import name belongs to where the two differ.

``catalogue.toml`` beside this module holds it; every entry names its source.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from packaging.utils import canonicalize_name

API_VERSION = re.compile(r"_v\d\w*$")
"""google.cloud.vision_v1 lies in the distribution of google.cloud.vision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the catalogue says of a module."""

    module: str
    """The dotted prefix that the entry is for: ``google.cloud.storage``."""
    distribution: str
    """Canonical; empty for a namespace that no distribution brings by itself."""
    alternatives: tuple[str, ...] = ()
    """Distributions that provide the same module: taken when they are declared."""
    specifier: str = ""
    """Bounds without which the distribution does not provide the module."""
    hidden: bool = False
    """The distribution's files do not show the module: the source's word counts."""
    ambiguous: bool = False
    """The import name means little (``datasets``): what is imported from it is checked too."""
    source: str = ""

    @property
    def distributions(self) -> tuple[str, ...]:
        """The distribution and its alternatives."""
        return (self.distribution, *self.alternatives)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The whole file."""

    entries: Mapping[str, Entry]
    namespaces: Mapping[str, str]
    """Namespace → pattern of its distributions' names: ``google-cloud-{}``."""
    conda: Mapping[str, str]
    """Names of conda packages → distributions, where they differ."""
    generic: frozenset[str]
    """Import names that say nothing: never taken from an index on their own."""
    elsewhere: Mapping[str, str]
    """Modules that no index has → where they come from: a namesake is another project."""
    tools: frozenset[str]
    """Distributions that install lines name and no notebook needs."""
    gpu: frozenset[str]
    """Distributions that do nothing without a GPU."""
    repositories: Mapping[str, str]
    """Repositories → distributions, where the names differ."""

    @cached_property
    def distributions(self) -> frozenset[str]:
        """Every distribution that an entry names."""
        return frozenset(name for entry in self.entries.values() for name in entry.distributions)

    def find(self, module: str) -> Entry | None:
        """The entry with the longest prefix of a dotted module."""
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            if prefix in self.entries:
                return self.entries[prefix]
            namespace = ".".join(parts[: length - 1])
            if length > 1 and namespace in self.namespaces:
                name = API_VERSION.sub("", parts[length - 1]).replace("_", "-")
                return Entry(
                    module=prefix,
                    distribution=canonicalize_name(self.namespaces[namespace].format(name)),
                    source=f"distributions of {namespace} are named {self.namespaces[namespace]}",
                )
        return None

    def is_namespace(self, module: str) -> bool:
        """Whether a module is a namespace: what is below it decides the distribution."""
        entry = self.entries.get(module)
        return module in self.namespaces or (entry is not None and not entry.distribution)


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue that ships with nb2image."""
    return read_catalogue((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))


def read_catalogue(text: str) -> Catalogue:
    """The catalogue in a TOML text."""
    table = tomllib.loads(text)
    entries = {
        name: Entry(module=name, distribution=canonicalize_name(name), source="known project")
        for name in table["same"]["names"]
    }
    for module, row in table["modules"].items():
        entries[module] = Entry(
            module=module,
            distribution=canonicalize_name(row["dist"]) if row["dist"] else "",
            alternatives=tuple(canonicalize_name(name) for name in row.get("also", ())),
            specifier=row.get("specifier", ""),
            hidden=row.get("hidden", False),
            ambiguous=row.get("ambiguous", False),
            source=row.get("source", ""),
        )
    return Catalogue(
        entries=entries,
        namespaces=table["namespaces"],
        conda=table["conda"],
        generic=frozenset(table["generic"]["names"]),
        elsewhere=table["elsewhere"],
        tools=frozenset(table["tools"]["names"]),
        gpu=frozenset(table["gpu"]["names"]),
        repositories=table["repositories"],
    )
