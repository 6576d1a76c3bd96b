"""Known causes of failed builds, in words, with what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nb2image.build.steps import Failure
from nb2image.errors import BuildError, EngineError, Nb2ImageError
from nb2image.terminal import step_title

SHOWN_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One known cause: how its output looks, what it means, what to do."""

    code: str
    pattern: re.Pattern[str]
    """Searched in BuildKit's message and in the step's last lines; its groups fill the texts."""
    message: str
    hint: str
    engine: bool = False
    """The engine is at fault, not the context."""


def cause(code: str, pattern: str, message: str, hint: str, *, engine: bool = False) -> Cause:
    """A row of the table below."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return Cause(code=code, pattern=compiled, message=message, hint=hint, engine=engine)


HEADER_MISSING = re.compile(r"fatal error: ([\w./+-]+\.h(?:pp)?): No such file or directory")
"""A compiler's words for a header that is not there."""

# The first match counts: the more exact stands above the more general.
CAUSES = (
    cause(
        "no-space",
        r"no space left on device|disk quota exceeded",
        "the engine's disk is full",
        "see what fills it: docker system df; free old build cache: docker builder prune",
        engine=True,
    ),
    cause(
        "build-cache-broken",
        r"failed to prepare \S+: open \S+/committed: no such file|"
        r"parent snapshot \S+ does not exist|failed to get parent layer|layer does not exist",
        "the engine's build cache names a layer that the engine no longer has",
        "empty the build cache and build again: docker builder prune --all",
        engine=True,
    ),
    cause(
        "hash-mismatch",
        r"hash mismatch for `([^`]+)`|DO NOT MATCH THE HASHES FROM THE REQUIREMENTS",
        "the index serves other files than those that were locked",
        "run convert again to make a new lock; if it stays, the index or a proxy changes files",
    ),
    cause(
        "certificate",
        r"certificate verify failed|invalid peer certificate|UnknownIssuer|"
        r"self.signed certificate|x509: certificate",
        "a TLS certificate was not accepted: the network puts in one of its own",
        "point SSL_CERT_FILE at your organisation's CA bundle and build again",
    ),
    cause(
        "index-credentials",
        r"\b(401 Unauthorized|403 Forbidden|authentication (?:failed|required))",
        "the package index refused the credentials",
        "check the user name and password in your pip or uv configuration",
    ),
    cause(
        "apt-package-missing",
        r"E: Unable to locate package (\S+)|E: Package '([^']+)' has no installation candidate",
        "the distribution of the base image has no package {0}",
        "look the name up at packages.debian.org and correct --apt",
    ),
    cause(
        "header-missing",
        HEADER_MISSING.pattern,
        "a package is compiled and its header {0} is not there",
        "name the -dev package that holds it with --apt, or choose a version with wheels",
    ),
    cause(
        "compiler-missing",
        r"command '?`?(gcc|g\+\+|cc|clang|rustc|cargo|cmake|gfortran)[^ ]* ?(?:failed: No such file"
        r"|' failed: No such|not found)|"
        r"No such file or directory: '(?:[\w-]+-)?(gcc|g\+\+|cc|clang|gfortran)'|"
        r"error: linker `(cc)` not found|unknown compiler\(s\)",
        "a package has no wheel for this Python and needs a compiler",
        "use the multi-stage layout (without --single-stage), or a Python for which it has wheels",
    ),
    cause(
        "package-build-failed",
        r"(?:Failed to build|Failed building wheel for) `?([\w.-]+(?:==[\w.+!-]+)?)",
        "the package {0} could not be built from its source",
        "choose a version or a Python (--python) for which it has a wheel",
    ),
    cause(
        "no-wheel",
        r"(?:because|hint:?) ([\w.-]+)(?:==\S+)? has no wheels? with a matching",
        "the package {0} has no wheel for this Python and platform",
        "choose another Python with --python, or another version of it",
    ),
    cause(
        "network",
        r"temporary failure in name resolution|temporary failure resolving|could not resolve|"
        r"dns error|failed to lookup address|name or service not known|no such host|"
        r"network is unreachable|connection (?:timed out|refused|reset)|i/o timeout|"
        r"TLS handshake timeout|error sending request",
        "the network was not reached from inside the build",
        "check that this machine is online; behind a proxy set HTTPS_PROXY, and for an index "
        "of your own PIP_INDEX_URL: nb2image passes both on",
    ),
    cause(
        "out-of-memory",
        r"exit code: 137|signal: killed|\bKilled\s*$|MemoryError",
        "the step was killed, most likely for want of memory",
        "give the engine more memory",
    ),
    cause(
        "file-missing",
        r'"/?([^"]+)":? not found',
        "the context does not hold {0}",
        "write the context again with convert, or correct the COPY line",
    ),
    cause(
        "dockerfile",
        r"dockerfile parse error[^:]* line (\d+)|dockerfile parse error",
        "the Dockerfile cannot be read",
        "correct the line, or write the context again with convert",
    ),
)

NO_BASE = re.compile(r"load metadata for (\S+)")
EXIT_CODE = re.compile(r"exit code: (\d+)\s*$")


def explain(failure: Failure) -> Nb2ImageError:
    """The error for a failed build: EngineError when the engine is at fault, else BuildError."""
    if base := NO_BASE.search(failure.step):
        return no_base(base[1], failure)
    step, _, command = failure.step.partition("] ")
    named = f"step {step}]" if command else failure.step or "the build"
    ended = EXIT_CODE.search(failure.message)
    details = (*([step_title(command, 400)] if command else []), *failure.lines[-SHOWN_LINES:])
    text = "\n".join((failure.message, *failure.lines))
    for known in CAUSES:
        if found := known.pattern.search(text):
            what = next((g for g in found.groups() if g), "")
            kind = EngineError if known.engine else BuildError
            return kind(
                f"{named} failed: {known.message.format(what)}",
                code=known.code,
                subject=what,
                hint=known.hint,
                details=details if ended else (*details, failure.message),
            )
    why = f"exit code {ended[1]}" if ended else failure.message
    return BuildError(
        f"{named} failed: {why or 'the builder did not say why'}",
        code="build-step-failed",
        hint="the lines above are the command and its own last words" if command else "",
        details=details,
    )


def no_base(reference: str, failure: Failure) -> BuildError:
    """The base image is neither in the engine nor to be had."""
    short = reference.removeprefix("docker.io/library/").removeprefix("docker.io/")
    return BuildError(
        f"the base image {short} is not in the engine and cannot be pulled",
        code="base-image-unavailable",
        hint=f"try it by hand: docker pull {short}; choose another with --base-image or --python",
        details=(failure.message,),
    )
