"""A grammar enforces the form of summaries only for the small on-device model."""

from __future__ import annotations

from dataclasses import replace

from desktop_app.backend.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.backend.prompt_loader import built_in_prompts
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.prompts.prompts import NO_REQUIREMENTS
from desktop_app.services.documents.summary_grammar import SUMMARY, grammar_for
from desktop_app.services.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice

REQUIREMENTS = {prompt.id: prompt.requirements for prompt in built_in_prompts()}
DOCUMENT = DocumentPart("a" * 64, "a.md", "text/markdown", 9)
FOLDER = replace(DOCUMENT, media_type="inode/directory")
BUILT_IN = ModelInfo(ON_DEVICE_MODEL, "SmolLM2 135M", context_window=8192)


def grammar_definition(
    template_id: str,
    *parts: DocumentPart,
    profile: ProviderProfile = ON_DEVICE,
    info: ModelInfo = BUILT_IN,
) -> str:
    requirements = REQUIREMENTS.get(template_id, NO_REQUIREMENTS)
    found = grammar_for(requirements, parts, ResolvedChoice(profile, info, None, None))
    return "" if found is None else found.definition


def test_the_grammar_applies_to_a_summary_by_the_built_in_model() -> None:
    summary = "executive-summary"
    assert grammar_definition(summary) == grammar_definition(summary, DOCUMENT) == SUMMARY
    assert grammar_definition(summary, DOCUMENT, info=replace(BUILT_IN, id="some-8b")) == ""
    assert grammar_definition(summary, DOCUMENT, profile=OPENAI) == ""
    assert (
        grammar_definition(summary, DOCUMENT, DOCUMENT) == grammar_definition(summary, FOLDER) == ""
    )
    assert not any(
        grammar_definition(name) for name in (*REQUIREMENTS.keys() - {summary}, "mine", "")
    )
