"""A dialog with a form, which asks before it drops what was entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
)

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.question import ask

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent


def ask_about_changes() -> bool:
    """Ask whether the changes in an open form can go. Return False if there are none."""
    for form in QApplication.topLevelWidgets():
        if isinstance(form, FormDialog) and form.isVisible() and form.has_changes:
            form.raise_()
            form.activateWindow()
            form.reject()
            return True
    return False


class FormDialog(QDialog):
    """A dialog that Esc and closing end at once only if nothing was changed in it."""

    _before: list[object] | None = None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._before is None:
            self._before = self._entered_values()

    @property
    def has_changes(self) -> bool:
        """True if something was entered that closing would drop."""
        return self._before not in (None, self._entered_values())

    def reject(self) -> None:
        """Close, or ask whether the changes can go."""
        if self.has_changes:
            self._ask()
        else:
            super().reject()

    def _ask(self) -> None:
        from PySide6.QtWidgets import QMessageBox  # not needed at the start

        if self.findChild(QMessageBox, "discard-question") is not None:
            return
        ask(
            self,
            "discard-question",
            tr("Discard your changes?"),
            "",
            label=tr("Discard"),
            act=lambda: QDialog.reject(self),
        ).setObjectName("discard-changes")

    def _entered_values(self) -> list[object]:
        values: list[object] = [each.text() for each in self.findChildren(QLineEdit)]
        values += [each.toPlainText() for each in self.findChildren(QPlainTextEdit)]
        values += [each.currentIndex() for each in self.findChildren(QComboBox)]
        return values + [each.isChecked() for each in self.findChildren(QAbstractButton)]
