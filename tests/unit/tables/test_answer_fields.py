"""The values of answers with fields, and the pages that they are from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart
from desktop_app.domain.tools.strict_schema import is_strict
from desktop_app.tables.answer_fields import (
    ReadDocument,
    cited_pages,
    parse_answer,
    schema_of,
    value_in,
)
from desktop_app.tables.table import Citation, Field, FieldType

PDF = "application/pdf"
SHA = "a" * 64
TEXT = (
    "[page 1]\n\nThe parties agree.\n\n[page 2]\n\nThe notice period is three\nmonths – “at "
    "least”.\n\n[page 3]\n\nThe parties agree. The tenant pays."
)
PART = DocumentPart(SHA, "lease.pdf", PDF, 10, pages=3)
DOCUMENT = ReadDocument(PART, TEXT)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (FieldType.TEXT, "x", "x"),
        (FieldType.TEXT, {"a": 1}, '{"a": 1}'),
        (FieldType.NUMBER, 2.5, "2.5"),
        (FieldType.NUMBER, "1 200.5", "1200.5"),
        (FieldType.NUMBER, "1,234.50", "1,234.50"),
        (FieldType.NUMBER, "$1,250", "$1,250"),
        (FieldType.NUMBER, "25%", "25%"),
        (FieldType.NUMBER, "nan", None),
        (FieldType.NUMBER, True, None),
        (FieldType.NUMBER, "about 3", None),
        (FieldType.INTEGER, 3.0, "3"),
        (FieldType.INTEGER, 3.5, None),
        (FieldType.INTEGER, 10**20, "100000000000000000000"),
        (FieldType.YES_NO, False, "no"),
        (FieldType.YES_NO, "Yes", "yes"),
        (FieldType.YES_NO, "perhaps", None),
        (FieldType.DATE, "2026-11-30T08:00", "2026-11-30"),
        (FieldType.DATE, "30.11.2026", "2026-11-30"),
        (FieldType.DATE, "30 November 2026", "2026-11-30"),
        (FieldType.DATE, "Nov 30, 2026", "2026-11-30"),
        (FieldType.DATE, "2026/11/30", "2026-11-30"),
        (FieldType.DATE, "05/06/2026", None),
        (FieldType.DATE, "30 February 2026", None),
        (FieldType.LIST, ["a", 2], "a\n2"),
        (FieldType.LIST, [["a"]], None),
        (FieldType.CHOICE, "ONE", "one"),
        (FieldType.CHOICE, "Two", "Two"),
        (FieldType.CHOICE, "three", None),
        *((kind, None, "") for kind in FieldType),
    ],
)
def test_a_value_has_the_type_of_its_field(kind: FieldType, value: Any, expected: str) -> None:
    field = Field("f", kind, choices=("one", "two", "Two"))
    read = value_in(field, value)
    assert (read if read is None else read.text) == expected


@pytest.mark.parametrize("kind", FieldType)
@pytest.mark.parametrize("unit", [None, "", "page"])
def test_each_schema_can_be_enforced(kind: FieldType, unit: str | None) -> None:
    schema = schema_of([Field("f", kind, "what", ("one", "two"))], unit)
    assert is_strict(schema.schema)


@pytest.mark.parametrize(
    ("quote", "page", "expected"),
    [
        ("notice period is three months", 3, 2),  # the model named another page
        ("THE NOTICE  PERIOD is three months - 'at least'", None, 2),
        ("The parties agree.", 3, 3),  # of two places, the one that was named
        ("The parties agree.", None, 1),
        ("The tenant never pays.", 3, 3),  # not there, but the page exists
        ("The tenant never pays.", 4, None),
        ("", 2, 2),
        (None, True, None),
    ],
)
def test_a_quotation_is_looked_up(quote: str | None, page: object, expected: int | None) -> None:
    answer = json.dumps({"f": {"value": "x", "quote": quote, "page": page}})
    value = parse_answer([Field("f")], answer, [DOCUMENT]).values["f"]
    assert [each.page for each in value.citations] == ([] if expected is None else [expected])
    for each in value.citations:
        assert each.is_found == (bool(quote) and "never" not in str(quote))
        if each.is_found:
            assert TEXT[each.start : each.end].lower().startswith(str(quote).lower()[:8])


def test_a_page_that_was_not_sent_is_no_source() -> None:
    chosen = ChosenPages("page", ((2, 2),), of=3)
    part = DocumentPart(SHA, "lease.pdf", PDF, 10, pages=3, chosen=chosen)
    document = ReadDocument(part, TEXT)
    assert document.find("The parties agree.", None) is None
    found = cited_pages("See [page 1], [page 2] and [page 2].", [document])
    assert found == (Citation(SHA, 2),)


def test_what_does_not_follow_the_fields_is_told() -> None:
    fields = [Field("n", FieldType.NUMBER), Field("t")]
    told = parse_answer(fields, "```json\n" + json.dumps({"n": "many", "t": "x"}) + "\n```", [])
    assert (told.values["n"].text, told.values["t"].text) == ("", "x")
    assert told.error is not None
    assert "“n”" in told.error.what_happened
    assert parse_answer(fields, "Sorry.", []).error is not None


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["f", "value", "quote", "page"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(ANSWERS, st.sampled_from(list(FieldType)))
def test_any_answer_is_a_value_or_an_error(answer: Any, kind: FieldType) -> None:
    field = Field("f", kind, choices=("one", "two"))
    found = parse_answer([field], json.dumps(answer), [DOCUMENT])
    text = found.values["f"].text if found.values else ""
    assert found.error is not None or ((again := value_in(field, text)) and again.text == text)


N_AND_C = [
    Field("n", FieldType.NUMBER),
    Field("the mood", FieldType.CHOICE, choices=("good", "bad")),
]


@pytest.mark.parametrize(
    "answer",
    [
        '{"n": 5, "the mood": "good"}',
        '{"N": "5", "The Mood": "Good"}',
        '{"n": 5, "the_mood": "good"}',
        '{"row": {"n": 5, "the mood": "good"}}',
        '[{"n": 5, "the mood": "good"}]',
        'Here it is: {"n": 5, "the mood": "good"} I hope that it helps.',
        'Here it is:\n```json\n{"n": 5, "the mood": "good"}\n```',
        '{"n": {"Value": 5, "Quote": "x"}, "the mood": {"value": "good"}}',
    ],
)
def test_the_form_of_an_answer_is_taken_as_models_write_it(answer: str) -> None:
    parsed = parse_answer(N_AND_C, answer, [])
    assert parsed.error is None
    assert {name: value.text for name, value in parsed.values.items()} == {
        "n": "5",
        "the mood": "good",
    }


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ('{"n": 5}', "the mood"),
        ('{"n": {"quote": "x"}, "the mood": "good"}', "n"),
        ('{"n": 5, "the mood": "fair"}', "the mood"),
        ("{}", ""),
        ('{"row": {"x": 1}}', ""),
        ("[]", ""),
        ("{", ""),
    ],
)
def test_a_missing_field_is_a_failure_with_its_reason(answer: str, named: str) -> None:
    error = parse_answer(N_AND_C, answer, []).error
    assert error is not None
    assert named in error.what_happened
