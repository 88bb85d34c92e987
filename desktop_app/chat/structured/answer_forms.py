"""The schema or grammar of an answer: read and checked before anything is sent, and its notices.

A grammar is not checked here: the server says what it refuses.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Final

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
from desktop_app.domain.conversations.message_parts import Part
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.system_error import quoted_words
from desktop_app.i18n.translation import N_
from desktop_app.prompts.prompt import BuiltInGrammar, PromptRequirements
from desktop_app.prompts.prompt_library import has_several_documents
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice
from desktop_app.tools.schema_check import FormFault, UnusableSchemaError, require_schema


def check_form(source: FormSource, display_name: str = "") -> AnswerForm:
    """Return the schema or grammar in `source`. Takes a while: call it in a thread.

    Args:
        display_name: the name of the form's file, for errors; if "", they give the schema's name
            or the grammar's syntax.

    Raises:
        IllegalChoiceError: the schema is invalid, or the form is too long.
    """
    is_schema = source.kind is FormKind.SCHEMA
    try:
        if len(source.text) > MAX_FORM_CHARS:
            raise UnusableSchemaError(FormFault.TOO_LONG)
        if source.kind is not FormKind.SCHEMA:
            return AnswerGrammar(source.kind, source.text, source.name.strip())
        schema: Any = json.loads(source.text)
        return AnswerSchema(source.answer_name, require_schema(schema))
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


# A grammar that makes the built-in model produce a well-formed summary. The model is too small to
# keep to a format: asked for bullets and action items, it repeats the request without end.
# llama.cpp restricts its words to those that the grammar (in GBNF) allows.
SUMMARY: Final = r"""
root ::= "Summary:\n" bullet{6,8} "\nAction items:\n" ("none stated\n" | items)
items ::= "1. " item ("2. " item ("3. " item ("4. " item ("5. " item)?)?)?)?
bullet ::= "- " word (" " word){3,28} ".\n"
item ::= owner " — " deadline " — " word (" " word){2,18} ".\n"
owner ::= "not stated" | name (" " name){0,3}
name ::= [A-Z] [A-Za-z.'-]{1,15}
deadline ::= "not stated" | (term " "){0,2} [0-9]{1,4} (" " term){0,2}
term ::= [A-Za-z0-9]{2,10}
word ::= [^SPACES—<>;0-9-] [^SPACES—<>;]{0,20} | [0-9] [0-9.,:%]{0,7}
""".replace(
    "SPACES",  # all of Unicode's, and invisible characters
    r" \t\r\n\x0B\x0C\x1C-\x1F\x85\xA0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF",
)


def is_built_in(resolved: ResolvedChoice) -> bool:
    """Return True if the model that ships with the program answers."""
    is_on_device = resolved.profile.kind is ProviderKind.ON_DEVICE
    return is_on_device and resolved.model.id == ON_DEVICE_MODEL


def grammar_for(
    requirements: PromptRequirements, parts: Iterable[Part], resolved: ResolvedChoice
) -> AnswerGrammar | None:
    """Return the grammar for the answer to a prompt; None if no grammar applies.

    The grammar describes one summary, so it does not apply to several documents.
    """
    is_summary = requirements.grammar is BuiltInGrammar.SUMMARY and not has_several_documents(parts)
    if not is_summary or not is_built_in(resolved):
        return None
    return AnswerGrammar(FormKind.GBNF, SUMMARY)
