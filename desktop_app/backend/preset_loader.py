"""The built-in presets: `resources/presets.json`, in the format of exchange/preset_json.py."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Final

from desktop_app.domain.prompts.preset import Preset
from desktop_app.exchange.preset_json import preset_from_json
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import resource_path

HIDDEN_PRESETS: Final = "presets.hidden"
"""The setting with the ids of built-in presets that the user has deleted."""
BUILT_IN_NAMES: Final = (
    *(N_("Careful coder"), N_("Code reviewer"), N_("Analyst"), N_("Editor"), N_("Translator")),
    *(N_("Tutor"), N_("Minutes"), N_("Summarizer"), N_("Researcher"), N_("Data extractor")),
    *(N_("Plain writer"), N_("Brainstormer")),
)
"""The names of the built-in presets, marked for translation."""
_FIRST_POSITION: Final = 1_000_000  # after all of the user's presets


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
    taken_names = {preset.name.casefold() for preset in presets} | {preset.id for preset in presets}
    for number, preset in enumerate(built_in_presets()):
        translated_preset = replace(preset, name=tr(preset.name), position=_FIRST_POSITION + number)
        names = {preset.id, preset.name.casefold(), translated_preset.name.casefold()}
        if taken_names.isdisjoint(names) and preset.id not in hidden:
            presets.append(translated_preset)
    return presets


def replaces_built_in(preset: Preset) -> bool:
    """Return True if the user's library would show this preset in place of a built-in one."""
    # Any other preset is shown in addition to the built-in ones.
    return len(with_built_in([preset])) <= len(built_in_presets())


def preset_named(name: str, presets: Collection[Preset]) -> Preset | None:
    """Return the first of the presets with this name or id; None if there is none.

    A built-in preset is also found by its English name, so scripts work in every language.
    """
    ids_by_english_name = {preset.name.casefold(): preset.id for preset in built_in_presets()}
    for searched_name in (name.casefold(), ids_by_english_name.get(name.casefold())):
        for preset in presets:
            if searched_name in (preset.id.casefold(), preset.name.casefold()):
                return preset
    return None


def hidden_ids(value: object) -> set[str]:
    """Return the ids in a stored value of `HIDDEN_PRESETS`."""
    return {id_ for id_ in value if isinstance(id_, str)} if isinstance(value, list) else set()
