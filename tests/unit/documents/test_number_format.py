"""Numbers of cells in the formats that a workbook names by number or code."""

from __future__ import annotations

import pytest

from desktop_app.documents.spreadsheets.sheet_table import BUILT_IN, formatter


@pytest.mark.parametrize(
    ("number", "value", "expected"),
    [
        (9, 0.5, "50%"),
        (10, 0.125, "12.5%"),
        (14, 46085.0, "2026-03-04"),
        (58, 46085.0, "2026-03-04"),
        (18, 0.5, "12:00:00"),
        (21, 0.75, "18:00:00"),
        (47, 0.25, "06:00:00"),
        (22, 46085.25, "2026-03-04 06:00:00"),
        (46, 1.5, "36:00:00"),
    ],
)
def test_a_format_with_a_number_shows_its_kind(number: int, value: float, expected: str) -> None:
    assert formatter(BUILT_IN[number])(value) == expected
