"""Files of promptfoo, and files of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.tables.promptfoo import Evaluation, as_cases, read_promptfoo
from desktop_app.tables.table import Check, NewRow, Row

CONFIG = """\
description: Words
prompts: ['Say {{word}}', {raw: 'Shout {{word}}', label: Loud}, file://more.txt]
providers:
  - openai:gpt-5.2
  - id: openai:chat:gpt-5-mini
    config: {reasoning_effort: low, temperature: 0.2}
  - anthropic:messages:some
evaluateOptions: {repeat: 2}
defaultTest:
  assert: [{type: cost, threshold: 0.5}]
tests:
  - vars: {word: [one, two], n: 3}
    assert:
      - {type: not-icontains, value: '{{word}}'}
  - file://tests.csv
"""
CSV = """\
word,__expected1,__expected2,__description
file://word.txt,"contains-all: a, b",latency(1500),From a file
three,Note: x,starts-with: A.,
"""


def read(folder: Path, text: str, name: str = "promptfooconfig.yaml", **files: str) -> Evaluation:
    for file, content in {"more.txt": "A {{word}}\n---\nB", "word.txt": "apple", **files}.items():
        (folder / file.replace("_", ".")).write_text(content)
    (folder / name).write_text(text)
    found = read_promptfoo(folder / name, may_be_document=False)
    assert found is not None
    return found


def test_prompts_models_and_tests_are_read(tmp_path: Path) -> None:
    (tmp_path / "tests.csv").write_text(CSV)
    found = read(tmp_path, CONFIG)
    assert (found.name, found.repeats) == ("Words", 2)
    assert [tuple(each) for each in found.prompts] == [
        *(("Say {{word}}", ""), ("Shout {{word}}", "Loud"), ("A {{word}}", ""), ("B", ""))
    ]
    assert found.models == ["gpt-5.2", "gpt-5-mini/low"]
    assert found.unknown == ["anthropic:messages:some"]
    assert found.unused == ["providers.config.temperature"]
    assert [(new.row.name, new.data) for new in found.rows] == [
        ("1", {"word": "one", "n": "3"}),
        ("1", {"word": "two", "n": "3"}),
        ("From a file", {"word": "apple"}),
        ("4", {"word": "three"}),
    ]
    cost = Check("cost", 0.5)
    assert [new.row.checks for new in found.rows] == [
        *((cost, Check("contains", word, True, True)) for word in ("one", "two")),
        (cost, Check("contains", "a"), Check("contains", "b"), Check("time", 1.5)),
        (cost, Check("equals", "Note: x"), Check("regex", r"\A\s*A\.")),
    ]


@pytest.mark.parametrize("name", ["tests.json", "tests.yaml"])
def test_a_list_of_tests_has_no_prompts(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, '[{"vars": {"a": true}, "assert": [{"type": "is-json"}]}]', name)
    assert (found.prompts, found.models, found.rows[0].data) == ([], [], {"a": "true"})
    assert found.rows[0].row.checks == (Check("schema", {}),)


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("{assert: [{type: javascript, value: x}]}", "line 4: there is no check “javascript”"),
        ("{assert: [{type: similar, threshold: 0.8}]}", "line 4: “similar.threshold” isn’t"),
        ("{assert: [{type: contains}]}", "line 4: the value of “contains” is missing"),
        ("{assert: [{type: equals, value: x, transform: y}]}", "“equals.transform” isn’t"),
        ("{assert: [{type: is-json, value: file://../a.json}]}", "is outside the folder"),
        ("{vars: {a: file://gone.txt}}", "line 4: there is no file “gone.txt”"),
        ("{vars: {a: file://a.js}}", "line 4: “a.js” isn’t supported"),
        ("{vars: {a: {b: c}}}", "line 4: “vars.a” isn’t supported"),
        ("{vars: 3}", "line 4: “vars” isn’t supported"),
        ("{assert: [{type: equals, value: x, weight: 0}]}", "“equals.weight” isn’t"),
        ("{threshold: 0.5}", "line 4: “threshold” isn’t supported"),
        ("3", "“tests” isn’t supported"),
    ],
)
def test_what_would_be_checked_otherwise_is_refused(tmp_path: Path, test: str, why: str) -> None:
    (tmp_path.parent / "a.json").write_text("{}")
    (tmp_path / "a.js").write_text("1")
    with pytest.raises(ValueError, match=r"\w") as caught:
        read(tmp_path, f"prompts: [a]\nproviders: openai:m\ntests:\n  - {test}\n")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "setting", ["scenarios: []", "prompts: ['{% if x %}']", "prompts: [file://a.py]", "x: 1"]
)
def test_a_setting_that_changes_what_is_asked_is_refused(tmp_path: Path, setting: str) -> None:
    (tmp_path / "a.py").write_text("1")
    with pytest.raises(ValueError, match="isn’t supported"):
        read(tmp_path, f"{setting}\ntests: [{{vars: {{a: b}}}}]\n")


def test_values_are_as_they_are_written(tmp_path: Path) -> None:
    test = "{vars: {a: 1.50, b: 007, c: yes, d: 2026-11-30, e: null, f: 'x: y'}, options: {}}"
    (new,) = read(tmp_path, f"tests: [{test}]").rows
    assert [*new.data.values()] == ["1.50", "007", "yes", "2026-11-30", "", "x: y"]


def test_a_small_file_makes_no_endless_table(tmp_path: Path) -> None:
    words = ", ".join(f"w{n}: [{', '.join('ab' * 20)}]" for n in range(9))
    with pytest.raises(ValueError, match="more than"):
        read(tmp_path, f"tests: [{{vars: {{{words}}}}}]")
    with pytest.raises(ValueError, match="isn’t supported"):
        read(tmp_path, "tests: [file://more.yaml]", more_yaml="- file://more.yaml")


def test_other_files_are_documents(tmp_path: Path) -> None:
    for text in ("a: b", "- 1", "[]", "name: x\ntasks: [{vars: {}}]"):
        (tmp_path / "a.yaml").write_text(text)
        assert read_promptfoo(tmp_path / "a.yaml", may_be_document=False) is None
    (tmp_path / "a.yaml").write_text("a: [")
    assert read_promptfoo(tmp_path / "a.yaml", may_be_document=True) is None
    with pytest.raises(ValueError, match="line 1"):
        read_promptfoo(tmp_path / "a.yaml", may_be_document=False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEYS = st.sampled_from(["prompts", "providers", "defaultTest", "evaluateOptions", "description"])
TESTS = st.dictionaries(st.sampled_from(["vars", "assert", "description", "x"]), VALUES)


@given(st.text() | st.dictionaries(KEYS, VALUES), TESTS)
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, given_: str | dict[str, Any], test: dict[str, Any]
) -> None:
    config = given_ if isinstance(given_, str) else yaml.safe_dump({**given_, "tests": [test]})
    path = tmp_path_factory.mktemp("config") / "a.yaml"
    path.write_text(config, "utf-8", "surrogatepass")
    try:
        read_promptfoo(path, may_be_document=False)
    except ValueError as error:
        assert str(error)


def cases(folder: Path, **data: str) -> NewRow:
    (found,) = as_cases(folder, [NewRow(Row(0, "1"), data)], are_cases=True)
    return found


def test_columns_of_a_case_are_its_checks_and_files(tmp_path: Path) -> None:
    row, data = cases(
        tmp_path,
        input="?",
        contains="b",
        cost="0.5",
        files="a.txt; b.txt",
        expected="x",
        __expected="d",
    )
    assert data == {"input": "?", "expected": "x"}
    assert row.paths == (str(tmp_path / "a.txt"), str(tmp_path / "b.txt"))
    assert row.checks == (Check("contains", "b"), Check("cost", 0.5), Check("equals", "d"))
    row, _ = cases(tmp_path, input="?", regex="b+", ignore_case="TRUE")
    assert row.checks == (Check("regex", "b+", ignores_case=True),)
    asked = NewRow(Row(0, "1"), {"input": "?", "contains": "b"})
    assert list(as_cases(tmp_path, [asked], are_cases=False)) == [asked]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"judge": "x", "not": "true"}, "1: “not” and “ignore_case” don’t belong to a judge"),
        ({"contains": "x", "not": "perhaps"}, "1: "),
        ({"files": "../key.txt"}, "1: “../key.txt” is outside the folder"),
        ({"schema": "{"}, "1: the value of “schema” has the wrong type"),
        ({"__expected": "python: 1"}, "1: there is no check “python”"),
    ],
)
def test_a_wrong_case_is_named(tmp_path: Path, data: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=r"^1: ") as caught:
        cases(tmp_path, **data)
    assert why in str(caught.value)
