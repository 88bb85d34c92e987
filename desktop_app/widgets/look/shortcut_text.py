"""Shortcuts in the platform's notation, for everything that shows one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

from desktop_app.widgets.look.direction import is_mirrored

_DIRECTIONS: Final = dict.fromkeys(range(0x202A, 0x202F))
"""Controls that Qt writes around names of keys in Hebrew and Arabic."""

_KEY_CAPS: Final = {"回车": "Enter", "上方向": "↑", "下方向": "↓", "左方向": "←", "右方向": "→"}
"""What stands on the keys that Qt 6.11 names otherwise in Chinese."""


def shortcut_text(keys: str | QKeySequence.StandardKey) -> str:
    """Return a shortcut as the platform writes it: "Ctrl+Shift+F"; "" for none.

    Args:
        keys: in portable text, or a shortcut that the platform defines.
    """
    sequence = QKeySequence(keys)
    if not sequence.isEmpty():
        # Key caps of PCs say "Enter" on both keys; Qt calls the larger one "Return".
        chord = [sequence[n] for n in range(sequence.count())]  # type: ignore[index]
        for number, pressed in enumerate(chord):
            if pressed.key() == Qt.Key.Key_Return:
                chord[number] = QKeyCombination(pressed.keyboardModifiers(), Qt.Key.Key_Enter)
        sequence = QKeySequence(*chord)
    text = sequence.toString(QKeySequence.SequenceFormat.NativeText)
    for name, cap in _KEY_CAPS.items():
        text = text.replace(name, cap)
    text = text.translate(_DIRECTIONS)
    # In a mirrored window, a mark keeps "Ctrl+," from being shown as ",+Ctrl".
    ends_in_sign = bool(text) and not text[-1].isalnum()
    return f"{text}\u200e" if ends_in_sign and is_mirrored() else text
