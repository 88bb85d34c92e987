"""The Shortcuts page: every command with its keys; a click on the keys changes them.

A second shortcut that is pressed soon after the first makes a chord of both. Esc keeps the keys,
Backspace removes them.

Invalid shortcuts are refused with a reason. Conflicting shortcuts are accepted and marked at
both commands, so that the user decides which of the two to change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QKeySequenceEdit, QLabel, QLineEdit, QWidget

from desktop_app.app.session import Session
from desktop_app.domain.errors import SettingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_context
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.shortcuts.command import Category, Command
from desktop_app.shortcuts.keymap import Keymap, normalized
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.forms.form_widgets import Note, Tone
from desktop_app.widgets.forms.tab_order import order_tabs
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text


def _key_edit(name: str) -> QKeySequenceEdit:
    """Create the field for a shortcut or a chord of two; Esc and Enter end the entry."""
    edit = QKeySequenceEdit()
    edit.setObjectName(name)
    edit.setMaximumSequenceLength(2)
    ending_keys = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
    edit.setFinishingKeyCombinations([QKeyCombination(key) for key in ending_keys])
    for widget in (edit, *edit.findChildren(QLineEdit)):
        widget.setAccessibleName(spoken_text(tr("Press keys…")))
    for field in edit.findChildren(QLineEdit):
        field.setPlaceholderText(tr("Press keys…"))
    return edit


class CommandRow(QWidget):
    """A command's title, its keys, a reset button, and a note about conflicts."""

    def __init__(self, command: Command, change: Callable[[str, str], None]) -> None:
        """Create the row; `change` stores the new keys of the command with this id."""
        super().__init__()
        self._change = change
        self._command = command
        self._title = tr(command.title)
        title = PlainLabel(self._title, wraps=True)
        self._reset_button = PlainButton(tr("Reset"), role="link", name=f"reset-{command.id}")
        spoken = tr("Reset shortcut for “{command}”", command=self._title)
        self._reset_button.setAccessibleName(spoken_text(spoken))
        self._key_cap = PlainButton(role="key", name=f"keys-{command.id}")
        self._note = Note()
        self._conflicting: tuple[str, ...] = ()
        self._status: tuple[str, Tone] = ("", "note")
        self._key_edit: QKeySequenceEdit | None = None  # while keys are entered
        self._row = row_of((title, 1), self._reset_button, self._key_cap)
        column_of(self._row, self._note, parent=self, margins=0, spacing=0)
        self._key_cap.clicked.connect(self._begin_entry)
        self._reset_button.clicked.connect(lambda: change(command.id, normalized(command.shortcut)))

    def show_keys(self, keys: str, *, is_changed: bool, conflicting: Sequence[str]) -> None:
        """Show the command's keys and the commands that they conflict with."""
        keys_text = shortcut_text(keys)
        self._key_cap.setText(keys_text or tr_context("shortcut", "None"))
        spoken = (
            tr("{command}: {keys}", command=self._title, keys=keys_text)
            if keys_text
            else tr("{command}: no shortcut", command=self._title)
        )
        has_changed = spoken_text(spoken) != self._key_cap.accessibleName()
        self._key_cap.setAccessibleName(spoken_text(spoken))
        self._reset_button.setVisible(is_changed)
        if has_changed and self._key_cap.hasFocus():
            announce(self._key_cap, spoken)
        self._conflicting = tuple(conflicting)
        self._show_note()

    def set_status(self, text: str, tone: Tone) -> None:
        """Set the note that is shown if the keys have no conflict."""
        self._status = (text, tone)
        self._show_note()

    def _show_note(self) -> None:
        if self._conflicting:
            conflict_text = tr(
                "Also used by {commands}.", commands=formatting.joined(self._conflicting)
            )
            self._note.set_text(conflict_text, "warning", is_result=self._key_cap.hasFocus())
        else:
            self._note.set_text(*self._status)

    def _begin_entry(self) -> None:
        edit = self._key_edit = _key_edit(f"new-keys-{self._command.id}")
        self._row.addWidget(edit)
        self._key_cap.hide()
        edit.show()
        edit.setFocus(Qt.FocusReason.OtherFocusReason)
        edit.editingFinished.connect(self._end_entry)

    def _end_entry(self) -> None:
        edit, self._key_edit = self._key_edit, None
        if edit is None:
            return
        keys = edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        had_focus = edit.hasFocus()
        edit.hide()
        edit.setParent(None)
        edit.deleteLater()
        self._key_cap.show()
        if had_focus:
            self._key_cap.setFocus(Qt.FocusReason.OtherFocusReason)
        if not keys:
            return
        try:
            keys = Keymap().usable(self._command.id, "" if keys == "Backspace" else keys)
        except SettingError as error:
            self._note.set_text(error.what_happened, "error")
        else:
            self._change(self._command.id, keys)


class ShortcutsTab(QWidget):
    """The Shortcuts page. See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._rows: dict[str, CommandRow] = {}
        self._titles: list[QLabel] = []
        file_buttons = row_of()
        self._column = column_of(file_buttons, parent=self, margins=0, spacing=3)
        import_button = PlainButton(tr("Import…"), role="link", name="import-shortcuts")
        import_button.clicked.connect(lambda: session.of(SettingsController).choose_import())
        export_button = PlainButton(tr("Export…"), role="link", name="export-shortcuts")
        export_button.clicked.connect(lambda: session.of(SettingsController).choose_export())
        file_buttons.addWidget(import_button)
        file_buttons.addWidget(export_button)
        file_buttons.addStretch(1)
        for category in Category:
            title = PlainLabel(tr(category.value), role="strong")
            self._titles.append(title)
            self._column.addWidget(title)
            for command in filter(lambda each: each.category is category, Keymap()):
                change = session.window.settings.pages.change_shortcut
                row = self._rows[command.id] = CommandRow(command, change)
                self._column.addWidget(row)
        self._column.addStretch(1)
        self.update_theme()

    def set_status(self, command_id: str, text: str, tone: Tone) -> None:
        """Show a text at a command, such as whether its keys work."""
        self._rows[command_id].set_status(text, tone)

    def add_below(self, command_id: str, widget: QWidget) -> None:
        """Add a widget of the feature that has a command below its row."""
        row = self._rows[command_id]
        self._column.insertWidget(self._column.indexOf(row) + 1, widget)
        order_tabs(row.findChildren(PlainButton)[-1], widget.findChildren(PlainButton))

    def set_keymap(self, keymap: Keymap) -> None:
        conflicts = keymap.conflicts()
        titles = {command.id: tr("“{command}”", command=tr(command.title)) for command in keymap}
        for command_id, row in self._rows.items():
            conflicting = [titles[other_id] for other_id in conflicts.get(command_id, ())]
            row.show_keys(
                keymap.shortcut_of(command_id),
                is_changed=keymap.is_changed(command_id),
                conflicting=conflicting,
            )

    def update_theme(self) -> None:
        theme = current_theme()
        for title in self._titles:
            title.setContentsMargins(0, theme.px(10), 0, 0)
