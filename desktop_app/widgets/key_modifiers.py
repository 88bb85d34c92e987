"""The modifiers of a key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


def without_keypad(event: QKeyEvent) -> Qt.KeyboardModifier:
    """Return the modifiers of a key, whether or not it is on the keypad.

    Without ~, which raises ValueError in the frozen program (Debian’s Python 3.11.2).
    """
    modifiers = event.modifiers()
    return modifiers ^ (modifiers & Qt.KeyboardModifier.KeypadModifier)
