"""The list of all texts in the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.domain.graphemes import shorten
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import tr
from desktop_app.texts.text_store import ListedText
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.library_list import LibraryDelegate, LibraryModel, LibraryRow
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index
from desktop_app.widgets.text.foreign_text import spoken_text
from desktop_app.widgets.windows import fitting_size

_SIZE: Final = (520, 520)
_MAX_TITLE_CHARS: Final = 30
_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _note(text: ListedText) -> str:
    day = short_date(text.updated_at.astimezone())
    return f"{shorten(text.conversation, _MAX_TITLE_CHARS)} · {day}"


class TextList(QWidget):
    """A list of texts, each with its conversation and day, and a search field above it.

    Signals:
        chosen(ListedText): open this text.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, ListedText] = {}
        self.field = line_field(tr("Find a text"), "find-text")
        self.field.installEventFilter(self)
        self.field.textChanged.connect(lambda _text: self._filter())
        self._model = LibraryModel(self)
        self.view = RowView("text-rows", self._model, LibraryDelegate(self))
        self.view.setAccessibleName(spoken_text(tr("Texts")))
        self.view.chosen.connect(self._choose)
        self.view.up_pressed_at_top.connect(self.field.setFocus)
        column_of(self.field, (self.view, 1), parent=self, margins=0, spacing=8)
        self._filter()

    def set_texts(self, texts: Sequence[ListedText]) -> None:
        """Show texts, in their order."""
        self._texts = {text.id: text for text in texts}
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

    def _choose(self, index: Index) -> None:
        self.chosen.emit(self._texts[index.data(ROW).id])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass arrow keys and Enter from the search field to the list."""
        is_key = watched is self.field and event.type() == QEvent.Type.KeyPress
        if is_key and event.key() in _KEYS:  # type: ignore[attr-defined]
            self.view.press(event)
            return True
        return super().eventFilter(watched, event)


class TextListDialog(QDialog):
    """A dialog with the list of all texts.

    Signals:
        chosen(ListedText): open this text.
    """

    chosen = Signal(object)

    def __init__(self, texts: Sequence[ListedText], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("text-list")
        self.setWindowTitle(tr("Texts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        listing = TextList()
        listing.set_texts(texts)
        listing.chosen.connect(self.chosen)
        listing.chosen.connect(self.accept)
        close = dialog_button(tr("Close"), "close-texts")
        close.clicked.connect(self.reject)
        buttons = row_of(STRETCH, close)
        column_of((listing, 1), buttons, parent=self, margins=DIALOG_MARGINS, spacing=12)
        self.resize(fitting_size(_SIZE, parent))
