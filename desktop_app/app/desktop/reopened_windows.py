"""The windows to reopen when the main window is rebuilt in another language."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QApplication, QDialog, QWidget

_COMMANDS: Final = {
    "batch-jobs": "batch.show",
    "models-dialog": "models.show",
    "spending": "spending.show",
}
"""Windows in which nothing is typed, by object name, and the command that shows each."""


def commands_to_reopen() -> tuple[str, ...]:
    """Return the ids of the commands that show the open windows again."""
    names = {window.objectName() for window in _visible_windows()}
    return tuple(command for name, command in _COMMANDS.items() if name in names)


def is_dialog_open() -> bool:
    """Return True if a dialog is open that may contain typed text or ask a question."""
    return any(
        isinstance(window, QDialog) and window.objectName() not in _COMMANDS
        for window in _visible_windows()
    )


def _visible_windows() -> list[QWidget]:
    return [window for window in QApplication.topLevelWidgets() if window.isVisible()]
