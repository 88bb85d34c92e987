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
from dataclasses import dataclass, field
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.shortcuts.shortcut import key_refusal, normalized

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
        if (value["format"], value["version"]) != (FORMAT, VERSION):
            raise shortcuts_file_error(name)
        entries = [*value["shortcuts"].items()]
    except (ValueError, RecursionError, TypeError, LookupError, AttributeError) as exc:
        raise shortcuts_file_error(name, str(exc)) from exc
    commands = {command.id: command for command in Keymap()}
    imported = ImportedShortcuts()
    for command_id, shortcut in entries:
        command = commands.get(command_id)
        if command is None:
            imported.unknown.append(command_id)
            continue
        try:
            keys = normalized(str(shortcut))
        except SettingError:
            imported.unusable.append(f"{command_id}: {shortcut}")
            continue
        is_default = keys == normalized(command.shortcut)
        if keys and not is_default and key_refusal(keys, command.scope):
            imported.unusable.append(f"{command_id}: {shortcut}")
        else:
            imported.usable[command_id] = keys
    return imported


def shortcuts_file_error(name: str, details: str = "") -> SettingError:
    """Return the error for a file that cannot be read or has no shortcuts."""
    return SettingError(
        N_("“{name}” isn’t a file of shortcuts, or can’t be read."),
        hint=N_("Choose a file exported from Shortcuts."),
        details=details,
        name=name,
    )
