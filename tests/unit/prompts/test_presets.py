"""The settings that a conversation takes from a prompt."""

from __future__ import annotations

from dataclasses import replace

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice, now
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt

HERE = ModelChoice("openai", "", Variant.INSTANT, Effort.LOW)


def test_unset_fields_of_a_prompt_keep_those_of_the_conversation() -> None:
    assert Prompt("p", "Plain").choice_from(HERE, serves_gpt_family=True) == HERE
    careful = Prompt("p", "Careful", variant=Variant.PRO, effort=Effort.HIGH)
    wanted = ModelChoice("openai", "", Variant.PRO, Effort.HIGH)
    assert careful.choice_from(HERE, serves_gpt_family=True) == wanted


def test_a_variant_is_ignored_if_the_provider_has_none() -> None:
    local = ModelChoice("on-device", "smollm2", None, None)
    careful = Prompt("p", "Careful", variant=Variant.PRO)
    assert careful.choice_from(local, serves_gpt_family=False) == local


def test_a_model_of_a_prompt_is_stored_with_its_provider() -> None:
    own = Prompt("p", "Qwen", provider_id="ollama", model="qwen3")
    chosen = own.choice_from(HERE, serves_gpt_family=False)
    assert chosen == ModelChoice("ollama", "qwen3", None, Effort.LOW)
    nowhere = Prompt("p", "Qwen", model="qwen3")
    assert nowhere.choice_from(HERE, serves_gpt_family=True) == HERE


def test_a_prompt_restores_the_settings_it_was_made_of() -> None:
    moment = now()
    conversation = Conversation("c", "", moment, moment, HERE, overrides=Overrides("Be brief."))
    made = Prompt("p", "Brief").with_settings_of(conversation)
    assert (made.provider_id, made.overrides) == ("", conversation.overrides)
    assert made.choice_from(HERE, serves_gpt_family=True) == HERE
    other = replace(conversation, choice=ModelChoice("ollama", "qwen3", None, None))
    made = Prompt("p", "Qwen").with_settings_of(other)
    assert made.choice_from(HERE, serves_gpt_family=False) == replace(
        other.choice, effort=Effort.LOW
    )
