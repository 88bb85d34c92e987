"""Cases of evaluations in the formats that are read."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.evaluation.case_error import CaseError, CaseFault, PlaceKind
from desktop_app.domain.evaluation.evaluation_case import CheckKind, EvaluationCase
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.domain.evaluation.failed_check import FailedCheck
from desktop_app.domain.spending.cost import Usage
from desktop_app.exchange.evaluation import case_reader
from desktop_app.exchange.evaluation.case_reader import read_cases
from desktop_app.exchange.evaluation.evaluation_report import csv_report, html_report


def kinds(case: EvaluationCase) -> list[tuple[str, object]]:
    return [(check.kind.value, check.value) for check in case.checks]


def test_our_own_json_lines_are_read() -> None:
    rows = [
        {"id": "a", "input": "?", "files": ["x.pdf"], "checks": [{"contains": "b"}]},
        {"input": "!", "checks": [{"number": 2, "within": 1}, {"rubric": "kind"}]},
    ]
    first, second = read_cases("\n".join(map(json.dumps, rows)) + "\n", "cases.jsonl")
    assert (first.id, first.input, first.files) == ("a", "?", ("x.pdf",))
    assert (second.id, kinds(second)) == ("2", [("number", 2), ("rubric", "kind")])
    assert second.checks[0].within == 1


def test_cases_are_read_from_csv() -> None:
    text = 'id,input,contains,number,within,files\na,"1, 2?",x,5,0.1,p.txt; q.txt\nb,!,,,,\n'
    first, second = read_cases(text, "Cases.CSV")
    assert (first.input, first.files) == ("1, 2?", ("p.txt", "q.txt"))
    assert kinds(first) == [("contains", "x"), ("number", 5.0)]
    assert second.checks == ()


PROMPTFOO = """
description: Greetings
prompts: ['Say {{greeting}} in {{language}}', file://long.txt]
defaultTest:
  assert: [{type: llm-rubric, value: 'It is {{language}}'}]
tests:
  - vars: {greeting: Yes, language: [French, Dutch]}
    assert:
      - {type: not-contains, value: Sorry}
      - $ref: '#/assertionTemplates/short'
  - file://more.csv
assertionTemplates:
  short: {type: regex, value: '^.{1,9}$'}
"""


def test_a_configuration_of_promptfoo_is_read() -> None:
    files = {
        "long.txt": "{{greeting}}?\n---\n{{greeting}}!\n",
        "more.csv": "greeting,language,__expected\nHi,Czech,icontains: ahoj\n",
    }
    cases = read_cases(PROMPTFOO, "promptfooconfig.yaml", files.__getitem__)
    assert len(cases) == 2 * 3 + 3
    # YAML 1.2 has no “Yes” but the text.
    assert [case.input for case in cases[:4]] == [
        "Say Yes in French",
        "Yes?",
        "Yes!",
        "Say Yes in Dutch",
    ]
    shown = [FailedCheck.from_check(check).label for check in cases[0].checks]
    assert shown == ["not contains: Sorry", "regex: ^.{1,9}$", "rubric: It is French"]
    assert [FailedCheck.from_check(check).label for check in cases[-1].checks] == [
        "rubric: It is Czech",
        "contains: ahoj",
    ]


def test_lines_of_openai_evals_become_cases() -> None:
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
    ("text", "name"),
    [
        ('{"input": "x"}\n' * 4, "cases.jsonl"),
        ("input\n" + "x\n" * 4, "cases.csv"),
        ('{"tests": [{"vars": {"input": ["a", "b"]}}], "prompts": ["{{input}}", "x"]}', "a.json"),
    ],
)
def test_too_many_cases_are_refused(text: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_reader, "MAX_CASES", 4)
    assert len(read_cases(text, name)) == 4
    monkeypatch.setattr(case_reader, "MAX_CASES", 3)
    with pytest.raises(ValueError, match="more than 3 cases"):
        read_cases(text, name)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("a.jsonl", "a.json", "a.csv", "a.yaml"):
        try:
            read_cases(text, name)
        except ValueError:
            continue


def test_reports_escape_answers() -> None:
    failed = (FailedCheck(CheckKind.CONTAINS, "<script>"),)
    result = CaseResult("<i>", "<script>alert(1)</script>", failed)
    spaced = CaseResult("=x", " ＝x")
    runs = [EvaluationRun("p", None, None, "<m>", [result])]
    page = html_report(Evaluation("e", now(), "cases", runs, {"<i>": "<b>"}))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert ",'=x,complete,yes,,' ＝x," in csv_report(
        [EvaluationRun("p", None, None, "m", [spaced])]
    )


def test_reports_have_all_figures() -> None:
    usage = Usage(1_000, 0, 50, 20)
    whole = CaseResult("a", "Blue", (), usage, Decimal("0.5"), Decimal(0), 0.12345, 2.00049)
    failed = (FailedCheck(CheckKind.CONTAINS, "Blue"), FailedCheck(CheckKind.RUBRIC, "short"))
    wrong = CaseResult("b", "Red", failed, usage)
    runs = [
        EvaluationRun("p", None, None, "m", [whole, wrong]),
        EvaluationRun("q", None, None, "n", [whole]),
    ]
    head, *rows = csv_report(runs).splitlines()
    assert head.endswith("output_tokens,reasoning_tokens,cost_usd,first_token_s,duration_s")
    assert rows == [
        "p,,,m,a,complete,yes,,Blue,1000,50,20,0.5,0.123,2.0",
        "p,,,m,b,complete,no,contains: Blue; rubric: short,Red,1000,50,20,,,",
        "q,,,n,a,complete,yes,,Blue,1000,50,20,0.5,0.123,2.0",
    ]
    page = html_report(Evaluation("e", now(), "cases", runs, {"a": "Sky?", "b": "Sea?"}))
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in page.split("<tr>")[1:]]
    assert cells[1:3] == [
        ["m", "1/2", "0", "50%", "9%–91%", "unknown", "0", "2100", "2.0", "2.0", "0.123"],
        ["n", "1/1", "0", "100%", "21%–100%", "0.5", "0", "1050", "2.0", "2.0", "0.123"],
    ]
    why = '<p class="failed">✗ contains: Blue</p><p class="failed">✗ rubric: short</p>'
    assert cells[3:] == [
        ["Case", "Input", "m", "n"],
        ["b", "<pre>Sea?</pre>", f"<pre>Red</pre>{why}", "–"],
    ]


SIBLINGS = {
    "rows.csv": (
        "input,__expected1,__expected2,__metadata:a,__description\nHi,contains: a,equals: b,m,d\n"
    ),
    "one.json": '{"vars": {"input": "J"}}',
    "Two.YML": "- {vars: {input: Y}}\n- {vars: {input: Z}}",
    "three.jsonl": '\n{"vars": {"input": "L"}}\n',
    "prompts.txt": "A {{a}}\n---\n\n---  \nB {{ a }}\n",
    "prompt.md": "C",
}


def case_with_assertions(*assertions: dict[str, object]) -> str:
    return json.dumps([{"vars": {"input": "x"}, "assert": assertions}])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "a.yaml",
            "tests: [file://rows.csv, file://one.json, Two.YML, three.jsonl]",
            [("Hi", ["contains: a", "equals: b"]), ("J", []), ("Y", []), ("Z", []), ("L", [])],
        ),
        (
            "a.yaml",
            "tests: [{vars: {input: [1, 2.5, true, no, null, ~, {a: ü}, [1]]}}]",
            [(x, []) for x in ("1", "2.5", "true", "no", "null", "null", '{"a": "ü"}', "[1]")],
        ),
        (
            "a.yaml",
            "defaultTest: {vars: {input: d, b: 1}, assert: [{type: contains, value: '{{b}}'}]}\n"
            "tests: [{vars: {b: 2}}, {}]",
            [("d", ["contains: 2"]), ("d", ["contains: 1"])],
        ),
        (
            "a.json",
            case_with_assertions(
                {"type": "contains", "value": "a", "weight": 0},
                {"type": "contains", "value": "a,b", "weight": 1, "metric": "m"},
                {"type": "contains-any", "value": "a, b"},
                {"type": "contains-all", "value": ["a", "{{input}}"]},
                {"type": "contains-all"},
                {"type": "equals", "value": 3},
                {"type": "regex", "value": "^a"},
                {"type": "is-json", "value": {"type": "object"}},
                {"type": "model-graded-closedqa", "value": "kind"},
                {"type": "not-starts-with", "value": "a"},
                {"type": "not-contains-all", "value": "a"},
            ),
            [
                (
                    "x",
                    [
                        *("contains: a,b", 'contains_any: ["a", "b"]', "contains: a"),
                        *("contains: x", "equals: 3", "regex: ^a", 'schema: {"type": "object"}'),
                        *("rubric: kind", 'not starts_with_any: ["a"]', "not contains: a"),
                    ],
                )
            ],
        ),
        (
            "a.csv",
            'input,__expected\nx,is-json\ny,"is-json: {""type"": ""object""}"\nz,contains:\n'
            "v,not-contains: a\nw,not-is-json\nu,grade: {{input}}?\nt,Is {{input}}\n",
            [
                ("x", ["schema: true"]),
                ("y", ['schema: {"type": "object"}']),
                ("z", ["equals: contains:"]),
                ("v", ["not contains: a"]),
                ("w", ["not schema: true"]),
                ("u", ["rubric: u?"]),
                ("t", ["equals: Is t"]),
            ],
        ),
        (
            "a.jsonl",
            '\n{"vars": {"input": "x"}, "assert": [{"type": "contains", "value": "a"}]}\n\n'
            '{"input": "y", "ideal": "z", "checks": [{"equals": "z"}], "files": null}\n',
            [("x", ["contains: a"]), ("y", ["equals: z", 'starts_with_any: ["z"]'])],
        ),
    ],
)
def test_each_file_of_cases_gives_its_questions_and_checks(
    name: str, text: str, expected: list[tuple[str, list[str]]]
) -> None:
    cases = read_cases(text, name, SIBLINGS.__getitem__)
    assert [
        (case.input, [FailedCheck.from_check(check).label for check in case.checks])
        for case in cases
    ] == expected


X = "tests: [{vars: {input: x}, "


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.yaml", "tests: [1]", "“tests” is not a list"),
        ("a.yaml", "tests: rows.txt", "“rows.txt” is not a file of tests"),
        ("a.yaml", "a: b", "there are no cases in this file"),
        ("a.yaml", f"{X} assert: {{a: 1}}}}]", "test 1: “assert” is not a list"),
        (
            "a.yaml",
            f"{X} assert: [{{type: is-json}}, {{value: b}}]}}]",
            "test 1: assertion 2: it has no type",
        ),
        (
            "a.yaml",
            f"assertionTemplates: {{b: c}}\n{X} assert: [{{$ref: a}}]}}]",
            "test 1: assertion 1: “a” is not in this file",
        ),
        (
            "a.yaml",
            "tests: [{vars: {input: file://a.txt}}]",
            "test 1: “input” is a file, which is not supported",
        ),
        ("a.json", '[{"input": "x"}, {"id": "a"}]', "case 2: “input” is missing"),
        (
            "a.jsonl",
            '{"input": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}',
            "line 1: the messages do not take turns, ending with the user",
        ),
        ("a.csv", "input\nx,y\n", "line 2: more cells than columns"),
        ("a.csv", "input,number\nx,four\n", "line 2: the value of “number” has the wrong type"),
        (
            "a.csv",
            "input,__config:a\nx,\ny,b\n",
            "line 3: the column “__config:a” is not supported",
        ),
        (
            "a.csv",
            "input,__expected\nx,contains(0.5): a\n",
            "line 2: the threshold of “contains” is not supported",
        ),
    ],
)
def test_every_refusal_names_the_place_and_the_reason(name: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        read_cases(text, name, lambda _: "")


def test_an_error_has_a_code_and_parameters() -> None:
    text = '{"input": "a"}\n{"input": "b", "checks": [{"likes": "x"}]}'
    with pytest.raises(CaseError) as caught:
        read_cases(text, "cases.jsonl")
    assert (caught.value.reason, caught.value.params) == (PlaceKind.LINE, {"number": "2"})
    because = caught.value.because
    assert because is not None
    assert (because.reason, because.params) == (CaseFault.UNKNOWN_CHECK, {"name": "likes"})
    assert str(caught.value) == "line 2: there is no check “likes”"


EXPANDING = {
    "prompt.json": {"prompts": ["{{a}}" * 100_000], "tests": [{"vars": {"a": "x" * 10_000}}]},
    "assertion.json": [
        {
            "vars": {"input": "x", "a": "y" * 10_000},
            "assert": [{"type": "contains", "value": "{{a}}" * 100_000}],
        }
    ],
}
EXPANDING_TEXTS = {
    **{name: json.dumps(value) for name, value in EXPANDING.items()},
    "cell.csv": f"input,a,__expected\nx,{'y' * 10_000},{'{{a}}' * 100_000}\n",
    "line.jsonl": json.dumps(EXPANDING["assertion.json"][0]),  # type: ignore[index]
}


@pytest.mark.attack("imports")
@pytest.mark.parametrize("name", EXPANDING_TEXTS)
def test_templates_that_expand_to_gigabytes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="too many combinations of “vars”"):
        read_cases(EXPANDING_TEXTS[name], name, lambda _name: "z" * 1_000_000)
