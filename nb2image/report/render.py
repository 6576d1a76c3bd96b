"""Renders a report's page. All that it shows is hostile: nothing of it becomes markup."""

from __future__ import annotations

import html
import re
from functools import cache

import jinja2

from nb2image.report.view import View
from nb2image.resources import folder
from nb2image.terminal import clean

SPECIAL = re.compile(r"([\\`*_\[\]#|~$@])")


class Markup(str):
    """Text that is Markdown already."""

    __slots__ = ()


def markdown_page(page: View) -> str:
    """The page in Markdown; its pictures lie in the folder ``report`` beside it."""
    return markdown_templates().get_template("report.md.j2").render(page=page)


def html_page(page: View) -> str:
    """The page in HTML: one file with its pictures, no script, nothing fetched."""
    return html_templates().get_template("report.html.j2").render(page=page)


@cache
def markdown_templates() -> jinja2.Environment:
    """The templates for Markdown: what they print is escaped unless it is Markup."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates") / "report"),
        undefined=jinja2.StrictUndefined,
        finalize=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # not HTML; ``escaped`` does the guarding
    )
    made.filters |= {"fenced": fenced, "markdown": Markup}
    return made


@cache
def html_templates() -> jinja2.Environment:
    """The templates for HTML, which escape everything."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates") / "report"),
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: clean(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    made.filters["diff_lines"] = diff_lines
    return made


def escaped(value: object) -> object:
    """Text as Markdown that shows it: one line, no markup, no terminal codes."""
    if isinstance(value, Markup):
        return value
    line = " ".join(clean(str(value)).split())
    return html.escape(SPECIAL.sub(r"\\\1", line), quote=False)


def fenced(text: str, kind: str = "") -> Markup:
    """A block of code that ends where it should, whatever it holds."""
    plain = clean(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", plain)), default=0))
    return Markup(f"{fence}{kind}\n{plain.rstrip()}\n{fence}")


def diff_lines(text: str) -> list[tuple[str, str]]:
    """(kind, line) of a diff: old, new or context."""
    kinds = {"-": "old", "+": "new"}
    return [(kinds.get(line[:1], "context"), line) for line in clean(text).split("\n")]
