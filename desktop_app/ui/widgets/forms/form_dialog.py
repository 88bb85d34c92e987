"""Forms whose content survives the end of the program; dialogs ask before they discard it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.forms.question import ask

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

FormValues = dict[str, str | int]
"""The entered values, by the object name of each field."""


def is_form_open() -> bool:
    """Return True if a `DraftDialog` is visible or the focus is in a `DraftForm`."""
    dialogs = (each for each in QApplication.topLevelWidgets() if isinstance(each, DraftDialog))
    if any(each.isVisible() for each in dialogs):
        return True
    widget: QWidget | None = QApplication.focusWidget()
    while widget is not None and not isinstance(widget, DraftForm):
        widget = widget.parentWidget()
    return widget is not None


def collect_form_drafts() -> dict[str, FormValues]:
    """Return the drafts of all forms, by the name of each form.

    The draft of an earlier run is included until its dialog is opened again.
    """
    drafts = dict(DraftForm.drafts)
    for dialog in QApplication.topLevelWidgets():
        if isinstance(dialog, DraftDialog):
            draft = dialog.draft()
            if draft:
                drafts[dialog.draft_name] = draft
    return drafts


def restore_form_drafts(drafts: Mapping[str, FormValues]) -> None:
    """Load the drafts of an earlier run; their forms show them when opened."""
    DraftForm.drafts.update(drafts)


def forget_form_drafts() -> None:
    """Forget the drafts of forms that are not open dialogs."""
    DraftForm.drafts.clear()


def forget_form_draft(name: str) -> None:
    """Forget the draft of the form of this name, which will not be opened again."""
    DraftForm.drafts.pop(name, None)


def restore_choice(combo: QComboBox, index: str | int) -> None:
    """Choose the entry at a stored index, unless the list has no such entry any more.

    The index may be any value, because a draft may come from a forged backup.
    """
    if isinstance(index, int) and 0 <= index < combo.count():
        combo.setCurrentIndex(index)


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


class DraftForm:
    """A form whose content survives the end of the program.

    Attributes:
        drafts: the drafts by the name of each form; drafts of dialogs are from an earlier run.
    """

    drafts: ClassVar[dict[str, FormValues]] = {}

    def store_draft(self, name: str, entered: FormValues) -> None:
        """Store the draft of the form of this name; {} removes it."""
        self.drafts.pop(name, None)
        if entered:
            self.drafts[name] = entered


class DraftDialog(QDialog, DraftForm):
    """A dialog whose content survives if the program ends while the dialog is open."""

    @property
    def draft_name(self) -> str:
        """Return the name under which the draft is stored."""
        return self.objectName()

    def draft(self) -> FormValues:
        """Return the entries that were not yet used; {} for none."""
        raise NotImplementedError


class FormDialog(DraftDialog):
    """A dialog that asks before Esc or closing discards changes.

    Attributes:
        subject: the thing that the form is about; a draft about another thing is not restored.
        secret_fields: object names of fields that are never stored in a file. A draft with such a
            field is forged, perhaps in a restored backup: the field stays unchanged.
        keeps_draft: False if nothing that is entered may be stored in a file.
    """

    subject = ""
    secret_fields: frozenset[str] = frozenset()
    keeps_draft = True
    _initial_values: list[object] | None = None
    _initial_draft: FormValues

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._initial_values is None:
            self._initial_values = self._all_values()
            self._initial_draft = _values_of(self)
            draft = self.drafts.pop(self.draft_name, {})
            visible_values = {name: draft[name] for name in draft.keys() - self.secret_fields}
            _restore_values(self, visible_values)

    @property
    def draft_name(self) -> str:
        """Return the names of the form and its subject."""
        return f"{self.objectName()} {self.subject}"

    def draft(self) -> FormValues:
        """Return the changed values, without secrets; {} if there are none to store."""
        if not (self.keeps_draft and self.isVisible() and self.has_changes):
            return {}
        values = _values_of(self)
        return {
            name: value
            for name, value in values.items()
            if value != self._initial_draft.get(name) and name not in self.secret_fields
        }

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


def _values_of(form: QWidget) -> FormValues:
    values: FormValues = {}
    for combo in form.findChildren(QComboBox):
        values[combo.objectName()] = combo.currentIndex()
    for button in form.findChildren(QAbstractButton):
        if button.isCheckable():
            values[button.objectName()] = int(button.isChecked())
    for line in form.findChildren(QLineEdit):
        values[line.objectName()] = line.text()
    for text in form.findChildren(QPlainTextEdit):
        values[text.objectName()] = text.toPlainText()
    values.pop("", None)
    return values


def _restore_values(form: QWidget, values: FormValues) -> None:
    for name, value in values.items():
        for field in form.findChildren(QWidget, name):
            if isinstance(field, QLineEdit):
                field.setText(str(value))
            elif isinstance(field, QPlainTextEdit):
                field.setPlainText(str(value))
            elif isinstance(field, QComboBox):
                restore_choice(field, value)
            elif isinstance(field, QAbstractButton):
                field.setChecked(bool(value))
