"""The middle of the sidebar: the conversations, or a note without rows."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget

from desktop_app.domain.conversations.list_filter import ListFilterKind
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.filter_bars import FilterBar
from desktop_app.library.ui.rows.conversation_model import ConversationModel
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel

_EMPTY_NOTES: Final = {
    ListFilterKind.LIST: N_("No conversations yet"),
    ListFilterKind.FOLDER: N_("No conversations in this folder"),
    ListFilterKind.ARCHIVE: N_("No archived conversations"),
    ListFilterKind.TRASH: N_("Trash is empty"),
}


class ListPages(QStackedWidget):
    """The pages of the conversation list. See the module.

    They also show the filter bar above them.

    Attributes:
        note: the text shown without rows.
    """

    def __init__(
        self, model: ConversationModel, view: ConversationView, filter_bar: FilterBar
    ) -> None:
        super().__init__()
        self._model = model
        self._view = view
        self._filter_bar = filter_bar
        self._is_loaded = False
        self.note = PlainLabel(role="note", wraps=True, keeps_lines=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        for page in (view, self.note):
            self.addWidget(page)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._show_page)
        self._show_page()
        self.update_theme()

    def set_loaded(self) -> None:
        """Say from now on that there are no conversations if there are no rows.

        Until the conversations are read, the list must not look as if they were lost.
        """
        self._is_loaded = True

    def update_theme(self) -> None:
        theme = current_theme()
        self.note.setContentsMargins(0, 0, theme.px(themes.ROW_MARGIN), 0)

    def focus_filtered_rows(self) -> None:
        """Focus the rows; if there are none, the Back button."""
        if self._model.rowCount():
            self._view.setFocus(Qt.FocusReason.TabFocusReason)
            self._view.ensure_current()
        elif self._filter_bar.isVisible():
            self._filter_bar.back_button.setFocus(Qt.FocusReason.TabFocusReason)

    def _show_page(self) -> None:
        kind = self._model.order.list_filter.kind
        self._filter_bar.setVisible(kind is not ListFilterKind.LIST)
        has_rows = self._model.rowCount() > 0
        self.note.setText(tr(_EMPTY_NOTES[kind]) if self._is_loaded else "")
        # After removing a filter's last row by keyboard, the focus moves to the Back button.
        leaves_view = not has_rows and self._view.hasFocus() and self._view.can_go_back
        self.setCurrentWidget(self._view if has_rows else self.note)
        if leaves_view:
            self._filter_bar.back_button.setFocus(Qt.FocusReason.OtherFocusReason)
