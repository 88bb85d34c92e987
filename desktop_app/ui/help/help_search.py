"""The search in the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from desktop_app.i18n.translation import tr
from desktop_app.ui.help.help_book import HelpHit, query_words
from desktop_app.ui.help.help_lists import HelpHitDelegate
from desktop_app.ui.widgets.forms.line_field import line_field
from desktop_app.ui.widgets.rows.row_view import RowView
from desktop_app.ui.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.ui.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.ui.help.help_book import HelpBook
    from desktop_app.ui.look.theme import Theme


class HelpSearch(QObject):
    """The search field with its hits, which the window lays out.

    Attributes:
        field: the search field.
        hits: the view of the hits.
        no_results: the label in place of the hits if there are none.

    Signals:
        place_chosen(HelpPlace): show the place of a hit.
    """

    place_chosen = Signal(object)

    def __init__(self, theme: Theme, book: HelpBook, parent: QObject) -> None:
        super().__init__(parent)
        self._book = book
        self._model: RowsModel[HelpHit] = RowsModel(lambda hit: hit.title, _spoken_hit, self)
        self._delegate = HelpHitDelegate(theme, self)
        self.hits = RowView("help-hits", self._model, self._delegate)
        self.hits.setAccessibleName(tr("Search results"))
        self.field = line_field(tr("Search help"), "help-search")
        self.field.installEventFilter(self)
        self.no_results = PlainLabel(tr("No results"), name="help-no-results", role="dim")
        self.no_results.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hits.chosen.connect(self._open_hit)
        self.hits.up_pressed_at_top.connect(self.focus)
        self.field.returnPressed.connect(self._open_current_hit)

    @property
    def words(self) -> list[str]:
        """Return the words that are searched; none if nothing is searched."""
        return query_words(self.field.text())

    def page(self, text: QWidget) -> QWidget:
        """Return what to show: the hits or the label, or without words `text`."""
        if not self.words:
            return text
        return self.hits if self._model.rowCount() else self.no_results

    def focus(self) -> None:
        """Focus the field, with its text selected."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def end(self) -> None:
        """Clear the field."""
        self.field.clear()

    def set_book(self, book: HelpBook) -> None:
        """Search another book."""
        self._book = book

    def update_hits(self) -> None:
        """List the hits and make the first one current."""
        hits = self._book.find(self.field.text())
        self._model.set_rows(hits)
        if hits:
            self.hits.setCurrentIndex(self.hits.row_of(self._model.index(0, 0)))

    def set_theme(self, theme: Theme) -> None:
        self._delegate.set_theme(theme)
        self.hits.relayout()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move from the search field to the hits with the down arrow."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Down
        ):
            if self.hits.isVisible():
                self.hits.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return super().eventFilter(watched, event)

    def _open_hit(self, index: QModelIndex) -> None:
        if index.isValid():
            self.place_chosen.emit(index.data(ROW).place)

    def _open_current_hit(self) -> None:
        if self.words:
            self._open_hit(self.hits.currentIndex())


def _spoken_hit(hit: HelpHit) -> str:
    return f"{hit.title}, {hit.chapter}: {hit.context}"
