"""Notes in a store with a sample of every kind of data."""

from __future__ import annotations

from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.remembered_note import RememberedNote
from desktop_app.memory.memory import Memory
from desktop_app.storage.database import Database
from tests.unit.storage.samples import NOON


async def fill(database: Database, folder: Folder) -> None:
    await Memory(database).put([RememberedNote("d" * 32, "Be kind.", NOON, folder.id)])
