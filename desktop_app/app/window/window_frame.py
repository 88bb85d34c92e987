"""The main window as its features see it: the middle pane, the outer panes, cards and drops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMainWindow, QWidget

from desktop_app.widgets.windows import bring_to_front

if TYPE_CHECKING:
    from desktop_app.app.window.conversation_pane import ConversationPane
    from desktop_app.app.window.empty_state import EmptyState
    from desktop_app.app.window.header import Header
    from desktop_app.app.window.outer_panes import OuterPanes
    from desktop_app.app.window.settings_panel import SettingsPanel
    from desktop_app.composer.prompt_editor import PromptEditor
    from desktop_app.domain.places import Place
    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.cards.notifications import Notifications


class WindowFrame(QMainWindow):
    """The parts of the main window that all features use; `MainWindow` builds them.

    Attributes:
        settings: the outer pane at the right.
        pane: the middle pane.
        outer_panes: shows and hides the outer panes.
        header, prompt: the parts of the middle pane with these names.
        transcript, empty_state, notifications: available after `MainWindow.set_transcript`.
        early_conversation_id: the conversation that is shown before the session has begun; "" for
            none.

    Signals:
        files_dropped(list[Path]): local files were dropped outside the list of conversations.
        data_dropped(DroppedData): an image, mail message or rich text without a file was dropped.
        place_requested(Place): open a place that a link names.
        close_requested(): the user wants to close the window.
    """

    settings: SettingsPanel
    pane: ConversationPane
    outer_panes: OuterPanes
    header: Header
    prompt: PromptEditor
    transcript: TranscriptView
    empty_state: EmptyState
    notifications: Notifications
    early_conversation_id = ""

    files_dropped = Signal(list)
    data_dropped = Signal(object)
    place_requested = Signal(object)
    close_requested = Signal()

    def show_page(self, page: QWidget) -> None:
        """Show a page in place of the conversation, and bring the window to the front."""
        if self.outer_panes.drawer is not None:
            self.outer_panes.close_drawer()
        keeps_tab = self.pane.tabs.has_focus
        is_new = page.property("area") is None
        self.pane.show_page(page)
        side = self.outer_panes.side
        if is_new and side is not None and side.parent() is self:
            side.setParent(None)  # so that Tab comes to it after the page at its left
            self.outer_panes.arrange()
        bring_to_front(self)
        focused: QWidget | None = self.focusWidget()  # PySide's types forget None
        if keeps_tab:
            self.pane.tabs.focus()
        elif focused is None or not page.isAncestorOf(focused):
            self.pane.focus_content()

    def request_place(self, place: Place) -> None:
        """Open a place for a link in this window or its dialogs."""
        self.place_requested.emit(place)
