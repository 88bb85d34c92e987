"""Checks of answers, and the statistics of evaluations."""

from __future__ import annotations

from decimal import Decimal

import pytest

from desktop_app.domain.evaluation.evaluation_case import (
    check_from_json,
    json_of,
    numbers_in,
    passes,
)
from desktop_app.domain.evaluation.evaluation_result import (
    CaseResult,
    EvaluationRun,
    result_from_json,
    result_to_json,
)
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.statistics import percentile, wilson_interval


# Computed by hand: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), with z = 1.96.
@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0),
        (27, 30, 0.7438, 0.9654),
        (50, 100, 0.4038, 0.5962),
        (1, 1, 0.2065, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_intervals_are_those_of_a_table_computed_by_hand(
    passed: int, total: int, low: float, high: float
) -> None:
    assert wilson_interval(passed, total) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("check", "answer", "expected"),
    [
        ({"contains": "Paris"}, "It is Paris.", True),
        ({"contains": "paris"}, "It is Paris.", False),
        ({"contains": "paris", "ignore_case": True}, "It is Paris.", True),
        ({"equals": "Paris"}, " Paris\n", True),
        ({"equals": "Paris"}, "Paris.", False),
        ({"number": 42, "within": 0.5}, "About 42.4 kg", True),
        ({"number": 42, "within": 0.5}, "About 43 kg", False),
        ({"number": 1234.5}, "It costs $1,234.50.", True),
        ({"number": -3}, "It is −3 °C", True),
        ({"number": 0.3}, "0.3", True),
        ({"contains_any": ["a", "b"]}, "xbx", True),
        ({"starts_with_any": ["Yes", "yes"]}, "yes, of course", True),
    ],
)
def test_checks_of_text(check: dict[str, object], answer: str, expected: bool) -> None:
    assert passes(check_from_json(check), answer) is expected


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"contains": 3},
        {"contains": "a", "regex": "b"},
        {"regex": "("},
        {"number": "42"},
        {"number": True},
        {"number": 1, "within": -1},
        {"schema": "x"},
        {"likes": "x"},
        "contains",
    ],
)
def test_what_is_no_check_is_refused(row: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_from_json(row)


def test_numbers_are_not_parts_of_words() -> None:
    assert numbers_in("v2 gpt-5.2 3x 1e3 12,345 1.5") == [1000.0, 12345.0, 1.5]


def test_json_may_stand_in_a_fence() -> None:
    assert json_of('```json\n{"a": 1}\n```') == {"a": 1}
    assert json_of("[1]") == [1]


def test_a_run_sums_up_its_cases() -> None:
    usage = Usage(10, 2, 5, 1)
    results = [
        CaseResult("1", "a", (), usage, Decimal("0.1"), Decimal("0.01"), 0.1, 1.0),
        CaseResult("2", "b", ("x",), usage, Decimal("0.2"), Decimal(0), 0.3, 3.0),
        CaseResult("3", "c", (), usage, Decimal("0.3"), Decimal(0), None, 2.0),
    ]
    run = EvaluationRun("p", "thinking", "high", "gpt-5.2", results)
    facts = run.to_json()
    assert (facts["passed"], facts["cases"], facts["share"]) == (2, 3, 0.6667)
    assert (facts["cost_usd"], facts["judge_cost_usd"]) == ("0.6", "0.01")
    assert (facts["p50_s"], facts["p95_s"], facts["p50_first_token_s"]) == (2.0, 3.0, 0.1)
    assert run.usage == Usage(30, 6, 15, 3)
    assert run.name == "thinking/high"
    for result in results:
        assert result_from_json(result_to_json(result)) == result


def test_refusals_are_counted_apart_and_found_in_earlier_results() -> None:
    rows = [
        result_to_json(CaseResult(label, "", (label,)))
        for label in ("error: refused", "error: No credit.", "contains: x")
    ]
    for row in rows:
        del row["status"]
    results = [result_from_json(row) for row in rows]
    assert [result.status.value for result in results] == ["refused", "failed", "complete"]
    told = EvaluationRun("p", None, None, "m", results).to_json()
    assert (told["refused"], told["results"][0]["status"]) == (1, "refused")


def test_a_run_of_unknown_price_has_no_cost() -> None:
    run = EvaluationRun("p", None, None, "m", [CaseResult("1", "a", ())])
    assert run.to_json()["cost_usd"] is None


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 95)) == (50.0, 95.0)
    assert percentile([], 50) is None
