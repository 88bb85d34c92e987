"""Names of keys on Linux desktops, for a shortcut in Qt's portable text."""

from __future__ import annotations

from typing import Final

from desktop_app.commands.shortcut import parse_press

_NAMES: Final = {
    "Esc": "Escape",
    "Backspace": "BackSpace",
    "Backtab": "ISO_Left_Tab",
    "Ins": "Insert",
    "Del": "Delete",
    "PgUp": "Prior",
    "PgDown": "Next",
    "Space": "space",
}
_TRIGGER: Final = {"Ctrl": "CTRL", "Alt": "ALT", "Shift": "SHIFT", "Meta": "LOGO"}
_ACCELERATOR: Final = {"Ctrl": "Primary", "Alt": "Alt", "Shift": "Shift", "Meta": "Super"}


def keysym_name(key: str) -> str:
    """Return the name of a key's symbol; that of a character is the character in lower case."""
    return _NAMES.get(key, key.lower() if len(key) == 1 else key)


def portal_trigger(keys: str) -> str:
    """Return keys as the portal wants them: "LOGO+ALT+space".

    https://specifications.freedesktop.org/shortcuts-spec/latest/
    """
    modifiers, key = parse_press(keys)
    words = [word for name, word in _TRIGGER.items() if name in modifiers]
    return "+".join((*words, keysym_name(key)))


def accelerator(keys: str) -> str:
    """Return keys as GTK writes them: "<Alt><Super>space"."""
    modifiers, key = parse_press(keys)
    words = [f"<{word}>" for name, word in _ACCELERATOR.items() if name in modifiers]
    return "".join((*words, keysym_name(key)))
