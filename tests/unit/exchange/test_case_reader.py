"""Cases of evaluations in the formats that are read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.evaluation.evaluation_case import CheckKind, EvaluationCase
from desktop_app.domain.evaluation.evaluation_result import CaseResult, EvaluationRun
from desktop_app.exchange.evaluation.case_reader import read_cases
from desktop_app.exchange.evaluation.evaluation_report import csv_report, html_report


def kinds(case: EvaluationCase) -> list[tuple[str, object]]:
    return [(check.kind.value, check.value) for check in case.checks]


def test_our_own_lines() -> None:
    rows = [
        {"id": "a", "input": "?", "files": ["x.pdf"], "checks": [{"contains": "b"}]},
        {"input": "!", "checks": [{"number": 2, "within": 1}, {"rubric": "kind"}]},
    ]
    first, second = read_cases("\n".join(map(json.dumps, rows)) + "\n", "cases.jsonl")
    assert (first.id, first.input, first.files) == ("a", "?", ("x.pdf",))
    assert (second.id, kinds(second)) == ("2", [("number", 2), ("rubric", "kind")])
    assert second.checks[0].within == 1


def test_a_csv() -> None:
    text = 'id,input,contains,number,within,files\na,"1, 2?",x,5,0.1,p.txt; q.txt\nb,!,,,,\n'
    first, second = read_cases(text, "Cases.CSV")
    assert (first.input, first.files) == ("1, 2?", ("p.txt", "q.txt"))
    assert kinds(first) == [("contains", "x"), ("number", 5.0)]
    assert second.checks == ()


def test_promptfoo() -> None:
    config = {
        "prompts": ["Translate {{text}} to {{language}}."],
        "tests": [
            {
                "vars": {"text": "hi", "language": "French"},
                "assert": [
                    {"type": "icontains", "value": "salut"},
                    {"type": "is-json"},
                    {"type": "llm-rubric", "value": "polite"},
                    {"type": "starts-with", "value": "S"},
                ],
            }
        ],
    }
    (case,) = read_cases(json.dumps(config), "promptfoo.json")
    assert case.input == "Translate hi to French."
    assert [check.kind for check in case.checks] == [
        CheckKind.CONTAINS,
        CheckKind.SCHEMA,
        CheckKind.RUBRIC,
        CheckKind.STARTS_WITH_ANY,
    ]
    (case,) = read_cases("question,__expected\nhi,contains: hello\n", "tests.csv")
    assert (case.input, kinds(case)) == ("hi", [("contains", "hello")])
    row = {"vars": {"input": "x"}, "assert": [{"type": "javascript", "value": "1"}]}
    with pytest.raises(ValueError, match="“javascript” is not supported"):
        read_cases(json.dumps(row), "tests.jsonl")


def test_openai_evals() -> None:
    row = {
        "input": [
            {"role": "system", "content": "Answer briefly."},
            {"role": "user", "content": "1+1"},
            {"role": "assistant", "content": "2"},
            {"role": "user", "content": "2+2"},
        ],
        "ideal": ["4", "four"],
    }
    (case,) = read_cases(json.dumps(row), "samples.jsonl")
    assert (case.input, case.instructions) == ("2+2", "Answer briefly.")
    assert case.examples == (("1+1", "2"),)
    assert kinds(case) == [("starts_with_any", ["4", "four"])]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no cases"),
        ("{", "line 1"),
        ('{"id": "a"}', "'input' is missing"),
        ('{"id": "a", "input": "x"}\n{"id": "a", "input": "y"}', "two cases"),
        ('{"input": "x", "checks": [{"contains": 1}]}', "line 1: the value"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_cases(text, "cases.jsonl")


@given(st.text())
def test_any_text_is_cases_or_refused(text: str) -> None:
    for name in ("a.jsonl", "a.json", "a.csv"):
        try:
            read_cases(text, name)
        except ValueError:
            continue


def test_reports_escape_answers() -> None:
    result = CaseResult("<i>", "<script>alert(1)</script>", ("=x",))
    runs = [EvaluationRun("p", None, None, "<m>", [result])]
    page = html_report(runs, [EvaluationCase("<i>", "<b>")])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "'=x" in csv_report(runs)
