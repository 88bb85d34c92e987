"""The main window: conversations, and transcript and prompt or a page, from left to right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QByteArray, QEvent, QRect, QSize, Qt
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QWidget

from desktop_app.app.window.conversation_pane import ConversationPane
from desktop_app.app.window.header import Header
from desktop_app.app.window.outer_panes import OuterPanes, width_of_list
from desktop_app.app.window.overlays import DropOverlay
from desktop_app.app.window.window_frame import WindowFrame
from desktop_app.composer.choice import no_choice
from desktop_app.composer.dropped_content import (
    FileDropFilter,
    accept_copy,
    drop_hint,
    is_acceptable,
    read_dropped,
)
from desktop_app.widgets.look.direction import is_mirrored, mirrored
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.windows import bring_to_front, is_session_ending

if TYPE_CHECKING:
    from desktop_app.composer.prompt_editor import PromptEditor
    from desktop_app.library.ui.conversation_list import ConversationList
    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.look.theme_watcher import ThemeWatcher

# Pixels at the default text size.
_DEFAULT_SIZE: Final = QSize(1280, 800)
_MINIMUM_SIZE: Final = QSize(400, 360)
# Pixels on the screen. The window can always be made this small: with large text, the panes scroll.
# With its frame it fits on a screen of 640 × 480.
_MAX_MINIMUM_SIZE: Final = QSize(620, 440)


class MainWindow(WindowFrame):
    """The main window. It is made in three steps, so that it is painted soon.

    The first paint shows the middle pane with the prompt, beside an empty list. Then come
    `add_outer_panes` and, once a conversation can be shown, `set_transcript`.

    It is a QMainWindow so that screen readers call it a window; it does not use that
    class's layout.

    Attributes:
        conversations: the outer pane at the left.
        escape_pressed: runs the command of Esc; None before the session has begun.
    """

    conversations: ConversationList

    def __init__(self, watcher: ThemeWatcher, prompt: PromptEditor) -> None:
        super().__init__()
        self.setObjectName("main")
        self.escape_pressed: Callable[[], object] | None = None
        self._was_active = False
        self._watcher = watcher
        self.header = Header()
        self.prompt = prompt
        self.pane = ConversationPane(self, self.header, prompt)
        self._empty_list: QWidget | None = QFrame(self)
        self._empty_list.setProperty("role", "side")
        self._empty_list.setProperty("edge", "left" if is_mirrored() else "right")
        self._wants_list = True
        self.header.edit_left.connect(self.pane.focus_content)
        self.pane.set_title("")
        self.setMinimumSize(self._fit_screen(_MINIMUM_SIZE).boundedTo(_MAX_MINIMUM_SIZE))
        self.resize(self._fit_screen(_DEFAULT_SIZE))

    def add_outer_panes(self) -> None:
        """Add the list, shown or hidden as in the restored state, and the settings, if missing."""
        if self._empty_list is None:
            return
        from desktop_app.app.window.settings_panel import SettingsPanel
        from desktop_app.library.ui.conversation_list import ConversationList

        listing = self.conversations = ConversationList(self)
        listing.stackUnder(self.pane)
        settings = self.settings = SettingsPanel()
        settings.setParent(self)
        settings.hide()
        self.outer_panes = OuterPanes(
            self, listing, settings, middle=self.pane, focus_list=listing.focus_current_row
        )
        for chosen in (
            listing.open_requested,
            listing.new_requested,
            listing.new_in_folder_requested,
        ):
            chosen.connect(self.outer_panes.close_list_drawer)
        self._empty_list.deleteLater()
        self._empty_list = None
        self.outer_panes.restore(wants_list=self._wants_list)

    def add_cards(self) -> None:
        """Add the parts beside the prompt, after the first paint, which they would delay."""
        from desktop_app.app.window.empty_state import EmptyState
        from desktop_app.widgets.accessible_roles import install_roles
        from desktop_app.widgets.cards.notifications import Notifications

        install_roles(self)
        self.empty_state = EmptyState()
        self.notifications = Notifications()
        self.notifications.focus_lost.connect(self.pane.focus_content)
        self.pane.add_cards(self.empty_state, self.notifications)

    def set_transcript(self, transcript: TranscriptView) -> None:
        """Add the transcript, and what the first paint does not show.

        Call it once, before showing a conversation, but after the first paint, which it would
        delay by a third.
        """
        from desktop_app.app.window.focus_order import order_tabs_of

        self.add_outer_panes()
        if not hasattr(self, "empty_state"):
            self.add_cards()
        self.transcript = transcript
        self._drop_overlay = DropOverlay(self)
        self.conversations.view.drop_hint_changed.connect(self._show_row_hint)
        self.setAcceptDrops(True)
        FileDropFilter(self.prompt)
        self.pane.set_transcript(transcript)
        transcript.text_typed.connect(lambda _: self.prompt.focus_text())
        transcript.text_typed.connect(self.prompt.field.insert_plain)
        order_tabs_of(self)

    # ------------------------------------------------------------ commands and state

    def rename(self) -> None:
        """Edit the name of the focused row of the list, or else the title, if no page covers it."""
        if self.conversations.view.hasFocus():
            self.conversations.view.rename()
        elif self.pane.page is None:
            self.header.edit_title()

    def saved_state(self) -> dict[str, Any]:
        """Return the state to restore at the next start: geometry, visible panes, appearance."""
        panes = self.outer_panes
        portal = self._watcher.portal
        return {
            "geometry": bytes(self.saveGeometry().toBase64().data()).decode(),
            "list": panes.wants_list,
            # As the desktop portal reported them, for the first paint of the next start.
            "is_dark": portal.is_dark,
            "is_strong": portal.has_high_contrast,
            **self._remembered_parts(),
        }

    def _remembered_parts(self) -> dict[str, Any]:
        """Return what the session has filled in, if the next start may show it before its session.

        A start without a key offers models, whose state changes meanwhile.
        """
        if self.empty_state.wants_key_line:
            return {}
        row, listing, shown = self.prompt.row, self.conversations, self.transcript.messages
        models = {each.choice.model for each in shown.messages if each.choice is not None}
        return {
            "names": {model: shown.facts.name_of(model) for model in models},
            "model": row.model_button.label(with_effort=True),
            "web": None if row.searches_web is None else False,
            "footer": list(listing.footer.shown),
            "hints": [listing.search_button.hint.text(), listing.new_button.hint.text()],
        }

    def show_remembered(self, state: dict[str, Any]) -> None:
        """Show the model and the provider as they were at the last end.

        Raises:
            LookupError, OSError, TypeError, ValueError: the state has other values.
        """
        listing = self.conversations
        search_hint, new_hint = state["hints"]
        listing.search_button.show_hint(search_hint)
        listing.new_button.show_hint(new_hint)
        listing.footer.show_provider(*state["footer"])
        self.prompt.set_choice(replace(no_choice(), model_name=str(state["model"])))
        self.prompt.row.set_tools("", searches_web=state["web"])
        self.add_cards()

    def restore_state(self, state: dict[str, Any]) -> None:
        """Restore a result of `saved_state`.

        Without a valid geometry, the window keeps its own. Without a valid value for the
        conversations, they are shown.
        """
        self.restoreGeometry(QByteArray.fromBase64(state.get("geometry", "").encode()))
        self._wants_list = state.get("list", True)
        if self._empty_list is None:
            self.outer_panes.restore(wants_list=self._wants_list)
        else:
            self._lay_out()

    def _lay_out(self) -> None:
        """Lay out the panes, of which the first paint has two."""
        if self._empty_list is None:
            self.outer_panes.resize()
            return
        list_width = width_of_list(self.width()) if self._wants_list else 0
        self._empty_list.setVisible(list_width > 0)
        for pane, left, right in (
            (self._empty_list, 0, list_width),
            (self.pane, list_width, self.width()),
        ):
            place = QRect(left, 0, right - left, self.height())
            pane.setGeometry(mirrored(place, self.rect()))

    def update_theme(self) -> None:
        self.setMinimumSize(self._fit_screen(_MINIMUM_SIZE).boundedTo(_MAX_MINIMUM_SIZE))
        self._lay_out()

    def _fit_screen(self, size: QSize) -> QSize:
        """Scale a size to the current text size, limited to the screen."""
        px = current_theme().px
        scaled = QSize(px(size.width()), px(size.height()))
        return scaled.boundedTo(self.screen().availableSize())

    def _keep_on_screen(self) -> None:
        """Have the screen contain the frame, whose size is unknown before it is shown."""
        room, frame = self.screen().availableGeometry(), self.frameGeometry()
        is_larger = self.size() != self.size().boundedTo(room.size())  # as somebody wanted
        if is_larger or self.isMaximized() or self.isFullScreen():
            return
        excess = (frame.size() - room.size()).expandedTo(QSize(0, 0))
        if not room.contains(frame):
            self.resize(self.size() - excess)
            frame.setSize(frame.size() - excess)
            frame.moveRight(min(frame.right(), room.right()))
            frame.moveBottom(min(frame.bottom(), room.bottom()))
            self.move(max(frame.left(), room.left()), max(frame.top(), room.top()))

    # ------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self.prompt.fit_height()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the drawer or page on Esc, else run its command; Enter presses a button."""
        # Not for the first paint.
        from desktop_app.widgets.buttons.dialog_button import press_focused

        if event.key() == Qt.Key.Key_Escape and self.outer_panes.drawer is not None:
            self.outer_panes.close_drawer()
        elif event.key() == Qt.Key.Key_Escape and self.pane.page is not None:
            self.pane.close_page()
        elif event.key() == Qt.Key.Key_Escape:
            if self.escape_pressed is not None:
                self.escape_pressed()
        elif not press_focused(self, event):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Refresh the theme after the system changed its font or colors."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self._was_active:
            self._was_active = True
            self._keep_on_screen()
        if event.type() == QEvent.Type.ThemeChange:
            self._watcher.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask the session to close; stay open unless that of the desktop ends."""
        event.setAccepted(is_session_ending())
        self.close_requested.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files, images, messages and text everywhere but over the list's rows."""
        # Drags that start within the window belong to its widgets, such as text that is dragged
        # to the prompt.
        data = event.mimeData()
        if event.source() is not None or not is_acceptable(data):
            event.ignore()
            return
        accept_copy(event)
        self._drop_overlay.show_text(drop_hint(data), self.rect())

    def _show_row_hint(self, hint: str) -> None:
        """Show the hint beside the list while the drag is over one of its rows."""
        if hint:
            area = self.rect().adjusted(self.conversations.width(), 0, 0, 0)
            self._drop_overlay.show_text(hint, area)
        else:
            self._drop_overlay.hide()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Emit dropped files and data; insert text into the prompt, at its cursor.

        The prompt is shown, and gets the keys: the other program has them until now.
        """
        self._drop_overlay.hide()
        accept_copy(event)
        self.pane.close_page()
        bring_to_front(self)
        self.prompt.focus_text()
        dropped = read_dropped(event.mimeData())
        if dropped.files:
            self.files_dropped.emit(list(dropped.files))
        if dropped.data is not None:
            self.data_dropped.emit(dropped.data)
        self.prompt.insert_dropped(replace(dropped, files=(), data=None))
