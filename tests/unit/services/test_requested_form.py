"""Forms of answers as the user typed them: schemas and grammars."""

from __future__ import annotations

import pytest

from desktop_app.domain.answering.answer_form import (
    MAX_FORM_CHARS,
    AnswerForm,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.services.structured.requested_form import check_form, load_form

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
