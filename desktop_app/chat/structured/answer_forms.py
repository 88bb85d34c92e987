"""The schema or grammar of an answer: read and checked before anything is sent, and its notices.

A grammar is not checked here: the server says what it refuses.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, TypeGuard

from desktop_app.domain import hints
from desktop_app.domain.answering.answer_form import (
    MAX_FORM_CHARS,
    AnswerForm,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText, notice
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.system_error import quoted_words
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.schema_check import (
    FormFault,
    SchemaProblem,
    UnusableSchemaError,
    require_schema,
)


def check_form(source: FormSource, display_name: str = "") -> AnswerForm:
    """Return the schema or grammar in `source`. Takes a while: call it in a thread.

    Args:
        display_name: the name of the form's file, for errors; if "", they give the schema's name
            or the grammar's syntax.

    Raises:
        IllegalChoiceError: the schema is invalid, or the form is too long.
    """
    if source.kind is FormKind.SCHEMA:
        return _parse_schema(source, display_name or f"“{source.answer_name}”")
    grammar = AnswerGrammar(source.kind, source.text, source.name.strip())
    if len(source.text) > MAX_FORM_CHARS:
        error = UserFacingError(FormFault.TOO_LONG)
        raise _invalid_form_error(
            N_("The grammar in {file} isn’t valid: {words}."), display_name or source.kind, error
        )
    return grammar


def _parse_schema(source: FormSource, display_name: str) -> AnswerSchema:
    try:
        if len(source.text) > MAX_FORM_CHARS:
            raise UnusableSchemaError(FormFault.TOO_LONG)
        schema: Any = json.loads(source.text)
        return AnswerSchema(source.answer_name, require_schema(schema))
    except RecursionError as error:
        too_deep = UnusableSchemaError(FormFault.TOO_DEEP)
        raise _invalid_form_error(
            N_("{file} isn’t a valid JSON Schema: {words}."), display_name, too_deep
        ) from error
    except (ValueError, UnusableSchemaError) as error:
        raise _invalid_form_error(
            N_("{file} isn’t a valid JSON Schema: {words}."), display_name, error
        ) from error


def _invalid_form_error(message: str, name: str, error: Exception) -> IllegalChoiceError:
    return IllegalChoiceError(message, file=name, words=quoted_words(error))


async def load_form(*settings: str) -> AnswerForm | None:
    """Return the schema or grammar of the first setting that is set; None if none is.

    Raises:
        IllegalChoiceError: the schema or grammar is invalid.
    """
    source = next(filter(None, map(FormSource.from_setting, settings)), None)
    return None if source is None else await asyncio.to_thread(check_form, source)


def require_grammar_support(grammar: AnswerGrammar, resolved: ResolvedChoice) -> None:
    """Raise IllegalChoiceError unless a grammar of this syntax can be sent.

    A compatible server may be llama.cpp, unless it is asked through the Responses API or for a
    GPT-5.2 model.
    """
    profile = resolved.profile
    syntax = grammar.syntax.value
    if not grammar.is_tool_input:
        may_be_llama_cpp = (
            profile.kind is ProviderKind.COMPATIBLE
            and profile.api is not Api.RESPONSES
            and resolved.model.variant is None
        )
        if profile.kind is not ProviderKind.ON_DEVICE and not may_be_llama_cpp:
            raise IllegalChoiceError(
                N_("{provider} doesn’t support GBNF grammars."),
                hint=N_("Choose the local model or a llama.cpp server."),
                provider=profile.name,
            )
        return
    # A gateway may pass a custom tool on: its server refuses what it does not take.
    if profile.kind is ProviderKind.ON_DEVICE or profile.api is Api.CHAT_COMPLETIONS:
        raise IllegalChoiceError(
            N_("{provider} doesn’t support grammars of the kind {syntax}."),
            hint=hints.CHOOSE_PROVIDER,
            provider=profile.name,
            syntax=syntax,
        )
    if resolved.model.apis is not None and Api.RESPONSES not in resolved.model.apis:
        raise IllegalChoiceError(
            N_("{model} doesn’t support grammars of the kind {syntax}."),
            hint=hints.CHOOSE_MODEL,
            model=resolved.model.name,
            syntax=syntax,
        )


def form_notice(form: AnswerForm | None) -> NoticeText:
    """Return the notice that names the schema or the grammar's syntax; "" without a form."""
    if form is None:
        return ""
    if isinstance(form, AnswerSchema):
        return notice(NoticeCode.SCHEMA_USED, name=form.name)
    syntax = form.syntax.value
    language = form.language
    return notice(NoticeCode.GRAMMAR_USED, syntax=syntax, language=language)


def problem_notices(problems: Sequence[SchemaProblem]) -> tuple[AnswerNotice, ...]:
    """Return a notice for each place that does not match."""
    code = NoticeCode.SCHEMA_PROBLEM
    return tuple(notice(code, path=problem.path, reason=problem.reason) for problem in problems)


def _is_problem(answer_notice: NoticeText) -> TypeGuard[AnswerNotice]:
    return (
        isinstance(answer_notice, AnswerNotice) and answer_notice.code is NoticeCode.SCHEMA_PROBLEM
    )
