"""The user's shortcuts as a JSON file, for a backup or another computer.

    {
      "format": "repartee-shortcuts",
      "version": 1,
      "shortcuts": {"conversation.new": "Ctrl+J", "answer.retry": ""}
    }

"shortcuts" has the changed shortcuts by command id, "" for none. When a file is read, other
commands keep their shortcuts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from desktop_app.commands.keymap import Keymap
from desktop_app.commands.shortcut import key_refusal, normalized
from desktop_app.domain.errors import SettingError
from desktop_app.i18n.translation import N_

FORMAT: Final = "repartee-shortcuts"
VERSION: Final = 1
MAX_FILE_BYTES: Final = 1 << 20


@dataclass
class ImportedShortcuts:
    """The content of a file of shortcuts.

    Attributes:
        usable: shortcuts by command id, normalized.
        unknown: ids of commands that this version does not have.
        unusable: entries whose value is not a shortcut, or is needed for typing.
    """

    usable: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


def shortcuts_to_json(keymap: Keymap) -> str:
    """Return the text of a file of the changed shortcuts."""
    value = {"format": FORMAT, "version": VERSION, "shortcuts": dict(keymap.overrides)}
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def shortcuts_from_json(data: bytes, name: str) -> ImportedShortcuts:
    """Return the content of a file with this name.

    Raises:
        SettingError: the data are not a file of shortcuts.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise shortcuts_file_error(name, str(exc)) from exc
    if not isinstance(value, dict):
        raise shortcuts_file_error(name)
    if value.get("format") != FORMAT or value.get("version") != VERSION:
        raise shortcuts_file_error(name)
    shortcuts = value.get("shortcuts")
    if not isinstance(shortcuts, dict):
        raise shortcuts_file_error(name)
    return _checked_shortcuts(shortcuts)


def shortcuts_file_error(name: str, details: str = "") -> SettingError:
    """Return the error for a file that cannot be read or has no shortcuts."""

    return SettingError(
        N_("“{name}” isn’t a file of shortcuts, or can’t be read."),
        hint=N_("Choose a file exported from Shortcuts."),
        details=details,
        name=name,
    )


def _checked_shortcuts(shortcuts: Mapping[str, object]) -> ImportedShortcuts:
    commands = {command.id: command for command in Keymap()}
    imported = ImportedShortcuts()
    for command_id, shortcut in shortcuts.items():
        command = commands.get(command_id)
        if command is None:
            imported.unknown.append(command_id)
            continue
        keys = _keys_in(shortcut)
        is_default = keys == normalized(command.shortcut)
        if keys is None or (keys and not is_default and key_refusal(keys, command.scope)):
            imported.unusable.append(f"{command_id}: {shortcut}")
        else:
            imported.usable[command_id] = keys
    return imported


def _keys_in(shortcut: object) -> str | None:
    """Return the normalized spelling of a shortcut, None if the value is not a shortcut."""
    if not isinstance(shortcut, str):
        return None
    try:
        return normalized(shortcut)
    except SettingError:
        return None
