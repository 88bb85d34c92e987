"""Checks of an evaluation's answers by JSON schemas and regular expressions."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.child_processes import child_command
from desktop_app.domain.evaluation.case_error import CaseError
from desktop_app.domain.evaluation.evaluation_case import EvaluationCase, check_from_json
from desktop_app.domain.evaluation.failed_check import FailedCheck, FailureReason
from desktop_app.rendering.processes.line_client import LineClient
from desktop_app.services.evaluation.answer_checks import failure_of, require_schemas


def label_of(failure: FailedCheck | None) -> str:
    return "" if failure is None else failure.label


UNSTARTED = LineClient(child_command("regex"))  # starts at the first expression, which none has
SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"a": 1}', ""),
        ('```json\n{"a": 1}\n```', ""),
        ('{"a": "1"}', "is not of type"),
        ("{}", "required property"),
        ("Here it is: {}", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_answer_has_to_match_its_schema(answer: str, words: str) -> None:
    found = label_of(failure_of(check_from_json({"schema": SCHEMA}), answer, UNSTARTED))
    assert words in found if words else not found


@pytest.mark.parametrize(
    "schema", [{"type": "nothing"}, {"$ref": "http://127.0.0.1:9/schema"}, {"$ref": "#/none"}]
)
def test_an_unusable_schema_is_reported_and_nothing_is_fetched(schema: dict[str, str]) -> None:
    for row in ({"schema": schema}, {"schema": schema, "not": True}):
        failure = failure_of(check_from_json(row), "{}", UNSTARTED)
        assert failure.reason is FailureReason.UNUSABLE_SCHEMA
        assert "(unusable schema: " in failure.label


@pytest.mark.parametrize("target", [{"type": "nothing"}, {"$id": "http://[", "$ref": "a"}])
def test_a_case_with_an_unusable_schema_is_named(target: Any) -> None:
    check = check_from_json({"schema": {"$ref": "#/x", "x": target}})
    cases = [EvaluationCase("first", "?", checks=(check,))]
    with pytest.raises(CaseError, match="the schema can’t be used"):
        require_schemas(cases)


def test_an_endless_expression_times_out_and_the_next_is_searched() -> None:
    patterns = LineClient(child_command("regex"))
    try:
        endless = check_from_json({"regex": r"^(\w+\s?)+$"})
        assert "too slow" in label_of(failure_of(endless, "a" * 5_000 + "!", patterns))
        negated = check_from_json({"regex": str(endless.value), "not": True})
        assert "too slow" in label_of(failure_of(negated, "a" * 5_000 + "!", patterns))
        paris = check_from_json({"regex": r"\bP\w+s\b"})
        assert failure_of(paris, "It is Paris.", patterns) is None
        assert failure_of(paris, "It is Rome.", patterns) == FailedCheck.from_check(paris)
    finally:
        patterns.close()
