"""Results of evaluations, and the figures in them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import INCOMPLETE, REFUSED, MessageStatus
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.statistics import percentile, rounded, wilson_interval
from desktop_app.evaluation.cases import read_cases
from desktop_app.evaluation.plan import total_of
from desktop_app.evaluation.report import (
    CaseResult,
    ModelReport,
    html_report,
    plan_lines,
    result_of,
    table_lines,
)
from desktop_app.providers.jobs.batch_jobs import SCHEMA_PROBLEM
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tables.cell_request import DECLINED, EMPTY_RESPONSE
from desktop_app.tables.checks import failure_in_verdict
from desktop_app.tables.table import Cell, CellState, Check, Row
from tests.unit.providers.samples import CATALOG, OPENAI

CHOICE = ResolvedChoice(OPENAI, CATALOG.info("gpt-5.2"), Variant.THINKING, Effort.HIGH)
JUDGED = (Check("judge", "Polite?"),)
CELL = Cell(
    1,
    "m",
    CellState.DONE,
    answer="4",
    usage=Usage(10, 0, 2),
    cost=Decimal("0.5"),
    seconds=1.0,
    first_token_s=0.5,
)


def result(case_id: str = "a", checks: tuple[Check, ...] = (), **changes: Any) -> CaseResult:
    """Return the result of a case whose cell has an answer, with these changes."""
    return result_of(Row(1, case_id, key=case_id, checks=checks), replace(CELL, **changes))


PASSED = result()
FAILED = result("b", answer="<5>", failures=("contains: 4",), has_passed=False, seconds=3.0)
DECLINED_CASE = result(
    "c", error=DECLINED, usage=None, cost=Decimal(0), seconds=2.0, first_token_s=None
)


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([3.0, 1.0, 2.0, 4.0], 50, 2.0),
        ([1.0, 2.0], 95, 2.0),
        (range(1, 101), 95, 95),
        ([5.0], 1, 5.0),
        ([], 50, None),
    ],
)
def test_a_percentile_is_one_of_the_values(values: Any, percent: int, found: float | None) -> None:
    assert percentile(values, percent) == found
    assert (rounded(0.12345), rounded(None)) == (0.123, None)


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 0, 0, 1), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1)],
)
def test_an_interval_is_wilsons(passed: int, total: int, low: float, high: float) -> None:
    assert tuple(round(end, 4) for end in wilson_interval(passed, total)) == (low, high)


CUT = ErrorNote("Cut.")
SENT = {"answer": "", "usage": None, "cost": None}
UNSENT = {**SENT, "seconds": None}


@pytest.mark.parametrize(
    ("changes", "status", "failures", "is_evaluated", "cost"),
    [
        ({}, "complete", [], True, "0.5"),
        ({"failures": ("x",), "has_passed": False}, "complete", ["x"], True, "0.5"),
        ({"error": ErrorNote("?", code=SCHEMA_PROBLEM)}, "complete", [], True, "0.5"),
        ({"error": ErrorNote("?", code=EMPTY_RESPONSE)}, "complete", [], True, "0.5"),
        ({"error": DECLINED}, "refused", ["refused"], True, "0.5"),
        ({"error": ErrorNote("No.", code=REFUSED)}, "refused", ["refused: No."], True, "0.5"),
        ({"error": ErrorNote("Cut.", code=INCOMPLETE)}, "incomplete", ["error: Cut."], True, "0.5"),
        ({**SENT, "error": CUT}, "failed", ["error: Cut."], False, None),
        ({**UNSENT, "error": CUT}, "failed", ["error: Cut."], False, "0"),
    ],
)
def test_a_case_says_why_it_did_not_pass(
    changes: dict[str, Any], status: str, failures: list[str], is_evaluated: bool, cost: str | None
) -> None:
    found = result(**changes)
    assert (found.status, [*found.failures]) == (MessageStatus(status), failures)
    assert found.has_passed is (not failures)
    assert found.is_evaluated is is_evaluated
    assert found.cost == (None if cost is None else Decimal(cost))
    assert found.unsent == ("a: Cut." if cost == "0" else "")


@pytest.mark.parametrize(
    ("changes", "failures", "is_evaluated", "cost"),
    [
        ({"has_passed": True, "judge_cost": Decimal(2)}, [], True, Decimal(2)),
        ({"judge_cost": Decimal(0)}, ["not checked"], False, Decimal(0)),
        ({"failures": ("judge: x (not judged)",)}, ["judge: x (not judged)"], False, None),
        ({"error": DECLINED}, ["refused"], True, Decimal(0)),
    ],
)
def test_a_case_that_no_judge_has_seen_has_not_passed(
    changes: dict[str, Any], failures: list[str], is_evaluated: bool, cost: Decimal | None
) -> None:
    found = result(checks=JUDGED, **changes)
    assert ([*found.failures], found.is_evaluated) == (failures, is_evaluated)
    assert found.judge_cost == cost


def test_a_run_has_its_figures() -> None:
    facts = ModelReport(CHOICE, [PASSED, FAILED, DECLINED_CASE]).to_json()
    results = facts.pop("results")
    assert facts == {
        "provider": "openai",
        "variant": "thinking",
        "effort": "high",
        "model": "gpt-5.2",
        "passed": 1,
        "cases": 3,
        "refused": 1,
        "share": 0.3333,
        "low": 0.0615,
        "high": 0.7923,
        "cost_usd": "1.0",
        "judge_cost_usd": "0",
        "p50_s": 2.0,
        "p95_s": 3.0,
        "p50_first_token_s": 0.5,
        "usage": {
            "input_tokens": 20,
            "cached_tokens": 0,
            "output_tokens": 4,
            "reasoning_tokens": 0,
        },
    }
    assert [(row["id"], row["passed"], row["failed"]) for row in results] == [
        *(("a", True, []), ("b", False, ["contains: 4"]), ("c", False, ["refused"]))
    ]
    unknown = PASSED._replace(cost=None, judge_cost=None)
    other = replace(CHOICE, variant=None, effort=None)
    facts = ModelReport(other, [PASSED, unknown]).to_json()
    assert (facts["cost_usd"], facts["judge_cost_usd"], facts["variant"]) == (None, None, None)
    assert (CHOICE.label, other.label) == ("thinking/high", "gpt-5.2")
    assert ModelReport(other, []).share == 0
    json.dumps(facts)


def test_the_table_names_each_failed_case() -> None:
    lines = [*table_lines([ModelReport(CHOICE, [PASSED, FAILED, DECLINED_CASE])])]
    assert lines[0].split() == ["thinking/high", "1/3", "33%", "(6%–79%)", "$1.00", "2.0", "s"]
    assert [line.strip() for line in lines[1:]] == [*("1 declined", "b: contains: 4", "c: refused")]
    (line,) = table_lines([ModelReport(CHOICE, [PASSED._replace(cost=None)])])
    assert "unknown cost" in line
    assert next(table_lines([ModelReport(CHOICE, [])])).split()[-1] == "–"


def test_a_plan_has_a_range_of_costs() -> None:
    plan = {
        "not_sent": ["Left out."],
        "name": "m",
        "calls": 1,
        "judge_calls": 2,
        "input_tokens": 1200,
        "input_cost_usd": "1",
        "max_cost_usd": "2.5",
    }
    assert [*plan_lines([plan], total_of([plan]))] == [
        "Left out.",
        "m: 3 calls, 1,200 input tokens, $1.00 – $2.50",
        "Total: $1.00 – $2.50",
    ]
    assert total_of([plan, plan]) == {"input_cost_usd": "2", "max_cost_usd": "5.0"}
    unknown = plan | {"max_cost_usd": None}
    assert total_of([plan, unknown]) == {"input_cost_usd": "2", "max_cost_usd": None}
    assert [*plan_lines([unknown], total_of([unknown]))][-1] == "Total: $1.00 – unknown cost"


def test_the_page_shows_failing_cases_side_by_side() -> None:
    runs = [
        ModelReport(CHOICE, [PASSED, FAILED]),
        ModelReport(replace(CHOICE, effort=None), [FAILED]),
    ]
    page = html_report(runs, {"a": "2 + 2?", "b": "<script>"})
    assert "<td><pre>&lt;script&gt;</pre></td>" in page
    assert "<pre>&lt;5&gt;</pre>" in page
    assert page.count("✗ contains: 4") == 2
    assert "2 + 2?" not in page
    assert '<td class="n">1/2</td>' in page
    assert '<td class="n">24</td>' in page
    only = html_report(
        [ModelReport(CHOICE, [PASSED._replace(cost=None, judge_cost=None)])], {"a": "?"}
    )
    assert "Every case passed." in only
    assert only.count(">unknown<") == 2
    partly = html_report([runs[0], ModelReport(CHOICE, [PASSED])], {"a": "?", "b": "?"})
    assert "<td>–</td>" in partly


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        ('{"pass": true}', ""),
        ('So: {"pass": true, "reason": "Good"}.', ""),
        ('{"pass": false, "reason": "Bad"}', "judge: Is it so? (Bad)"),
        ('{"pass": false, "reason": null}', "judge: Is it so?"),
        ('{"pass": 1}', "judge: Is it so?"),
        ("Yes", "judge: Is it so? (the judge gave no verdict)"),
        ('{"reason": "?"}', "judge: Is it so? (the judge gave no verdict)"),
    ],
)
def test_the_verdict_of_a_judge_passes_or_fails(reply: str, failure: str) -> None:
    (case,) = read_cases('{"input": "?", "judge": "Is it so?"}', "cases.jsonl")
    assert failure_in_verdict(case.checks[0], reply) == failure
