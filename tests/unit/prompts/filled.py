"""Prompts in a store with a sample of every kind of data."""

from __future__ import annotations

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Folder, new_id
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.storage.database import Database
from tests.unit.storage.samples import NOON


async def fill(database: Database, _folder: Folder) -> None:
    prompt = Prompt("paragraph", "Mine", "Say {{selection}}", "Mail", 2, NOON, hidden=True)
    preset = Prompt(new_id(), "Editor", variant=Variant.PRO, overrides=Overrides("Edit."))
    await PromptStore(database).save([prompt, preset])
