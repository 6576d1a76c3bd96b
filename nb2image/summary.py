"""A plan in words, for people."""

from __future__ import annotations

from collections.abc import Iterator

from nb2image.build.choose import base_without_engine
from nb2image.model import BuildPlan, DirectRequirement, Verdict
from nb2image.model.verdict import Grade
from nb2image.sizes import amount

GRADES: tuple[Grade, ...] = ("same", "close", "differs", "not-comparable", "not-reached")


def plan_lines(plan: BuildPlan) -> Iterator[str]:
    """What would be built and why, line by line."""
    bytecode = "with bytecode" if plan.bytecode else "no bytecode"
    trimmed = ", trimmed" if plan.trim else ""
    yield f"{plan.name}: {plan.notebook} as {plan.script.name}"
    yield f"  base          {plan.base.reference}, {plan.layout}, {bytecode}{trimmed}" + because(
        plan.base.reason
    )
    yield f"    without an engine: {base_without_engine(plan)}"
    yield f"  for           {'a GPU' if plan.accelerator.kind == 'cuda' else 'the CPU'}" + because(
        plan.accelerator.reason
    )
    if cuda := plan.accelerator.cuda:
        yield f"  CUDA          {cuda.version}, driver {cuda.driver_floor} or newer" + because(
            cuda.reason
        )
    for reason in plan.accelerator.evidence.reasons:
        yield f"    {reason.level:9} {reason.place or 'the notebook'}: {reason.message}"
    python = plan.requirements
    yield f"  Python        {python.python}" + because(python.python_reason)
    download = sum(p.size or 0 for p in python.locked)
    yield f"  packages      {len(python.direct)} needed, {len(python.locked)} in all" + (
        f", {amount(download)} to download" if download else ""
    )
    versions = {p.name: p.version for p in python.locked}
    for direct in python.direct:
        yield f"    {direct.name}=={versions.get(direct.name, '?')}" + because(evidence(direct))
    if python.system:
        yield f"  apt           {len(python.system)}"
        for package in python.system:
            yield f"    {package.name}" + because(package.reason)
    yield f"  files         {len(plan.files)}, {amount(sum(f.size for f in plan.files))}"
    for file in plan.files:
        yield f"    {file.path}  {amount(file.size)}" + because(file.reason)
    for finding in (*plan.script.findings, *python.findings, *plan.findings):
        where = f"{finding.place}: " if finding.place else ""
        yield f"  {finding.severity}: {where}{finding.message}"


def because(reason: str) -> str:
    """A reason in brackets; empty for none."""
    return f"  ({reason})" if reason else ""


def evidence(direct: DirectRequirement) -> str:
    """What won, with its place."""
    won = next((e for e in direct.evidence if e.won), None)
    if won is None:
        return ""
    return f"{won.detail}, {won.place}" if won.place else won.detail


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """How a run compares with the notebook, line by line."""
    for cell in verdict.cells:
        if cell.grade != "same":
            yield f"  cell {cell.cell:<4} {cell.grade.replace('-', ' '):15} {cell.why}".rstrip()
    told = [
        f"{verdict.count(grade)} {grade.replace('-', ' ')}"
        for grade in GRADES
        if verdict.count(grade)
    ]
    share = "" if verdict.reproduced is None else f": {verdict.reproduced:.0%} reproduced"
    runs = f", {verdict.runs} runs" if verdict.runs > 1 else ""
    yield (
        f"{'ran' if verdict.ran else 'failed'} in {verdict.seconds:.1f} s{runs}{share}"
        + (f" ({', '.join(told)})" if told else "")
    )


def share_line(verdict: Verdict) -> str:
    """The verdict in a few words: ``ran, 9 of 9 cells reproduced``."""
    if not verdict.ran:
        return "failed"
    if verdict.reproduced is None:
        return "ran, nothing to compare"
    good = verdict.count("same", "close")
    total = good + verdict.count("differs", "not-reached")
    return f"ran, {good} of {total} cells reproduced"
