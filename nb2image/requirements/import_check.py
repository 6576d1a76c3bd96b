"""Imports in the finished image all that the notebook imports, and nothing of its code.

As the image's own user, without a network, with a read-only root: as the script will run.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nb2image.errors import RunError
from nb2image.events import Emit, Event, OutputLine
from nb2image.model import Need
from nb2image.resources import folder
from nb2image.run.container import run_image
from nb2image.run.request import Limits, RunRequest

SECONDS = 300.0
"""Importing everything may compile bytecode of large packages on a slow disk."""
PRINTED = 4_000_000
PROCESSES = 512
MAX_MESSAGE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFailure:
    """An import that fails in the image."""

    need: Need
    name: str = ""
    """The name that the module lacks; empty when the module itself fails."""
    error: str
    """The exception's class: ``ModuleNotFoundError``; ``died`` when the interpreter ended."""
    message: str
    missing: str = ""
    """The module that a ModuleNotFoundError names."""
    importer: str = ""
    """The top-level package whose code raised it; empty for the notebook's own import."""
    caller: str = ""
    """The package that had called that one; empty when none had."""


@dataclass
class Reports:
    """Collects what the program says, by lines that begin with a secret word."""

    word: str
    lines: list[dict[str, object]] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """An emit that keeps the program's reports and drops all else that imports print."""
        if isinstance(event, OutputLine) and event.line.startswith(self.word):
            try:
                said = json.loads(event.line[len(self.word) :])
            except ValueError:
                return
            if isinstance(said, dict):
                self.lines.append(said)


def check_imports(
    image: str, needs: Sequence[Need], environ: Mapping[str, str], emit: Emit
) -> tuple[ImportFailure, ...]:
    """The imports that fail; optional ones do not count.

    An import that ends the interpreter is a failure, and the rest is checked in another run.
    Raises EngineError and RunError when the image cannot be run at all.
    """
    wanted = [n for n in needs if not n.optional]
    failures: list[ImportFailure] = []
    while wanted:
        reports = Reports(word=f"nb2image-{secrets.token_hex(8)} ")
        asked = [{"module": n.module, "names": [x for x in n.names if x != "*"]} for n in wanted]
        program = folder("templates").joinpath("check_imports.py").read_text(encoding="utf-8")
        done = run_image(
            RunRequest(
                image=image,
                command=("python", "-c", program, reports.word, json.dumps(asked)),
                outputs=None,
                read_only=True,
                network="none",
                limits=Limits(seconds=SECONDS, printed=PRINTED, processes=PROCESSES),
            ),
            environ,
            reports.hear,
        )
        found, begun = read_reports(reports.lines, wanted)
        failures += found
        if done.exit_status == 0:
            return tuple(failures)
        if begun is None:
            raise RunError(
                f"the imports of {image} cannot be checked: exit status {done.exit_status}",
                code="import-check",
            )
        message = "ran out of memory" if done.out_of_memory else f"status {done.exit_status}"
        message = "took too long" if done.timed_out else message
        failures.append(ImportFailure(need=wanted[begun], error="died", message=message))
        wanted = wanted[begun + 1 :]
    return tuple(failures)


def read_reports(
    lines: Sequence[Mapping[str, object]], wanted: Sequence[Need]
) -> tuple[list[ImportFailure], int | None]:
    """(failures, the number of the need that was begun last and not ended)."""
    failures: list[ImportFailure] = []
    begun: int | None = None
    for line in lines:
        number = line.get("need")
        if not isinstance(number, int) or not 0 <= number < len(wanted):
            continue
        if line.get("begun"):
            begun = number
            continue
        if line.get("done") or not line.get("name"):
            begun = None
        if line.get("error"):
            failures.append(
                ImportFailure(
                    need=wanted[number],
                    name=said(line, "name"),
                    error=said(line, "error"),
                    message=said(line, "message"),
                    missing=said(line, "missing"),
                    importer=said(line, "importer"),
                    caller=said(line, "caller"),
                )
            )
    return failures, begun


def said(line: Mapping[str, object], key: str) -> str:
    """A text of a report, in bounds and on one line: an import can print what it likes."""
    text = str(line.get(key) or "")[:MAX_MESSAGE]
    return "".join(c if c.isprintable() else " " for c in text)
