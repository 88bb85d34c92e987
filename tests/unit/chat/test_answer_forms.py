"""Checks of schemas, grammars, and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.chat.answer_forms import check_form, load_form
from desktop_app.domain.answering.answer_form import (
    MAX_FORM_CHARS,
    AnswerForm,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.tools.schema_check import (
    CheckedAnswer,
    UnusableSchemaError,
    check_answer,
    require_schema,
    schema_problems,
)
from tests.helpers.fragment import Fragment

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("answer", "path", "words"),
    [
        ('{"name": "Ann", "age": -1}', "$.age", "less than the minimum"),
        ("Ann is three.", "$", "not valid JSON"),
        ('{"name": "Ann", "age": NaN}', "$", "NaN is no JSON"),
        ('{"name": "Ann", "age": -1e999}', "$", "-1e999 is too large"),
        ("[" * 100_000, "$", "not valid JSON: nested too deeply"),
    ],
)
def test_an_answer_that_does_not_match_has_a_path_and_a_reason(
    answer: str, path: str, words: str
) -> None:
    found = check_answer(PERSON, answer)
    assert found.value is None
    assert found.problems[0].path == path
    assert words in found.problems[0].reason


@pytest.mark.parametrize(
    ("schema", "value", "matches"),
    [
        ({"pattern": r"^\p{L}+$"}, '"Größe"', True),
        ({"pattern": r"^\p{L}+$"}, '"B2"', False),
        ({"patternProperties": {r"^\p{Lu}": {"type": "integer"}}}, '{"Äa": 1, "b": "x"}', True),
        ({"patternProperties": {r"^\p{Lu}": {"type": "integer"}}}, '{"Äa": "x"}', False),
        ({"patternProperties": {"^a": {}}, "additionalProperties": False}, '{"b": 1}', False),
    ],
)
def test_patterns_may_name_unicode_properties(schema: Any, value: str, matches: bool) -> None:
    require_schema(schema)
    assert (not check_answer(schema, value).problems) is matches


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/$defs/none"},
        {"items": {"$ref": "http://[/x"}},
        {"type": "string", "pattern": "("},
        {"patternProperties": {"(": {}}},
        True,
    ],
)
def test_an_unusable_schema_is_refused(schema: object) -> None:
    with pytest.raises(UnusableSchemaError):
        require_schema(schema)


def doubling(depth: int) -> dict[str, Any]:
    """Return a schema whose check takes 2 to the power of `depth` steps."""
    definitions: dict[str, Any] = {"a0": {"minLength": 1}}
    for number in range(depth):
        reference = {"$ref": f"#/$defs/a{number}"}
        definitions[f"a{number + 1}"] = {"allOf": [reference, reference]}
    return {"$ref": f"#/$defs/a{depth}", "$defs": definitions}


@pytest.mark.attack("tools")
def test_a_schema_that_would_take_forever_is_refused() -> None:
    assert schema_problems(require_schema(doubling(3)), "a") == ()
    with pytest.raises(UnusableSchemaError, match="takes too long"):
        require_schema(doubling(40))
    with pytest.raises(UnusableSchemaError, match="takes too long"):
        schema_problems(doubling(40), "a")
    tree = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    assert schema_problems(require_schema(tree), {"left": {"right": {}}}) == ()


@pytest.mark.attack("tools")
def test_a_pattern_takes_linear_time() -> None:
    assert check_answer({"pattern": "^(a|a)*$"}, json.dumps("a" * 50_000 + "b")).problems


# ---------------------------------------------------------------- requested form

SCHEMA = FormSource(FormKind.SCHEMA, '{"type": "object"}', "my form")
REGEX = FormSource(FormKind.REGEX, "[a-z]+", " sql ")


@pytest.mark.parametrize(
    ("source", "form"),
    [
        (SCHEMA, AnswerSchema("my_form", {"type": "object"})),
        (REGEX, AnswerGrammar(FormKind.REGEX, "[a-z]+", "sql")),
    ],
)
def test_a_form_is_checked(source: FormSource, form: AnswerForm) -> None:
    assert check_form(source) == form


@pytest.mark.parametrize(
    ("kind", "text", "reason", "words"),
    [
        (FormKind.SCHEMA, "[1", "isn’t a valid JSON Schema", "line 1, column 3"),
        (FormKind.SCHEMA, '{"type": 1}', "isn’t a valid JSON Schema", "$.type"),
        (FormKind.SCHEMA, "[" * 100_000, "isn’t a valid JSON Schema", "it is nested too deeply"),
        (FormKind.SCHEMA, " " * (MAX_FORM_CHARS + 1), "isn’t a valid JSON Schema", "too long"),
        (FormKind.REGEX, "a" * (MAX_FORM_CHARS + 1), "The grammar in", "too long"),
    ],
    ids=lambda value: str(value)[:9],
)
def test_an_invalid_form_is_named(kind: FormKind, text: str, reason: str, words: str) -> None:
    for display_name, named in (("", "“my_form”" if kind is FormKind.SCHEMA else kind), ("f", "f")):
        with pytest.raises(IllegalChoiceError) as caught:
            check_form(FormSource(kind, text, "my form"), display_name)
        assert (caught.value.message, caught.value.params["file"]) == (Fragment(reason), named)
        assert words in str(caught.value.params["words"])


async def test_the_first_setting_with_a_form_counts() -> None:
    assert await load_form() is None
    assert await load_form("", "damaged") is None
    assert await load_form("", REGEX.to_setting(), SCHEMA.to_setting()) == check_form(REGEX)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```\n',
        '```\n{"a": 1}```',
        '<think>An object?</think>\n\n{"a": 1}',
        '<thinking>{}</thinking>```JSON\n{"a": 1}\n```',
    ],
)
def test_the_json_of_an_answer_is_found_in_a_fence_and_behind_reasoning(text: str) -> None:
    assert check_answer({"type": "object"}, text) == CheckedAnswer({"a": 1}, ())


@pytest.mark.parametrize("text", ['Here: {"a": 1}', '{"a": 1} as asked', '<think>{"a": 1}'])
def test_prose_around_json_is_refused(text: str) -> None:
    assert check_answer({"type": "object"}, text).problems
