"""Prompts that repeat in a store with a sample of every kind of data."""

from __future__ import annotations

from dataclasses import replace

from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.error_note import ErrorNote
from desktop_app.repeat.repeat import Every, Repeat
from desktop_app.repeat.repeat_store import RepeatStore
from desktop_app.storage.database import Database
from tests.unit.storage.samples import CHOICE, NOON


async def fill(database: Database, folder: Folder) -> None:
    asked = Repeat("e" * 32, "News?", Every.DAY, "2026-01-01T08:00", CHOICE, folder.id, NOON)
    await RepeatStore(database).add(asked)
    await RepeatStore(database).add(replace(asked, id="c" * 32, paused=True))
    await RepeatStore(database).add_run(asked.id, "", ErrorNote("No key."))
