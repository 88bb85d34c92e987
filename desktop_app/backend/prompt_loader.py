"""The prompt library, read from bundled files and the store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_
from desktop_app.paths import resource_path
from desktop_app.prompts.prompt import (
    CLIPBOARD,
    DATE,
    NO_REQUIREMENTS,
    SELECTION,
    Prompt,
    PromptRequirements,
    program_variables_in,
)
from desktop_app.prompts.prompt_library import (
    PromptEntry,
    fill_prompt,
    find_prompt,
    merge_prompts,
    prompt_from_markdown,
)

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.prompts.prompt_store import PromptStore


def built_in_prompts() -> tuple[Prompt, ...]:
    """Return the bundled prompts. Blocking."""
    files = sorted(resource_path("templates").glob("*.md"))
    return tuple(
        prompt_from_markdown(file.stem, file.read_text("utf-8"), position)
        for position, file in enumerate(files)
    )


@cache
def _requirements_by_id() -> Mapping[str, PromptRequirements]:
    return {prompt.id: prompt.requirements for prompt in built_in_prompts()}


async def built_in_requirements(template_id: str) -> PromptRequirements:
    """Return the requirements of a built-in prompt; NO_REQUIREMENTS for any other."""
    if not template_id:
        return NO_REQUIREMENTS
    return (await asyncio.to_thread(_requirements_by_id)).get(template_id, NO_REQUIREMENTS)


async def load_prompt_requirements(store: PromptStore, prompt_id: str) -> PromptRequirements:
    """Return the requirements of a prompt, with the answer form that the user gave it.

    Raises:
        StorageError: the store cannot be read.
    """
    form = await store.form_of_prompt(prompt_id) if prompt_id else ""
    return (await built_in_requirements(prompt_id))._replace(form=form)


async def prompt_library(backend: Backend) -> tuple[PromptEntry, ...]:
    """Return every prompt, hidden ones too.

    Raises:
        StorageError: the store cannot be read.
    """
    stored_prompts = await backend.prompts.prompts()
    return merge_prompts(await asyncio.to_thread(built_in_prompts), stored_prompts)


def today() -> str:
    """Return the user's date for `{{date}}`: 2026-01-31."""
    return date.today().isoformat()  # noqa: DTZ011 — the user's date


async def fill_template(
    backend: Backend, name: str, fields: Sequence[str], text: str
) -> tuple[Prompt, str]:
    """Return a prompt of the library and its text, filled in for a command.

    Args:
        fields: the values of the prompt's fields, each as "name=value".
        text: replaces {{selection}}, or is appended to a prompt without that placeholder.

    Raises:
        IllegalChoiceError: there is no such prompt, or a value is missing or invalid.
        StorageError: the store cannot be read.
    """
    values = dict(_parse_field(field) for field in fields)
    prompt = find_prompt(name, await prompt_library(backend))
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
