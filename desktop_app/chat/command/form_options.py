"""The form of an answer from --schema and --grammar, checked before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.chat.structured.answer_forms import check_form
from desktop_app.cli.command_setup import expand_path
from desktop_app.domain.answering.answer_form import (
    GRAMMAR_SYNTAXES,
    MAX_FORM_CHARS,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.chat.send_context import AskSettings
    from desktop_app.cli.command_line import Options


def with_form(settings: AskSettings, options: Options) -> AskSettings:
    """Return the settings with the schema or grammar of the options. Raises IllegalChoiceError."""
    if options.schema is None and options.grammar is None:
        return settings
    if options.schema is not None:
        schema = _read_schema(options.schema)
        return replace(settings, schema=schema, requested=settings.requested | {"schema"})
    if settings.parameters.tools:
        raise IllegalChoiceError(
            N_("With a grammar, the model can’t call tools."),
            hint=N_("Turn off the tools or remove the grammar."),
        )
    return replace(settings, grammar=_read_grammar(options.grammar))


def with_schema_of(settings: AskSettings, file: str | None) -> AskSettings:
    """Return a batch job's settings with the schema in a file. Raises IllegalChoiceError."""
    if file is None:
        return settings
    source = _read_schema_source(file)
    check_form(source, file)
    parameters = replace(settings.parameters, form=source.to_setting())
    return replace(settings, parameters=parameters)


def is_form_notice(notice: NoticeText) -> bool:
    """Return True if a notice only names the form that the user has just requested."""
    form_codes = (NoticeCode.SCHEMA_USED, NoticeCode.GRAMMAR_USED)
    return isinstance(notice, AnswerNotice) and notice.code in form_codes


def _read_schema_source(file: str) -> FormSource:
    text = read_text_file(
        file,
        MAX_FORM_CHARS,
        N_("Can’t read the schema in {file}."),
        N_("Choose a JSON file of at most 1 MB."),
    )
    return FormSource(FormKind.SCHEMA, text, Path(file).stem.removesuffix(".schema"))


def _read_schema(file: str) -> AnswerSchema:
    form = check_form(_read_schema_source(file), file)
    assert isinstance(form, AnswerSchema)
    return form


def _read_grammar(file: str) -> AnswerGrammar:
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in GRAMMAR_SYNTAXES:
        raise IllegalChoiceError(
            N_("The kind of grammar in {file} is unknown."),
            hint=N_("Choose a file ending in .lark, .regex, or .gbnf."),
            file=file,
        )
    text = read_text_file(
        file,
        MAX_FORM_CHARS,
        N_("Can’t read the grammar in {file}."),
        N_("Choose a UTF-8 text file of at most 1 MB."),
    )
    if ending == FormKind.REGEX:
        text = text.rstrip("\r\n")
    form = check_form(FormSource(FormKind(ending), text), file)
    assert isinstance(form, AnswerGrammar)
    return form


def read_text_file(name: str, max_bytes: int, message: str, hint: str) -> str:
    """Return the text of a file of at most `max_bytes`. Raises IllegalChoiceError."""
    try:
        with open_file(expand_path(name)) as file:
            data = file.read(max_bytes + 1)
        text = data.decode("utf-8-sig")
    except (OSError, RefusedFileError, UnicodeDecodeError) as error:
        raise IllegalChoiceError(message, hint, file=name) from error
    if len(data) > max_bytes:
        raise IllegalChoiceError(message, hint, file=name)
    return text
