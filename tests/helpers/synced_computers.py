"""Computers that share a library, each with a real store, over one folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from desktop_app.chat.conversation_store import ConversationStore, insert_message
from desktop_app.domain.conversations.conversation import Conversation, Message, now
from desktop_app.domain.network.origin import Secret
from desktop_app.library.folder_store import FolderStore
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from desktop_app.storage.stored_tables import synced_tables, traveling_columns
from desktop_app.storage.value_effects import travels
from desktop_app.sync.synchronizer import Synchronizer
from desktop_app.sync.target import Target
from tests.helpers.messages import CHOICE

PASSPHRASE = "correct horse"


class Vault:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.secrets: dict[str, Secret] = {}

    async def get(self, name: str, origin: str) -> Secret | None:
        secret = self.secrets.get(name)
        return secret if secret is not None and secret.origin == origin else None

    async def set(self, name: str, secret: Secret) -> None:
        self.secrets[name] = secret

    async def remove(self, name: str) -> None:
        self.secrets.pop(name, None)


class Computer:
    """A computer with a library of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.attachments = folder / "attachments"
        self.database = Database(folder / "repartee.sqlite3")
        self.conversations = ConversationStore(self.database)
        self.folders = FolderStore(self.database)
        self.settings = SettingsStore(self.database)
        self.vault = Vault()
        self.sync = Synchronizer(self.database, self.attachments, self.vault)  # type: ignore[arg-type]

    async def add(self, id_: str, title: str = "") -> None:
        moment = now()
        conversation = Conversation(id_, title or id_, moment, moment, CHOICE)
        await self.conversations.create(conversation)

    async def write(self, message: Message, conversation: str, parent: str | None = None) -> None:
        placed = replace(message, conversation_id=conversation, parent_id=parent)
        await self.database.write(lambda c: insert_message(c, placed))

    async def content(self) -> dict[str, Any]:
        """Return all rows that travel, by table and id."""
        found: dict[str, Any] = {}
        for name, table in synced_tables().items():
            rows = await self.database.rows(f"SELECT * FROM {name}")
            found[name] = {
                row[table.key]: {column: row[column] for column in traveling_columns(name)}
                for row in rows
                if name != "settings" or travels(row["key"])
            }
        for message in found["messages"].values():
            message["computer"] = message["computer"] or self.name
        return found


@asynccontextmanager
async def computers(
    folder: Path, *names: str, is_joined: bool = True
) -> AsyncIterator[list[Computer]]:
    """Yield computers with empty libraries, by default synchronized over `folder`/shared."""
    (folder / "shared").mkdir()
    made = [Computer(folder / name, name) for name in names]
    for each in made:
        (folder / each.name).mkdir()
        await each.database.open()
        if is_joined:
            await each.sync.join(Target(str(folder / "shared")), PASSPHRASE, name=each.name)
    try:
        yield made
    finally:
        for each in made:
            await each.database.close()


async def settle(made: list[Computer], rounds: int = 3) -> None:
    """Synchronize all until nothing new can come."""
    for _ in range(rounds):
        for each in made:
            await each.sync.synchronize()
