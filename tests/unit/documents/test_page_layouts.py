"""Pages whose distances lie near the limits that decide how a page is read."""

from __future__ import annotations

import pytest

from tests.data.make_page_layouts import EXPECTED, KINDS, read


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_read_as_before(kind: str) -> None:
    assert read(kind) == (EXPECTED / f"{kind}.txt").read_text("utf-8")
