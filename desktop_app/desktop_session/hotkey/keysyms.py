"""Keysyms of keys, and their names on Linux desktops, for a shortcut in Qt's portable text."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Final

from desktop_app.shortcuts.keymap import parse_press

_KEYSYM_NAMES: Final = {
    "Esc": "Escape",
    "Backspace": "BackSpace",
    "Backtab": "ISO_Left_Tab",
    "Ins": "Insert",
    "Del": "Delete",
    "PgUp": "Prior",
    "PgDown": "Next",
    "Space": "space",
}
# Most layouts still use older keysyms for letters of other scripts. The letters of a row have
# consecutive keysyms; each row is listed by the keysym of its first letter.
_KEYSYM_ROWS: Final = {
    0x6A1: "ђѓёєѕіїјљњћќґўџ",
    0x6C0: "юабцдефгхийклмнопярстужвьызшэщчъ",
    0x7E1: "αβγδεζηθικλμνξοπρσςτυφχψω",
}
# The other older keysyms: a number for an encoding, plus the byte of the letter in this encoding.
_ENCODINGS: Final = {
    0x100: "iso8859_2",
    0x200: "iso8859_3",
    0x300: "iso8859_4",
    0x500: "iso8859_6",
    0xC00: "iso8859_8",
    0xD00: "tis_620",
}
_KEYSYM_GROUPS: Final = (
    "latin2",
    "latin3",
    "latin4",
    "arabic",
    "cyrillic",
    "greek",
    "hebrew",
    "thai",
)
_PORTAL_MODIFIERS: Final = {"Ctrl": "CTRL", "Alt": "ALT", "Shift": "SHIFT", "Meta": "LOGO"}
_GTK_MODIFIERS: Final = {"Ctrl": "Primary", "Alt": "Alt", "Shift": "Shift", "Meta": "Super"}


def parse_keys(keys: str) -> tuple[frozenset[str], str]:
    """Return modifiers and key of a shortcut. The modifiers of Backtab always include Shift."""
    modifiers, key = parse_press(keys)
    return (modifiers | {"Shift"} if key == "Backtab" else modifiers), key


def keysym_name(key: str) -> str:
    """Return the name of a key's symbol, such as "a", "Prior", "Cyrillic_zhe" or "U1E21"."""
    if len(key) > 1:
        return _KEYSYM_NAMES.get(key, key)
    return _character_names().get(character_keysyms(key)[0], f"U{ord(_character(key)):04X}")


def character_keysyms(key: str) -> list[int]:
    """Return the keysyms of a key that is named by its character, the most usual first."""
    character = _character(key)
    code = ord(character)
    if code < 0x100:
        return [code]
    keysyms = [
        first + row.index(character) for first, row in _KEYSYM_ROWS.items() if character in row
    ]
    for page, encoding in _ENCODINGS.items():
        with suppress(UnicodeEncodeError):
            keysyms.append(page | character.encode(encoding)[0])
    return [*keysyms, 0x1000000 | code]


def _character(key: str) -> str:
    return key.lower()[0]  # "İ".lower() is "i" and a combining dot


@cache
def _character_names() -> dict[int, str]:
    from Xlib import XK

    for group in _KEYSYM_GROUPS:
        XK.load_keysym_group(group)
    names = (name for name in vars(XK) if name.startswith("XK_"))
    return {getattr(XK, name): name.removeprefix("XK_") for name in names}


def portal_trigger(keys: str) -> str:
    """Return keys as the portal wants them: "LOGO+ALT+space".

    https://specifications.freedesktop.org/shortcuts-spec/latest/
    """
    modifiers, key = parse_keys(keys)
    words = [word for name, word in _PORTAL_MODIFIERS.items() if name in modifiers]
    return "+".join((*words, keysym_name(key)))


def accelerator(keys: str) -> str:
    """Return keys as GTK writes them: "<Alt><Super>space"."""
    modifiers, key = parse_keys(keys)
    words = [f"<{word}>" for name, word in _GTK_MODIFIERS.items() if name in modifiers]
    return "".join((*words, keysym_name(key)))
