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
from typing import Annotated, Any

from msgspec import Meta, Struct

from desktop_app.domain import bounds
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.derived_id import derived_id
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.preset import Preset
from desktop_app.domain.tools.tool import runs_without_asking

_Object = Mapping[str, Any]
Title = Annotated[bounds.Name, Meta(pattern=r"\S")]
_Position = Annotated[int, Meta(ge=-(2**31), lt=2**31)]


class FileItem(Struct, kw_only=True):
    """The common fields of prompts and presets in a file. Null is as good as a missing field."""

    id: str | None = None
    position: _Position | None = None
    created_at: str | None = None

    def common_fields(self, *content: str) -> dict[str, Any]:
        """Return the fields; an id that is missing or unusable is derived from `content`.

        Raises:
            ValueError, OverflowError: the time is not one, or out of range.
        """
        created_at = None
        if self.created_at:
            moment = datetime.fromisoformat(self.created_at)
            moment = moment.replace(tzinfo=moment.tzinfo or UTC)
            created_at = bounds.checked_time(moment.astimezone(UTC))
        return {
            "id": self.id if bounds.is_id(self.id) else derived_id(*content),
            "position": self.position or 0,
            "created_at": created_at,
        }


class _PresetItem(FileItem, kw_only=True):
    name: Title
    provider: bounds.Name | None = None
    model: bounds.Name | None = None
    variant: str | None = None
    effort: str | None = None
    settings: dict[str, Any] | None = None


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
    """Return the preset. Raises an error of `bounds.BAD_VALUE`."""
    item = bounds.converted(value, _PresetItem)
    settings = item.settings or {}
    content = [item.name, json.dumps(settings, sort_keys=True)]
    choice = [item.provider or "", item.model or "", item.variant or "", item.effort or ""]
    if any(choice):  # otherwise the id stays as it was before presets had a choice
        content += choice
    return Preset(
        name=item.name,
        provider_id=item.provider or "",
        model=item.model or "",
        variant=Variant(item.variant) if item.variant else None,
        effort=Effort(item.effort) if item.effort else None,
        overrides=overrides_from_json(settings),
        **item.common_fields(*content),
    )


def overrides_from_json(settings: _Object) -> Overrides:
    """Return the settings, without tools that run without asking: only the user chooses them."""
    overrides = Overrides.from_json(settings)
    tools = overrides.parameters.tools
    kept_tools = tuple(name for name in tools if not runs_without_asking(name))
    return overrides if kept_tools == tools else overrides.with_parameter("tools", kept_tools)


def time_to_json(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None for None."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
