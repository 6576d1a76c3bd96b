"""Small tables of text as HTML: read by screen readers, wrapped on phones."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from nb2image.terminal import clean

STYLE = (
    "<style>.nb2image-table{overflow-x:auto}"
    ".nb2image-table table{border-collapse:collapse;font-size:.875rem}"
    ".nb2image-table th,.nb2image-table td{padding:.3rem .9rem .3rem 0;text-align:right;"
    "vertical-align:top;border-bottom:1px solid rgba(128,128,128,.35)}"
    ".nb2image-table th:first-child,.nb2image-table td:first-child{text-align:left}"
    ".nb2image-table thead th{overflow-wrap:anywhere;min-width:4rem}"
    ".nb2image-table.words th,.nb2image-table.words td{text-align:left}"
    ".nb2image-table caption{text-align:left;padding-bottom:.3rem;font-weight:600}</style>"
)


def table(
    columns: Mapping[str, Sequence[object]],
    caption: str,
    *,
    colours: Mapping[str, str] | None = None,
    words: bool = False,
) -> str:
    """A table with its caption; the first cell of a row is its heading.

    ``colours`` gives cells that begin with a word a colour; ``words`` are no numbers, which
    stand at the right.
    """
    heads = "".join(f'<th scope="col">{escaped(name)}</th>' for name in columns)
    rows = []
    for first, *others in zip(*columns.values(), strict=True):
        cells = "".join(cell(str(value), colours or {}) for value in others)
        rows.append(f'<tr><th scope="row">{escaped(first)}</th>{cells}</tr>')
    return (
        f'{STYLE}<div class="nb2image-table{" words" if words else ""}" tabindex="0" role="region" '
        f'aria-label="{escaped(caption)}"><table><caption>{escaped(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def cell(text: str, colours: Mapping[str, str]) -> str:
    """One cell, coloured where it begins with one of the words."""
    for word, colour in colours.items():
        if text.startswith(word):
            return f'<td style="color:{colour}"><strong>{escaped(text)}</strong></td>'
    return f"<td>{escaped(text)}</td>"


def escaped(value: object) -> str:
    """Text that HTML shows as it is."""
    return html.escape(clean(str(value)))
