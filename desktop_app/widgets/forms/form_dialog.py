"""Dialogs with a form, whose changes are not discarded without a question, and questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QShowEvent, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QWidget,
)

from desktop_app.i18n.translation import tr
from desktop_app.widgets.sheet import Sheet, open_dialogs
from desktop_app.widgets.text.foreign_text import message_box


def leave_field() -> None:
    """Remove the focus from the focused field, which then reports the typed text."""
    focused = QApplication.focusWidget()
    if focused is not None:
        focused.clearFocus()


def ask_about_changes() -> bool:
    """Ask whether an open form's changes may be discarded. Return False if there are none."""
    for form in open_dialogs():
        if isinstance(form, FormDialog) and form.has_changes:
            form.window().activateWindow()
            form.reject()
            return True
    return False


class FormDialog(Sheet):
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


_LINES_OF_DETAILS: Final = 12


def ask(
    parent: QWidget,
    name: str,
    text: str,
    informative_text: str,
    *,
    label: str,
    on_accepted: Callable[[], object],
    details: str = "",
    is_destructive: bool = True,
) -> QPushButton:
    """Ask, and call `on_accepted` if the button with this label is clicked. Return that button.

    Args:
        name: the object name of the question.
        details: a longer text, shown in a field that scrolls.
        is_destructive: whether `on_accepted` may do harm, so that Enter cancels.
    """
    box = message_box(text, informative_text, details=details, parent=parent)
    box.setObjectName(name)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    role = box.ButtonRole.DestructiveRole if is_destructive else box.ButtonRole.AcceptRole
    button = box.addButton(label, role)
    cancel = box.addButton(box.StandardButton.Cancel)
    if is_destructive:
        box.setDefaultButton(cancel)
    button.clicked.connect(lambda: on_accepted())
    if details:
        (field,) = box.findChildren(QTextEdit)
        field.setFixedHeight(_LINES_OF_DETAILS * field.fontMetrics().lineSpacing())
        # The only button with this role is Qt's, which shows the details.
        next(b for b in box.buttons() if box.buttonRole(b) is box.ButtonRole.ActionRole).click()
    box.open()
    return button
