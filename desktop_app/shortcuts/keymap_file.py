"""The user's shortcuts as a JSON file, for another computer.

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
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.foreign_file import RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.keymap import Keymap

FORMAT: Final = "repartee-shortcuts"
VERSION: Final = 1
_MAX_FILE_BYTES: Final = 1 << 20


def shortcuts_to_json(keymap: Keymap) -> str:
    """Return the text of a file of the changed shortcuts."""
    value = {"format": FORMAT, "version": VERSION, "shortcuts": dict(keymap.overrides)}
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def read_shortcuts(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the usable shortcuts of a file by command id, and the entries that cannot be used.

    Raises:
        SettingError: it cannot be read, or is not a file of shortcuts.
    """
    try:
        with open_file(path) as file:
            value = json.loads(read_all(file, _MAX_FILE_BYTES).decode("utf-8-sig"))
        if (value["format"], value["version"]) != (FORMAT, VERSION):
            raise ValueError(value["format"])
        entries = {str(key): str(keys) for key, keys in value["shortcuts"].items()}
    except (
        *(OSError, RefusedFileError, ValueError, RecursionError),
        *(TypeError, LookupError, AttributeError),
    ) as exc:
        raise SettingError(
            N_("“{name}” isn’t a file of shortcuts, or can’t be read."),
            hint=N_("Choose a file exported from Shortcuts."),
            details=str(exc),
            name=path.name,
        ) from exc
    usable = {}
    unusable = []
    for command_id, keys in entries.items():
        try:
            usable[command_id] = Keymap().usable(command_id, keys)
        except (SettingError, KeyError):
            unusable.append(f"{command_id}: {keys}")
    return usable, unusable
