"""Checks of answers, and the statistics of evaluations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.evaluation.evaluation_case import (
    CheckKind,
    check_from_json,
    json_of,
    matches_text,
    numbers_in,
)
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
from desktop_app.domain.statistics import percentile, wilson_interval

FAILED = (FailedCheck(CheckKind.CONTAINS, "x"),)


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
def test_intervals_equal_a_table_computed_by_hand(
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
        ({"starts_with_any": ["No", " 4"]}, " 4.", True),
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
        {"contains": 3},
        {"contains": "a", "regex": "b"},
        {"regex": "("},
        {"regex": "a{99999999999999}"},
        {"regex": "(" * 10_000},
        {"number": 10**400},
        {"number": 1, "within": 10**400},
        {"regex": "a", "within": True},
        {"rubric": "a", "not": True},
        {"starts_with_any": ["a", 1]},
        {"number": "42"},
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


def test_numbers_are_not_parts_of_words() -> None:
    assert numbers_in("v2 gpt-5.2 3x 1e3 12,345 1.5") == [1000.0, 12345.0, 1.5]


def test_json_may_be_in_a_code_fence() -> None:
    assert json_of('```json\n{"a": 1}\n```') == {"a": 1}
    assert json_of("[1]") == [1]


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


def test_refusals_are_counted_separately() -> None:
    results = [CaseResult("1", "", status=MessageStatus.REFUSED), CaseResult("2", "", FAILED)]
    told = EvaluationRun("p", None, None, "m", results).to_json()
    assert (told["refused"], told["results"][0]["status"]) == (1, "refused")


def test_a_run_of_unknown_price_has_no_cost() -> None:
    known = CaseResult("2", "b", FAILED, cost=Decimal(1), judge_cost=None)
    run = EvaluationRun("p", None, None, "m", [CaseResult("1", "a", ()), known])
    facts = run.to_json()
    assert (facts["cost_usd"], facts["judge_cost_usd"]) == (None, None)
    assert facts["results"] == [
        result_row("1", "a", [], None, None),
        result_row("2", "b", ["contains: x"], "1", None),
    ]
    assert EvaluationRun("p", None, None, "m", []).to_json()["share"] == 0.0
    assert run.name == "m"


def test_tiny_costs_have_no_exponent() -> None:
    tiny = Decimal("0.0000009")
    results = [CaseResult("1", "", (), cost=tiny, judge_cost=tiny)]
    facts = EvaluationRun("p", None, None, "m", results).to_json()
    told = (facts["cost_usd"], facts["judge_cost_usd"], facts["results"][0]["cost_usd"])
    assert told == ("0.0000009",) * 3


def test_times_are_nearest_rank_percentiles() -> None:
    results = [
        CaseResult(str(n), "", (), first_token_s=n / 10, duration_s=float(n)) for n in range(1, 101)
    ]
    facts = EvaluationRun("p", None, None, "m", results).to_json()
    times = (facts["p50_s"], facts["p95_s"], facts["p50_first_token_s"])
    assert (times, facts["judge_cost_usd"]) == ((50.0, 95.0, 5.0), "0")


@pytest.mark.parametrize(
    ("status", "why", "told"),
    [
        (MessageStatus.COMPLETE, "", ["contains: x"]),
        (MessageStatus.COMPLETE, "Cut.", ["error: Cut."]),
        (MessageStatus.REFUSED, "", ["refused"]),
        (MessageStatus.REFUSED, "Unsafe.", ["refused: Unsafe."]),
        (MessageStatus.FAILED, "", ["error: failed"]),
        (MessageStatus.FAILED, "No credit.", ["error: No credit."]),
    ],
)
def test_a_missing_answer_fails_with_the_reason(
    status: MessageStatus, why: str, told: list[str]
) -> None:
    error = ErrorNote(why) if why else None
    result = CaseResult("1", "", FAILED, status=status, error=error)
    assert (result.failures, result.has_passed) == (told, False)


@pytest.mark.usefixtures("pseudo_language")
def test_the_reasons_in_reports_are_in_english() -> None:
    error = ErrorNote(Reason.STORE_CLOSED)
    failed = FailedCheck(CheckKind.RUBRIC, "x", reason=FailureReason.NOT_JUDGED, error=error)
    unanswered = CaseResult("1", "", status=MessageStatus.FAILED, error=error)
    assert unanswered.failures == ["error: Your library isn’t open."]
    assert failed.label == "rubric: x (not judged: Your library isn’t open.)"


@pytest.mark.parametrize(
    ("row", "failed", "label"),
    [
        ({"equals": "x" * 81, "not": True}, {}, f"not equals: {'x' * 80}…"),
        ({"rubric": "polite"}, {"explanation": "Rude."}, "rubric: polite (Rude.)"),
        (
            {"rubric": "polite"},
            {"reason": FailureReason.NO_VERDICT},
            "rubric: polite (the judge gave no verdict)",
        ),
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


def test_percentiles_have_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 95)) == (50.0, 95.0)
    assert percentile([], 50) is None
