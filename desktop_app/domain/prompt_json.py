"""Converts a prompt to JSON and back, for files of prompts and exported conversations.

A prompt without settings, and one with settings, which is a preset in files:

    {"id": "…", "title": "Reply", "folder": "Mail", "text": "Reply to {{name}}: …",
     "position": 0, "created_at": "2026-01-31T09:30:00.000000Z", "hidden": false,
     "form": {"kind": "schema", "name": "reply", "text": "{…}"}}
    {"id": "…", "name": "Code reviewer", "provider": "", "model": "", "variant": "thinking",
     "effort": "high", "settings": {"instructions": "…", "temperature": 0.2},
     "position": 0, "created_at": "2026-01-31T09:30:00.000000Z"}

`title` and `text` are required of the first, `name` of the second, which may have `text`, `folder`,
`hidden` and `form`, too. All else may be missing or null; a missing "id" is derived from the
content. "settings" may contain "instructions", and the fields of `GenerationParameters`
(`domain/answering/generation.py`). For variables in a text see `domain/prompt.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from desktop_app.domain import bounds
from desktop_app.domain.answering.answer_form import FormSource
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.derived_id import derived_id
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.tools.tool import runs_without_asking

_Object = Mapping[str, Any]
_Title = Annotated[bounds.Name, Meta(pattern=r"\S")]


class _Item(Struct, kw_only=True):
    """The fields of a prompt. Null is as good as a missing field."""

    id: str | None = None
    position: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | None = None
    created_at: str | None = None
    folder: bounds.Name | None = None
    hidden: bool | None = None
    form: Any = None
    text: str | None = None


class _TextItem(_Item, kw_only=True):
    title: _Title
    text: str


class _PresetItem(_Item, kw_only=True):
    name: _Title
    provider: bounds.Name | None = None
    model: bounds.Name | None = None
    variant: str | None = None
    effort: str | None = None
    settings: dict[str, Any] | None = None


def prompt_to_json(prompt: Prompt) -> dict[str, Any]:
    """Return a prompt as JSON-ready values, as described in the module."""
    source = FormSource.from_setting(prompt.form)
    form = {} if source is None else {"form": asdict(source)}
    item = {
        "folder": prompt.folder,
        "text": prompt.text,
        "position": prompt.position,
        "created_at": _time_to_json(prompt.created_at),
        "hidden": prompt.hidden,
    }
    if prompt.overrides is None:
        return {**form, "id": prompt.id, "title": prompt.title, **item}
    for name in ("folder", "text", "hidden"):  # which presets of earlier versions lack
        if not item[name]:
            del item[name]
    return {
        **form,
        "id": prompt.id,
        "name": prompt.title,
        "provider": prompt.provider_id,
        "model": prompt.model,
        "variant": prompt.variant,
        "effort": prompt.effort,
        "settings": prompt.overrides.to_json(),
        **item,
    }


def prompt_from_json(value: _Object, *, is_preset: bool) -> Prompt:
    """Return the prompt. Raises an error of `bounds.BAD_VALUE`."""
    if is_preset:
        return _preset_from_item(bounds.converted(value, _PresetItem))
    item = bounds.converted(value, _TextItem)
    return Prompt(title=item.title, **_common_fields(item, item.title, item.text))


def _preset_from_item(item: _PresetItem) -> Prompt:
    settings = item.settings or {}
    content = [item.name, json.dumps(settings, sort_keys=True)]
    choice = [item.provider or "", item.model or "", item.variant or "", item.effort or ""]
    if any(choice):  # otherwise the id stays as it was before presets had a choice
        content += choice
    if item.text:
        content.append(item.text)
    return Prompt(
        title=item.name,
        provider_id=item.provider or "",
        model=item.model or "",
        variant=Variant(item.variant) if item.variant else None,
        effort=Effort(item.effort) if item.effort else None,
        overrides=overrides_from_json(settings),
        **_common_fields(item, *content),
    )


def _common_fields(item: _Item, *content: str) -> dict[str, Any]:
    """Return the fields of all prompts; an unusable id is derived from `content`."""
    created_at = None
    if item.created_at:
        moment = datetime.fromisoformat(item.created_at)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        created_at = bounds.checked_time(moment.astimezone(UTC))
    source = None if item.form is None else FormSource.from_setting(json.dumps(item.form))
    if source is None and item.form is not None:
        raise TypeError("“form” is not what it should be.")
    return {
        "id": item.id if bounds.is_id(item.id) else derived_id(*content),
        "position": item.position or 0,
        "created_at": created_at,
        "folder": item.folder or "",
        "hidden": item.hidden or False,
        "form": "" if source is None else source.to_setting(),
        "text": item.text or "",
    }


def overrides_from_json(settings: _Object) -> Overrides:
    """Return the settings, without tools that run without asking: only the user chooses them."""
    overrides = Overrides.from_json(settings)
    tools = overrides.parameters.tools
    kept_tools = tuple(name for name in tools if not runs_without_asking(name))
    return overrides if kept_tools == tools else overrides.with_parameter("tools", kept_tools)


def _time_to_json(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None for None."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
