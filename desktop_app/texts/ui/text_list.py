"""The tab of the library with all texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from desktop_app.chat.text_store import ListedText
from desktop_app.domain.graphemes import shorten
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import DIALOG_MARGINS, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.library_list import LibraryDelegate, LibraryModel, LibraryRow
from desktop_app.widgets.look.direction import among_window_words
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import set_style_property
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index
from desktop_app.widgets.text.foreign_text import menu_text, spoken_text

_MAX_TITLE_CHARS: Final = 30
_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _note(text: ListedText) -> str:
    day = short_date(text.updated_at.astimezone())
    return f"{among_window_words(shorten(text.conversation, _MAX_TITLE_CHARS))} · {day}"


class TextList(QWidget):
    """The list of texts, each with its conversation and day, and a search field above it.

    Signals:
        chosen(ListedText): open this text.
        delete_requested(ListedText): move this text into the trash.
        restore_requested(ListedText): move this text out of the trash.
        erase_requested(ListedText): permanently delete this text.
    """

    chosen = Signal(object)
    delete_requested = Signal(object)
    restore_requested = Signal(object)
    erase_requested = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("text-list")
        self.setWindowTitle(tr("Texts"))
        self._texts: dict[str, ListedText] = {}
        self._trashed: dict[str, ListedText] = {}
        self.field = line_field(tr("Find a text"), "find-text")
        self.field.installEventFilter(self)
        self.field.textChanged.connect(lambda _text: self._filter())
        self.trash = compact_button(tr("Trash"), "texts-in-trash", "filter")
        self.trash.setCheckable(True)
        self.trash.toggled.connect(self._show_trash)
        self._model = LibraryModel(self)
        self.view = RowView("text-rows", self._model, LibraryDelegate(self))
        self.view.setAccessibleName(spoken_text(tr("Texts")))
        self.view.chosen.connect(self._choose)
        self.view.up_pressed_at_top.connect(self.field.setFocus)
        self.view.delete_pressed.connect(self._delete)
        self.view.menu_requested.connect(self._open_menu)
        head = row_of((self.field, 1), self.trash, spacing=8)
        column_of(head, (self.view, 1), parent=self, margins=DIALOG_MARGINS, spacing=8)
        self._filter()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_texts(self, texts: Sequence[ListedText], trashed: Sequence[ListedText]) -> None:
        """Show texts, in their order; those in the trash once it is chosen."""
        self._texts = {text.id: text for text in texts}
        self._trashed = {text.id: text for text in trashed}
        self.trash.setEnabled(bool(trashed))
        if not trashed:
            self.trash.setChecked(False)
        self._filter()

    def _show_trash(self, is_on: bool) -> None:
        set_style_property(self.trash, "set", is_on)
        self._filter()

    @property
    def _shown(self) -> dict[str, ListedText]:
        return self._trashed if self.trash.isChecked() else self._texts

    def _filter(self) -> None:
        words = self.field.text().casefold().split()
        self._model.set_rows(
            [
                LibraryRow(text.id, text.title, _note(text))
                for text in self._shown.values()
                if all(word in f"{text.title} {text.conversation}".casefold() for word in words)
            ]
        )
        self.view.update_focus_policy()
        self.view.ensure_current()

    def _choose(self, index: Index) -> None:
        if not self.trash.isChecked():
            self.chosen.emit(self._shown[index.data(ROW).id])
        else:
            self._open_menu(index, self.view.mapToGlobal(self.view.visualRect(index).center()))

    def _delete(self, index: Index) -> None:
        requested = self.erase_requested if self.trash.isChecked() else self.delete_requested
        requested.emit(self._shown[index.data(ROW).id])

    def _open_menu(self, index: Index, position: QPoint) -> None:
        if not index.isValid():
            return
        text, is_trashed = self._shown[index.data(ROW).id], self.trash.isChecked()
        menu = ProgramMenu(self)
        menu.setObjectName("text-row-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if is_trashed:
            menu.addAction(tr("Restore"), lambda: self.restore_requested.emit(text))
        else:
            menu.addAction(tr("Open"), lambda: self.chosen.emit(text))
        label = tr("Delete permanently") if is_trashed else tr("Delete")
        keys = shortcut_text("Del")
        requested = self.erase_requested if is_trashed else self.delete_requested
        menu.addAction(menu_text(label, keys=keys), lambda: requested.emit(text))
        menu.popup(position)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass arrow keys and Enter from the search field to the list."""
        is_key = watched is self.field and event.type() == QEvent.Type.KeyPress
        if is_key and event.key() in _KEYS:  # type: ignore[attr-defined]
            self.view.press(event)
            return True
        return super().eventFilter(watched, event)
