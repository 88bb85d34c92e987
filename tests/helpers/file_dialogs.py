"""Drives the dialogs in which the user chooses files and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QLineEdit

from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pathlib import Path


def file_dialogs() -> list[QFileDialog]:
    """Return the visible file dialogs."""
    widgets = QApplication.topLevelWidgets()
    return [w for w in widgets if isinstance(w, QFileDialog) and w.isVisible()]


def file_dialog() -> QFileDialog:
    """Return the only visible file dialog."""
    (dialog,) = file_dialogs()
    return dialog


def choose_paths(*paths: Path) -> None:
    """Enter these paths in the visible file dialog, and accept it."""
    dialog = file_dialog()
    # `selectFile` ignores the name while the field has the focus.
    words = str(paths[0]) if len(paths) == 1 else " ".join(f'"{path}"' for path in paths)
    find(dialog, QLineEdit, "fileNameEdit").setText(words)
    box = find(dialog, QDialogButtonBox, "buttonBox")
    accepts = QDialogButtonBox.ButtonRole.AcceptRole
    next(button for button in box.buttons() if box.buttonRole(button) == accepts).click()
    assert not dialog.isVisible()
