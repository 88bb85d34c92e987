"""Forms that an answer has to take, and their setting."""

from __future__ import annotations

import json

import pytest

from desktop_app.domain.answering.answer_form import (
    GRAMMAR_SYNTAXES,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
    SchemaFormat,
)

STRICT = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def test_a_refused_schema_is_sent_in_the_next_format() -> None:
    schema: AnswerSchema | None = AnswerSchema("a", STRICT)
    formats, prompts, digests = [], [], set()
    while schema is not None:
        formats.append(schema.sent_as)
        prompts.append(bool(schema.prompt))
        digests.add(schema.digest)
        schema = schema.weaker()
    assert formats == list(SchemaFormat)
    assert prompts == [False, False, True, True]
    assert len(digests) == 4
    assert AnswerSchema("a", {"type": "object"}).sent_as is SchemaFormat.JSON_SCHEMA
    reordered = dict(reversed(STRICT.items()))
    assert AnswerSchema("b", reordered).digest == AnswerSchema("a", STRICT).digest


def test_only_llama_cpp_takes_a_grammar_without_a_tool() -> None:
    found = {syntax: AnswerGrammar(syntax, "").is_tool_input for syntax in GRAMMAR_SYNTAXES}
    assert found == {FormKind.LARK: True, FormKind.REGEX: True, FormKind.GBNF: False}


@pytest.mark.parametrize(
    ("name", "sent"),
    [("a b.c-d_É", "a_b_c-d__"), ("  ", "answer"), (" x ", "x"), ("a" * 65, "a" * 64)],
)
def test_a_schema_is_sent_under_a_plain_name(name: str, sent: str) -> None:
    assert FormSource(FormKind.SCHEMA, "{}", name).answer_name == sent


@pytest.mark.parametrize("kind", FormKind)
def test_a_form_is_kept_as_a_setting(kind: FormKind) -> None:
    source = FormSource(kind, "text", "name")
    assert FormSource.from_setting(source.to_setting()) == source


WHOLE = {"kind": "lark", "text": "t", "name": "n"}


@pytest.mark.parametrize(
    "value",
    [
        *("", "{", "[" * 100_000, "7", '"a"', "[]"),
        *(json.dumps({k: v for k, v in WHOLE.items() if k != name}) for name in WHOLE),
        *(json.dumps(WHOLE | {name: 1}) for name in WHOLE),
        json.dumps(WHOLE | {"kind": ["lark"]}),
    ],
)
def test_a_damaged_setting_is_no_form(value: str) -> None:
    assert FormSource.from_setting(value) is None
