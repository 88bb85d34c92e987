"""The presets that ship: `resources/presets.json`, in the form of exchange/preset_json.py."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

from desktop_app.domain.conversations.preset import Preset
from desktop_app.exchange.preset_json import preset_from_json
from desktop_app.paths import resource_path


@cache
def built_in_presets() -> tuple[Preset, ...]:
    """Return the presets that ship."""
    rows = json.loads(resource_path("presets.json").read_text(encoding="utf-8"))
    return tuple(preset_from_json(row) for row in rows)


def with_built_in(stored: Iterable[Preset]) -> list[Preset]:
    """Return the user's presets, then those that ship, unless the user's have their name."""
    own = list(stored)
    names = {preset.name.casefold() for preset in own}
    return [*own, *(p for p in built_in_presets() if p.name.casefold() not in names)]
