"""The search above the conversation list: its field, its filters and its hits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent

from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.ui.search.search_field import SearchField
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Folder, SearchHit
    from desktop_app.library.ui.search.search_filters import SearchFilters

# The pause in typing after which a search starts.
_SEARCH_PAUSE_MS: Final = 120


class HitView(RowView):
    """The view of the hits.

    Signals:
        escaped(): Esc was pressed.
    """

    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)


class ListSearch(QObject):
    """The search of the conversation list.

    Attributes:
        column: the layout of the field, and of the filters below it while hits are shown.
        field: the search field.
        hits, view: the hits, and their view.
        is_showing_hits: True while hits are shown in place of the conversations.

    Signals:
        changed(str): search for these words. Emitted after a pause in typing, and at once when a
            filter changes or the field is cleared ("").
        hit_open_requested(str conversation id, str message id or "", str words): open a hit with
            these matched words.
        hits_changed(): the hits changed, or were shown or hidden.
        ended(): the search was left; hide its hits.
    """

    changed = Signal(str)
    hits_changed = Signal()
    ended = Signal()
    hit_open_requested = Signal(str, str, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._folders: tuple[Folder, ...] = ()
        self._filters: SearchFilters | None = None
        self._words = self._words_of_hits = self._announced = ""
        self.is_showing_hits = False
        self.field = SearchField()
        self.hits = HitModel(self)
        self.view = HitView("search-hits", self.hits)
        self.column = column_of(self.field, spacing=9)
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self.field.textChanged.connect(self._on_typed)
        self.field.returnPressed.connect(self._open_first_hit)
        self._pause.timeout.connect(self._search)
        self.view.chosen.connect(self._open_hit)
        self.view.escaped.connect(self.end)
        self.view.up_pressed_at_top.connect(self.focus)

    def focus(self) -> None:
        """Focus the search field, with its text selected."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    @property
    def filters(self) -> SearchFilters:
        """Return the filters, created on first use because start-up does not need them."""
        if self._filters is None:
            from desktop_app.library.ui.search.search_filters import SearchFilters
            from desktop_app.widgets.forms.tab_order import order_tabs

            filters = self._filters = SearchFilters()
            filters.set_folders(self._folders)
            filters.changed.connect(lambda: self.changed.emit(self._words))
            filters.hide()
            self.column.addWidget(filters)
            order_tabs(self.field, filters.buttons)
        return self._filters

    @property
    def no_hits_text(self) -> str:
        """Return the text shown if there are no hits."""
        return tr("No results with these filters") if self.filters.is_active else tr("No results")

    def show_hits(self, hits: Sequence[SearchHit] | None) -> None:
        """Show hits; None ends the search."""
        self.hits.set_rows(hits or [])
        self.is_showing_hits = hits is not None
        self._words_of_hits = self._words
        if self.is_showing_hits or self._filters is not None:
            self.filters.setVisible(self.is_showing_hits)
        self._announce_count()
        self.hits_changed.emit()

    def _announce_count(self) -> None:
        """Announce the number of hits, because the focus stays in the field."""
        count = self.hits.rowCount()
        text = ""
        if self.is_showing_hits and count:
            text = tr_plural("{count} result", "{count} results", count)
        elif self.is_showing_hits:
            text = self.no_hits_text
        if text != self._announced:  # otherwise every key would repeat the text
            # Not needed at start-up.
            from desktop_app.widgets.accessibility.announcements import announce

            self._announced = text
            announce(self.field, text)

    @property
    def current_conversation_id(self) -> str:
        """Return the id of the conversation of the hit with the keyboard focus; "" for none."""
        index = self.view.currentIndex()
        if not self.view.hasFocus() or not index.isValid():
            return ""
        hit: SearchHit = index.data(ROW)
        return hit.conversation_id

    def end(self) -> None:
        """End the search, and show the conversations again."""
        self.field.clear()
        if self.is_showing_hits:
            self.ended.emit()

    def set_folders(self, folders: tuple[Folder, ...]) -> None:
        """Set the folders that a search can be limited to."""
        self._folders = folders
        if self._filters is not None:
            self._filters.set_folders(folders)

    def _on_typed(self, text: str) -> None:
        if text.strip():
            self._pause.start()
        else:
            self._search()

    def _search(self) -> None:
        self._pause.stop()
        query = self.field.text().strip()
        if not query and self._filters is not None:
            self._filters.clear()
        if query != self._words:
            self._words = query
            self.changed.emit(query)

    def _open_first_hit(self) -> None:
        is_current = self._words_of_hits == self.field.text().strip()
        if self.is_showing_hits and is_current and self.hits.rowCount():
            self._open_hit(self.hits.index(0))

    def _open_hit(self, row: QModelIndex) -> None:
        hit: SearchHit = row.data(ROW)
        self.hit_open_requested.emit(hit.conversation_id, hit.message_id or "", hit.first_match)


# A match in a snippet, between its marks (see SearchHit).
_MARKS: Final = re.compile("\x02([^\x02\x03]*)\x03?")
_MAX_SNIPPET_CHARACTERS: Final = 2_000  # two lines are shown


class HitModel(RowsModel["SearchHit"]):
    """The hits of a search."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda hit: hit.title, _accessible_text, parent)


def _accessible_text(hit: SearchHit) -> str:
    text = plain_snippet(hit_text(hit))[0]
    if hit.archived:
        return tr("{title}, archived: {text}", title=hit.title, text=text)
    return tr("{title}: {text}", title=hit.title, text=text)


def hit_text(hit: SearchHit) -> str:
    """Return the snippet of a hit, after the name of the document if it is in one."""
    return f"{one_line(hit.document)}: {hit.snippet}" if hit.document else hit.snippet


def plain_snippet(snippet: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a snippet in one line without its marks, and the (start, length) of each match."""
    text = ""
    spans: list[tuple[int, int]] = []
    end = 0  # of the last match in `snippet`
    snippet = re.sub(r"[ \t\r\n]+", " ", snippet[:_MAX_SNIPPET_CHARACTERS])
    for match in _MARKS.finditer(snippet):
        text += one_line(snippet[end : match.start()], _MAX_SNIPPET_CHARACTERS)
        match_text = one_line(match[1], _MAX_SNIPPET_CHARACTERS)
        spans.append((len(text), len(match_text)))
        text += match_text
        end = match.end()
    return text + one_line(snippet[end:], _MAX_SNIPPET_CHARACTERS), spans
