"""From a stored image to everything that is known about its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from nb2image.analysis import efficiency
from nb2image.analysis.advice import Facts, advise
from nb2image.analysis.imports import cell_shares, chains
from nb2image.analysis.merge import Merged, merge
from nb2image.analysis.owners import PLAN_PATH, owners
from nb2image.analysis.shares import duplicates, folder_shares, package_shares, type_shares
from nb2image.model.analysis import Inspection, LayerShare, Provenance
from nb2image.model.layer import StoredImage
from nb2image.model.place import Finding
from nb2image.model.plan import BuildPlan, decode

BASE_NAME = "org.opencontainers.image.base.name"
FIRST_EMBEDDED = "the user app and its virtual environment"
"""The first layer that the embedded builder puts upon its base, by its history."""
LABELS = {
    "nb2image": "io.nb2image.version",
    "plan_digest": "io.nb2image.plan",
    "notebook_sha256": "io.nb2image.notebook.sha256",
    "python": "io.nb2image.python",
    "source": "org.opencontainers.image.source",
    "revision": "org.opencontainers.image.revision",
    "base": BASE_NAME,
    "base_digest": "org.opencontainers.image.base.digest",
}


def inspect(image: StoredImage, base_layers: Sequence[str] = ()) -> Inspection:
    """Where the bytes of an image are.

    ``base_layers`` are the diff ids of the base image, lowest first, where somebody knows them.
    """
    figures = efficiency.measure(image.layers)  # first: what it holds is free before the rest
    merged = merge(image.layers)
    texts = visible_texts(image, merged)
    plan, findings = plan_inside(texts)
    findings += archive_findings(merged)
    owned = owners(merged.visible, texts, image.workdir)
    packages = package_shares(merged.visible, owned, chains(plan) if plan else {})
    base = base_layer_count(image, base_layers)
    wasted: dict[int, int] = {}
    for file in merged.hidden:
        wasted[file.layer] = wasted.get(file.layer, 0) + file.size
    layers = tuple(
        LayerShare(
            number=layer.number,
            digest=layer.digest,
            command=layer.command,
            size=layer.files.size,
            compressed_size=layer.compressed_size,
            compressed_estimate=layer.compressed_size or layer.files.compressed_estimate or 0,
            files=sum(e.kind in ("file", "hardlink") for e in layer.files.entries),
            base=layer.number <= base,
            wasted=wasted.get(layer.number, 0),
        )
        for layer in image.layers
    )
    base_size = sum(layer.size for layer in layers if layer.base) if base else None
    compressed = [layer.compressed_size for layer in layers]
    return Inspection(
        reference=image.reference,
        id=image.id,
        platform=f"{image.os}/{image.architecture}" if image.os else "",
        created=image.created,
        size=sum(layer.size for layer in layers),
        compressed_size=None if None in compressed else sum(c or 0 for c in compressed),
        compressed_estimate=sum(layer.compressed_estimate for layer in layers),
        visible_size=sum(package.size for package in packages),
        base_size=base_size,
        layers=layers,
        packages=packages,
        cells=cell_shares(plan, packages) if plan else (),
        folders=folder_shares(merged.visible),
        file_types=type_shares(merged.visible),
        efficiency=figures,
        hidden_size=sum(file.size for file in merged.hidden),
        hidden=merged.hidden,
        duplicates=duplicates(merged.visible),
        advice=advise(
            Facts(
                packages=packages,
                visible=merged.visible,
                owned=owned,
                hidden=merged.hidden,
                labels=dict(image.labels),
                base_size=base_size,
                plan=plan,
            )
        ),
        provenance=provenance(image, plan, texts.get(PLAN_PATH, b"")),
        findings=findings,
    )


def visible_texts(image: StoredImage, merged: Merged) -> dict[str, bytes]:
    """The kept contents of files that a container sees."""
    texts = {}
    for layer in image.layers:
        for path, data in layer.files.texts:
            seen = merged.visible.get(path)
            if seen is not None and seen[0] == layer.number:
                texts[path] = data
    return texts


def plan_inside(texts: Mapping[str, bytes]) -> tuple[BuildPlan | None, tuple[Finding, ...]]:
    """The plan that the image carries, and a note when it cannot be read."""
    data = texts.get(PLAN_PATH)
    if data is None:
        return None, ()
    try:
        return decode(data), ()
    except (ValueError, RecursionError) as error:
        return None, (
            Finding(
                severity="note",
                code="plan-unreadable",
                message=f"the plan inside the image cannot be read: {error}",
                hint="another version of nb2image made it; packages are shown without their cells",
            ),
        )


def archive_findings(merged: Merged) -> tuple[Finding, ...]:
    """What is odd about the image's files."""
    devices = sorted(p for p, (_, entry) in merged.visible.items() if entry.kind == "device")
    if not devices:
        return ()
    return (
        Finding(
            severity="warning",
            code="device-nodes",
            message=f"the image holds {len(devices)} device nodes: {', '.join(devices[:5])}",
            hint="an image needs none: the engine makes /dev at every start",
        ),
    )


def base_layer_count(image: StoredImage, base_layers: Sequence[str]) -> int:
    """How many of the lowest layers belong to the base image; 0 when unknown."""
    digests = [layer.digest for layer in image.layers]
    if base_layers and digests[: len(base_layers)] == list(base_layers):
        return len(base_layers)
    return next((n for n, lay in enumerate(image.layers) if lay.command == FIRST_EMBEDDED), 0)


def provenance(image: StoredImage, plan: BuildPlan | None, raw: bytes) -> Provenance:
    """What the labels say, the plan's held against the plan inside (``raw`` is its text)."""
    labels = dict(image.labels)
    told = {field: labels.get(label, "") for field, label in LABELS.items()}
    return Provenance(
        **told,
        notebook=plan.notebook if plan else "",
        plan_matches=canonical_digest(raw) == told["plan_digest"]
        if plan and told["plan_digest"]
        else None,
    )


def canonical_digest(plan: bytes) -> str:
    """The digest of a plan as it stands, whatever fields its version has."""
    # pretty-printing adds white space and nothing else
    return "sha256:" + hashlib.sha256(msgspec.json.format(plan, indent=-1)).hexdigest()
