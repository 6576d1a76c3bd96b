"""Every page opens."""

from __future__ import annotations

import pytest

from tests.dashboard.conftest import OpenPage


@pytest.mark.parametrize("name", ["build", "watch", "compare", "history"])
def test_a_page_opens(name: str, open_page: OpenPage) -> None:
    """A page without anything to show says its name and fails in nothing."""
    page = open_page(name)
    assert not page.exception
    assert page.title[0].value.lower() == name
