"""Checks of schemas, grammars, and answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.backend.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.backend.prompt_loader import built_in_prompts
from desktop_app.domain.answering.answer_form import (
    MAX_FORM_CHARS,
    AnswerForm,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
    GrammarSyntax,
)
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.prompts.prompts import NO_REQUIREMENTS
from desktop_app.services.documents.summary_grammar import SUMMARY, grammar_for
from desktop_app.services.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice
from desktop_app.services.structured import schema_check, schema_patterns
from desktop_app.services.structured.grammar_check import UnusableGrammarError, require_grammar
from desktop_app.services.structured.requested_form import check_form, load_form
from desktop_app.services.structured.schema_check import (
    UnusableSchemaError,
    check_answer,
    require_schema,
    schema_problems,
)

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
    "pattern", [*("(?:a{200}){200,}?", "a" * 30_000, "[" * 1_000_000, "a{" + "9" * 5_000 + "}")]
)
def test_a_pattern_that_would_take_much_memory_is_refused(pattern: str) -> None:
    schemas: list[dict[str, object]] = [{"pattern": pattern}, {"patternProperties": {pattern: {}}}]
    for schema in schemas:
        with pytest.raises(UnusableSchemaError):
            require_schema(schema)


def test_a_pattern_that_takes_too_long_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_patterns, "MATCH_TIMEOUT_S", 0.05)
    schema = {"pattern": "^(a|a)*$"}
    (problem,) = check_answer(schema, json.dumps("a" * 200 + "b")).problems
    assert "takes too long" in problem.reason


@pytest.mark.parametrize(
    ("schema", "value", "problems"),
    [
        (
            {"additionalProperties": False, "properties": {"a": {}}},
            {"a": 1, "b": 2, "c": 3},
            [("$", "Additional properties are not allowed ('b', 'c' unexpected)")],
        ),
        (
            {"properties": {"a": {}}, "additionalProperties": {"type": "integer"}},
            {"a": "x", "b": "x", "c": 1},
            [("$.b", "'x' is not of type 'integer'")],
        ),
        (
            {"patternProperties": {"^a": {"type": "integer"}}},
            {"a": "x", "ab": "y", "b": "z"},
            [("$.a", "'x' is not of type 'integer'"), ("$.ab", "'y' is not of type 'integer'")],
        ),
        (
            {"items": {"type": "integer"}},
            ["x"] * 7,
            [(f"$[{number}]", "'x' is not of type 'integer'") for number in range(5)],
        ),
        ({"const": "x" * 400}, 1, [("$", f"'{'x' * 299}")]),
        ({"multipleOf": 0}, 1, [("$", "1 is not a multiple of 0")]),
    ],
)
def test_each_problem_has_a_path_and_a_reason(
    schema: dict[str, Any], value: object, problems: list[tuple[str, str]]
) -> None:
    found = check_answer(schema, json.dumps(value))
    assert [(problem.path, problem.reason) for problem in found.problems] == problems
    assert found.value == (None if problems else value)


@pytest.mark.parametrize(
    ("divisor", "text", "is_multiple"),
    [
        *((0.01, "0.07", True), (0.01, "19.99", True), (0.01, "0.071", False), (2, "4", True)),
        *((2, "3", False), (0.1, "1e300", True), (1e-300, "1e300", True), (3, "1e999", False)),
        *((2, "1" + "0" * 1000, True), (3, "1" + "0" * 1000, False), (0, "3", False)),
    ],
)
def test_multiples_are_checked_with_decimal_arithmetic(
    divisor: float, text: str, is_multiple: bool
) -> None:
    assert (not check_answer({"multipleOf": divisor}, text).problems) is is_multiple


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/$defs/none"},
        {"items": {"$ref": "http://[/x"}},
        {"$defs": {"loop": {"$ref": "#/$defs/loop"}}, "$ref": "#/$defs/loop"},
        {"type": "string", "pattern": "("},
        {"patternProperties": {"(": {}}},
        True,
    ],
)
def test_an_unusable_schema_is_refused(schema: object) -> None:
    with pytest.raises(UnusableSchemaError):
        require_schema(schema)


def doubling(depth: int, **more: str) -> dict[str, Any]:
    """Return a schema whose check takes 2 to the power of `depth` steps."""
    definitions: dict[str, Any] = {"a0": {"minLength": 1}}
    for number in range(depth):
        reference = {**more, "$ref": f"#/$defs/a{number}"}
        definitions[f"a{number + 1}"] = {**more, "allOf": [reference, reference]}
    return {"$ref": f"#/$defs/a{depth}", "$defs": definitions}


@pytest.mark.attack("tools")
@pytest.mark.parametrize("more", [{}])
def test_a_schema_that_takes_too_long_is_refused(
    more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert require_schema(doubling(3, **more))
    assert schema_problems(doubling(3, **more), "a") == ()
    monkeypatch.setattr(schema_check, "MAX_SCHEMA_S", 0.2)
    with pytest.raises(UnusableSchemaError, match="takes too long"):
        require_schema(doubling(15, **more))
    with pytest.raises(UnusableSchemaError, match="takes too long"):
        schema_problems(doubling(15, **more), "a", 0.2)
    wide: dict[str, Any] = {"allOf": [{}] * 50_000}
    with pytest.raises(UnusableSchemaError, match="takes too long"):
        require_schema(wide)


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        (FormKind.LARK, 'start: "a" NUMBER\n%import common.NUMBER'),
        (FormKind.REGEX, r"\A(?<word>\p{L}+|\P{Greek}|\pN|\x{1F600})\z"),
        (FormKind.LARK, 'start: /\\p{L}+/ "/a.*?/" // /b*?/\n'),
        (FormKind.GBNF, SUMMARY),
        (
            FormKind.GBNF,
            '# a list\nroot ::= item ("," item)*\nitem ::= [a-z"\\]]+ | "\\"x\\"" {2,3} | .',
        ),
    ],
)
def test_valid_grammars_are_accepted(syntax: GrammarSyntax, text: str) -> None:
    require_grammar(AnswerGrammar(syntax, text))


@pytest.mark.parametrize(
    ("syntax", "text", "words"),
    [
        (FormKind.LARK, 'begin: "a"', "there is no rule named start"),
        (FormKind.LARK, "start: /a{99999999999}/", "the repetition number is too large"),
        (FormKind.LARK, 'start: "a', "."),
        (FormKind.LARK, "start: other", "other"),
        (FormKind.LARK, "start: /(/", "."),
        (FormKind.LARK, "%import .secrets.X\nstart: X", "only common"),
        (FormKind.LARK, "start: /a(?=b)/", "lookaround"),
        (FormKind.LARK, "start: /a.*?b/", "lazy"),
        (FormKind.LARK, 'start: A\nA.2: "a"', "A.2: priorities"),
        (FormKind.LARK, 'start: t{"a"}\nt{x}: x', "templates"),
        (FormKind.LARK, "%declare X\nstart: X", "%declare"),
        (FormKind.REGEX, r"(a)\1", "references"),
        (FormKind.REGEX, "(?P<n>a)(?P=n)", "references"),
        (FormKind.REGEX, "(?>a)", "not supported"),
        (FormKind.REGEX, "a+?", "lazy"),
        (FormKind.REGEX, "a{2,3}?", "lazy"),
        (FormKind.REGEX, "(", "unterminated"),
        (FormKind.REGEX, "", "single line"),
        (FormKind.REGEX, "a\nb", "single line"),
        (FormKind.REGEX, "a(?!b)", "lookaround"),
        (FormKind.GBNF, 'root ::= "a', "."),
        (FormKind.GBNF, 'rot ::= "a"', "root"),
        (FormKind.GBNF, "root ::= item item2", "item, item2"),
        (FormKind.GBNF, 'root ::= ("a"', "."),
    ],
)
def test_invalid_grammars_are_refused_with_the_reason(
    syntax: GrammarSyntax, text: str, words: str
) -> None:
    with pytest.raises(UnusableGrammarError, match=words):
        require_grammar(AnswerGrammar(syntax, text))


@pytest.mark.parametrize(
    ("items", "are_unique"),
    [
        ([1, True, 0, False, "", None, [], {}, [1], ["1"]], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": [2]}, {"b": [2], "a": 1}], False),
        ([{"a": number} for number in range(5_000)], True),
    ],
)
def test_items_are_compared_as_json_values(items: list[Any], are_unique: bool) -> None:
    problems = schema_problems({"uniqueItems": True}, items)
    assert [problem.path for problem in problems] == ([] if are_unique else ["$"])
    assert schema_problems({"uniqueItems": False}, items) == ()
    assert schema_problems({"uniqueItems": True}, "no list") == ()


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
        (FormKind.SCHEMA, "[1", Reason.SCHEMA_INVALID, "line 1, column 3"),
        (FormKind.SCHEMA, '{"type": 1}', Reason.SCHEMA_INVALID, "$.type"),
        (FormKind.SCHEMA, "[" * 100_000, Reason.SCHEMA_INVALID, "it is nested too deeply"),
        (FormKind.SCHEMA, " " * (MAX_FORM_CHARS + 1), Reason.SCHEMA_INVALID, "too long"),
        (FormKind.REGEX, "(", Reason.GRAMMAR_INVALID, "unterminated"),
        (FormKind.REGEX, "a" * (MAX_FORM_CHARS + 1), Reason.GRAMMAR_INVALID, "too long"),
    ],
    ids=lambda value: str(value)[:9],
)
def test_an_invalid_form_is_named(kind: FormKind, text: str, reason: Reason, words: str) -> None:
    for display_name, named in (("", "“my_form”" if kind is FormKind.SCHEMA else kind), ("f", "f")):
        with pytest.raises(IllegalChoiceError) as caught:
            check_form(FormSource(kind, text, "my form"), display_name)
        assert (caught.value.reason, caught.value.params["file"]) == (reason, named)
        assert words in str(caught.value.display_params["words"])


async def test_the_first_setting_with_a_form_counts() -> None:
    assert await load_form() is None
    assert await load_form("", "damaged") is None
    assert await load_form("", REGEX.to_setting(), SCHEMA.to_setting()) == check_form(REGEX)


# ---------------------------------------------------------------- summary grammar

REQUIREMENTS = {prompt.id: prompt.requirements for prompt in built_in_prompts()}
DOCUMENT = DocumentPart("a" * 64, "a.md", "text/markdown", 9)
FOLDER = replace(DOCUMENT, media_type="inode/directory")
BUILT_IN = ModelInfo(ON_DEVICE_MODEL, "SmolLM2 135M", context_window=8192)


def grammar_definition(
    template_id: str,
    *parts: DocumentPart,
    profile: ProviderProfile = ON_DEVICE,
    info: ModelInfo = BUILT_IN,
) -> str:
    requirements = REQUIREMENTS.get(template_id, NO_REQUIREMENTS)
    found = grammar_for(requirements, parts, ResolvedChoice(profile, info, None, None))
    return "" if found is None else found.definition


def test_the_grammar_applies_to_a_summary_by_the_built_in_model() -> None:
    summary = "executive-summary"
    assert grammar_definition(summary) == grammar_definition(summary, DOCUMENT) == SUMMARY
    assert grammar_definition(summary, DOCUMENT, info=replace(BUILT_IN, id="some-8b")) == ""
    assert grammar_definition(summary, DOCUMENT, profile=OPENAI) == ""
    assert (
        grammar_definition(summary, DOCUMENT, DOCUMENT) == grammar_definition(summary, FOLDER) == ""
    )
    assert not any(
        grammar_definition(name) for name in (*REQUIREMENTS.keys() - {summary}, "mine", "")
    )
