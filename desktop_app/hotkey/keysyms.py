"""Names of keys on Linux desktops, for a shortcut in Qt's portable text."""

from __future__ import annotations

from functools import cache
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
    """Return the name of a key's symbol, such as "a", "Prior" or "period"."""
    if len(key) > 1:
        return _NAMES.get(key, key)
    return _character_names().get(ord(key.lower()), key.lower())


@cache
def _character_names() -> dict[int, str]:
    """Return the names of the Latin 1 characters, by code."""
    from Xlib import XK  # not needed at start-up

    names = (name for name in vars(XK) if name.startswith("XK_"))
    return {getattr(XK, name): name.removeprefix("XK_") for name in names}


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
