"""Cases of evaluations in the formats that are read."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.backend.preset_loader import built_in_presets, preset_cases
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.evaluation.case_error import CaseError, CaseFault, PlaceKind
from desktop_app.domain.evaluation.evaluation_case import CheckKind, EvaluationCase
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.domain.evaluation.failed_check import FailedCheck
from desktop_app.domain.spending.cost import Usage
from desktop_app.exchange.evaluation import case_reader, promptfoo
from desktop_app.exchange.evaluation.case_reader import read_cases
from desktop_app.exchange.evaluation.evaluation_report import csv_report, html_report


def kinds(case: EvaluationCase) -> list[tuple[str, object]]:
    return [(check.kind.value, check.value) for check in case.checks]


def test_cases_without_an_id_have_their_number() -> None:
    found = read_cases('{"input": "x"}\n{"id": null, "input": "y"}\n{"id": 0, "input": "z"}', "a")
    assert [case.id for case in found] == ["1", "2", "0"]


def test_the_number_of_an_unnamed_case_is_no_repeated_id() -> None:
    found = read_cases('{"id": 2, "input": "x"}\n{"input": "y"}\n{"id": "#2", "input": "z"}', "a")
    assert [case.id for case in found] == ["2", "##2", "#2"]


def test_our_own_json_lines_are_read() -> None:
    rows = [
        {"id": "a", "input": "?", "files": ["x.pdf"], "checks": [{"contains": "b"}]},
        {"input": "!", "checks": [{"number": 2, "within": 1}, {"rubric": "kind"}]},
    ]
    first, second = read_cases("\n".join(map(json.dumps, rows)) + "\n", "cases.jsonl")
    assert (first.id, first.input, first.files) == ("a", "?", ("x.pdf",))
    assert (second.id, kinds(second)) == ("2", [("number", 2), ("rubric", "kind")])
    assert second.checks[0].within == 1


def test_checks_may_stand_beside_the_input() -> None:
    rows = [{"input": "?", "contains": "b"}, {"input": "!", "number": 2, "within": 1}]
    first, second = read_cases("\n".join(map(json.dumps, rows)), "cases.jsonl")
    assert kinds(first) == [("contains", "b")]
    assert (kinds(second), second.checks[0].within) == ([("number", 2)], 1)
    with pytest.raises(ValueError, match="regular expression"):
        read_cases('{"input": "?", "regex": "("}', "cases.jsonl")


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


def test_numbers_of_yaml_with_leading_zeros_are_decimal() -> None:
    (case,) = read_cases("tests: [{vars: {input: [010]}}]", "tests.yaml")
    assert case.input == "10"
    (case,) = read_cases("tests: [{vars: {input: 089}}]", "tests.yaml")
    assert case.input == "89"


def test_lists_of_variables_make_several_cases_in_each_kind_of_file() -> None:
    rows = [{"vars": {"q": ["x", "y"]}}, {"input": "z"}]
    for text, name in (("\n".join(map(json.dumps, rows)), "a.jsonl"), (json.dumps(rows), "a.json")):
        assert [case.input for case in read_cases(text, name)] == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tests: [{vars: {input: x}, __expected: 'contains: y'}]", "“__expected” is not a list"),
        ("tests: [{vars: {input: x}, assert: [{type: javascript}]}]", "test 1: assertion 1: “java"),
        ("tests: [{vars: {input: x}, assert: [{type: contains-all, value: 5}]}]", "“contains-all”"),
        ("tests: [{vars: {a: x, b: y}}]", "test 1: there is no prompt"),
        ("prompts: ['{{a | upper}}']\ntests: [{vars: {a: x}}]", "not a variable"),
        ("prompts: [{id: x}]\ntests: []", "prompt 1: only texts"),
        ("prompts: [file://a.py]\ntests: []", "prompt 1: .* not a text file"),
        ("prompts: [file://a.txt]\ntests: []", "“a.txt” is not read"),
        ("tests: [{vars: {input: x}, threshold: 0.5}]", "test 1: “threshold” is not"),
        ("defaultTest: {assert: [{type: cost}]}\ntests: [{vars: {input: x}}]", "defaultTest.*cost"),
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
        ("cost", ["equals: cost"]),
        ("contains-json", None),
        ("not-is-sql", None),
        ("latency(500)", None),
    ],
)
def test_cells_of_promptfoo_become_checks(cell: str, labels: list[str] | None) -> None:
    text = f'question,__expected\nhi,"{cell}"\n'
    if labels is None:
        with pytest.raises(ValueError, match=r"line 2: “.*” is not supported"):
            read_cases(text, "tests.csv")
    else:
        (case,) = read_cases(text, "tests.csv")
        assert [FailedCheck.from_check(check).label for check in case.checks] == labels


def test_system_messages_of_openai_evals_are_examples_or_the_question() -> None:
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


@pytest.mark.parametrize("cell", ['"x\n2,y', '"x" y\n2,z'])
def test_an_open_quotation_mark_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="quotation marks"):
        read_cases(f"id,input\n1,{cell}\n", "cases.csv")


def test_a_cell_may_be_long() -> None:
    (case,) = read_cases(f'id,input\n1,"{"x" * 200_000}"\n', "cases.csv")
    assert len(case.input) == 200_000


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_the_first_line_decides_the_separator_of_a_table(sign: str) -> None:
    text = f'input{sign}contains\n"Hi{sign} ""you"""{sign}blue\n\n{sign}\n'
    (case,) = read_cases(text, "cases.csv")
    assert case.input == f'Hi{sign} "you"'
    assert [check.value for check in case.checks] == ["blue"]


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


def test_a_carriage_return_in_an_answer_is_within_its_cell() -> None:
    answer = "one\rtwo"
    report = csv_report([EvaluationRun("p", None, None, "m", [CaseResult("a", answer)])])
    (row,) = csv.DictReader(io.StringIO(report, newline=""))
    assert row["answer"] == answer


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


@pytest.mark.usefixtures("german_language")
def test_errors_are_in_the_language_of_the_user() -> None:
    with pytest.raises(CaseError) as caught:
        read_cases('{"input": "?"}\n{"id": 1}\n', "cases.jsonl")
    assert caught.value.what_happened == "Zeile 2: „input“ fehlt"


def test_a_line_without_valid_json_is_named() -> None:
    with pytest.raises(ValueError, match="line 2: it isn’t valid JSON at character 8"):
        read_cases('{"id": "a", "input": "x"}\n{"id": }', "cases.jsonl")
    with pytest.raises(ValueError, match="line 2: it isn’t valid JSON at character 4"):
        read_cases("input,schema\nx,{ }}\n", "cases.csv")


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
        ("a.yaml", "tests: file://one.json", [("J", [])]),
        ("a.yml", "tests: {vars: {input: x}}", [("x", [])]),
        ("a.yaml", "tests:\n- vars:\n    input:", [("null", [])]),
        (
            "a.yaml",
            "prompts: file://prompts.txt\ntests: [{vars: {a: 1}}]",
            [("A 1", []), ("B 1", [])],
        ),
        (
            "a.yaml",
            "prompts: [file://prompt.md, '']\ntests: [{vars: {a: 1}}]",
            [("C", []), ("1", [])],
        ),
        (
            "a.yaml",
            "tests: [{vars: {input: [1, 2.5, true, no, null, ~, {a: ü}, [1]]}}]",
            [(x, []) for x in ("1", "2.5", "true", "no", "null", "null", '{"a": "ü"}', "[1]")],
        ),
        (
            "a.yaml",
            "tests: [{vars: {input: x, a: [b, c], d: [e, f]}, "
            "assert: [{type: equals, value: '{{a}}{{ d }}'}]}]",
            [("x", [f"equals: {value}"]) for value in ("be", "bf", "ce", "cf")],
        ),
        (
            "a.yaml",
            "defaultTest: {vars: {input: d, b: 1}, assert: [{type: contains, value: '{{b}}'}]}\n"
            "tests: [{vars: {b: 2}}, {}]",
            [("d", ["contains: 2"]), ("d", ["contains: 1"])],
        ),
        (
            "a.yaml",
            "tests: [{vars: {prompt: p, other: o}}, {vars: {only: q}, threshold: 0}]",
            [("p", []), ("q", [])],
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
            "a.csv",
            'prompt,regex,equals,rubric,number,schema\nx,^a,b,kind,2,"{""type"": ""object""}"\n',
            [
                (
                    "x",
                    [
                        *("regex: ^a", "equals: b", "rubric: kind", "number: 2.0"),
                        'schema: {"type": "object"}',
                    ],
                )
            ],
        ),
        ("a.csv", "text,query\na,b\n", [("b", [])]),
        (
            "a.csv",
            "input;number;within\nx;3,5;0,25\ny;3.5;\n",
            [("x", ["number: 3.5 within 0.25"]), ("y", ["number: 3.5"])],
        ),
        (
            "a.jsonl",
            '\n{"vars": {"input": "x"}, "assert": [{"type": "contains", "value": "a"}]}\n\n'
            '{"input": "y", "ideal": "z", "checks": [{"equals": "z"}], "files": null}\n',
            [("x", ["contains: a"]), ("y", ["equals: z", 'starts_with_any: ["z"]'])],
        ),
        (
            "a.json",
            '[{"input": "y", "ideal": ["z", "a"]}, {"vars": {"input": "v"}}]',
            [("y", ['starts_with_any: ["z", "a"]']), ("v", [])],
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


@pytest.mark.parametrize(
    ("kind", "ignores_case"),
    [
        *(("contains", False), ("contains-any", False), ("contains-all", False)),
        *(("icontains", True), ("icontains-any", True), ("icontains-all", True)),
    ],
)
def test_a_check_of_promptfoo_ignores_case_by_its_name(kind: str, ignores_case: bool) -> None:
    (case,) = read_cases(case_with_assertions({"type": kind, "value": "a"}), "a.json")
    assert [check.ignores_case for check in case.checks] == [ignores_case]


def test_a_case_with_files_needs_no_input() -> None:
    cases = read_cases("input,files\n,a.pdf; ;b.pdf\n", "a.csv")
    assert cases == [EvaluationCase("1", "", ("a.pdf", "b.pdf"))]


def test_openai_evals_give_instructions_and_turns() -> None:
    roles = "system developer user assistant user assistant user".split()
    messages = [{"role": role, "content": str(n)} for n, role in enumerate(roles)]
    cases = read_cases(json.dumps([{"input": messages}]), "a.json")
    examples = (("2", "3"), ("4", "5"))
    assert cases == [EvaluationCase("1", "6", instructions="0\n\n1", examples=examples)]


X = "tests: [{vars: {input: x}, "


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.yaml", "tests: [1]", "“tests” is not a list"),
        ("a.yaml", "prompts: []", "“tests” is not a list"),
        ("a.yaml", "tests: rows.txt", "“rows.txt” is not a file of tests"),
        ("a.yaml", "tests: []", "there are no cases in this file"),
        ("a.yaml", "a: b", "there are no cases in this file"),
        ("a.json", "[]", "there are no cases in this file"),
        ("a.json", '"tests"', "there are no cases in this file"),
        ("a.yaml", "defaultTest: [1]\ntests: [{}]", "“defaultTest” is not an object"),
        ("a.yaml", "prompts: {a: 1}\ntests: [{}]", "“prompts” is not a list"),
        ("a.yaml", "tests: [{vars: [a]}]", "test 1: “vars” is not an object"),
        (
            "a.yaml",
            "defaultTest: {vars: [a]}\ntests: [{vars: {input: x}}]",
            "test 1: “vars” is not an object",
        ),
        (
            "a.yaml",
            "defaultTest: {options: {a: 1}}\ntests: [{}]",
            "test 1: “options” is not supported",
        ),
        ("a.yaml", f"{X} assert: {{a: 1}}}}]", "test 1: “assert” is not a list"),
        ("a.yaml", f"{X} assert: [1]}}]", "test 1: assertion 1: it has no type"),
        (
            "a.yaml",
            f"{X} assert: [{{type: is-json}}, {{value: b}}]}}]",
            "test 1: assertion 2: it has no type",
        ),
        (
            "a.yaml",
            f"{X} assert: [{{type: equals, value: file://a}}]}}]",
            "test 1: assertion 1: a value in a file is not supported",
        ),
        (
            "a.yaml",
            f"{X} assert: [{{type: equals, value: a, threshold: 1}}]}}]",
            "test 1: assertion 1: “threshold” is not supported",
        ),
        (
            "a.yaml",
            f"{X} assert: [{{$ref: '#/assertionTemplates/a'}}]}}]",
            "test 1: assertion 1: “#/assertionTemplates/a” is not in this file",
        ),
        (
            "a.yaml",
            f"assertionTemplates: {{b: c}}\n{X} assert: [{{$ref: a}}]}}]",
            "test 1: assertion 1: “a” is not in this file",
        ),
        (
            "a.yaml",
            f"{X} assert: [{{type: not-contains-all, value: 'a,b'}}]}}]",
            "test 1: assertion 1: “not-contains-all” is not supported",
        ),
        (
            "a.yaml",
            f"{X} assert: [{{type: equals, value: '{{% if a %}}'}}]}}]",
            "test 1: assertion 1: templates with {% … %} are not supported",
        ),
        (
            "a.yaml",
            f"{X} assert: [{{type: contains-any, value: ['{{{{b}}}}']}}]}}]",
            "test 1: assertion 1: “{{b}}” is not a variable",
        ),
        (
            "a.yaml",
            "tests: [{vars: {input: file://a.txt}}]",
            "test 1: “input” is a file, which is not supported",
        ),
        (
            "a.json",
            json.dumps([{"vars": {"a": ["a"] * 101, "b": ["b"] * 100}}]),
            "test 1: too many combinations of “vars”",
        ),
        ("a.yaml", "a: !x 1", "line 1: could not determine a constructor for the tag '!x'"),
        (
            "a.yaml",
            "a: \x01",
            "unacceptable character #x0001: special characters are not allowed\n"
            '  in "<file>", position 3',
        ),
        ("a.json", '[{"input": "x"}, {"id": "a"}]', "case 2: “input” is missing"),
        ("a.jsonl", '\n{"input": 1}', "line 2: “input” is not a text, or “checks” not a list"),
        (
            "a.jsonl",
            '{"input": "x", "checks": {}}',
            "line 1: “input” is not a text, or “checks” not a list",
        ),
        ("a.jsonl", '{"input": "x", "files": "a"}', "line 1: “files” is not a list of paths"),
        ("a.jsonl", '{"input": "x", "files": [1]}', "line 1: “files” is not a list of paths"),
        ("a.jsonl", '{"input": []}', "line 1: “input” is not a list of messages"),
        (
            "a.jsonl",
            '{"input": [{"role": "user", "content": 1}]}',
            "line 1: “input” is not a list of messages",
        ),
        ("a.jsonl", '{"input": [{"role": "user"}]}', "line 1: “content” is missing"),
        (
            "a.jsonl",
            '{"input": [{"role": "assistant", "content": "x"}]}',
            "line 1: the messages do not take turns, ending with the user",
        ),
        (
            "a.jsonl",
            '{"input": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}',
            "line 1: the messages do not take turns, ending with the user",
        ),
        ("a.csv", "a\nx\n", "line 2: there is no column “input”"),
        ("a.csv", "input\nx,y\n", "line 2: more cells than columns"),
        ("a.csv", "input,number\nx,four\n", "line 2: the value of “number” has the wrong type"),
        ("a.csv", 'input,number\nx,"3,5"\n', "line 2: the value of “number” has the wrong type"),
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
        ("a.csv", "input,__expected\nx,javascript: 1\n", "line 2: “javascript” is not supported"),
        ("a.yaml", "tests: [{vars: {}}]", "test 1: there is no prompt, and “vars” has no “input”"),
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


def test_nested_lines_are_refused() -> None:
    with pytest.raises(ValueError, match="recursion"):
        read_cases("[" * 100_000, "a.jsonl")


def test_a_number_with_too_many_digits_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^line 1: Exceeds the limit"):
        read_cases("9" * 5_000, "a.jsonl")


def test_thousands_of_combinations_are_cases() -> None:
    text = json.dumps([{"vars": {"input": ["a"] * 71, "b": ["b"] * 71}}])
    assert len(read_cases(text, "a.json")) == 71 * 71


def test_a_report_without_failing_cases_says_so() -> None:
    runs = [EvaluationRun("p", None, None, "m", [CaseResult("a", "Blue", ())])]
    page = html_report(Evaluation("e", now(), "cases", runs, {"a": "Sky?"}))
    assert "<p>Every case passed.</p>" in page
    assert "Failing cases" not in page
    assert page.count('<td class="n">–</td>') == 3, "no time was measured"


def test_spaces_in_an_open_variable_are_text() -> None:
    config = json.dumps({"prompts": ["{{" + " " * 3_000], "tests": [{"vars": {"a": "x"}}]})
    assert len(read_cases(config, "a.json")) == 1


EXPANDING = {
    "prompt.json": {"prompts": ["{{a}}" * 100_000], "tests": [{"vars": {"a": "x" * 10_000}}]},
    "prompts.json": {
        "prompts": ["{{a}} {{b}}"],
        "tests": [{"vars": {"a": ["x"] * 10_000, "b": "y" * 1_000_000}}],
    },
    "assertion.json": [
        {
            "vars": {"input": "x", "a": "y" * 10_000},
            "assert": [{"type": "contains", "value": "{{a}}" * 100_000}],
        }
    ],
    "files.json": {"prompts": ["file://a.txt"] * 1_000, "tests": [{"vars": {"input": "x"}}]},
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


SHARED_DEFAULTS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "question": ({"vars": {"input": "x" * 10_000}}, {}),
    "object": ({"vars": {"input": "x", "a": {"b": "y" * 10_000}}}, {}),
    "checks": ({"assert": [{"type": "is-json"}] * 100}, {"vars": {"input": "x"}}),
    "texts": (
        {"assert": [{"type": "contains-all", "value": "a," * 100 + "a"}]},
        {"vars": {"input": "x"}},
    ),
}


@pytest.mark.attack("imports")
@pytest.mark.parametrize("name", SHARED_DEFAULTS)
def test_large_defaults_are_counted_for_each_test(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promptfoo, "_MAX_FILLED_CHARS", 1 << 20)
    default, test = SHARED_DEFAULTS[name]
    text = json.dumps({"defaultTest": default, "tests": [test] * 10})
    assert len(read_cases(text, "a.json")) == 10
    with pytest.raises(ValueError, match="too many combinations of “vars”"):
        read_cases(json.dumps({"defaultTest": default, "tests": [test] * 120}), "a.json")
