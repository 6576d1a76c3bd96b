"""Tables compare by value."""

from __future__ import annotations

import pytest

from nb2image.verify.tables import compare_tables, read_html


def table(*rows: str, note: str = "") -> str:
    """HTML of a table whose cells are separated by spaces; the first row is the head."""
    head, *body = ("<tr>" + "".join(f"<td>{c}</td>" for c in row.split()) + "</tr>" for row in rows)
    return f"<style>td {{}}</style><table><thead>{head}</thead>{''.join(body)}</table><p>{note}</p>"


@pytest.mark.parametrize(
    ("expected", "found", "grade"),
    [
        (table("a b", "1 2"), table("a b", "1 2"), "same"),
        (table("a b", "1 0.333333"), table("a b", "1 0.3333331"), "close"),
        (table("a b", "1 2"), table("a b", "1 3"), "differs"),
        (table("a b", "1 2"), table("b a", "1 2"), "differs"),
        (table("a", "1"), table("a", "1", "2"), "differs"),
        (table("a", "1", note="5 rows"), table("a", "1", note="6 rows"), "differs"),
        (table("a", "1"), "<p>1</p>", "differs"),
        ("<b>text</b>", "<i>text</i>", "same"),
    ],
)
def test_tables_compare_by_value(expected: str, found: str, grade: str) -> None:
    """Markup does not count; every cell, the shape and the text around do."""
    assert compare_tables(expected, found, 1e-5).grade == grade


def test_a_difference_names_row_and_column() -> None:
    """The diff says where the value stands and what it was."""
    compared = compare_tables(table("x y", "1 2", "3 4"), table("x y", "1 2", "3 5"), 1e-6)
    assert compared.diff == "-row 3, column y: 4\n+row 3, column y: 5"
    assert compared.how == ("1 of its values differ",)


def test_rows_in_another_order_are_told() -> None:
    """A table whose rows changed places differs, and the verdict says that it is only that."""
    compared = compare_tables(table("x", "1", "2"), table("x", "2", "1"), 1e-6)
    assert (compared.grade, compared.how) == ("differs", ("the same rows in another order",))


@pytest.mark.parametrize("html", ["<table><td>1", "</table></td>", "<tr>", "<table>" * 9, "<!--"])
def test_broken_html_is_read_all_the_same(html: str) -> None:
    """HTML is hostile: nothing that is not closed or not opened is an error."""
    assert read_html(html) == read_html(html)
