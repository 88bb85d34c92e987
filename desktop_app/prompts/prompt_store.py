"""The user's prompts and presets.

The built-in prompts are files of the program. A stored prompt with the id of a built-in one
replaces it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import partial

from desktop_app.domain.preset import Preset
from desktop_app.domain.prompt import NO_REQUIREMENTS, Prompt
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import Cells, from_row, read_rows, to_row
from desktop_app.storage.row_writing import insert_rows


class PromptStore:
    """Prompts and presets. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prompts(self) -> list[Prompt]:
        """Return the prompts, in order."""
        sql = "SELECT * FROM prompts ORDER BY position, created_at, id"
        return await read_rows(self._database, prompt_from_row, sql)

    async def form_of_prompt(self, prompt_id: str) -> str:
        """Return the form of the answers to a prompt, as it is stored; "" if it has none."""
        row = await self._database.row("SELECT form FROM prompts WHERE id = ?", prompt_id)
        return "" if row is None else str(row["form"])

    async def presets(self) -> list[Preset]:
        """Return the presets, in order."""
        sql = "SELECT * FROM presets ORDER BY position, created_at, id"
        return await read_rows(self._database, partial(from_row, Preset), sql)

    async def save(self, prompts: Iterable[Prompt] = (), presets: Iterable[Preset] = ()) -> None:
        """Add or replace prompts and presets in one transaction."""
        prompt_rows = [to_row(prompt, "requirements") for prompt in prompts]
        preset_rows = [to_row(preset) for preset in presets]

        def put(connection: sqlite3.Connection) -> None:
            insert_rows(connection, "prompts", prompt_rows, "INSERT OR REPLACE")
            insert_rows(connection, "presets", preset_rows, "INSERT OR REPLACE")

        await self._database.write(put)

    async def remove_prompt(self, prompt_id: str) -> None:
        """Delete a prompt. The built-in prompt that it replaced, if any, is used again."""
        await self._database.execute("DELETE FROM prompts WHERE id = ?", prompt_id)

    async def remove_preset(self, preset_id: str) -> None:
        """Delete a preset. Conversations keep the settings that it gave them."""
        await self._database.execute("DELETE FROM presets WHERE id = ?", preset_id)


def add_preset(connection: sqlite3.Connection, preset: Preset) -> None:
    """Add a preset, unless its id exists."""
    insert_rows(connection, "presets", [to_row(preset)], "INSERT OR IGNORE")


def prompt_from_row(row: Cells) -> Prompt:
    return from_row(Prompt, row, requirements=NO_REQUIREMENTS)
