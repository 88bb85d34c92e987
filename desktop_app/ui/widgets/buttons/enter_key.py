"""Enter on a button: outside of dialogs, Qt presses buttons by Space alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget


def press_focused(window: QWidget, event: QKeyEvent) -> bool:
    """Press the focused button of a window if the key is Enter. Return False otherwise."""
    button = window.focusWidget()
    is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    if not is_enter or not isinstance(button, QAbstractButton) or event.isAutoRepeat():
        return False
    button.click()
    return True
