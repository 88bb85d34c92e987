"""The form of a summary for the built-in model on this computer, which is too small to keep to one by
itself: asked for bullets and action items it repeats what it was asked, without an end.

llama.cpp has it choose among the words that a grammar allows (GBNF, as llama.cpp's documentation of its
grammars has it). What it says is still its own. Larger models are asked in words alone.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.conversations.chat_request import ProviderKind
from desktop_app.services.chat.model_choice import ON_DEVICE_MODEL, ResolvedChoice

# The built-in prompt says so, and nobody who means anything else.
_SUMMARY: Final = re.compile(r"\b6 to 8 bullets of at most 30 words\b", re.I)
_OF_SEVERAL: Final = re.compile(r"\bdo this for each of them\b", re.I)

SUMMARY: Final = r"""
root ::= "Summary:\n" bullet{6,8} "\nAction items:\n" ("- not stated\n" | item{1,5})
bullet ::= "- " word (" " word){3,28} ".\n"
item ::= "- " owner " — " deadline " — " word (" " word){2,18} ".\n"
owner ::= "not stated" | name (" " name){0,3}
name ::= [A-Z] [A-Za-z.'-]{1,15}
deadline ::= "not stated" | (term " "){0,2} [0-9]{1,4} (" " term){0,2}
term ::= [A-Za-z0-9]{2,10}
word ::= [^SPACES—<>;0-9-] [^SPACES—<>;]{0,20} | [0-9] [0-9.,:%]{0,7}
""".replace(
    "SPACES",  # every one of Unicode's, and what nobody sees
    r" \t\r\n\x0B\x0C\x1C-\x1F\x85\xA0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF",
)


def is_built_in(resolved: ResolvedChoice) -> bool:
    """Whether the model that comes along answers, not a file that the person chose."""
    on_device = resolved.profile.kind is ProviderKind.ON_DEVICE
    return on_device and resolved.model.id == ON_DEVICE_MODEL


def form_of(task: str, resolved: ResolvedChoice) -> str:
    """The grammar that the answer to a task keeps to; "" for none."""
    is_summary = _SUMMARY.search(task) is not None and _OF_SEVERAL.search(task) is None
    return SUMMARY if is_summary and is_built_in(resolved) else ""
