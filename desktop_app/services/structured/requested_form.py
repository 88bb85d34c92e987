"""Reads and checks the schema or grammar of an answer before anything is sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

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
from desktop_app.domain.system_error import quoted_error
from desktop_app.services.structured.form_fault import FormFault
from desktop_app.services.structured.grammar_check import UnusableGrammarError, require_grammar
from desktop_app.services.structured.schema_check import UnusableSchemaError, require_schema


def check_form(source: FormSource, display_name: str = "") -> AnswerForm:
    """Return the schema or grammar in `source`. Takes a while: call it in a thread.

    Args:
        display_name: the name of the form's file, for errors; if "", they give the schema's name
            or the grammar's syntax.

    Raises:
        IllegalChoiceError: the schema or grammar is invalid.
    """
    if source.kind is FormKind.SCHEMA:
        return _parse_schema(source, display_name or f"“{source.answer_name}”")
    grammar = AnswerGrammar(source.kind, source.text, source.name.strip())
    try:
        if len(source.text) > MAX_FORM_CHARS:
            raise UnusableGrammarError(FormFault.TOO_LONG)
        require_grammar(grammar)
    except UnusableGrammarError as error:
        raise _invalid_form_error(
            Reason.GRAMMAR_INVALID, display_name or source.kind, error
        ) from error
    return grammar


def _parse_schema(source: FormSource, display_name: str) -> AnswerSchema:
    try:
        if len(source.text) > MAX_FORM_CHARS:
            raise UnusableSchemaError(FormFault.TOO_LONG)
        schema: Any = json.loads(source.text)
        return AnswerSchema(source.answer_name, require_schema(schema))
    except RecursionError as error:
        too_deep = UnusableSchemaError(FormFault.TOO_DEEP)
        raise _invalid_form_error(Reason.SCHEMA_INVALID, display_name, too_deep) from error
    except (ValueError, UnusableSchemaError) as error:
        raise _invalid_form_error(Reason.SCHEMA_INVALID, display_name, error) from error


def _invalid_form_error(reason: Reason, name: str, error: Exception) -> IllegalChoiceError:
    return IllegalChoiceError(reason, file=name, because=quoted_error(error))


async def load_form(*settings: str) -> AnswerForm | None:
    """Return the schema or grammar of the first setting that is set; None if none is.

    Raises:
        IllegalChoiceError: the schema or grammar is invalid.
    """
    source = next(filter(None, map(FormSource.from_setting, settings)), None)
    return None if source is None else await asyncio.to_thread(check_form, source)
