"""The user's prompts and presets in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.preset import Preset
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.prompt_store import PromptStore
from tests.unit.storage.samples import NOON, a_conversation, opened

REPLY = Prompt("r", "Reply", "Reply to {{name}}:\n\n{{selection}}", "Mail", 1, NOON)
MINE = Prompt("translate", "Übersetzen", "Ins Deutsche", position=0, hidden=True)
REVIEWER = Preset(
    "p",
    "Reviewer",
    "openai",
    "gpt-5.2",
    Variant.PRO,
    Effort.HIGH,
    Overrides("Be strict.").with_parameter("temperature", 0.2).with_parameter("stop", ("END",)),
    3,
    NOON,
)


async def test_prompts_and_presets_are_read_in_order_as_saved(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store = PromptStore(database)
        await store.save([REPLY, MINE], [REVIEWER, Preset("q", "Plain")])
        assert await store.prompts() == [MINE, REPLY]
        assert await store.presets() == [Preset("q", "Plain"), REVIEWER]
        await store.save([replace(REPLY, text="Shorter")])
        assert (await store.prompts())[1].text == "Shorter"
        await store.remove_prompt("r")
        await store.remove_preset("q")
        assert await store.prompts() == [MINE]
        assert await store.presets() == [REVIEWER]


async def test_a_conversation_keeps_the_id_of_a_deleted_preset(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store, conversations = PromptStore(database), ConversationStore(database)
        await store.save(presets=[REVIEWER])
        conversation = a_conversation(preset_id="p")
        await conversations.create(conversation)
        await store.remove_preset("p")
        assert await conversations.get(conversation.id) == conversation
        await conversations.save_settings(replace(conversation, preset_id=None))
        found = await conversations.get(conversation.id)
        assert found is not None
        assert found.preset_id is None
