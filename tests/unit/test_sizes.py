"""Sizes as people write and read them."""

from __future__ import annotations

import pytest

from nb2image.sizes import amount, parse_size


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (5.4e9, "5.4 GB"),
        (7e15, "7000.0 TB"),
        (-1_500_000, "-1.5 MB"),
    ],
)
def test_amount(number: float, text: str) -> None:
    """Four digits at most and a decimal unit, as Docker shows sizes."""
    assert amount(number) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4096", 4096),
        ("800MB", 800_000_000),
        ("800 mb", 800_000_000),
        ("1.5GiB", 1610612736),
        ("2k", 2000),
        ("", None),
        ("-1", None),
        ("1 parsec", None),
        ("1e9", None),
    ],
)
def test_parse(text: str, number: int | None) -> None:
    """Plain bytes, decimal and binary units."""
    assert parse_size(text) == number
