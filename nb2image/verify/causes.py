"""Why a run failed, in words, and what to do: read from how it ended and from what it said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nb2image.model import RunReport, Script
from nb2image.model.verdict import CellRun, Failure, Raised
from nb2image.verify.normal import no_codes

SIGNALS = {
    129: "SIGHUP",
    131: "SIGQUIT",
    132: "SIGILL: an instruction that this processor does not have",
    134: "SIGABRT: the program gave itself up",
    135: "SIGBUS",
    136: "SIGFPE",
    137: "SIGKILL",
    139: "SIGSEGV: a fault in compiled code",
    143: "SIGTERM",
    153: "SIGXFSZ: a file grew beyond the limit",
}
LIBRARY = re.compile(r"\b(lib[\w+.-]{1,60}\.so(?:\.\d+){0,3}): cannot open shared object file")
MODULE = re.compile(r"No module named '?([\w.]{1,200})'?")
MISSING_DEPENDENCY = re.compile(
    r"[Mm]issing optional dependency '([\w.-]{1,80})'"
    r"|`?pip install ([\w.\[\]-]{1,80})`?"
    r"|requires? (?:the )?[`']([\w.-]{1,80})[`'] (?:package|library|module)"
)
NO_FILE = re.compile(
    r"No such file or directory:? '?([^'\n]{1,300})'?"
    r"|[Ff]ile ([^\s'\"]{1,300}) does not exist"
)
HOST = re.compile(
    r"host='([\w.-]{1,253})'|https?://([\w.-]{1,253})|Failed to resolve '([\w.-]{1,253})'"
    r"|resolve host(?:name)?:? '?([\w.-]{1,253})|unable to access '?\w+://([\w.-]{1,253})"
)
NO_NETWORK = re.compile(
    r"Temporary failure in name resolution|Name or service not known|Network is unreachable"
    r"|Failed to resolve|getaddrinfo failed|Could not resolve host|nodename nor servname"
    r"|No address associated with hostname|Connection refused|ConnectError|LocalEntryNotFoundError"
    r"|couldn't connect to|We couldn't connect|Max retries exceeded|name resolution"
    r"|unable to resolve host address"
)
NO_DISPLAY = re.compile(
    r"no display name|couldn't connect to display|could not connect to display"
    r"|cannot connect to X server|Could not load the Qt platform plugin|No available video device"
    r"|cannot open display"
)
NO_GPU = re.compile(
    r"No CUDA GPUs are available|Found no NVIDIA driver|CUDA driver version is insufficient"
    r"|libcuda\.so|Torch not compiled with CUDA enabled|no CUDA-capable device"
)
PREFLIGHT = re.compile(r"nb2image: this notebook needs a GPU, and none can be used: ([^\n]*)")
"""What the check in front of the script says (templates/gpu)."""
NO_PROGRAM = re.compile(
    r"No such file or directory: '([\w.+-]{1,60})'|failed to execute .{0,20}?'?([\w.+-]{1,40})'?,"
    r"|([\w.+-]{1,60}): (?:command )?not found"
)
CHANGED_API = re.compile(
    r"has no attribute '|cannot import name '|unexpected keyword argument '|was removed in"
    r"|no longer supported|has been removed|got an unexpected keyword|is deprecated"
)
TAIL = 8_000


def explain(run: RunReport, cells: Sequence[CellRun], script: Script) -> Failure:
    """The cause of a run that did not come to its end with exit status 0."""
    last = next((c for c in reversed(cells) if c.cell and c.raised), None) or next(
        (c for c in reversed(cells) if c.cell), None
    )
    raised = next((c.raised for c in reversed(cells) if c.raised), None)
    cell, line = place(raised, script)
    if cell is None and last is not None:
        cell = last.cell
    said = no_codes("".join(c.warnings for c in cells)[-TAIL:])
    error = f"{raised.name}: {raised.value}".rstrip(": ") if raised else last_line(said)
    code, message, hint, wanted = cause(run, raised, said)
    return Failure(
        code=code,
        message=message,
        hint=hint,
        cell=cell,
        line=line,
        error=error[:1_000],
        wanted=wanted,
    )


def place(raised: Raised | None, script: Script) -> tuple[int | None, int | None]:
    """The cell and its line where the exception passed the script."""
    if raised is None or raised.line is None or not 0 < raised.line <= len(script.lines):
        return None, None
    found = script.lines[raised.line - 1]
    return (found.cell, found.line) if found is not None else (None, None)


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")


def cause(run: RunReport, raised: Raised | None, said: str) -> tuple[str, str, str, str]:
    """(code, message, hint, what is missing)."""
    return (
        limit(run, raised) or by_exception(raised, said) or by_words(said) or by_status(run, raised)
    )


def limit(run: RunReport, raised: Raised | None) -> tuple[str, str, str, str] | None:
    """A limit of the run that was reached."""
    if run.timed_out:
        return (
            "timed-out",
            f"it had not ended after {run.seconds:.0f} s and was stopped",
            "give it more with --timeout, or let it do less",
            "",
        )
    if run.printed_too_much:
        return (
            "printed-too-much",
            "it printed more than a run may, and was stopped",
            "let it print less: nobody reads that much",
            "",
        )
    if run.out_of_memory or (raised and raised.name == "MemoryError"):
        return (
            "out-of-memory",
            "it used more memory than it was allowed"
            + (" and was killed" if run.exit_status == 137 else ""),
            "give it more with --memory, or let it load less at once",
            "",
        )
    return None


def by_exception(raised: Raised | None, said: str) -> tuple[str, str, str, str] | None:
    """What the exception that ended the run tells."""
    if raised is None:
        return None
    name, value = raised.name, raised.value
    if library := LIBRARY.search(value):
        return library_missing(library[1])
    if name in ("ModuleNotFoundError", "ImportError"):
        module = raised.module if "No module named" in value else ""
        found = MODULE.search(value)
        if module or found:
            return module_missing(module or (found[1] if found else ""))
        if missing := MISSING_DEPENDENCY.search(value):
            wanted = next(group for group in missing.groups() if group)
            return module_missing(wanted.partition("[")[0])
    if NO_NETWORK.search(value) or name in (
        "gaierror",
        "URLError",
        "ConnectTimeout",
        "ConnectError",
    ):
        return network_needed(value + said)
    if NO_DISPLAY.search(value):
        return display_needed()
    if NO_GPU.search(value):
        return gpu_needed()
    if name in (
        "FileNotFoundError",
        "NoSuchFileError",
        "OSError",
        "DatasetNotFoundError",
        "ExecutableNotFound",
    ):
        if (
            (program := NO_PROGRAM.search(value))
            and "/" not in value
            and "." not in (program[1] or "")
        ):
            return program_missing(next(g for g in program.groups() if g))
        if path := NO_FILE.search(value):
            return file_missing(next(g for g in path.groups() if g))
    if name == "PermissionError" or "Read-only file system" in value:
        return (
            "not-permitted",
            f"it may not do that in the container: {value[:200]}",
            "write below the working directory or to /outputs",
            "",
        )
    if name in ("BlockingIOError", "RuntimeError") and re.search(
        r"can't start new thread|Resource temporarily unavailable", value
    ):
        return too_many_processes()
    if name == "EOFError" and "reading a line" in value:
        return "input-needed", "it asks for input", "answer with --answer TEXT", ""
    if name == "KeyboardInterrupt":
        return "interrupted", "it was interrupted", "", ""
    if CHANGED_API.search(value):
        return (
            "api-changed",
            f"{name}: {value[:200]}; the installed release differs from the one that the notebook"
            " was written for",
            "convert with --as-of DATE, the day when it last ran, or pin with --requirements",
            "",
        )
    return None


def by_words(said: str) -> tuple[str, str, str, str] | None:
    """What the end of stderr tells where no exception was seen."""
    tail = said[-2_000:]
    if refused := PREFLIGHT.search(tail):
        code, message, hint, wanted = gpu_needed()
        return code, f"{message}: {refused[1].strip()}", hint, wanted
    if library := LIBRARY.search(tail):
        return library_missing(library[1])
    if "Traceback" not in tail:
        return None
    if NO_NETWORK.search(tail):
        return network_needed(tail)
    return display_needed() if NO_DISPLAY.search(tail) else None


def by_status(run: RunReport, raised: Raised | None) -> tuple[str, str, str, str]:
    """What is left: the exception itself, a signal, a status."""
    if raised is not None:
        return "exception", f"{raised.name}: {raised.value[:300]}".rstrip(": "), "", ""
    if run.exit_status in SIGNALS:
        what = SIGNALS[run.exit_status]
        hint = "more memory may help: --memory" if run.exit_status == 137 else ""
        return "killed", f"it was killed by {what}", hint, ""
    return "exit-status", f"it ended with exit status {run.exit_status}", "", ""


def module_missing(module: str) -> tuple[str, str, str, str]:
    """A module that no installed package provides."""
    top = module.partition(".")[0]
    return (
        "module-missing",
        f"the module {module} is not installed",
        f"run again with --fix, or say which package provides it: --assume {top}=PACKAGE",
        module,
    )


def library_missing(library: str) -> tuple[str, str, str, str]:
    """A shared library of the system."""
    return (
        "library-missing",
        f"the system library {library} is not installed",
        "run again with --fix, or install its package: --apt PACKAGE",
        library,
    )


def program_missing(program: str) -> tuple[str, str, str, str]:
    """A program of the system."""
    return (
        "program-missing",
        f"the program {program} is not installed",
        "install its package: --apt PACKAGE",
        program,
    )


def file_missing(path: str) -> tuple[str, str, str, str]:
    """A data file."""
    where = path if path.startswith("/") else "/app/…"
    return (
        "file-missing",
        f"the file {path} is not in the image",
        f"bring it along with --include, or mount it: --mount HOST:{where}",
        path,
    )


def network_needed(text: str) -> tuple[str, str, str, str]:
    """The script wants the network."""
    found = HOST.search(text)
    host = next((group for group in found.groups() if group), "") if found else ""
    return (
        "network-needed",
        f"it needs the network{f': {host}' if host else ''}",
        "let it with --network bridge, or bring the data along with --include",
        host,
    )


def display_needed() -> tuple[str, str, str, str]:
    """The script opens windows."""
    return (
        "display-needed",
        "it opens a window, and there is no display",
        "let it draw to files: remove the lines that choose an interactive backend",
        "",
    )


def gpu_needed() -> tuple[str, str, str, str]:
    """The script wants a GPU."""
    return "gpu-needed", "it needs a GPU", "run it where there is one: --gpus all", ""


def too_many_processes() -> tuple[str, str, str, str]:
    """The limit of processes was reached."""
    return (
        "too-many-processes",
        "it starts more processes and threads than it is allowed",
        "let it use fewer workers",
        "",
    )
