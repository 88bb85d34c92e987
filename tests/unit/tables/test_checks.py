"""Checks of answers, and verdicts of a judge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from desktop_app.tables import checks
from desktop_app.tables.checks import check_named, check_of, failure_in_verdict, failure_of
from desktop_app.tables.table import Check

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("check", "answer", "expected"),
    [
        ({"contains": "paris"}, "It is Paris.", "contains: paris"),
        ({"contains": "paris", "ignore_case": True}, "It is Paris.", ""),
        ({"contains": "Paris", "not": True}, "It is Paris.", "not contains: Paris"),
        ({"contains": "x" * 81}, "", f"contains: {'x' * 79}…"),
        ({"regex": r"\bP\w+s\b"}, "It is Paris.", ""),
        ({"regex": r"\bp\w+s\b"}, "It is Paris.", r"regex: \bp\w+s\b"),
        ({"schema": SCHEMA}, '{"a": 1}', ""),
        ({"schema": SCHEMA}, '```json\n{"a": 1}\n```', ""),
        ({"schema": True}, "Here it is: {}", "schema: {} (not JSON)"),
        ({"schema": True}, "[" * 100_000, "schema: {} (not JSON)"),
        ({"cost": 0.01}, "", "cost: 0.01 (0.02)"),
        ({"cost": 0.02}, "", ""),
        ({"cost": 0.02, "not": True}, "", "not cost: 0.02"),
        ({"time": 2}, "", ""),
        ({"time": 1}, "", "time: 1 (1.5)"),
    ],
)
def test_each_check_passes_or_fails(check: dict[str, Any], answer: str, expected: str) -> None:
    assert failure_of(check_of(check), answer, Decimal("0.02"), 1.5) == expected


def test_what_was_not_measured_does_not_pass() -> None:
    assert failure_of(check_named("cost", "1"), "") == "cost: 1.0 (unknown)"
    assert failure_of(check_named("time", "1"), "") == "time: 1.0 (not measured)"


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("not-contains", "x", Check("contains", "x", is_negated=True)),
        ("icontains", "x", Check("contains", "x", ignores_case=True)),
        ("json", "", Check("schema", {})),
        ("not-is-json", None, Check("schema", {}, is_negated=True)),
        ("json", '{"type": "array"}', Check("schema", {"type": "array"})),
        ("llm-rubric", "Polite", Check("judge", "Polite")),
        ("time", "2.5", Check("time", 2.5)),
    ],
)
def test_a_check_is_named_as_in_promptfoo(name: str, value: Any, check: Check) -> None:
    assert check_named(name, value) == check


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in ("contains", "equals", "regex", "judge", "cost")),
        *(("cost", value) for value in ("x", "nan", "-1", "inf")),
        *(("json", "{"), ("json", '{"type": 3}'), ("regex", "("), ("not-judge", "x")),
        *(("javascript", "1"), ("not-", "x"), ("", "x")),
    ],
)
def test_a_check_that_means_nothing_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_named(name, value)


def test_an_endless_expression_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_SEARCH_S", 0.1)
    for negation in (False, True):
        check = check_of({"regex": r"^(a|aa)+$", "not": negation})
        assert failure_of(check, "a" * 5_000 + "!").endswith("(too slow)")


@pytest.mark.parametrize(
    ("verdict", "failure"),
    [
        ('Well: {"pass": true, "reason": "Yes."} Done.', ""),
        ('{"pass": "true", "reason": "Odd."}', "judge: polite (Odd.)"),
        ("Yes.", "judge: polite (the judge gave no verdict)"),
        ('{"pass": false, "reason": null}', "judge: polite"),
        ('{"reason": "?"}', "judge: polite (the judge gave no verdict)"),
        ("{[]}", "judge: polite (the judge gave no verdict)"),
        ('{"pass": ' + "[" * 100_000 + "}", "judge: polite (the judge gave no verdict)"),
    ],
)
def test_a_verdict_is_read_strictly(verdict: str, failure: str) -> None:
    assert failure_in_verdict(Check("judge", "polite"), verdict) == failure
