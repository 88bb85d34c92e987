"""Converts a preset to JSON and back, for files of prompts and exported conversations.

    {"id": "…", "name": "Code reviewer", "provider": "", "model": "", "variant": "thinking",
     "effort": "high", "settings": {"instructions": "…", "temperature": 0.2},
     "position": 0, "created_at": "2026-01-31T09:30:00.000000Z"}

Only `name` is required, all else may be missing or null; a missing "id" is derived from the
content. "settings" may contain "instructions", and the fields of `GenerationParameters`
(`domain/answering/generation.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from desktop_app.domain import bounds
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.tools.tool import runs_without_asking
from desktop_app.exchange.derived_id import derived_id

_Object = Mapping[str, Any]


def preset_to_json(preset: Preset) -> dict[str, Any]:
    """Return a preset as JSON-ready values, as described in the module."""
    return {
        "id": preset.id,
        "name": preset.name,
        "provider": preset.provider_id,
        "model": preset.model,
        "variant": preset.variant,
        "effort": preset.effort,
        "settings": preset.overrides.to_json(),
        "position": preset.position,
        "created_at": time_to_json(preset.created_at),
    }


def preset_from_json(value: _Object) -> Preset:
    """Return the preset. Raises KeyError, TypeError, ValueError or OverflowError."""
    name = text_of(value, "name", is_required=True)
    settings = {} if value.get("settings") is None else value["settings"]
    provider, model, variant, effort = choice = [
        text_of(value, field) for field in ("provider", "model", "variant", "effort")
    ]
    content = [name, json.dumps(settings, sort_keys=True)]
    if any(choice):  # otherwise the id stays as it was before presets had a choice
        content += choice
    return Preset(
        id=id_of(value) or derived_id(*content),
        name=bounds.checked_name(name),
        provider_id=bounds.checked_name(provider),
        model=bounds.checked_name(model),
        variant=Variant(variant) if variant else None,
        effort=Effort(effort) if effort else None,
        overrides=_parse_overrides(settings),
        position=position_of(value),
        created_at=creation_time(value),
    )


def _parse_overrides(settings: Any) -> Overrides:
    if not isinstance(settings, dict) or not isinstance(settings.get("instructions"), str | None):
        raise TypeError("“settings” is not an object, or its instructions are not a text.")
    return overrides_from_json(settings)


def overrides_from_json(settings: _Object) -> Overrides:
    """Return the settings, without tools that run without asking: only the user chooses them."""
    overrides = Overrides.from_json(settings)
    tools = overrides.parameters.tools
    kept_tools = tuple(name for name in tools if not runs_without_asking(name))
    return overrides if kept_tools == tools else overrides.with_parameter("tools", kept_tools)


def text_of(value: _Object, name: str, *, is_required: bool = False) -> str:
    """Return the text under a name; "" if it is missing and not `is_required`.

    Raises:
        KeyError: it is required and missing.
        TypeError: it is not a text, or required and empty.
    """
    text = value[name] if is_required else value.get(name)
    if text is None and not is_required:
        return ""
    if not isinstance(text, str) or (is_required and not text.strip()):
        raise TypeError(f"“{name}” is not a text.")
    return text


def id_of(value: _Object) -> str:
    """Return the id, "" if it is missing or unusable. Raises TypeError."""
    id_ = text_of(value, "id")
    return id_ if bounds.is_id(id_) else ""


def position_of(value: _Object) -> int:
    """Return the position in the list, 0 if it is missing. Raises TypeError."""
    position = value.get("position")
    if position is None:
        return 0
    # A far larger number would not fit into SQLite's 64 bits.
    if type(position) is not int or not -(2**31) <= position < 2**31:  # True is an instance of int
        raise TypeError("“position” is not a whole number in bounds.")
    return position


def time_to_json(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None for None."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def creation_time(value: _Object) -> datetime | None:
    """Return the creation time in UTC; None if it is missing.

    Raises:
        TypeError, ValueError, OverflowError: it is not a time, or out of range.
    """
    text = text_of(value, "created_at")
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return bounds.checked_time(
        moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    )
