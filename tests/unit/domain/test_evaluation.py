"""Checks of answers, and the statistics of evaluations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.evaluation.evaluation_case import CheckKind, check_from_json, matches_text
from desktop_app.domain.evaluation.evaluation_result import (
    CaseResult,
    Evaluation,
    EvaluationRun,
    result_from_json,
    result_to_json,
)
from desktop_app.domain.evaluation.failed_check import (
    FailedCheck,
    FailureReason,
    failed_check_from_json,
    failed_check_to_json,
)
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.statistics import wilson_interval

FAILED = (FailedCheck(CheckKind.CONTAINS, "x"),)


# Computed by hand: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), with z = 1.96.
@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0),
        (27, 30, 0.7438, 0.9654),
        (0, 0, 0.0, 1.0),
    ],
)
def test_intervals_equal_a_table_computed_by_hand(
    passed: int, total: int, low: float, high: float
) -> None:
    assert wilson_interval(passed, total) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("check", "answer", "expected"),
    [
        ({"contains": "paris"}, "It is Paris.", False),
        ({"contains": "paris", "ignore_case": True}, "It is Paris.", True),
        ({"equals": "Paris"}, " Paris\n", True),
        ({"equals": "Paris"}, "Paris.", False),
        ({"number": 42, "within": 0.5}, "About 42.4 kg", True),
        ({"number": 42, "within": 0.5}, "About 43 kg", False),
        ({"number": 1234.5}, "It costs $1,234.50.", True),
        ({"number": -3}, "It is −3 °C", True),
        ({"contains_any": ["a", "b"]}, "xbx", True),
        ({"starts_with_any": ["Yes", "yes"]}, "yes, of course", True),
    ],
)
def test_each_check_of_a_text_passes_or_fails(
    check: dict[str, object], answer: str, expected: bool
) -> None:
    assert matches_text(check_from_json(check), answer) is expected


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"contains": "a", "regex": "b"},
        {"regex": "("},
        {"number": 10**400},
        {"regex": "a", "within": True},
        {"rubric": "a", "not": True},
        {"starts_with_any": ["a", 1]},
        {"number": True},
        {"number": 1, "within": -1},
        {"schema": "x"},
        {"likes": "x"},
        "contains",
    ],
)
def test_other_values_than_checks_are_refused(row: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_from_json(row)


def result_row(
    case_id: str, answer: str, failed: list[str], cost: str | None, seconds: float | None
) -> dict[str, object]:
    """Return a result as the command's JSON has it."""
    return {
        "id": case_id,
        "status": "complete",
        "passed": not failed,
        "failed": failed,
        "answer": answer,
        "cost_usd": cost,
        "duration_s": seconds,
    }


def test_a_run_sums_up_its_cases() -> None:
    usage = Usage(10, 2, 5, 1)
    results = [
        CaseResult("1", "a", (), usage, Decimal("0.1"), Decimal("0.01"), 0.1, 1.0),
        CaseResult("2", "b", FAILED, usage, Decimal("0.2"), Decimal(0), 0.3, 3.0),
        CaseResult("3", "c", (), usage, Decimal("0.3"), Decimal(0), None, 2.00049),
    ]
    run = EvaluationRun("p", "thinking", "high", "gpt-5.2", results)
    assert run.to_json() == {
        "provider": "p",
        "variant": "thinking",
        "effort": "high",
        "model": "gpt-5.2",
        "passed": 2,
        "cases": 3,
        "refused": 0,
        "share": 0.6667,
        "low": 0.2077,
        "high": 0.9385,
        "cost_usd": "0.6",
        "judge_cost_usd": "0.01",
        "usage": {
            "input_tokens": 30,
            "cached_tokens": 6,
            "output_tokens": 15,
            "reasoning_tokens": 3,
        },
        "p50_s": 2.0,
        "p95_s": 3.0,
        "p50_first_token_s": 0.1,
        "results": [
            result_row("1", "a", [], "0.1", 1.0),
            result_row("2", "b", ["contains: x"], "0.2", 3.0),
            result_row("3", "c", [], "0.3", 2.0),
        ],
    }
    assert run.usage == Usage(30, 6, 15, 3)
    assert run.name == "thinking/high"
    for result in results:
        assert result_from_json(result_to_json(result)) == result


@pytest.mark.parametrize(
    ("row", "failed", "label"),
    [
        ({"equals": "x" * 81, "not": True}, {}, f"not equals: {'x' * 80}…"),
        ({"rubric": "polite"}, {"explanation": "Rude."}, "rubric: polite (Rude.)"),
        (
            {"rubric": "polite"},
            {"reason": FailureReason.NOT_JUDGED, "error": ErrorNote("No credit.")},
            "rubric: polite (not judged: No credit.)",
        ),
        ({"schema": True}, {"reason": FailureReason.NOT_JSON}, "schema: true (not JSON)"),
    ],
)
def test_a_failed_check_is_named_with_the_reason(
    row: dict[str, Any], failed: dict[str, Any], label: str
) -> None:
    made = FailedCheck.from_check(check_from_json(row), **failed)
    assert made.label == label
    assert failed_check_from_json(json.loads(json.dumps(failed_check_to_json(made)))) == made


def test_an_evaluation_lists_failing_cases_and_their_inputs() -> None:
    runs = [
        EvaluationRun("p", None, None, "m", [CaseResult("b", "", FAILED), CaseResult("a", "", ())]),
        EvaluationRun("p", None, None, "n", [CaseResult("a", "", FAILED), CaseResult("b", "", ())]),
    ]
    evaluation = Evaluation("1", datetime(2026, 1, 1, tzinfo=UTC), "f", runs, {"a": "A", "a#": "?"})
    assert evaluation.failed_case_ids == ["b", "a"]
    found = [evaluation.input_of(case_id) for case_id in ("a", "a#2", "a#", "b", "a2")]
    assert found == ["A", "A", "?", "", ""]
