"""A grammar that makes the built-in on-device model produce a well-formed summary.

The model is too small to keep to a format: asked for bullets and action items, it repeats the
request without end. llama.cpp restricts its words to those that a grammar (in GBNF) allows. Larger
models need no grammar.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerGrammar, FormKind
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.message_parts import Part
from desktop_app.prompts.prompt import BuiltInGrammar, PromptRequirements
from desktop_app.prompts.prompt_library import has_several_documents
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice

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
