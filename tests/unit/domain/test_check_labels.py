"""Checks of an evaluation, as reports name them."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.evaluation.evaluation_case import check_from_json
from desktop_app.domain.evaluation.failed_check import FailedCheck


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"contains": "Paris"}, "contains: Paris"),
        ({"contains": "Paris", "not": True}, "not contains: Paris"),
        ({"number": 3, "within": 0.5}, "number: 3 within 0.5"),
        ({"number": 3}, "number: 3"),
        ({"contains_any": ["a", "b"]}, 'contains_any: ["a", "b"]'),
        ({"contains": "a" * 80}, "contains: " + "a" * 80),
        ({"contains": "a" * 81}, "contains: " + "a" * 80 + "…"),
    ],
)
def test_a_check_is_named_by_its_kind_and_value(row: dict[str, Any], label: str) -> None:
    check = check_from_json(row)
    assert FailedCheck.from_check(check).label == label
    assert not check.ignores_case
