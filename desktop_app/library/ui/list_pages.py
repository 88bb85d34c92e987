"""The middle of the sidebar: the conversations, the hits of a search, or a note without rows."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget

from desktop_app.domain.conversations.list_filter import ListFilterKind
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.filter_bars import FilterBar
from desktop_app.library.ui.rows.conversation_model import ConversationModel
from desktop_app.library.ui.search.list_search import ListSearch
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.mirroring import margins
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.text.foreign_text import PlainLabel

_EMPTY_NOTES: Final = {
    ListFilterKind.LIST: N_("No conversations yet"),
    ListFilterKind.FOLDER: N_("No conversations in this folder"),
    ListFilterKind.ARCHIVE: N_("No archived conversations"),
    ListFilterKind.TRASH: N_("Trash is empty"),
}


class ListPages(QStackedWidget):
    """The pages of the conversation list. See the module.

    They also show the filter bar above them, but not above hits.

    Attributes:
        note: the text shown without rows.
    """

    def __init__(
        self,
        model: ConversationModel,
        view: ConversationView,
        search: ListSearch,
        filter_bar: FilterBar,
    ) -> None:
        super().__init__()
        self._model = model
        self._view = view
        self._search = search
        self._filter_bar = filter_bar
        self._is_loaded = False
        self.note = PlainLabel(role="note", wraps=True, keeps_lines=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        for page in (view, search.view, self.note):
            self.addWidget(page)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._show_page)
        search.hits_changed.connect(self._show_page)
        search.field.down_pressed.connect(self._focus_rows)
        search.ended.connect(self._end_search)
        self._show_page()
        self.update_theme()

    def set_loaded(self) -> None:
        """Say from now on that there are no conversations if there are no rows.

        Until the conversations are read, the list must not look as if they were lost.
        """
        self._is_loaded = True

    def update_theme(self) -> None:
        theme = current_theme()
        self.note.setContentsMargins(*margins(0, 0, theme.px(themes.ROW_MARGIN), 0))

    def focus_filtered_rows(self) -> None:
        """End a search, and focus the rows; if there are none, the Back button."""
        self._search.end()
        if self._model.rowCount():
            self._focus_rows()
        elif self._filter_bar.isVisible():
            self._filter_bar.back_button.setFocus(Qt.FocusReason.TabFocusReason)

    def _show_page(self) -> None:
        kind = self._model.order.list_filter.kind
        has_hits = self._search.is_showing_hits
        # Hits come from all conversations, whatever the filter.
        self._filter_bar.setVisible(kind is not ListFilterKind.LIST and not has_hits)
        view: RowView
        if has_hits:
            view = self._search.view
            empty_note = self._search.no_hits_text
        else:
            view = self._view
            empty_note = tr(_EMPTY_NOTES[kind]) if self._is_loaded else ""
        has_rows = view.model().rowCount() > 0
        self.note.setText(empty_note)
        # After removing a filter's last row by keyboard, the focus moves to the Back button.
        leaves_view = not has_rows and view.hasFocus() and self._view.can_go_back
        self.setCurrentWidget(view if has_rows else self.note)
        if leaves_view:
            self._filter_bar.back_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _focus_rows(self) -> None:
        view = self._search.view if self._search.is_showing_hits else self._view
        view.setFocus(Qt.FocusReason.TabFocusReason)
        view.ensure_current()

    def _end_search(self) -> None:
        """Show the conversations again, and focus them if a hit had the focus."""
        had_focus = self._search.view.hasFocus()
        self._search.show_hits(None)
        if had_focus:
            self._focus_rows()
