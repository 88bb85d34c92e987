"""Writes and reads prompts as a JSON file, to be edited by hand or shared.

    {
      "format": "repartee-prompts",
      "version": 1,
      "prompts": [ those without settings: see domain/prompt_json.py ],
      "presets": [ those with settings ]
    }

A prompt with the id of a built-in one replaces it. Such a file never contains a key.

When a file is added to a library, prompts that exist with the same content are left out, so adding
it twice changes nothing. A prompt with the id of a different existing one gets a new id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from desktop_app.domain import bounds
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.prompt import NO_REQUIREMENTS, Prompt
from desktop_app.domain.prompt_json import prompt_from_json, prompt_to_json
from desktop_app.foreign_file import open_file, read_all, reading_errors
from desktop_app.i18n.translation import N_

_CHOOSE_PROMPTS: Final = N_("Choose a file exported from Prompts.")


MAX_FILE_BYTES: Final = 4 << 20  # an arbitrary number: far more than anybody writes by hand
FORMAT: Final = "repartee-prompts"
VERSION: Final = 1


class _Items(Struct):
    prompts: list[dict[str, Any]] | None = None
    presets: list[dict[str, Any]] | None = None


def to_json_text(prompts: Sequence[Prompt]) -> str:
    value = {
        "format": FORMAT,
        "version": VERSION,
        "prompts": [prompt_to_json(prompt) for prompt in prompts if not prompt.has_settings],
        "presets": [prompt_to_json(prompt) for prompt in prompts if prompt.has_settings],
    }
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form
        text = json.dumps(value, indent=2)
    return f"{text}\n"


def read_file(path: Path) -> list[Prompt]:
    """Return the prompts of a file. Blocking.

    Raises:
        ImportRefusedError: it cannot be read, or is of another kind.
    """
    with reading_errors(path, _CHOOSE_PROMPTS), open_file(path) as file:
        data = read_all(file, MAX_FILE_BYTES)
    return parse_prompts(data)


def parse_prompts(data: str | bytes) -> list[Prompt]:
    """Return the prompts of a file.

    Raises:
        ImportRefusedError: it is of another kind, or any item is invalid.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise ImportRefusedError(
            N_("This isn’t a Repartee prompts file because it isn’t JSON."),
            hint=_CHOOSE_PROMPTS,
            details=str(exc),
        ) from exc
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ImportRefusedError(
            N_("This isn’t a Repartee prompts file because “format” isn’t “{format}”."),
            hint=_CHOOSE_PROMPTS,
            format=FORMAT,
        )
    if value.get("version") != VERSION:
        raise ImportRefusedError(
            N_("This prompts file is from another version of Repartee."), hint=_CHOOSE_PROMPTS
        )
    try:
        items = bounds.converted(value, _Items)
        return [
            prompt_from_json(item, is_preset=is_preset)
            for is_preset, listed in ((False, items.prompts), (True, items.presets))
            for item in listed or []
        ]
    except bounds.BAD_VALUE as exc:
        raise ImportRefusedError(
            N_("This prompts file is damaged."), hint=_CHOOSE_PROMPTS, details=str(exc)
        ) from exc


def new_prompts(
    imported: Iterable[Prompt],
    stored: Sequence[Prompt],
    built_in: Sequence[Prompt],
    new_id: Callable[[], str],
) -> Iterator[Prompt]:
    """Yield the imported prompts that do not exist yet, with unused ids.

    Args:
        stored: those that a prompt with their id must not replace.
        built_in: those that are unchanged in the library. They may be hidden or replaced, but a
            prompt to insert replaces none that only has settings, nor the reverse.
    """
    used_ids = {prompt.id for prompt in stored}
    contents = set(map(_content_of, stored))
    built_in_contents = set(map(_content_of, built_in))
    kinds = {prompt.id: prompt.has_settings for prompt in built_in}
    for prompt in imported:
        content = _content_of(prompt)
        if content in contents or (not prompt.hidden and content in built_in_contents):
            continue
        kind = kinds.get(prompt.id, prompt.has_settings)
        if prompt.id in used_ids or kind is not prompt.has_settings:  # both are kept
            prompt = replace(prompt, id=new_id())
        used_ids.add(prompt.id)
        contents.add(content)
        yield prompt


def _content_of(prompt: Prompt) -> Hashable:
    # Whether a prompt is hidden, and its position, belong to the library.
    return replace(
        prompt, id="", position=0, created_at=None, hidden=False, requirements=NO_REQUIREMENTS
    )
