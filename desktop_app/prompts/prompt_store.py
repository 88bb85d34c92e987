"""The user's prompts, and the library that they and the built-in ones make.

The built-in prompts are files of the program. A stored prompt with the id of a built-in one
replaces it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from desktop_app.domain import hints
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.prompt import (
    CLIPBOARD,
    DATE,
    NO_REQUIREMENTS,
    SELECTION,
    Prompt,
    PromptRequirements,
    program_variables_in,
    today,
)
from desktop_app.i18n.translation import N_
from desktop_app.prompts.prompt_library import (
    HIDDEN_PRESETS,
    PromptEntry,
    built_in_prompts,
    built_in_requirements,
    fill_prompt,
    find_all,
    find_prompt,
    known_titles,
    merge_prompts,
    preset_cases,
    replaces_built_in,
)
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import Cells, from_row, read_rows, to_row
from desktop_app.storage.row_writing import upsert_row


class PromptStore:
    """The prompts. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prompts(self) -> list[Prompt]:
        """Return the user's prompts, in order."""
        sql = "SELECT * FROM prompts ORDER BY position, created_at, id"
        return await read_rows(self._database, prompt_from_row, sql)

    async def hidden_ids(self) -> set[str]:
        """Return the ids of built-in prompts that were deleted in an earlier version."""
        sql = "SELECT value FROM settings WHERE key = ?"
        row = await self._database.row(sql, HIDDEN_PRESETS)
        with suppress(TypeError, ValueError):  # damaged
            return set(json.loads(row["value"])) if row else set()
        return set()

    async def entries(self) -> tuple[PromptEntry, ...]:
        """Return every prompt of the library, hidden ones too."""
        built_in = await asyncio.to_thread(built_in_prompts)
        return merge_prompts(built_in, await self.prompts(), await self.hidden_ids())

    async def save(self, prompts: Iterable[Prompt]) -> None:
        """Add or replace prompts in one transaction."""
        rows = [to_row(prompt, "requirements") for prompt in prompts]

        def save(connection: sqlite3.Connection) -> None:
            for row in rows:
                upsert_row(connection, "prompts", row)

        await self._database.write(save)

    async def remove(self, prompt_id: str) -> None:
        """Delete a prompt. Conversations keep the settings that it gave them.

        The built-in prompt that it replaced, if any, is used again.
        """
        await self._database.execute("DELETE FROM prompts WHERE id = ?", prompt_id)

    async def requirements(self, prompt_id: str) -> PromptRequirements:
        """Return the requirements of a prompt, with the answer form that the user gave it."""
        row = await self._database.row("SELECT form FROM prompts WHERE id = ?", prompt_id)
        built_in = await built_in_requirements(prompt_id)
        return built_in._replace(form="" if row is None else str(row["form"]))

    async def named(self, name: str) -> Prompt:
        """Return the prompt to insert with this title or id. Raises IllegalChoiceError."""
        return find_prompt(name, await self.entries())

    async def preset(self, name: str) -> Prompt:
        """Return the first prompt with settings of this title or id. Raises IllegalChoiceError."""
        entries = [entry for entry in await self.entries() if entry.prompt.has_settings]
        if found := find_all(name, entries):
            return found[0]
        raise IllegalChoiceError(
            N_("There is no preset “{preset}”."),
            hint=hints.LIST_AVAILABLE,
            preset=name,
            known=known_titles(entries),
        )

    def replaces_built_in(self, prompt: Prompt) -> bool:
        """Return True if the library would show this prompt in place of a built-in preset."""
        return replaces_built_in(prompt)

    def preset_cases(self, name: str) -> list[dict[str, Any]]:
        """Return the evaluation cases of a built-in preset, by its name or id; [] for others."""
        return preset_cases(name)

    async def fill(self, name: str, fields: Sequence[str], text: str) -> tuple[Prompt, str]:
        """Return a prompt and its text, filled in for a command.

        Args:
            fields: the values of the prompt's fields, each as "name=value".
            text: replaces {{selection}}, or is appended to a prompt without that placeholder.

        Raises:
            IllegalChoiceError: there is no such prompt, or a value is missing or invalid.
        """
        values = dict(map(_parse_field, fields))
        prompt = await self.named(name)
        program_values = {SELECTION: text.strip(), CLIPBOARD: "", DATE: today()}
        question = fill_prompt(prompt, values, program_values)
        if text.strip() and SELECTION not in program_variables_in(prompt.text):
            question = f"{question}\n\n{text.strip()}"
        return prompt, question


def _parse_field(field: str) -> tuple[str, str]:
    name, equals, value = field.partition("=")
    if not equals or not name.strip():
        raise IllegalChoiceError(
            N_("--set {given} isn’t NAME=VALUE."),
            hint=N_("Try: --set language=Polish"),
            given=field,
        )
    return name.strip(), value


def prompt_from_row(row: Cells) -> Prompt:
    return from_row(Prompt, row, requirements=NO_REQUIREMENTS)
