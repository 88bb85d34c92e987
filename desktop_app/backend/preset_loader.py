"""The built-in presets: `resources/presets.json`, in the format of exchange/preset_json.py."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Final

from desktop_app.domain.prompts.preset import Preset
from desktop_app.exchange.preset_json import preset_from_json
from desktop_app.paths import resource_path

HIDDEN_PRESETS: Final = "presets.hidden"
"""The setting with the ids of built-in presets that the user has deleted."""
_FIRST_POSITION: Final = 1_000_000  # after all of the user's


@cache
def built_in_presets() -> tuple[Preset, ...]:
    """Return the built-in presets."""
    rows = json.loads(resource_path("presets.json").read_text(encoding="utf-8"))
    return tuple(preset_from_json(row) for row in rows)


def preset_cases(name: str) -> list[dict[str, Any]]:
    """Return the evaluation cases of a built-in preset, by its name or id; [] for others."""
    wanted = name.casefold()
    ids = [p.id for p in built_in_presets() if wanted in (p.id.casefold(), p.name.casefold())]
    rows = json.loads(resource_path("preset_cases.json").read_text(encoding="utf-8"))
    return [case for preset_id in ids for case in rows[preset_id]]


def with_built_in(stored: Iterable[Preset], hidden: Collection[str] = ()) -> list[Preset]:
    """Return the user's presets, then the built-in ones.

    A preset of the user replaces the built-in preset of the same name or id.

    Args:
        hidden: the ids of built-in presets that the user has deleted.
    """
    own = list(stored)
    names = {preset.name.casefold() for preset in own} | {preset.id for preset in own}
    return [
        *own,
        *(
            replace(preset, position=_FIRST_POSITION + number)
            for number, preset in enumerate(built_in_presets())
            if names.isdisjoint((preset.name.casefold(), preset.id)) and preset.id not in hidden
        ),
    ]


def hidden_ids(value: object) -> set[str]:
    """Return the ids in a stored value of `HIDDEN_PRESETS`."""
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
