"""Conventions of the services that host notebooks: Colab and Kaggle.

What has a true equivalent in a container is mapped to it: a data mount, an environment variable,
a file in /outputs. What needs the service, or a person, is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nb2image.model import Finding, Place
from nb2image.notebook.edits import Edit, replaced
from nb2image.notebook.helpers import helper
from nb2image.notebook.piece import Piece, note, refusal, together, warning
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Lines, literal, own

EQUIVALENTS = {
    ("google.colab", "drive"): ("drive", "mount your files: docker run -v DIR:/content/drive"),
    ("google.colab", "files"): ("files", "downloads are put into /outputs"),
    ("google.colab", "userdata"): ("userdata", "set each secret as a variable: docker run -e NAME"),
    ("google.colab.patches", "cv2_imshow"): ("cv2_imshow", "pictures are put into /outputs"),
    ("condacolab", ""): ("condacolab", "what its conda lines install is in the image already"),
    ("kaggle_secrets", "UserSecretsClient"): (
        "UserSecretsClient",
        "set each secret as a variable: docker run -e NAME",
    ),
}
"""(module, name) of what a service offers: the helper that stands for it, and what to do."""

SERVICE_MODULES = re.compile(
    r"google\.colab(\.|$)|condacolab$|kaggle_(secrets|datasets|web_client)(\.|$)"
)
IN_COLAB = re.compile(r"(?<![\w./~-])/content(?=/|\s|$)(?!/drive|/gdrive)")
ON_KAGGLE = re.compile(r"(?<![\w.~-])/kaggle/working(?=/|\s|$|['\"])")
MOUNTS = ("/kaggle/input", "/content/drive", "/content/gdrive")


def changed(node: ast.stmt, place: Place, setting: Setting, *, guarded: bool) -> Piece | None:
    """The piece that an import from a service becomes; None when it stays as it is.

    One that is ``guarded``, by ``try`` or by asking for the service, is left alone.
    """
    modules: list[tuple[str, str, str]] = []
    match node:
        case ast.Import(names=names):
            modules = [(a.name, "", a.asname or a.name) for a in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            modules = [(module, a.name, a.asname or a.name) for a in names]
        case _:
            return None
    if guarded or not any(SERVICE_MODULES.match(module) for module, _, _ in modules):
        return None
    return together(equivalent(*found, place, setting) for found in modules)


def equivalent(module: str, name: str, known_as: str, place: Place, setting: Setting) -> Piece:
    """What stands for one name of a service's module."""
    found = EQUIVALENTS.get((module, name))
    what = f"{module}.{name}".rstrip(".")
    if found is None or (name == "files" and (known_as, "upload") in setting.attributes):
        if name == "files":
            what += ".upload"
        return refusal(
            "service",
            f"{what} works only in the service that hosts the notebook",
            place,
            "remove it, put it below 'try', or skip the cell",
        )
    text, hint = found
    told = warning("service", f"{what} is replaced by its equivalent", place, hint)
    return Piece(lines=own(helper(text, known_as), place), findings=(told,))


def paths(
    tree: ast.Module, lines: Lines, setting: Setting, skip: set[int]
) -> Iterator[Piece | Edit]:
    """Edits of texts that are paths of a service, and findings; ``skip`` holds nodes to leave."""
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        place = lines[node.lineno - 1].place or Place()
        found = tuple(mounts(node.value, place))
        if found:
            yield Piece(findings=found)
        text = path_text(node.value, setting)
        if text != node.value and id(node) not in inside | skip and "\n" not in node.value:
            yield replaced(node, lines, own(literal(text), place))
            yield Piece(findings=(moved(node.value, text, place),))


def questions(tree: ast.Module, lines: Lines, setting: Setting) -> Iterator[tuple[ast.expr, Edit]]:
    """``'google.colab' in str(get_ipython())``, which needs no shell to be answered.

    Each with the part of it that is replaced.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Compare(
                left=ast.Constant(value="google.colab"),
                ops=[ast.In() | ast.NotIn()],
                comparators=[
                    ast.Call(
                        func=ast.Name(id="str"), args=[ast.Call(func=ast.Name(id="get_ipython"))]
                    ) as asked
                ],
            ):
                yield asked, replaced(asked, lines, own(f"{setting.module('sys')}.modules"))
            case _:
                pass


def path_text(text: str, setting: Setting) -> str:
    """A text with the service's working directory as the image's.

    Colab's is where the notebook runs; what is put into Kaggle's is a result.
    """
    text = ON_KAGGLE.sub("/outputs", text)
    return IN_COLAB.sub(".", text) if setting.colab else text


def moved(before: str, after: str, place: Place) -> Finding:
    """A note on a path that was changed."""
    return note("service-path", f"the path {before[:60]!r} is {after[:60]!r} in the script", place)


def mounts(text: str, place: Place) -> Iterator[Finding]:
    """What to mount where a text is the path of a service's data."""
    for folder in MOUNTS:
        if text.startswith(folder):
            hint = f"mount the data there: docker run -v DIR:{folder}:ro"
            yield warning("service-data", f"{text[:80]!r} is data of the service", place, hint)
