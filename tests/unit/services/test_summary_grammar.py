"""Who is held to the form of a summary: the model that is too small to keep to it, and nobody else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from desktop_app.backend.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.backend.prompt_library import built_in_prompts
from desktop_app.domain.conversations.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.providers.apis.chat_completions import body
from desktop_app.services.chat.model_choice import ON_DEVICE_MODEL, ResolvedChoice
from desktop_app.services.chat.prompt_library import for_each
from desktop_app.services.documents.summary_grammar import SUMMARY, form_of

PROMPTS = {prompt.id: prompt.text for prompt in built_in_prompts()}
DOCUMENT = DocumentPart("a" * 64, "a.md", "text/markdown", 9)
BUILT_IN = ModelInfo(ON_DEVICE_MODEL, "SmolLM2 135M", context_window=8192)


def form(task: str, profile: ProviderProfile = ON_DEVICE, info: ModelInfo = BUILT_IN) -> str:
    return form_of(task, ResolvedChoice(profile, info, None, None))


def test_the_built_in_model_is_held_to_the_summary_alone() -> None:
    summary = PROMPTS["executive-summary"]
    assert form(summary) == SUMMARY
    assert form(summary, info=replace(BUILT_IN, id="some-8b")) == ""
    assert form(summary, profile=OPENAI) == ""
    assert form(for_each(summary, [DOCUMENT, DOCUMENT])) == ""
    others = [text for name, text in PROMPTS.items() if name != "executive-summary"]
    assert not any(form(text) for text in (*others, "Why?", ""))


@pytest.mark.parametrize(("profile", "is_sent"), [(ON_DEVICE, True), (OPENAI, False)])
def test_nobody_else_is_sent_a_grammar(profile: ProviderProfile, is_sent: bool) -> None:
    request = ChatRequest(model=BUILT_IN.id, messages=(), grammar=SUMMARY)
    assert ("grammar" in body(request, BUILT_IN, profile)) is is_sent
    plain = replace(request, grammar="")
    assert "grammar" not in body(plain, BUILT_IN, profile)


def test_no_word_of_the_form_holds_a_space_or_what_nobody_sees() -> None:
    (first, later) = re.findall(r"^word ::= (\[.*?\]) (\[.*?\])", SUMMARY, re.MULTILINE)[0]
    for number in range(0x110000):
        letter = chr(number)
        if letter.isspace() or letter in "\u200b\u200d\u2060\ufeff\u202e":
            assert not re.match(first, letter), hex(number)
            assert not re.match(later, letter), hex(number)
