"""Checks if a provider and model can follow a grammar."""

from __future__ import annotations

from desktop_app.domain.answering.answer_form import AnswerGrammar
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.services.models.choice_resolution import ResolvedChoice


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
            raise IllegalChoiceError(Reason.GRAMMAR_NEEDS_LLAMA_CPP, provider=profile.name)
        return
    if not profile.serves_gpt_family or profile.api is Api.CHAT_COMPLETIONS:
        raise IllegalChoiceError(
            Reason.GRAMMAR_NOT_AT_PROVIDER, provider=profile.name, syntax=syntax
        )
    if resolved.model.apis is not None and Api.RESPONSES not in resolved.model.apis:
        raise IllegalChoiceError(
            Reason.GRAMMAR_NOT_SUPPORTED, model=resolved.model.name, syntax=syntax
        )
