"""The modifiers of a key, and the digit on it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


def without_keypad(event: QKeyEvent) -> Qt.KeyboardModifier:
    """Return the modifiers of a key, whether or not it is on the keypad.

    Without ~, which raises ValueError in the frozen program (Debian’s Python 3.11.2).
    """
    modifiers = event.modifiers()
    return modifiers ^ (modifiers & Qt.KeyboardModifier.KeypadModifier)


_DIGITS = dict(zip(range(10, 20), b"1234567890", strict=True))  # by scan code (X11, Wayland)
_ALT, _CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


def digit_on(event: QKeyEvent) -> Qt.Key | None:
    """Return the digit on a key that types another sign, with Alt or Ctrl; None for others."""
    digit = _DIGITS.get(event.nativeScanCode()) if event.modifiers() & (_ALT | _CONTROL) else None
    return None if digit is None or ord("0") <= event.key() <= ord("9") else Qt.Key(digit)


def is_sign_with_alt(event: QKeyEvent) -> bool:
    """Return True for a sign with Alt and no Ctrl, which Qt would type; AltGr is no Alt."""
    return event.modifiers() & (_ALT | _CONTROL) == _ALT and event.text() >= " "
