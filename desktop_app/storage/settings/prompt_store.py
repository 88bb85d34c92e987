"""The user's prompts and presets.

The built-in prompts are files of the program. A stored prompt with the id of a built-in one
replaces it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.storage.conversations.row_conversion import (
    Cells,
    from_micros,
    overrides_from_text,
    overrides_to_text,
    read_rows,
    to_micros,
    to_text,
)
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.row_writing import Row, insert_rows


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
        return await read_rows(self._database, preset_from_row, sql)

    async def save(self, prompts: Iterable[Prompt] = (), presets: Iterable[Preset] = ()) -> None:
        """Add or replace prompts and presets in one transaction."""
        prompt_rows = [_prompt_to_row(prompt) for prompt in prompts]
        preset_rows = [_preset_to_row(preset) for preset in presets]

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
    insert_rows(connection, "presets", [_preset_to_row(preset)], "INSERT OR IGNORE")


def _prompt_to_row(prompt: Prompt) -> Row:
    return {
        "id": prompt.id,
        "title": to_text(prompt.title),
        "folder": to_text(prompt.folder),
        "text": to_text(prompt.text),
        "position": prompt.position,
        "created_at": None if prompt.created_at is None else to_micros(prompt.created_at),
        "hidden": int(prompt.hidden),
        "form": to_text(prompt.form),
    }


def prompt_from_row(row: Cells) -> Prompt:
    """Return the prompt in a row of `prompts`."""
    return Prompt(
        id=row["id"],
        title=row["title"],
        text=row["text"],
        folder=row["folder"],
        position=row["position"],
        created_at=None if row["created_at"] is None else from_micros(row["created_at"]),
        hidden=bool(row["hidden"]),
        form=row["form"],
    )


def _preset_to_row(preset: Preset) -> Row:
    return {
        "id": preset.id,
        "name": to_text(preset.name),
        "provider_id": to_text(preset.provider_id),
        "model": to_text(preset.model),
        "variant": None if preset.variant is None else preset.variant.value,
        "effort": None if preset.effort is None else preset.effort.value,
        "overrides": overrides_to_text(preset.overrides),
        "position": preset.position,
        "created_at": None if preset.created_at is None else to_micros(preset.created_at),
    }


def preset_from_row(row: Cells) -> Preset:
    """Return the preset in a row of `presets`."""
    return Preset(
        id=row["id"],
        name=row["name"],
        provider_id=row["provider_id"],
        model=row["model"],
        variant=None if row["variant"] is None else Variant(row["variant"]),
        effort=None if row["effort"] is None else Effort(row["effort"]),
        overrides=overrides_from_text(row["overrides"]),
        position=row["position"],
        created_at=None if row["created_at"] is None else from_micros(row["created_at"]),
    )
