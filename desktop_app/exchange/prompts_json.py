"""Prompts and presets as one JSON file, to be kept, changed by hand, or handed on.

    {
      "format": "repartee-prompts",
      "version": 1,
      "prompts": [
        {"id": "…", "title": "Reply", "folder": "Mail", "text": "Reply to {{name}}: …",
         "position": 0, "created_at": "2026-01-31T09:30:00.000000Z", "hidden": false}
      ],
      "presets": [
        {"id": "…", "name": "Code reviewer", "provider": "", "model": "", "variant": "thinking",
         "effort": "high", "settings": {"instructions": "…", "temperature": 0.2},
         "position": 0, "created_at": "2026-01-31T09:30:00.000000Z"}
      ]
    }

`title` and `text` of a prompt and `name` of a preset are needed, all else may be missing or null; an
"id" that is missing is made from the content. A prompt with the id of a built-in one stands in its
place. How variables are written in a text: `domain/prompts.py`. What "settings" may hold:
`domain/generation.GenerationParameters`, and "instructions". There is never a key in such a file.

Read into a library, what is there already in the same words is left out, so that the same file twice
adds nothing; what has the id of something else that is there gets an id of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.generation import Overrides
from desktop_app.domain.model_catalog import Effort, Variant
from desktop_app.domain.presets import Preset
from desktop_app.domain.prompts import Prompt
from desktop_app.exchange.own_json import typed

FORMAT, VERSION = "repartee-prompts", 1
T = TypeVar("T", Prompt, Preset)
_Object = dict[str, Any]


@dataclass(frozen=True)
class Collection:
    """What one file holds."""

    prompts: tuple[Prompt, ...] = ()
    presets: tuple[Preset, ...] = ()


def written(collection: Collection) -> str:
    """The file's text."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "prompts": [_prompt_to_json(prompt) for prompt in collection.prompts],
        "presets": [_preset_to_json(preset) for preset in collection.presets],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def read(text: str) -> Collection:
    """A file's content.

    Raises:
        ImportRefusedError: it is no such file, or a part of it cannot be understood; nothing of it is
            taken then.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _refused("It is not JSON.", str(exc)) from exc
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _refused(f"It does not say “format”: “{FORMAT}”.")
    if value.get("version") != VERSION:
        raise _refused("It was written by another version of Repartee.")
    try:
        return Collection(
            tuple(map(_prompt_from_json, _list(value, "prompts"))),
            tuple(map(_preset_from_json, _list(value, "presets"))),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        why = f"“{exc.args[0]}” is missing." if isinstance(exc, KeyError) else str(exc)
        raise _refused("A part of it cannot be understood.", why) from exc


def news(found: Collection, known: Collection, new_id: Callable[[], str]) -> Collection:
    """What of `found` is not there yet, with ids that are free."""
    return Collection(
        tuple(_news(found.prompts, known.prompts, _words_of_prompt, new_id)),
        tuple(_news(found.presets, known.presets, _words_of_preset, new_id)),
    )


def _news(
    found: Iterable[T], known: Iterable[T], words: Callable[[T], object], new_id: Callable[[], str]
) -> Iterable[T]:
    taken = {one.id: words(one) for one in known}
    for one in found:
        if words(one) in taken.values():
            continue
        free = one if one.id not in taken else replace(one, id=new_id())
        taken[free.id] = words(free)
        yield free


def _words_of_prompt(prompt: Prompt) -> object:
    return (prompt.title, prompt.folder, prompt.text)


def _words_of_preset(preset: Preset) -> object:
    return replace(preset, id="", position=0, created_at=None)


def _prompt_to_json(prompt: Prompt) -> _Object:
    return {
        "id": prompt.id,
        "title": prompt.title,
        "folder": prompt.folder,
        "text": prompt.text,
        "position": prompt.position,
        "created_at": _moment_to_json(prompt.created_at),
        "hidden": prompt.hidden,
    }


def _prompt_from_json(value: _Object) -> Prompt:
    title, text = _text(value, "title", needed=True), _text(value, "text", needed=True)
    return Prompt(
        id=_text(value, "id") or _made_id(title, text),
        title=title,
        text=text,
        folder=_text(value, "folder"),
        position=_whole(value),
        created_at=_moment(value),
        hidden=value.get("hidden") is True,
    )


def _preset_to_json(preset: Preset) -> _Object:
    return {
        "id": preset.id,
        "name": preset.name,
        "provider": preset.provider_id,
        "model": preset.model,
        "variant": preset.variant,
        "effort": preset.effort,
        "settings": preset.overrides.to_json(),
        "position": preset.position,
        "created_at": _moment_to_json(preset.created_at),
    }


def _preset_from_json(value: _Object) -> Preset:
    name = _text(value, "name", needed=True)
    settings = value.get("settings") or {}
    variant, effort = _text(value, "variant"), _text(value, "effort")
    return Preset(
        id=_text(value, "id") or _made_id(name, json.dumps(settings, sort_keys=True)),
        name=name,
        provider_id=_text(value, "provider"),
        model=_text(value, "model"),
        variant=Variant(variant) if variant else None,
        effort=Effort(effort) if effort else None,
        overrides=_overrides(settings),
        position=_whole(value),
        created_at=_moment(value),
    )


def _overrides(settings: Any) -> Overrides:
    if not isinstance(settings, dict) or not isinstance(settings.get("instructions"), str | None):
        raise TypeError("“settings” is not what it should be.")
    found = Overrides.from_json(settings)
    if not all(isinstance(stop, str) for stop in typed(found.parameters).stop):
        raise TypeError("“stop” is not a list of texts.")
    return found


def _list(value: _Object, name: str) -> Sequence[_Object]:
    found = [] if value.get(name) is None else value[name]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError(f"“{name}” is not a list of objects.")
    return found


def _text(value: _Object, name: str, *, needed: bool = False) -> str:
    found = value[name] if needed else value.get(name)
    if found is None and not needed:
        return ""
    if not isinstance(found, str) or (needed and not found.strip()):
        raise TypeError(f"“{name}” is not a text.")
    return found


def _whole(value: _Object) -> int:
    found = value.get("position") or 0
    if not isinstance(found, int) or not -(2**31) <= found < 2**31:
        raise TypeError("“position” is not a whole number.")
    return int(found)


def _moment_to_json(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(value: _Object) -> datetime | None:
    text = _text(value, "created_at")
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _made_id(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()[:32]


def _refused(why: str, details: str = "") -> ImportRefusedError:
    return ImportRefusedError(
        f"This is no file of prompts. {why}",
        what_was_kept="Nothing was added.",
        what_to_do="Choose a file that was exported from Prompts.",
        details=details,
    )
