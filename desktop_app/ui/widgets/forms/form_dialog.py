"""Dialogs that ask before they discard what was entered."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
)

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.forms.question import ask


def leave_field() -> None:
    """Remove the focus from the focused field, which then reports the typed text."""
    focused = QApplication.focusWidget()
    if focused is not None:
        focused.clearFocus()


def ask_about_changes() -> bool:
    """Ask whether an open form's changes may be discarded. Return False if there are none."""
    for form in QApplication.topLevelWidgets():
        if isinstance(form, FormDialog) and form.isVisible() and form.has_changes:
            form.raise_()
            form.activateWindow()
            form.reject()
            return True
    return False


class FormDialog(QDialog):
    """A dialog that asks before Esc or closing discards changes."""

    _initial_values: list[object] | None = None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._initial_values is None:
            self._initial_values = self._all_values()

    @property
    def has_changes(self) -> bool:
        """Return True if closing would discard something that was entered."""
        return self._initial_values not in (None, self._all_values())

    def reject(self) -> None:
        """Close, or ask whether the changes may be discarded."""
        if self.has_changes:
            self._ask()
        else:
            super().reject()

    def _ask(self) -> None:
        from PySide6.QtWidgets import QMessageBox  # not needed at start-up

        if self.findChild(QMessageBox, "discard-question") is not None:
            return
        ask(
            self,
            "discard-question",
            tr("Discard your changes?"),
            "",
            label=tr("Discard"),
            on_accepted=lambda: QDialog.reject(self),
        ).setObjectName("discard-changes")

    def _all_values(self) -> list[object]:
        values: list[object] = [each.text() for each in self.findChildren(QLineEdit)]
        values += [each.toPlainText() for each in self.findChildren(QPlainTextEdit)]
        values += [each.currentIndex() for each in self.findChildren(QComboBox)]
        return values + [each.isChecked() for each in self.findChildren(QAbstractButton)]
