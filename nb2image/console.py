"""The only module that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nb2image.errors import Nb2ImageError
from nb2image.events import Emit, Event, Noticed, OutputLine, StageFinished, StageStarted
from nb2image.model import (
    BuildPlan,
    BuiltImage,
    Finding,
    Report,
    Requirements,
    RunReport,
    Verdict,
)
from nb2image.model.plan import encode
from nb2image.sizes import amount
from nb2image.summary import plan_lines, verdict_lines
from nb2image.terminal import clean, one_line, passable, step_title

if TYPE_CHECKING:
    from nb2image.caching import CachePart
    from nb2image.delivery import Delivered
    from nb2image.doctor import Check
    from nb2image.model.analysis import Inspection
    from nb2image.model.comparison import Comparison
    from nb2image.model.forecast import Forecast, OtherKind
    from nb2image.model.history import HistoryDetail, HistoryEntry
    from nb2image.origins.rebuild import Rebuilt


LISTED_OUTPUTS = 20


@contextmanager
def progress(*, quiet: bool = False, as_json: bool = False) -> Iterator[Emit]:
    """A sink that shows events on stderr in the way that was asked for, as long as it is open.

    What a running image prints goes to the stream that it was printed to, whatever was asked
    for but JSON.
    """
    if as_json:
        yield show_json
    elif quiet:
        yield show_quietly
    elif sys.stderr.isatty():
        from nb2image.live import live

        with live() as emit:
            yield emit
    else:
        yield show_plainly


def show_json(event: Event) -> None:
    """One event as one line of JSON."""
    tell(msgspec.json.encode(event).decode())


def show_quietly(event: Event) -> None:
    """Nothing but what a running image prints."""
    if isinstance(event, OutputLine) and event.stage == "run":
        show_printed(event)


def show_plainly(event: Event) -> None:
    """Lines for a log file: a step when it begins, its output, its end when it took long."""
    if isinstance(event, OutputLine) and event.stage == "run":
        show_printed(event)
    elif isinstance(event, OutputLine):
        tell(f"    {clean(event.line)}")
    elif isinstance(event, StageStarted) and (not event.step or event.number):
        tell(f"  {step_title(event.step)}" if event.step else event.stage)
    elif isinstance(event, StageFinished):
        tell_finished(event)
    elif isinstance(event, Noticed) and event.finding.severity != "note":
        tell(f"  {finding_line(event.finding)}")


def tell_finished(event: StageFinished) -> None:
    """The end of a stage, and of a build step that did something."""
    detail = f", {one_line(event.detail)}" if event.detail else ""
    if not event.step:
        tell(f"{event.stage}: {event.seconds:.1f} s{detail}")
    elif event.cached:
        tell("    cached")
    elif event.seconds >= 1:
        tell(f"    {event.seconds:.1f} s{detail}")


def show_printed(event: OutputLine) -> None:
    """Pass on what a running image printed, at once, as far as it does a terminal no harm."""
    stream = sys.stdout if event.stream == "stdout" else sys.stderr
    text = event.line + event.end
    stream.write(passable(text) if stream.isatty() else text)
    stream.flush()
    unfinished[event.stream] = event.end != "\n"


unfinished = {"stdout": False, "stderr": False}
"""Whether what was passed on to a stream stopped in the middle of a line."""


def finding_line(finding: Finding) -> str:
    """A finding on one line, with its place."""
    where = f"{finding.place}: " if finding.place else ""
    return f"{finding.severity}: {one_line(where + finding.message)}"


def show_plan(
    plan: BuildPlan,
    *,
    as_json: bool,
    forecast: Forecast | None = None,
    other: OtherKind | None = None,
) -> None:
    """Print a plan, as JSON or for people; with its forecast JSON is an object of all."""
    from nb2image.analysis.forecast_text import forecast_lines, other_line

    if as_json and forecast:
        both = {"plan": msgspec.Raw(encode(plan)), "forecast": forecast, "other_kind": other}
        print(msgspec.json.format(msgspec.json.encode(both), indent=2).decode())
        return
    if as_json:
        print(msgspec.json.format(encode(plan), indent=2).decode())
        return
    show_lines(plan_lines(plan))
    if forecast:
        show_lines(forecast_lines(forecast, top=10))
    if other:
        show_lines([other_line(other)])


def show_requirements(found: Requirements, *, as_json: bool) -> None:
    """Print the locked requirements: requirements.txt itself, or the whole record as JSON."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found, order="deterministic")).decode())
        return
    print(clean(found.text), end="")
    for package in found.system:
        print(f"# apt: {package.name} ({one_line(package.reason)})")


def show_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print what doctor found."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(checks), indent=2).decode())
        return
    for check in checks:
        print(f"{check.state:8}{check.name:10}{one_line(check.found)}")
        if check.fix:
            print(f"{'':18}→ {clean(check.fix)}")


def show_report(report: Report, *, as_json: bool) -> None:
    """Print what convert made: the image's reference, else the context's folder."""
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        print(clean(report.image.reference if report.image else report.context))


def show_image(image: BuiltImage, *, as_json: bool) -> None:
    """Print the reference of an image."""
    print(msgspec.json.encode(image).decode() if as_json else clean(image.reference))


def show_inspection(found: Inspection, *, form: str, top: int, quiet: bool) -> None:
    """Print an inspection: for people, as JSON, or its limits for CI (junit, sarif)."""
    from nb2image.analysis import ci, text

    match form:
        case "json":
            print(msgspec.json.encode(found).decode())
        case "junit":
            print(ci.junit(found))
        case "sarif":
            print(ci.sarif(found))
        case _ if quiet:
            show_lines([next(text.head_lines(found)), *text.gate_lines(found.gates)])
        case _:
            show_lines(text.inspection_lines(found, top=top))


def show_comparison(found: Comparison, *, form: str, top: int) -> None:
    """Print a comparison: as a table, Markdown, CSV, JSON, or an SVG chart."""
    from nb2image.analysis import chart, comparison_text

    match form:
        case "json":
            print(msgspec.json.encode(found).decode())
        case "csv":
            print(comparison_text.csv_text(found), end="")
        case "svg":
            print(chart.svg(found))
        case "png":
            from nb2image.analysis.chart_png import png

            sys.stdout.buffer.write(png(found))
            sys.stdout.buffer.flush()
        case "markdown":
            show_lines(comparison_text.markdown_lines(found, top=top))
        case _:
            show_lines(comparison_text.text_lines(found, top=top))


def show_forecast(forecast: Forecast, *, as_json: bool, top: int) -> None:
    """Print how large an image will be."""
    from nb2image.analysis.forecast_text import forecast_lines

    if as_json:
        print(msgspec.json.encode(forecast).decode())
        return
    show_lines(forecast_lines(forecast, top=top))


def show_history(entries: Sequence[HistoryEntry], *, as_json: bool) -> None:
    """Print the entries of the history."""
    from nb2image.history.text import entry_lines

    if as_json:
        print(msgspec.json.encode(entries).decode())
        return
    show_lines(entry_lines(entries))


def show_history_entry(detail: HistoryDetail, *, only_log: bool, as_json: bool) -> None:
    """Print one entry of the history, or what was printed then."""
    from nb2image.history.text import detail_lines

    if as_json:
        print(msgspec.json.encode(replace(detail, pictures=())).decode())  # they are no text
        return
    show_lines(detail.log.splitlines() if only_log else detail_lines(detail))


def show_pruned(count: int) -> None:
    """Say how many entries went."""
    tell(f"{count} entries forgotten")


def show_cache(parts: Sequence[CachePart], *, as_json: bool) -> None:
    """Print what the cache holds."""
    if as_json:
        print(msgspec.json.encode(parts).decode())
        return
    for part in parts:
        size = f"{amount(part.size)} of {amount(part.limit)}"
        print(f"{part.name:7} {size:22} {part.files:7} files  {part.path}")
        print(f"{'':7} {part.holds}")


def show_cleared(freed: int) -> None:
    """Say how many bytes came free."""
    tell(f"{amount(freed)} freed")


def show_lines(lines: Iterable[str]) -> None:
    """Print lines whose text may come from anywhere."""
    for line in lines:
        print(clean(line))


def show_run(report: RunReport, folder: Path, *, quiet: bool, as_json: bool) -> None:
    """Say how a run ended and what it left."""
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    if quiet:
        return
    for file in report.outputs[:LISTED_OUTPUTS]:
        tell(f"{clean(str(folder / file.path))}  {amount(file.size)}")
    if more := report.outputs[LISTED_OUTPUTS:]:
        tell(f"and {len(more)} more in {clean(str(folder))}  {amount(sum(f.size for f in more))}")
    if report.out_of_memory:
        tell("the container was killed: it used more memory than it was allowed")
    if report.exit_status:
        tell(f"the script ended with exit status {report.exit_status}")


def show_folder(folder: Path, *, as_json: bool) -> None:
    """Print the folder that was written."""
    print(msgspec.json.encode({"folder": str(folder)}).decode() if as_json else clean(str(folder)))


def show_delivered(done: Delivered, *, as_json: bool) -> None:
    """Print where an image was brought: the file, or the registry's name for it."""
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        print(clean(f"{done.to}@{done.digest}" if done.digest else done.to))


def show_rebuilt(found: Rebuilt, *, as_json: bool) -> None:
    """Print whether an image could be built again."""
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    if found.same_image:
        print(f"the same image, byte by byte: {found.after}")
    elif found.same_files:
        print("the same files in every layer; the image's configuration has another time")
    else:
        print(f"{found.same_layers} of {found.layers} layers are the same; what differs:")
        for line in found.differences:
            print(f"  {one_line(line)}")


def show_started(container: str, *, as_json: bool) -> None:
    """Print the name of a container that was left running, and say how to go on with it."""
    print(msgspec.json.encode({"container": container}).decode() if as_json else container)
    if not as_json:
        tell(f"see what it prints: docker logs --follow {container}")
        tell(
            f"get its outputs: docker cp {container}:/outputs . ; end it: docker rm -fv {container}"
        )


def show_proof(report: Report, *, as_json: bool) -> None:
    """Print the verdict, cell by cell."""
    if as_json:
        print(msgspec.json.encode(report).decode())
    elif report.verdict is not None:
        print("\n".join(clean(line) for line in verdict_lines(report.verdict)))


def show_address(address: str) -> None:
    """Print where the dashboard is."""
    print(address, flush=True)
    tell("the dashboard is there; keep the address to yourself. Ctrl-C ends it")


def tell_open_address(host: str) -> None:
    """Say what it means that the dashboard can be reached from elsewhere."""
    tell(f"warning: the dashboard listens on {one_line(host)}, not for this machine alone.")
    tell("  Whoever has its address and token can run code here through the container engine,")
    tell("  and what is sent can be read on the way: use it in a network that you trust, or")
    tell("  behind a proxy with TLS.")


def tell_proof(verdict: Verdict) -> None:
    """Say what the proof showed, where the result is something else."""
    for line in verdict_lines(verdict):
        tell(clean(line))


def show_error(error: Nb2ImageError, *, as_json: bool = False) -> None:
    """Print what happened, where, and what to do next."""
    if as_json:
        fields = ("code", "message", "hint", "where", "findings", "details", "exit_code")
        content = {"kind": "error"} | {name: getattr(error, name) for name in fields}
        tell(msgspec.json.encode(content).decode())
        return
    for line in error.details:
        tell(f"  | {clean(line)}")
    where = f" ({one_line(str(error.where))})" if error.where else ""
    tell(f"error: {clean(error.message)}{'' if where in error.message else where}")
    for finding in error.findings:
        if finding.message not in error.message:
            tell(f"  {finding_line(finding)}")
    if error.hint:
        tell(f"  → {clean(error.hint)}")


def tell(text: str) -> None:
    """One line to stderr, on a line of its own."""
    if unfinished["stderr"] or (unfinished["stdout"] and sys.stdout.isatty()):
        print(file=sys.stderr)
        unfinished.update(stdout=False, stderr=False)
    print(text, file=sys.stderr, flush=True)
