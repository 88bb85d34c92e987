"""The user's prompts and presets in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.prompt_store import PromptStore
from tests.unit.storage.samples import NOON, a_conversation, opened

REPLY = Prompt("r", "Reply", "Reply to {{name}}:\n\n{{selection}}", "Mail", 1, NOON)
MINE = Prompt("translate", "Übersetzen", "Ins Deutsche", position=0, hidden=True)
REVIEWER = Prompt(
    "p",
    "Reviewer",
    "Review {{selection}}",
    position=3,
    created_at=NOON,
    provider_id="openai",
    model="gpt-5.2",
    variant=Variant.PRO,
    effort=Effort.HIGH,
    overrides=Overrides("Be strict.")
    .with_parameter("temperature", 0.2)
    .with_parameter("stop", ("END",)),
)
PLAIN = Prompt("q", "Plain", overrides=Overrides())


async def test_prompts_are_read_in_order_as_saved(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store = PromptStore(database)
        await store.save([REPLY, MINE, REVIEWER, PLAIN])
        assert await store.prompts() == [PLAIN, MINE, REPLY, REVIEWER]
        await store.save([replace(REPLY, text="Shorter")])
        assert (await store.prompts())[2].text == "Shorter"
        await store.remove("r")
        await store.remove("q")
        assert await store.prompts() == [MINE, REVIEWER]


async def test_names_are_those_of_texts_or_of_settings(tmp_path: Path) -> None:
    """Check that a prompt to insert and one with settings may have one name, as before."""
    text, settings = Prompt("t", "Twin", "Say it."), replace(PLAIN, title="Twin")
    async with opened(tmp_path / "s") as database:
        store = PromptStore(database)
        await store.save([text, settings, REVIEWER])
        assert await store.named("twin") == text
        assert await store.preset("TWIN") == settings
        assert await store.named("Reviewer") == await store.preset("Reviewer") == REVIEWER
        for find, name in ((store.named, "Plain"), (store.preset, "Reply"), (store.named, "q")):
            with pytest.raises(IllegalChoiceError):
                await find(name)


async def test_a_conversation_keeps_the_id_of_a_deleted_preset(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store, conversations = PromptStore(database), ConversationStore(database)
        await store.save([REVIEWER])
        conversation = a_conversation(preset_id="p")
        await conversations.create(conversation)
        await store.remove("p")
        assert await conversations.get(conversation.id) == conversation
        await conversations.save_settings(replace(conversation, preset_id=None))
        found = await conversations.get(conversation.id)
        assert found is not None
        assert found.preset_id is None
