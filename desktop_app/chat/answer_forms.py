"""The schema or grammar of an answer: read and checked before anything is sent, and its notices.

A grammar is not checked here: the server says what it refuses.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from desktop_app.domain import hints
from desktop_app.domain.answering import answer_form
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.errors import IllegalChoiceError, ModelTooSmallError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.system_error import quoted_words
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice
from desktop_app.tools.schema_check import FormFault, UnusableSchemaError, require_schema


def check_form(source: answer_form.FormSource, display_name: str = "") -> answer_form.AnswerForm:
    """Return the schema or grammar in `source`. Takes a while: call it in a thread.

    Args:
        display_name: the name of the form's file, for errors; if "", they give the schema's name
            or the grammar's syntax.

    Raises:
        IllegalChoiceError: the schema is invalid, or the form is too long.
    """
    is_schema = source.kind is answer_form.FormKind.SCHEMA
    try:
        if len(source.text) > answer_form.MAX_FORM_CHARS:
            raise UnusableSchemaError(FormFault.TOO_LONG)
        if source.kind is not answer_form.FormKind.SCHEMA:
            return answer_form.AnswerGrammar(source.kind, source.text, source.name.strip())
        schema: Any = json.loads(source.text)
        return answer_form.AnswerSchema(source.answer_name, require_schema(schema))
    except (RecursionError, ValueError, UnusableSchemaError) as error:
        is_too_deep = isinstance(error, RecursionError)
        fault = UnusableSchemaError(FormFault.TOO_DEEP) if is_too_deep else error
        raise IllegalChoiceError(
            N_("{file} isn’t a valid JSON Schema: {words}.")
            if is_schema
            else N_("The grammar in {file} isn’t valid: {words}."),
            file=display_name or (f"“{source.answer_name}”" if is_schema else source.kind),
            words=quoted_words(fault),
        ) from error


async def load_form(*settings: str) -> answer_form.AnswerForm | None:
    """Return the schema or grammar of the first setting that is set; None if none is.

    Raises:
        IllegalChoiceError: the schema or grammar is invalid.
    """
    source = next(filter(None, map(answer_form.FormSource.from_setting, settings)), None)
    return None if source is None else await asyncio.to_thread(check_form, source)


def require_grammar_support(grammar: answer_form.AnswerGrammar, resolved: ResolvedChoice) -> None:
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


def form_notice(form: answer_form.AnswerForm | None) -> NoticeText:
    """Return the notice that names the schema or the grammar's syntax; "" without a form."""
    if form is None:
        return ""
    if isinstance(form, answer_form.AnswerSchema):
        return notice(NoticeCode.SCHEMA_USED, name=form.name)
    syntax = form.syntax.value
    language = form.language
    return notice(NoticeCode.GRAMMAR_USED, syntax=syntax, language=language)


def is_built_in(resolved: ResolvedChoice) -> bool:
    """Return True if the model that ships with the program answers."""
    is_on_device = resolved.profile.kind is ProviderKind.ON_DEVICE
    return is_on_device and resolved.model.id == ON_DEVICE_MODEL


def require_summarizer(resolved: ResolvedChoice) -> None:
    """Raise ModelTooSmallError if the model can neither summarize nor take notes."""
    if is_built_in(resolved):
        raise ModelTooSmallError(
            N_("{model} can’t summarize."),
            hint=N_("Add an API key in {provider_page}, or download a larger model."),
            model=resolved.model.name,
        )
