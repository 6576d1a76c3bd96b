"""An inspection in words, for people: lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nb2image.analysis.compare import layer_name
from nb2image.model.analysis import (
    Chain,
    GateResult,
    Inspection,
    OwnerKind,
    PackageShare,
    Provenance,
    Share,
)
from nb2image.sizes import amount

KINDS: dict[OwnerKind, str] = {
    "python-package": "Python packages",
    "apt": "apt packages",
    "conda": "conda packages",
    "python": "Python itself",
    "project": "the project",
    "other": "the rest",
}

ALMOST_ALL = 0.97


def inspection_lines(inspection: Inspection, *, top: int) -> Iterator[str]:
    """The whole inspection; of each long list the first ``top`` rows and the sum of the others."""
    yield from head_lines(inspection)
    yield ""
    yield from layer_lines(inspection)
    yield ""
    yield from package_lines(inspection, top)
    if inspection.cells:
        yield ""
        yield "What each cell's imports cost"
        for cell in inspection.cells:
            yield (
                f"  {amount(cell.size):>9}  cell {cell.cell}: {', '.join(cell.direct)}"
                f" ({amount(cell.alone)} for this cell alone)"
            )
    yield ""
    yield "Folders"
    yield from share_lines(telling(inspection.folders), inspection.visible_size, top)
    yield ""
    yield "Kinds of files"
    yield from share_lines(inspection.file_types, inspection.visible_size, top)
    yield ""
    yield from waste_lines(inspection, top)
    if inspection.advice:
        yield ""
        yield "What would make it smaller"
        for advice in inspection.advice:
            guess = "(estimated) " if advice.estimated else ""
            yield f"  {amount(advice.saving):>9}  {guess}{advice.message}"
            yield f"  {'':9}  → {advice.how}"
    for finding in inspection.findings:
        yield ""
        yield f"{finding.severity}: {finding.message}"
        if finding.hint:
            yield f"  → {finding.hint}"
    if inspection.gates:
        yield ""
        yield from gate_lines(inspection.gates)


def head_lines(inspection: Inspection) -> Iterator[str]:
    """What it is, how large, where it comes from."""
    about = "about " if inspection.compressed_size is None else ""
    compressed = f"{about}{amount(inspection.compressed_estimate)} compressed"
    yield f"{inspection.reference}: {amount(inspection.size)}, {compressed}"
    yield f"  id        {inspection.id}"
    if inspection.platform:
        yield f"  platform  {inspection.platform}"
    yield from provenance_lines(inspection.provenance)
    if inspection.provenance.base or inspection.base_size is not None:
        named = inspection.provenance.base or "(unnamed)"
        if inspection.base_size is None:
            share = "its share is unknown: the engine does not have it"
        else:
            share = f"{amount(inspection.base_size)}, {percent(inspection.base_size, inspection)}"
        yield f"  base      {named} ({share})"


def provenance_lines(provenance: Provenance) -> Iterator[str]:
    """Who made it of what, when it says so."""
    if provenance.nb2image:
        of = f" of {provenance.notebook}" if provenance.notebook else ""
        yield f"  made by   nb2image {provenance.nb2image}{of}"
    if provenance.plan_digest:
        matches = {True: "is the plan inside", False: "IS NOT the plan inside", None: "not inside"}
        yield f"  plan      {provenance.plan_digest} ({matches[provenance.plan_matches]})"
    if provenance.revision or provenance.source:
        yield f"  source    {' '.join(filter(None, (provenance.source, provenance.revision)))}"


def layer_lines(inspection: Inspection) -> Iterator[str]:
    """Each layer with its command."""
    yield "Layers"
    for layer in inspection.layers:
        about = "~" if layer.compressed_size is None else ""
        compressed = f"{about}{amount(layer.compressed_estimate)}"
        base = "base: " if layer.base else ""
        wasted = f" [{amount(layer.wasted)} hidden by later layers]" if layer.wasted else ""
        command = layer_name(layer.command) or "(no command)"
        yield (
            f"  {layer.number:3} {amount(layer.size):>9} {compressed:>10} {layer.files:6} files  "
            f"{base}{command}{wasted}"
        )


def package_lines(inspection: Inspection, top: int) -> Iterator[str]:
    """Each package with the cell that brought it, and the sums by kind."""
    kinds: dict[OwnerKind, int] = {}
    for package in inspection.packages:
        kinds[package.kind] = kinds.get(package.kind, 0) + package.size
    yield "Packages: " + ", ".join(
        f"{KINDS[kind]} {amount(size)}"
        for kind, size in sorted(kinds.items(), key=lambda item: -item[1])
    )
    for package in inspection.packages[:top]:
        yield (
            f"  {amount(package.size):>9} {percent(package.size, inspection):>5}  "
            f"{package_name(package)}{brought_by(package.chain)}"
        )
    yield from rest_line([p.size for p in inspection.packages[top:]])


def package_name(package: PackageShare) -> str:
    """A package as a row names it."""
    version = f" {package.version}" if package.version else ""
    kind = f" ({package.kind})" if package.kind in ("apt", "conda") else ""
    return f"{package.name}{version}{kind}"


def brought_by(chain: Chain | None) -> str:
    """Which cell brought a package, and through which others."""
    if chain is None:
        return ""
    way = " → ".join(chain.packages)
    if chain.cells:
        several = "cells" if len(chain.cells) > 1 else "cell"
        return f"  ← {several} {', '.join(map(str, chain.cells))}: {way}"
    return f"  ← {chain.reason or 'no cell'}: {way}"


def telling(folders: Sequence[Share]) -> list[Share]:
    """The folders without those that hold little more than one folder below them."""
    return [
        folder
        for folder in folders
        if folder.name != "/"
        and not any(
            other.size >= ALMOST_ALL * folder.size and other.name.startswith(folder.name + "/")
            for other in folders
        )
    ]


def share_lines(shares: Sequence[Share], total: int, top: int) -> Iterator[str]:
    """Rows of a list of folders or kinds of files, largest first."""
    ordered = sorted(shares, key=lambda share: -share.size)
    for share in ordered[:top]:
        part = f"{100 * share.size / total:.0f} %" if total else ""
        yield f"  {amount(share.size):>9} {part:>5}  {share.name}"


def waste_lines(inspection: Inspection, top: int) -> Iterator[str]:
    """dive's figures, the paths behind them, and what is really hidden."""
    efficiency = inspection.efficiency
    yield (
        f"Efficiency {efficiency.score:.4f}, wasted {amount(efficiency.wasted_bytes)} "
        f"({100 * efficiency.wasted_user_share:.2f} % of the layers above the first), "
        f"as dive counts; {amount(inspection.hidden_size)} are stored and never seen"
    )
    for waste in efficiency.wastes[:top]:
        layers = ", ".join(map(str, waste.layers))
        yield f"  {amount(waste.size):>9}  /{waste.path} in layers {layers}"
    yield from rest_line([w.size for w in efficiency.wastes[top:]])
    if inspection.duplicates:
        excess = sum(d.excess for d in inspection.duplicates)
        yield f"Equal files under several names: {amount(excess)} beyond the first copies"
        for duplicate in inspection.duplicates[: min(top, 5)]:
            names = ", ".join("/" + path for path in duplicate.paths[:3])
            more = f" and {len(duplicate.paths) - 3} more" if len(duplicate.paths) > 3 else ""
            yield f"  {amount(duplicate.excess):>9}  {names}{more}"


def gate_lines(results: Sequence[GateResult]) -> Iterator[str]:
    """One line a gate."""
    if results:
        yield "Gates"
    for result in results:
        yield f"  {'ok  ' if result.ok else 'FAIL'}  {result.gate}: {result.message}"


def rest_line(sizes: Sequence[int]) -> Iterator[str]:
    """What the rows that are not shown come to."""
    if sizes:
        yield f"  {amount(sum(sizes)):>9}        {len(sizes)} more"


def percent(size: int, inspection: Inspection) -> str:
    """A share of the image."""
    return f"{100 * size / inspection.size:.0f} %" if inspection.size else ""
