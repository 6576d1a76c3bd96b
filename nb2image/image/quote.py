"""The one door through which text reaches a Dockerfile, a tag, a shell line or a path.

A notebook's name, its folder, a label, an option: all are hostile until a function of this module
has validated them or put them in quotes. What may stand in a Dockerfile has the type ``Safe``,
and the renderer refuses to print anything else, so that a forgotten quote is an error and never
an instruction.

The quoting follows the rules of BuildKit's parser: a line is joined first (a trailing backslash),
then split into words, then each word loses its quotes and has its ``$`` expanded.
https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

from nb2image.errors import PlanError

MAX_REFERENCE = 255
MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 2048

_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
# https://pkg.go.dev/github.com/distribution/reference#pkg-overview
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_DOMAIN}(?::[0-9]{{1,5}})?/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?P<digest>@sha256:[0-9a-f]{64})?"
)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
# https://www.debian.org/doc/debian-policy/ch-controlfields.html#source
_APT_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+)?")
_PYTHON = re.compile(r"3\.[0-9]{1,2}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SCRIPT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\.py")


class Safe(str):
    """Text that may stand in a Dockerfile as it is."""

    __slots__ = ()


def word(value: str) -> Safe:
    """One word of an instruction (ENV value, LABEL value, WORKDIR), in double quotes.

    Raises PlanError when it holds what no quoting can carry: a line break or another control
    character, or text that is not Unicode.
    """
    refuse_control(value, "a value of the Dockerfile")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return Safe(f'"{escaped}"')


def exec_form(arguments: Sequence[str]) -> Safe:
    """A command as a JSON array: no shell reads it and nothing in it is expanded."""
    return Safe(json.dumps(list(arguments)))


def reference(text: str) -> Safe:
    """An image reference: ``[host[:port]/]name[:tag][@sha256:…]``.

    Raises PlanError with what is wrong.
    """
    match = _REFERENCE.fullmatch(text) if len(text) <= 2 * MAX_REFERENCE else None
    if match is None or len(match["name"]) > MAX_REFERENCE:
        raise PlanError(
            f"{printable(text)} is not the name of an image",
            code="reference-invalid",
            hint="write it as name:tag in lower case, such as me/analysis:1.0",
        )
    return Safe(text)


def tag(text: str) -> Safe:
    """The name that a built image gets: a reference without a digest. Raises PlanError."""
    name = reference(text)
    if "@" in name:
        raise PlanError(
            f"{printable(text)} names a digest, which a build cannot choose",
            code="reference-invalid",
            hint="leave out the part from @ on",
        )
    return name


def env_name(text: str) -> Safe:
    """The name of an environment variable. Raises PlanError."""
    return _matching(text, _ENV_NAME, "the name of an environment variable", "letters, digits, _")


def label_name(text: str) -> Safe:
    """The key of a label, dotted and in lower case. Raises PlanError."""
    return _matching(text, _LABEL_NAME, "the name of a label", "a.dotted.name in lower case")


def apt_package(text: str) -> Safe:
    """A Debian package, perhaps with ``:architecture`` and ``=version``. Raises PlanError."""
    return _matching(text, _APT_NAME, "the name of a Debian package", "such as libgl1 or graphviz")


def python_version(text: str) -> Safe:
    """A Python as ``3.11``. Raises PlanError."""
    return _matching(text, _PYTHON, "a Python version", "write it as 3.11")


def date(text: str) -> Safe:
    """A day as ``2024-05-31``. Raises PlanError."""
    return _matching(text, _DATE, "a date", "write it as 2024-05-31")


def package_name(text: str) -> Safe:
    """The name of a Python package, as imported. Raises PlanError."""
    return _matching(text, _ENV_NAME, "the name of a Python package", "such as sklearn")


def script_name(text: str) -> Safe:
    """The file name of the script. Raises PlanError."""
    return _matching(text, _SCRIPT, "the name of a script", "such as train.py")


def _matching(text: str, pattern: re.Pattern[str], what: str, how: str) -> Safe:
    if len(text) > MAX_REFERENCE or pattern.fullmatch(text) is None:
        raise PlanError(f"{printable(text)} is not {what}", code="name-invalid", hint=how)
    return Safe(text)


def project_path(text: str) -> str:
    """A path relative to the project's root, POSIX, that stays below it.

    Spaces, quotes, ``$``, ``#``, ``!``, globs, leading dashes and Unicode are all allowed: such a
    path is only ever written to disk, or quoted by ``word``. Raises PlanError for what leaves
    the root, for control characters and for what no file system or build context can carry.
    """
    refuse_control(text, "a file name")
    parts = text.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise PlanError(
            f"{printable(text)} does not stay inside the project",
            code="path-outside",
            hint="name files relative to the notebook, inside its project",
        )
    if "\\" in text:
        # legal on Linux, a separator elsewhere: a context must mean the same on every host
        raise PlanError(
            f"{printable(text)} has a backslash in its name",
            code="path-invalid",
            hint="rename the file or folder",
        )
    too_long = any(len(part.encode()) > MAX_COMPONENT_BYTES for part in parts)
    if too_long or len(text.encode()) > MAX_PATH_BYTES:
        raise PlanError(
            f"{printable(text[:80])}… is too long for a path",
            code="path-invalid",
            hint="rename the file or folder",
        )
    return text


def refuse_control(text: str, what: str) -> None:
    """Raise PlanError when ``text`` holds a control character or a lone surrogate."""
    for character in text:
        # Cc control, Cs surrogate (a name that is not UTF-8), Zl and Zp line and paragraph breaks
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise PlanError(
                f"{printable(text)} holds a control character, which cannot stand in {what}",
                code="control-character",
                hint="rename it, or set the value when the container runs",
            )


def slug(name: str) -> str:
    """A name fit for a tag, ``[a-z0-9][a-z0-9-]*``, made of any text; ``notebook`` if empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-") or "notebook"


def markdown_code(text: str) -> str:
    """``text`` as a code span of Markdown: no markup in it has a meaning."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def printable(text: str) -> str:
    """``text`` in quotes for a message; control characters are escaped, long text is cut."""
    return repr(text if len(text) <= 200 else text[:200] + "…")
