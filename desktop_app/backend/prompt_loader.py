"""The library of prompts and the built-in presets, read from bundled files and the store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.preset import Preset
from desktop_app.domain.prompt import (
    CLIPBOARD,
    DATE,
    NO_REQUIREMENTS,
    SELECTION,
    Prompt,
    PromptRequirements,
    program_variables_in,
)
from desktop_app.domain.prompt_json import preset_from_json
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import resource_path
from desktop_app.prompts.prompt_library import (
    PromptEntry,
    fill_prompt,
    find_prompt,
    merge_prompts,
    prompt_from_markdown,
)

if TYPE_CHECKING:
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


async def prompt_library(store: PromptStore) -> tuple[PromptEntry, ...]:
    """Return every prompt, hidden ones too.

    Raises:
        StorageError: the store cannot be read.
    """
    stored_prompts = await store.prompts()
    return merge_prompts(await asyncio.to_thread(built_in_prompts), stored_prompts)


def today() -> str:
    """Return the user's date for `{{date}}`: 2026-01-31."""
    return date.today().isoformat()  # noqa: DTZ011 — the user's date


async def fill_template(
    store: PromptStore, name: str, fields: Sequence[str], text: str
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
    prompt = find_prompt(name, await prompt_library(store))
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


HIDDEN_PRESETS: Final = "presets.hidden"
"""The setting with the ids of built-in presets that the user has deleted."""
BUILT_IN_NAMES: Final = (
    N_("Careful coder"),
    N_("Code reviewer"),
    N_("Analyst"),
    N_("Editor"),
    N_("Translator"),
    N_("Tutor"),
    N_("Minutes"),
    N_("Summarizer"),
    N_("Researcher"),
    N_("Data extractor"),
    N_("Plain writer"),
    N_("Brainstormer"),
)
"""The names in `resources/presets.json`, in its order.

They are repeated here because texts are only collected for translation from Python files. A test
compares them with the file.
"""
# Built-in presets are sorted after the user's, whose positions count from 0.
_FIRST_POSITION: Final = 1_000_000


@cache
def built_in_presets() -> tuple[Preset, ...]:
    """Return the built-in presets, with their English names."""
    rows = json.loads(resource_path("presets.json").read_text(encoding="utf-8"))
    return tuple(preset_from_json(row) for row in rows)


def preset_cases(name: str) -> list[dict[str, Any]]:
    """Return the evaluation cases of a built-in preset, by its name or id; [] for others."""
    preset = preset_named(name, with_built_in([]))
    if preset is None:
        return []
    rows = json.loads(resource_path("preset_cases.json").read_text(encoding="utf-8"))
    return list(rows[preset.id])


def with_built_in(stored: Iterable[Preset], hidden: Collection[str] = ()) -> list[Preset]:
    """Return the user's presets, then the built-in ones, with their names in the user's language.

    A preset of the user replaces the built-in preset of the same id, or of the same name, in
    English or translated.

    Args:
        hidden: the ids of built-in presets that the user has deleted.
    """
    presets = list(stored)
    taken_names = {preset.name.casefold() for preset in presets}
    taken_ids = {preset.id for preset in presets}
    for number, preset in enumerate(built_in_presets()):
        translated_preset = replace(preset, name=tr(preset.name), position=_FIRST_POSITION + number)
        is_replaced = _is_replaced(preset, taken_ids, taken_names)
        if not is_replaced and preset.id not in hidden:
            presets.append(translated_preset)
    return presets


def replaces_built_in(preset: Preset) -> bool:
    """Return True if the user's library would show this preset in place of a built-in one."""
    ids = {preset.id}
    names = {preset.name.casefold()}
    return any(_is_replaced(built_in, ids, names) for built_in in built_in_presets())


def _is_replaced(built_in: Preset, ids: Collection[str], names: Collection[str]) -> bool:
    """Return True if the user's presets replace a built-in preset.

    Args:
        ids: the ids of the user's presets.
        names: their case-folded names.
    """
    built_in_names = (built_in.name, tr(built_in.name))
    return built_in.id in ids or any(name.casefold() in names for name in built_in_names)


def preset_named(name: str, presets: Collection[Preset]) -> Preset | None:
    """Return the first of the presets with this name or id; None if there is none.

    The beginning of an id is enough if no other id begins so.

    A built-in preset is also found by its English name, so scripts work in every language.
    """
    # Names and ids are typed by the user, so both are compared without regard to case.
    searched_name = name.casefold()
    for preset in presets:
        if searched_name in (preset.id.casefold(), preset.name.casefold()):
            return preset
    for built_in in built_in_presets():
        if built_in.name.casefold() == searched_name:
            return next((preset for preset in presets if preset.id == built_in.id), None)
    matches = [p for p in presets if searched_name and p.id.casefold().startswith(searched_name)]
    return matches[0] if len(matches) == 1 else None
