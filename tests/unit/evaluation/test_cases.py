"""Cases of evaluations, and the checks of their answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.evaluation.cases import Case, read_cases
from desktop_app.tables import checks
from desktop_app.tables.checks import failure_of

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}


def case_of(**fields: Any) -> Case:
    (case,) = read_cases(json.dumps({"input": "?", **fields}), "cases.jsonl")
    return case


def failure(check: dict[str, Any], answer: str) -> str:
    return failure_of(case_of(checks=[check]).checks[0], answer)


def test_cases_are_read_from_lines_of_json() -> None:
    rows = [
        {"id": "a", "input": "?", "files": ["x.pdf"], "checks": [{"contains": "b"}]},
        {"input": "!", "regex": "b+", "not": True},
    ]
    first, second = read_cases("\n".join(map(json.dumps, rows)) + "\n", "cases.jsonl")
    assert (first.id, first.input, first.files) == ("a", "?", ("x.pdf",))
    assert second.id == "2"
    assert [(c.kind, c.value, c.is_negated) for c in second.checks] == [("regex", "b+", True)]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_cases_are_read_from_csv(sign: str) -> None:
    rows = [["id", "input", "contains", "schema", "ignore_case", "files"]]
    rows += [["a", '"1, 2?"', "x", '"{""type"": ""array""}"', "TRUE", '"p.txt; q.txt"']]
    rows += [["", "", "", "", "", ""], ["b", "!", "", "", "", ""]]
    first, second = read_cases("\n".join(sign.join(row) for row in rows), "Cases.CSV")
    assert (first.input, first.files) == ("1, 2?", ("p.txt", "q.txt"))
    assert [(check.kind, check.value) for check in first.checks] == [
        ("contains", "x"),
        ("schema", {"type": "array"}),
    ]
    assert (second.id, second.checks) == ("b", ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"input": "?", "checks": [{"likes": 1}]}', "line 1: there is no check “likes”"),
        ('{"prompts": ["{{q}}"], "tests": []}', "line 1: promptfoo’s files are not read"),
        ('{"input": "?", "contians": "x"}', "line 1: there is no check “contians”"),
        ('{"input": "?", "checks": [{"not": true}]}', "line 1: a check has exactly one of"),
        ('{"input": "?", "regex": "("}', "line 1: “(” is not a valid regular expression"),
        ('{"input": "?", "schema": {"type": "nothing"}}', "line 1: "),
        ('{"input": "?", "contains": 3}', "the value of “contains” has the wrong type"),
        ('{"input": "?", "judge": "x", "not": true}', "don’t belong to a judge"),
        ('{"input": "?", "contains": "x", "not": 1}', "are true or false"),
        ('{"input": "?", "checks": ["x"]}', "a check is not an object"),
        ('{"input": 3}', "“input” is not a text"),
        ('{"input": "?", "files": "x"}', "“files” is not a list of paths"),
        ('{"contains": "x"}', "“input” is missing"),
        ("[[]]", "line 1: a case is not an object"),
        ('\n{"input":', "line 2: it isn’t valid JSON at character"),
        ('{"id": 1, "input": "?"}\n{"id": "1", "input": "?"}', "line 2: two cases have the id “1”"),
        ("", "there are no cases in this file"),
    ],
)
def test_a_wrong_case_is_named_with_its_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"line|cases") as caught:
        read_cases(text, "cases.jsonl")
    assert why in str(caught.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("a.jsonl", "a.csv"):
        try:
            assert read_cases(text, name)
        except ValueError as error:
            assert str(error)


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
    ],
)
def test_each_check_passes_or_fails(check: dict[str, Any], answer: str, expected: str) -> None:
    assert failure(check, answer) == expected


def test_a_value_that_does_not_match_its_schema_is_explained() -> None:
    assert "is not of type" in failure({"schema": SCHEMA}, '{"a": "1"}')


def test_an_endless_expression_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_SEARCH_S", 0.1)
    for negation in (False, True):
        told = failure({"regex": r"^(a|aa)+$", "not": negation}, "a" * 5_000 + "!")
        assert told.endswith("(too slow)")
