"""Results of evaluations, and the figures in them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.statistics import percentile, rounded, wilson_interval
from desktop_app.evaluation.cases import read_cases
from desktop_app.evaluation.report import (
    CaseResult,
    Run,
    html_report,
    name_of,
    plan_lines,
    table_lines,
    total_of,
)
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tables.checks import failure_in_verdict
from tests.unit.providers.samples import CATALOG, OPENAI

CHOICE = ResolvedChoice(OPENAI, CATALOG.info("gpt-5.2"), Variant.THINKING, Effort.HIGH)
PASSED = CaseResult(
    "a", "4", usage=Usage(10, 0, 2), cost=Decimal("0.5"), first_token_s=0.5, duration_s=1.0
)
FAILED = replace(PASSED, id="b", answer="<5>", failed=("contains: 4",), duration_s=3.0)
DECLINED = CaseResult("c", "", status=MessageStatus.REFUSED, cost=Decimal(0), duration_s=2.0)


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


@pytest.mark.parametrize(
    ("changes", "failures", "is_evaluated"),
    [
        ({}, [], True),
        ({"failed": ("x",)}, ["x"], True),
        ({"status": MessageStatus.REFUSED}, ["refused"], True),
        ({"status": MessageStatus.REFUSED, "error": "No."}, ["refused: No."], True),
        ({"status": MessageStatus.FAILED, "error": "Cut."}, ["error: Cut."], False),
        ({"status": MessageStatus.INCOMPLETE}, ["error: incomplete"], True),
        ({"error": "Cut."}, ["error: Cut."], True),
        ({"is_judged": False}, [], False),
    ],
)
def test_a_case_says_why_it_did_not_pass(
    changes: dict[str, Any], failures: list[str], is_evaluated: bool
) -> None:
    result = replace(PASSED, **changes)
    assert [*result.failures] == failures
    assert result.has_passed is (not failures)
    assert result.is_evaluated is is_evaluated


def test_a_run_has_its_figures() -> None:
    facts = Run(CHOICE, [PASSED, FAILED, DECLINED]).to_json()
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
    unknown = replace(PASSED, cost=None, judge_cost=None)
    other = replace(CHOICE, variant=None, effort=None)
    facts = Run(other, [PASSED, unknown]).to_json()
    assert (facts["cost_usd"], facts["judge_cost_usd"], facts["variant"]) == (None, None, None)
    assert (name_of(CHOICE), Run(other, []).name) == ("thinking/high", "gpt-5.2")
    assert Run(other, []).share == 0
    json.dumps(facts)


def test_the_table_names_each_failed_case() -> None:
    lines = [*table_lines([Run(CHOICE, [PASSED, FAILED, DECLINED])])]
    assert lines[0].split() == ["thinking/high", "1/3", "33%", "(6%–79%)", "$1.00", "2.0", "s"]
    assert [line.strip() for line in lines[1:]] == [*("1 declined", "b: contains: 4", "c: refused")]
    (line,) = table_lines([Run(CHOICE, [replace(PASSED, cost=None)])])
    assert "unknown cost" in line
    assert next(table_lines([Run(CHOICE, [])])).split()[-1] == "–"


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
    assert [*plan_lines([plan])] == [
        "Left out.",
        "m: 3 calls, 1,200 input tokens, $1.00 – $2.50",
        "Total: $1.00 – $2.50",
    ]
    assert total_of([plan, plan]) == {"input_cost_usd": "2", "max_cost_usd": "5.0"}
    unknown = plan | {"max_cost_usd": None}
    assert total_of([plan, unknown]) == {"input_cost_usd": "2", "max_cost_usd": None}
    assert [*plan_lines([unknown])][-1] == "Total: $1.00 – unknown cost"


def test_the_page_shows_failing_cases_side_by_side() -> None:
    runs = [Run(CHOICE, [PASSED, FAILED]), Run(replace(CHOICE, effort=None), [FAILED])]
    page = html_report(runs, {"a": "2 + 2?", "b": "<script>"})
    assert "<td><pre>&lt;script&gt;</pre></td>" in page
    assert "<pre>&lt;5&gt;</pre>" in page
    assert page.count("✗ contains: 4") == 2
    assert "2 + 2?" not in page
    assert '<td class="n">1/2</td>' in page
    assert '<td class="n">24</td>' in page
    only = html_report([Run(CHOICE, [replace(PASSED, cost=None, judge_cost=None)])], {"a": "?"})
    assert "Every case passed." in only
    assert only.count(">unknown<") == 2
    partly = html_report([runs[0], Run(CHOICE, [PASSED])], {"a": "?", "b": "?"})
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
