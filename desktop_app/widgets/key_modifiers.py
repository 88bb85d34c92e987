"""The modifiers of a key, and the digit on it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


def without_keypad(event: QKeyEvent) -> Qt.KeyboardModifier:
    """Return the modifiers of a key, whether or not it is on the keypad.

    Without ~, which raises ValueError in the frozen program (Debian’s Python 3.11.2).
    """
    modifiers = event.modifiers()
    return modifiers ^ (modifiers & Qt.KeyboardModifier.KeypadModifier)


_DIGITS: Final = dict(zip(range(10, 20), b"1234567890", strict=True))
"""The digits by the codes of their keys on X11 and Wayland, which are the same in all layouts."""
_COMMANDS: Final = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


def digit_on(event: QKeyEvent) -> Qt.Key | None:
    """Return the digit on a key that types another sign without Shift, such as & in French.

    None without a modifier, and for other keys.
    """
    is_digit = Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9
    digit = _DIGITS.get(event.nativeScanCode())
    has_modifier = bool(event.modifiers() & _COMMANDS)
    return Qt.Key(digit) if digit and has_modifier and not is_digit else None


def is_sign_with_alt(event: QKeyEvent) -> bool:
    """Return True for a sign with Alt and no Ctrl, which Qt would type; AltGr is no Alt."""
    has_sign = bool(event.text()) and event.text().isprintable()
    return has_sign and event.modifiers() & _COMMANDS == Qt.KeyboardModifier.AltModifier
