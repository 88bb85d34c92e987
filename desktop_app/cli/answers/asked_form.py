"""The form of an answer from --schema and --grammar, checked before anything is sent."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.cli.console import say
from desktop_app.domain.conversations.answer_form import AnswerGrammar, AnswerSchema, GrammarSyntax
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import ToolCallPart, text_of
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import tr
from desktop_app.services.structured.grammar_check import UnusableGrammarError, require_grammar
from desktop_app.services.structured.schema_check import (
    CheckedAnswer,
    UnusableSchemaError,
    check_answer,
    require_schema,
)

if TYPE_CHECKING:
    import argparse

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.services.chat.chat_service import AskSettings

LARGEST_FILE: Final = 1 << 20
"""Bytes of a schema or grammar; more than any provider takes."""


def with_form(settings: AskSettings, options: argparse.Namespace) -> AskSettings:
    """Return the settings with the schema or grammar of the options. Raises IllegalChoiceError."""
    if options.schema is None and options.grammar is None:
        return settings
    if options.compare or settings.parameters.candidates > 1:
        raise IllegalChoiceError(Reason.FORM_OF_SEVERAL)
    if options.schema is not None:
        schema = _schema_in(options.schema)
        return replace(settings, schema=schema, requested=settings.requested | {"schema"})
    if settings.parameters.tools:
        raise IllegalChoiceError(Reason.GRAMMAR_WITH_TOOLS)
    return replace(settings, grammar=_grammar_in(options.grammar))


def _schema_in(file: str) -> AnswerSchema:
    text = _text_of(file, Reason.SCHEMA_UNREADABLE)
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IllegalChoiceError(Reason.SCHEMA_INVALID, file=file, words=str(error)) from error
    try:
        schema = require_schema(found)
    except UnusableSchemaError as error:
        raise IllegalChoiceError(Reason.SCHEMA_INVALID, file=file, words=str(error)) from error
    name = re.sub(r"[^A-Za-z0-9_-]", "_", Path(file).stem.removesuffix(".schema"))[:64]
    return AnswerSchema(name or "answer", schema)


def _grammar_in(file: str) -> AnswerGrammar:
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in {syntax.value for syntax in GrammarSyntax}:
        raise IllegalChoiceError(Reason.GRAMMAR_UNKNOWN, file=file)
    syntax, text = GrammarSyntax(ending), _text_of(file, Reason.GRAMMAR_UNREADABLE)
    if syntax is GrammarSyntax.REGEX:
        text = text.rstrip("\r\n")
    grammar = AnswerGrammar(syntax, text)
    try:
        require_grammar(grammar)
    except UnusableGrammarError as error:
        raise IllegalChoiceError(Reason.GRAMMAR_INVALID, file=file, words=str(error)) from error
    return grammar


def _text_of(name: str, unreadable: Reason) -> str:
    try:
        with open_file(Path(name)) as file:
            data = file.read(LARGEST_FILE + 1)
        text = data.decode("utf-8-sig")
    except (OSError, RefusedFileError, UnicodeDecodeError) as error:
        raise IllegalChoiceError(unreadable, file=name) from error
    if len(data) > LARGEST_FILE:
        raise IllegalChoiceError(unreadable, file=name)
    return text


async def checked(
    answer: Message, schema: AnswerSchema | None, whole: Path | None
) -> CheckedAnswer | None:
    """Check a complete answer against the schema; None if there is nothing to check.

    Args:
        whole: the file that has all of an answer too long for its message.
    """
    if schema is None or answer.status is not MessageStatus.COMPLETE:
        return None
    return await asyncio.to_thread(_check, _last_text(answer), schema, whole)


def _last_text(answer: Message) -> str:
    """Return the text behind the last tool call; what a model says before it is no JSON."""
    parts = answer.parts
    calls = [at for at, part in enumerate(parts) if isinstance(part, ToolCallPart)]
    return text_of(parts[calls[-1] + 1 :] if calls else parts)


def _check(text: str, schema: AnswerSchema, whole: Path | None) -> CheckedAnswer:
    if whole is not None:
        text = whole.read_text(encoding="utf-8")
    return check_answer(schema.schema, text)


def say_problems(checked: CheckedAnswer) -> None:
    """Say where an answer does not match its schema."""
    if not checked.problems:
        return
    lines = [tr("The response doesn’t match the schema.")]
    lines += [f"{problem.path}: {problem.reason}" for problem in checked.problems]
    say("\n".join(lines))
