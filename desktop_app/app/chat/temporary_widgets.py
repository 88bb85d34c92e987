"""The card above the prompt and the row in the sidebar of a temporary conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.sidebar.conversation_list import ConversationList
    from desktop_app.ui.window.cards.temporary_bar import TemporaryBar, TemporaryRow
    from desktop_app.ui.window.conversation_pane import ConversationPane


class TemporaryWidgets(QObject):
    """The widgets of a temporary conversation, created on first use.

    Signals:
        open_requested(): open the conversation.
        close_requested(): close the conversation; ask first if it has content.
        confirmed(): the user confirmed closing a conversation that has content.
        content_dropped(DroppedContent): something was dropped on the row.
    """

    open_requested = Signal()
    close_requested = Signal()
    confirmed = Signal()
    content_dropped = Signal(object)

    def __init__(
        self, theme: ThemeWatcher, *, pane: ConversationPane, conversation_list: ConversationList
    ) -> None:
        super().__init__(pane)
        self._theme = theme
        self._add_above_prompt = pane.add_above_prompt
        self._header = pane.header
        self._conversation_list = conversation_list
        self._bar: TemporaryBar | None = None
        self._row: TemporaryRow | None = None

    def ask(self) -> None:
        """Ask whether to close the conversation although it has content."""
        self._get_bar().ask()

    def show(self, *, exists: bool, is_open: bool) -> None:
        """Show the row if there is a temporary conversation, and the card if it is open."""
        self._header.set_temporary(is_open)
        if is_open:
            self._get_bar().explain()
        if self._bar is not None:
            self._bar.setVisible(is_open)
        if exists and self._row is None:
            self._row = self._make_row()
        if self._row is not None:
            self._row.setVisible(exists)

    def _make_row(self) -> TemporaryRow:
        from desktop_app.ui.window.cards.temporary_bar import TemporaryRow

        row = TemporaryRow(self._theme.current)
        self._theme.changed.connect(row.set_theme)
        row.open_requested.connect(self.open_requested)
        row.close_requested.connect(self.close_requested)
        row.drop_hint_changed.connect(self._conversation_list.view.drop_hint_changed)
        row.content_dropped.connect(self.content_dropped)
        self._conversation_list.top.addWidget(row)
        return row

    def _get_bar(self) -> TemporaryBar:
        if self._bar is None:
            from desktop_app.ui.window.cards.temporary_bar import TemporaryBar

            self._bar = TemporaryBar(self._theme.current)
            self._theme.changed.connect(self._bar.set_theme)
            self._bar.close_requested.connect(self.close_requested)
            self._bar.confirmed.connect(self.confirmed)
            self._add_above_prompt(self._bar)
        return self._bar
