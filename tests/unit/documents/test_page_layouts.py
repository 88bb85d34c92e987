"""Pages whose distances lie near the limits that decide how a page is read."""

from __future__ import annotations

import pytest

from tests.data.make_page_layouts import EXPECTED, KINDS, boxes, read


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_read_as_before(kind: str) -> None:
    assert read(kind) == (EXPECTED / f"{kind}.txt").read_text("utf-8")


def test_passages_are_found_where_they_were() -> None:
    assert boxes() == (EXPECTED / "boxes.txt").read_text("utf-8")
