"""The form of an answer from --schema and --grammar."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.chat.command.answer_parameters import with_form, with_schema_of
from desktop_app.chat.send_context import AskSettings
from desktop_app.cli.command_line import Options
from desktop_app.domain.answering.answer_form import (
    MAX_FORM_CHARS,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.errors import IllegalChoiceError
from tests.helpers.fragment import Fragment

SETTINGS = AskSettings(requested=frozenset({"seed"}))
WITH_TOOLS = replace(SETTINGS, parameters=GenerationParameters(tools=("clock",)))
TEXT = '{"type": "object", "required": ["a"]}'
SCHEMA = AnswerSchema("person", {"type": "object", "required": ["a"]})


def options(schema: Path | None = None, grammar: Path | None = None) -> Options:
    return Options(
        schema=None if schema is None else str(schema),
        grammar=None if grammar is None else str(grammar),
    )


def test_a_schema_is_named_after_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERPROFILE" if sys.platform == "win32" else "HOME", str(tmp_path))
    file = tmp_path / "person.schema.json"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    wanted = frozenset({"seed", "schema"})
    for settings in (SETTINGS, WITH_TOOLS):
        found = with_form(settings, options(Path("~/person.schema.json"), tmp_path / "none.lark"))
        assert found == replace(settings, schema=SCHEMA, requested=wanted)
    form = FormSource(FormKind.SCHEMA, TEXT, "person").to_setting()
    expected = replace(SETTINGS, parameters=replace(SETTINGS.parameters, form=form))
    assert with_schema_of(SETTINGS, str(file)) == expected
    assert with_form(SETTINGS, options()) == with_schema_of(SETTINGS, None) == SETTINGS


@pytest.mark.parametrize(
    ("name", "text", "grammar"),
    [
        ("g.REGEX", "[ab]+\r\n", AnswerGrammar(FormKind.REGEX, "[ab]+")),
        ("g.lark", 'start: "a"\n', AnswerGrammar(FormKind.LARK, 'start: "a"\n')),
        ("g.gbnf", 'root ::= "a"\n', AnswerGrammar(FormKind.GBNF, 'root ::= "a"\n')),
    ],
)
def test_the_suffix_decides_the_kind_of_grammar(
    tmp_path: Path, name: str, text: str, grammar: AnswerGrammar
) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert with_form(SETTINGS, options(grammar=file)) == replace(SETTINGS, grammar=grammar)
    with pytest.raises(IllegalChoiceError) as refused:
        with_form(WITH_TOOLS, options(grammar=file))
    assert "grammar, the model can’t call" in refused.value.message


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.json", None, "Can’t read the schema in"),
        ("a.json", b"\xff", "Can’t read the schema in"),
        ("a.json", b" " * (MAX_FORM_CHARS + 1), "Can’t read the schema in"),
        ("a.json", b"{", "isn’t a valid JSON Schema"),
        ("a.lark", None, "Can’t read the grammar in"),
        ("a.ebnf", b"a", "The kind of grammar in"),
    ],
)
def test_a_file_that_is_no_form_is_refused(
    tmp_path: Path, name: str, data: bytes | None, reason: str
) -> None:
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(IllegalChoiceError) as refused:
        with_form(SETTINGS, options(file) if name == "a.json" else options(grammar=file))
    assert (refused.value.message, refused.value.params["file"]) == (Fragment(reason), str(file))
