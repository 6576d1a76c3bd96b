"""What each magic and shell line means in plain Python."""

from __future__ import annotations

from dataclasses import dataclass

from nb2image.model import Finding, Place
from nb2image.notebook.installs import without_installs
from nb2image.notebook.piece import Piece, note, refusal
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import comment


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A line magic or shell line."""

    name: str
    """The magic's name; ``!`` for a shell line, ``!!`` for one whose output is taken."""
    argument: str
    place: Place
    nested: bool = False
    """Whether it stands inside another statement."""

    def __str__(self) -> str:
        mark = "" if self.name.startswith("!") else "%"
        gap = "" if self.name.startswith("!") or not self.argument else " "
        return f"{mark}{self.name}{gap}{self.argument}"


DROPPED = {
    "matplotlib": "figures are saved to /outputs/figures",
    "config": "it sets up the notebook's display",
    "autoreload": "modules are loaded once",
    "precision": "numbers are shown in full",
    "aimport": "modules are loaded once",
    "autosave": "there is no notebook to save",
    "autocall": "it changes how input is typed",
    "automagic": "it changes how input is typed",
    "colors": "it colours the terminal",
    "gui": "there is no window",
    "hist": "it shows what was typed",
    "history": "it shows what was typed",
    "lsmagic": "it lists the notebook's magics",
    "magic": "it shows help",
    "pdb": "nobody is there to debug",
    "pdef": "it shows help",
    "pdoc": "it shows help",
    "pfile": "it shows help",
    "pinfo": "it shows help",
    "pinfo2": "it shows help",
    "pprint": "it sets up the notebook's display",
    "psearch": "it shows help",
    "psource": "it shows help",
    "quickref": "it shows help",
    "tensorboard": "nothing waits for a browser",
    "tb": "it shows the last error again",
    "who": "it lists variables",
    "who_ls": "it lists variables",
    "whos": "it lists variables",
    "xmode": "it sets how errors are shown",
}
DROPPED_EXTENSIONS = {"autoreload", "tensorboard", "nb_black", "lab_black", "jupyter_black"}
INSTALLERS = {"pip": "pip", "conda": "conda", "mamba": "conda", "micromamba": "conda"}


def meaning(call: Call, setting: Setting) -> Piece:
    """What a line magic or shell line becomes."""
    if call.name in DROPPED:
        return dropped(call, DROPPED[call.name])
    if call.name in ("load_ext", "reload_ext") and call.argument.strip() in DROPPED_EXTENSIONS:
        return dropped(call, "it serves the notebook's editor")
    if call.name in INSTALLERS:
        return installed(call, f"{INSTALLERS[call.name]} {call.argument}", setting)
    if call.name == "!":
        return installed(call, call.argument, setting)
    return unsupported(call)


def dropped(call: Call, why: str, findings: tuple[Finding, ...] = ()) -> Piece:
    """A line that has no meaning outside the notebook stays as a comment."""
    left = note("magic-dropped", f"{call} is left out: {why}", call.place)
    lines = comment(f"{call}  (left out: {why})", call.place)
    return Piece(lines=lines, findings=(left, *findings))


def installed(call: Call, command: str, setting: Setting) -> Piece:
    """A line that installs something: the image holds it already."""
    found = without_installs(command, call.place, setting.constants)
    if not found.changed or found.rest:
        return unsupported(call)
    lines = comment(f"{call}  (the image holds what it installs)", call.place)
    return Piece(lines=lines, installs=found.installs, findings=found.findings)


def unsupported(call: Call) -> Piece:
    """A line whose meaning is not known."""
    return refusal("magic-unsupported", f"{call} cannot be converted yet", call.place)
