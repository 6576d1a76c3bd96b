"""Proves an image: runs it confined, as a user would, and compares it with the notebook."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nb2image.events import Emit, Event, OutputLine
from nb2image.image.contract import RUNTIME, as_shown, script_command, workdir
from nb2image.model import BuildPlan, Notebook, RunReport
from nb2image.model.verdict import Verdict
from nb2image.resources import folder
from nb2image.run.container import run_image
from nb2image.run.request import Bind, Limits, RunRequest
from nb2image.verify.capture import Capture
from nb2image.verify.causes import explain
from nb2image.verify.cells import ReadFile
from nb2image.verify.instrument import MODULE, instrumented
from nb2image.verify.judge import Witnessed, judge

RTOL = 1e-6
LIMITS = Limits(
    memory=8 * 1024**3,
    processes=2048,
    seconds=600,
    printed=100_000_000,
    file_size=20 * 1000**3,
)
"""What a compared run may use where the user does not say."""
MAX_FIGURE = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How an image is run to be compared."""

    network: str = "none"
    limits: Limits = LIMITS
    rtol: float = RTOL
    runs: int = 2
    """At most; a second run is made only where the first one differs from the notebook."""
    read_only: bool = False
    env: tuple[tuple[str, str], ...] = ()
    binds: tuple[Bind, ...] = ()
    gpus: str = ""


@dataclass(slots=True)
class Runs:
    """The runs of a proof so far."""

    witnessed: list[Witnessed] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)
    memory: int = 0
    """The most that a run's process told of, in bytes."""


def prove(
    image: str,
    plan: BuildPlan,
    notebook: Notebook,
    conditions: Conditions,
    environ: Mapping[str, str],
    emit: Emit,
    *,
    figures: Path,
) -> Verdict:
    """The verdict on an image that was built of ``plan``.

    The figures of the first run are brought to the folder ``figures``. Raises EngineError and
    RunError when the image cannot be run at all; a script that fails is part of the verdict.
    """
    runs = Runs()
    with tempfile.TemporaryDirectory(prefix="nb2image-") as temporary:
        witness(image, plan, conditions, environ, as_verify(emit), runs, figures)
        cells = judge(notebook, plan.script, runs.witnessed, conditions.rtol)
        while (
            len(runs.reports) < conditions.runs
            and ran(runs, 0)
            and any(cell.grade == "differs" for cell in cells)
        ):
            again = Path(temporary) / str(len(runs.reports))
            witness(image, plan, conditions, environ, quietly(emit), runs, again)
            cells = judge(notebook, plan.script, runs.witnessed, conditions.rtol)
    first = runs.reports[0]
    return Verdict(
        ran=ran(runs, 0),
        exit_status=first.exit_status,
        runs=len(runs.reports),
        seconds=first.seconds,
        peak_memory=max(first.peak_memory or 0, runs.memory) or None,
        rtol=conditions.rtol,
        cells=cells,
        failure=None if ran(runs, 0) else explain(first, runs.witnessed[0].cells, plan.script),
    )


def ran(runs: Runs, number: int) -> bool:
    """Whether a run came to its end with exit status 0."""
    return runs.reports[number].exit_status == 0


def witness(
    image: str,
    plan: BuildPlan,
    conditions: Conditions,
    environ: Mapping[str, str],
    emit: Emit,
    runs: Runs,
    figures: Path,
) -> None:
    """Run the image once and keep what its cells showed."""
    word = secrets.token_hex(16)
    capture = Capture(word)
    module = folder("templates") / "capture" / f"{MODULE}.py"
    # an image of another entry holds the script too
    as_script = () if plan.entry == "script" else tuple((n, v) for _, n, v in as_shown(plan))
    request = RunRequest(
        image=image,
        command=() if plan.entry == "script" else script_command(plan),
        outputs=figures,
        only_figures=True,
        read_only=conditions.read_only,
        network=conditions.network,
        gpus=conditions.gpus,
        env=(*as_script, *conditions.env, ("NB2IMAGE_CAPTURE", word)),
        binds=conditions.binds,
        limits=conditions.limits,
        files=(
            (f"{workdir(plan)}/{plan.script.name}", instrumented(plan.script).encode()),
            (f"{RUNTIME}/{MODULE}.py", module.read_bytes()),
        ),
        tap=capture.feed,
    )
    report = run_image(request, environ, emit)
    cells = capture.cells(tuple(file.path for file in report.outputs))
    runs.reports.append(report)
    runs.memory = max(runs.memory, capture.memory)
    runs.witnessed.append(Witnessed(cells, reader(figures)))


def reader(root: Path) -> ReadFile:
    """Reads files below ``root`` that are not too large."""

    def read(path: str) -> bytes | None:
        place = root / path
        try:
            if place.is_symlink() or place.stat().st_size > MAX_FIGURE:
                return None
            return place.read_bytes()
        except OSError:
            return None

    return read


def as_verify(emit: Emit) -> Emit:
    """The sink with what the image prints told as the proof's: stdout is for results."""

    def pass_on(event: Event) -> None:
        emit(replace(event, stage="verify") if isinstance(event, OutputLine) else event)

    return pass_on


def quietly(emit: Emit) -> Emit:
    """The sink without what the image prints: it has been seen once."""

    def pass_on(event: Event) -> None:
        if not isinstance(event, OutputLine):
            emit(event)

    return pass_on
