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
from desktop_app.widgets.boxes import DIALOG_MARGINS, column_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.library_list import LibraryDelegate, LibraryModel, LibraryRow
from desktop_app.widgets.look.direction import among_window_words
from desktop_app.widgets.look.shortcut_text import shortcut_text
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
        new_requested(): open a new text beside the conversation.
    """

    chosen = Signal(object)
    delete_requested = Signal(object)
    new_requested = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("text-list")
        self.setWindowTitle(tr("Texts"))
        self._texts: dict[str, ListedText] = {}
        self.field = line_field(tr("Find a text"), "find-text")
        self.field.installEventFilter(self)
        self.field.textChanged.connect(lambda _text: self._filter())
        self._model = LibraryModel(self)
        self.view = RowView("text-rows", self._model, LibraryDelegate(self))
        self.view.setAccessibleName(spoken_text(tr("Texts")))
        self.view.chosen.connect(lambda row: self.chosen.emit(self._texts[row.data(ROW).id]))
        self.view.up_pressed_at_top.connect(self.field.setFocus)
        self.view.delete_pressed.connect(
            lambda row: self.delete_requested.emit(self._texts[row.data(ROW).id])
        )
        self.view.menu_requested.connect(self._open_menu)
        self._begin = dialog_button(tr("New text"), "texts-begin", "primary")
        self._begin.clicked.connect(lambda: self.new_requested.emit())
        sentence = tr("Write letters and reports with a model, beside a conversation.")
        self._empty = EmptyPage("text", sentence, self._begin, name="texts-empty")
        rows = (self.field, (self.view, 1), (self._empty, 1))
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=8)
        self._filter()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        (self.field if self._texts else self._begin).setFocus(Qt.FocusReason.OtherFocusReason)

    def set_texts(self, texts: Sequence[ListedText]) -> None:
        """Show texts, in their order."""
        self._texts = {text.id: text for text in texts}
        for part in (self.field, self.view):
            part.setVisible(bool(texts))
        if texts and self._begin.hasFocus():
            self.field.setFocus()
        self._empty.setVisible(not texts)
        self._filter()

    def _filter(self) -> None:
        words = self.field.text().casefold().split()
        self._model.set_rows(
            [
                LibraryRow(text.id, text.title, _note(text))
                for text in self._texts.values()
                if all(word in f"{text.title} {text.conversation}".casefold() for word in words)
            ]
        )
        self.view.update_focus_policy()
        self.view.ensure_current()

    def _open_menu(self, index: Index, position: QPoint) -> None:
        if not index.isValid():
            return
        text = self._texts[index.data(ROW).id]
        menu = ProgramMenu(self)
        menu.setObjectName("text-row-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Open"), lambda: self.chosen.emit(text))
        label, keys = tr("Delete"), shortcut_text("Del")
        menu.addAction(menu_text(label, keys=keys), lambda: self.delete_requested.emit(text))
        menu.popup(position)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass arrow keys and Enter from the search field to the list."""
        is_key = watched is self.field and event.type() == QEvent.Type.KeyPress
        if is_key and event.key() in _KEYS:  # type: ignore[attr-defined]
            self.view.press(event)
            return True
        return super().eventFilter(watched, event)
