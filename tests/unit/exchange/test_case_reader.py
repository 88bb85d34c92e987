"""Cases of evaluations in the formats that are read."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.backend.preset_loader import built_in_presets, preset_cases
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.evaluation.evaluation_case import CheckKind, EvaluationCase
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.domain.spending.cost import Usage
from desktop_app.exchange.evaluation.case_reader import read_cases
from desktop_app.exchange.evaluation.evaluation_report import csv_report, html_report
from desktop_app.i18n.translation import use_language
from desktop_app.paths import resource_path


def kinds(case: EvaluationCase) -> list[tuple[str, object]]:
    return [(check.kind.value, check.value) for check in case.checks]


def test_cases_without_an_id_have_their_number() -> None:
    found = read_cases('{"input": "x"}\n{"id": null, "input": "y"}\n{"id": 0, "input": "z"}', "a")
    assert [case.id for case in found] == ["1", "2", "0"]


def test_our_own_lines() -> None:
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


def test_tests_of_promptfoo_become_cases() -> None:
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


def test_a_configuration_of_promptfoo() -> None:
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
    shown = [check.label for check in cases[0].checks]
    assert shown == ["not contains: Sorry", "regex: ^.{1,9}$", "rubric: It is French"]
    assert [check.label for check in cases[-1].checks] == ["rubric: It is Czech", "contains: ahoj"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tests: [{vars: {input: x}, assert: [{type: javascript}]}]", "test 1: assertion 1: “java"),
        ("tests: [{vars: {a: x, b: y}}]", "test 1: there is no prompt"),
        ("prompts: ['{{a | upper}}']\ntests: [{vars: {a: x}}]", "no variable"),
        ("prompts: [{id: x}]\ntests: []", "prompt 1: only texts"),
        ("prompts: [file://a.py]\ntests: []", "prompt 1: .* no text file"),
        ("prompts: [file://a.txt]\ntests: []", "“a.txt” is not read"),
        ("tests: [{vars: {input: x}, threshold: 0.5}]", "test 1: “threshold” is not"),
        (
            "defaultTest: {assert: [{type: cost}]}\ntests: [{vars: {input: x}}]",
            "defaultTest.*cost",
        ),
        ("a: &a [x]\ntests: [*a]", "line 2: aliases"),
        ("tests:\n  - vars: [1\n", "line 3"),
        ("scenarios: []", "scenarios"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_cases(text, "promptfooconfig.yaml")


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("Paris: a city", ["equals: Paris: a city"]),
        ("grade: It rhymes", ["rubric: It rhymes"]),
        ("contains-all: a, b", ["contains: a", "contains: b"]),
        ("is-json", ["schema: true"]),
        ("fn: output.length", None),
        ("similar(0.8): hello", None),
    ],
)
def test_cells_of_promptfoo(cell: str, labels: list[str] | None) -> None:
    text = f'question,__expected\nhi,"{cell}"\n'
    if labels is None:
        with pytest.raises(ValueError, match=r"line 2: “.*” is not supported"):
            read_cases(text, "tests.csv")
    else:
        (case,) = read_cases(text, "tests.csv")
        assert [check.label for check in case.checks] == labels


def test_openai_evals_with_examples_and_questions_of_the_system() -> None:
    system = {"role": "system", "content": "Add."}
    example = [
        {"role": "system", "name": "example_user", "content": "1+1"},
        {"role": "system", "name": "example_assistant", "content": "2"},
    ]
    asked = {"role": "user", "content": "2+2"}
    rows = [{"input": [system, *example, asked], "ideal": "4"}, {"input": [system], "ideal": "4"}]
    first, second = read_cases("\n".join(map(json.dumps, rows)), "samples.jsonl")
    assert (first.input, first.instructions, first.examples) == ("2+2", "Add.", (("1+1", "2"),))
    assert (second.input, second.instructions) == ("Add.", None)
    with pytest.raises(ValueError, match="LFS"):
        read_cases("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "samples.jsonl")


def test_every_preset_that_ships_has_cases() -> None:
    for preset in built_in_presets():
        cases = read_cases(json.dumps(preset_cases(preset.id)), "cases.json")
        assert len(cases) >= 3
        assert all(case.checks for case in cases)


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
    ("text", "words"),
    [
        ("", "no cases"),
        ("{", "line 1"),
        ('{"id": "a"}', "“input” is missing"),
        ('{"id": "a", "input": "x"}\n{"id": "a", "input": "y"}', "two cases"),
        ('{"id": "a", "input": " "}', "the case “a” is empty"),
        ('{"input": "x", "checks": [{"contains": 1}]}', "line 1: the value"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_cases(text, "cases.jsonl")


@pytest.mark.parametrize("cell", ['"x\n2,y', '"x" y\n2,z'])
def test_an_open_quotation_mark_hides_no_case(cell: str) -> None:
    with pytest.raises(ValueError, match="quotation marks"):
        read_cases(f"id,input\n1,{cell}\n", "cases.csv")


def test_a_cell_may_be_long() -> None:
    (case,) = read_cases(f'id,input\n1,"{"x" * 200_000}"\n', "cases.csv")
    assert len(case.input) == 200_000


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_table_has_the_separator_of_its_first_line(sign: str) -> None:
    text = f'input{sign}contains\n"Hi{sign} ""you"""{sign}blue\n\n{sign}\n'
    (case,) = read_cases(text, "cases.csv")
    assert case.input == f'Hi{sign} "you"'
    assert [check.value for check in case.checks] == ["blue"]


@given(st.text())
def test_any_text_is_cases_or_refused(text: str) -> None:
    for name in ("a.jsonl", "a.json", "a.csv", "a.yaml"):
        try:
            read_cases(text, name)
        except ValueError:
            continue


def test_reports_escape_answers() -> None:
    result = CaseResult("<i>", "<script>alert(1)</script>", ("=x",))
    spaced = CaseResult("s", " ＝x", ())
    runs = [EvaluationRun("p", None, None, "<m>", [result])]
    page = html_report(Evaluation("e", now(), "cases", runs, {"<i>": "<b>"}))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "'=x" in csv_report(runs)
    assert "' ＝x" in csv_report([EvaluationRun("p", None, None, "m", [spaced])])


def test_reports_have_all_figures() -> None:
    usage = Usage(1_000, 0, 50, 20)
    whole = CaseResult("a", "Blue", (), usage, Decimal("0.5"), Decimal(0), 0.12345, 2.00049)
    wrong = CaseResult("b", "Red", ("contains Blue", "short"), usage)
    runs = [
        EvaluationRun("p", None, None, "m", [whole, wrong]),
        EvaluationRun("q", None, None, "n", [whole]),
    ]
    head, *rows = csv_report(runs).splitlines()
    assert head.endswith("output_tokens,reasoning_tokens,cost_usd,first_token_s,duration_s")
    assert rows == [
        "p,,,m,a,complete,yes,,Blue,1000,50,20,0.5,0.123,2.0",
        "p,,,m,b,complete,no,contains Blue; short,Red,1000,50,20,,,",
        "q,,,n,a,complete,yes,,Blue,1000,50,20,0.5,0.123,2.0",
    ]
    page = html_report(Evaluation("e", now(), "cases", runs, {"a": "Sky?", "b": "Sea?"}))
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in page.split("<tr>")[1:]]
    assert cells[1:3] == [
        ["m", "1/2", "0", "50%", "9%–91%", "unknown", "0", "2100", "2.0", "2.0", "0.123"],
        ["n", "1/1", "0", "100%", "21%–100%", "0.5", "0", "1050", "2.0", "2.0", "0.123"],
    ]
    why = '<p class="failed">✗ contains Blue</p><p class="failed">✗ short</p>'
    assert cells[3:] == [
        ["Case", "Input", "m", "n"],
        ["b", "<pre>Sea?</pre>", f"<pre>Red</pre>{why}", "–"],
    ]


def test_errors_are_in_the_language_of_the_user() -> None:
    use_language("de", resource_path("locale"))
    try:
        with pytest.raises(ValueError, match="Zeile 2: „input“ fehlt"):
            read_cases('{"input": "?"}\n{"id": 1}\n', "cases.jsonl")
    finally:
        use_language("en", Path())


def test_a_line_that_is_no_json_is_named_in_our_words() -> None:
    with pytest.raises(ValueError, match="line 2: it isn’t valid JSON at character 8"):
        read_cases('{"id": "a", "input": "x"}\n{"id": }', "cases.jsonl")


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ('["x"]', "cases.json", "case 1: a case is not an object"),
        ("[1]", "cases.json", "case 1: a case is not an object"),
        ('{"input": "x"}\n"x"', "cases.jsonl", "line 2: a case is not an object"),
        ('{"input": ["x"]}', "cases.jsonl", "line 1: “input” is not a list of messages"),
    ],
)
def test_a_value_that_is_no_case_is_refused(text: str, name: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        read_cases(text, name)
