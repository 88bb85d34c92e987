"""Writes and reads prompts and presets as a JSON file, to be edited by hand or shared.

    {
      "format": "repartee-prompts",
      "version": 1,
      "prompts": [
        {"id": "…", "title": "Reply", "folder": "Mail", "text": "Reply to {{name}}: …",
         "position": 0, "created_at": "2026-01-31T09:30:00.000000Z", "hidden": false,
         "form": {"kind": "schema", "name": "reply", "text": "{…}"}}
      ],
      "presets": [ see domain/prompt_json.py ]
    }

`title` and `text` of a prompt are required, all else may be missing or null; a missing "id" is
derived from the content. A prompt with the id of a built-in one replaces it. For variables in a
text see `domain/prompt.py`. Such a file never contains a key.

When a file is added to a library, items that exist with the same content are left out, so adding it
twice changes nothing. An item with the id of a different existing one gets a new id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct

from desktop_app.domain import bounds
from desktop_app.domain.answering.answer_form import FormSource
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.preset import Preset
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.prompt_json import (
    FileItem,
    Title,
    preset_from_json,
    preset_to_json,
    time_to_json,
)
from desktop_app.foreign_file import open_file, read_all, reading_errors
from desktop_app.i18n.translation import N_

_CHOOSE_PROMPTS: Final = N_("Choose a file exported from Prompts.")


MAX_FILE_BYTES: Final = 4 << 20  # an arbitrary number: far more than anybody writes by hand
FORMAT: Final = "repartee-prompts"
VERSION: Final = 1
T = TypeVar("T", Prompt, Preset)
_Object = dict[str, Any]


class _PromptItem(FileItem, kw_only=True):
    title: Title
    text: Annotated[str, Meta(pattern=r"\S")]
    folder: bounds.Name | None = None
    hidden: bool | None = None
    form: Any = None


class _Items(Struct):
    prompts: list[_Object] | None = None
    presets: list[_Object] | None = None


@dataclass(frozen=True)
class PromptCollection:
    """Prompts and presets: the content of a file or of the library."""

    prompts: tuple[Prompt, ...] = ()
    presets: tuple[Preset, ...] = ()


def to_json_text(collection: PromptCollection) -> str:
    value = {
        "format": FORMAT,
        "version": VERSION,
        "prompts": [_prompt_to_json(prompt) for prompt in collection.prompts],
        "presets": [preset_to_json(preset) for preset in collection.presets],
    }
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form
        text = json.dumps(value, indent=2)
    return f"{text}\n"


def read_file(path: Path) -> PromptCollection:
    """Return the content of a file. Blocking.

    Raises:
        ImportRefusedError: it cannot be read, or is of another kind.
    """
    with reading_errors(path, _CHOOSE_PROMPTS), open_file(path) as file:
        data = read_all(file, MAX_FILE_BYTES)
    return parse_prompts(data)


def parse_prompts(data: str | bytes) -> PromptCollection:
    """Return the content of a file.

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
        return PromptCollection(
            tuple(map(_prompt_from_json, items.prompts or [])),
            tuple(map(preset_from_json, items.presets or [])),
        )
    except bounds.BAD_VALUE as exc:
        raise ImportRefusedError(
            N_("This prompts file is damaged."), hint=_CHOOSE_PROMPTS, details=str(exc)
        ) from exc


def new_items(
    imported: PromptCollection, stored: PromptCollection, new_id: Callable[[], str]
) -> PromptCollection:
    """Return the items of `imported` that do not exist yet, with unused ids."""

    def prompt_content(prompt: Prompt) -> Hashable:
        # Whether a prompt is hidden, and its position, belong to the library.
        return (prompt.title, prompt.folder, prompt.text, prompt.form)

    def preset_content(preset: Preset) -> Hashable:
        return replace(preset, id="", position=0, created_at=None)

    return PromptCollection(
        tuple(_select_new_items(imported.prompts, stored.prompts, prompt_content, new_id)),
        tuple(_select_new_items(imported.presets, stored.presets, preset_content, new_id)),
    )


def _select_new_items(
    imported: Iterable[T],
    stored: Iterable[T],
    content_of: Callable[[T], Hashable],
    new_id: Callable[[], str],
) -> Iterable[T]:
    stored = tuple(stored)
    used_ids = {item.id for item in stored}
    contents = {content_of(item) for item in stored}
    for item in imported:
        if content_of(item) in contents:
            continue
        if item.id in used_ids:  # the existing item has other content, so both are kept
            item = replace(item, id=new_id())
        used_ids.add(item.id)
        contents.add(content_of(item))
        yield item


def _prompt_to_json(prompt: Prompt) -> _Object:
    source = FormSource.from_setting(prompt.form)
    return {
        **({} if source is None else {"form": asdict(source)}),
        "id": prompt.id,
        "title": prompt.title,
        "folder": prompt.folder,
        "text": prompt.text,
        "position": prompt.position,
        "created_at": time_to_json(prompt.created_at),
        "hidden": prompt.hidden,
    }


def _prompt_from_json(value: _Object) -> Prompt:
    item = bounds.converted(value, _PromptItem)
    source = None if item.form is None else FormSource.from_setting(json.dumps(item.form))
    if source is None and item.form is not None:
        raise TypeError("“form” is not what it should be.")
    return Prompt(
        title=item.title,
        text=item.text,
        folder=item.folder or "",
        hidden=item.hidden or False,
        form="" if source is None else source.to_setting(),
        **item.common_fields(item.title, item.text),
    )
