"""Handles the keys of one view: Home and End, selection, Copy, links, typed text, the caret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QTextCursor

from desktop_app.transcript.keyboard.caret import Caret

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.link_handler import LinkHandler
    from desktop_app.transcript.selection.copy_actions import CopyActions
    from desktop_app.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.message_navigator import MessageNavigator


class KeyCommands(QObject):
    """The handling of keys that Qt would apply only to materialized text.

    Signals:
        copy_all_requested(): copy the whole conversation, of which only a part is materialized.
        text_typed(str): text was typed, to be inserted into the message box.
    """

    copy_all_requested = Signal()
    text_typed = Signal(str)

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        selection: VirtualSelection,
        navigator: MessageNavigator,
        links: LinkHandler,
        copies: CopyActions,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._selection = selection
        self._navigator = navigator
        self._links = links
        self._copies = copies
        self._caret = Caret(view)

    def handle(self, event: QKeyEvent) -> bool:
        """Handle Home, End, Enter on a link, Select all, Copy and text. Return True if handled.

        All other keys are left to `Caret.handle_key`.
        """
        cursor = self._view.textCursor()
        target = cursor.charFormat().anchorHref()
        if target and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._links.activate(target, cursor.position())
            return True
        if self._handle_end_keys(event) or self._handle_selection_keys(event):
            return True
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selected()
            return True
        if _is_typed_text(event):
            self.text_typed.emit(event.text())
            return True
        return self._caret.handle_key(event)

    def place_caret(self) -> None:
        """Place the caret at the newest message, so that a screen reader can start there."""
        last_state = self._messages.last_materialized()
        if last_state is not None:
            self._caret.place_for_reader(
                self._messages.layouts.block_of(last_state.layout, 0).position()
            )

    def copy_selected(self) -> None:
        """Copy the selection; request a copy if it is all of a partly materialized conversation."""
        if self._messages.is_fully_materialized or not self._selection.is_all:
            self._copies.copy_selected()
        else:
            self.copy_all_requested.emit()

    def _handle_selection_keys(self, event: QKeyEvent) -> bool:
        """Handle the keys that select to an end of the conversation, or all of it.

        Return True if the key was handled.
        """
        keys = QKeySequence.StandardKey
        move = QTextCursor.MoveOperation
        if event.matches(keys.SelectAll):
            self._selection.select_all()
        elif event.matches(keys.SelectStartOfDocument):
            self._navigator.scroll_to_top()
            self._selection.extend(move.Start)
        elif event.matches(keys.SelectEndOfDocument):
            self._navigator.scroll_to_bottom()
            self._selection.extend(move.End)
        else:
            return False
        return True

    def _handle_end_keys(self, event: QKeyEvent) -> bool:
        """Handle Home and End; with Ctrl, move the text cursor, too. Return True if handled."""
        keys = QKeySequence.StandardKey
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        to_top = event.matches(keys.MoveToStartOfDocument)
        to_end = event.matches(keys.MoveToEndOfDocument)
        if to_top or (is_plain and event.key() == Qt.Key.Key_Home):
            self._navigator.scroll_to_top()
        elif to_end or (is_plain and event.key() == Qt.Key.Key_End):
            self._navigator.scroll_to_bottom()
        else:
            return False
        if to_top or to_end:
            move = QTextCursor.MoveOperation
            self._view.moveCursor(move.Start if to_top else move.End)
        return True


def _is_typed_text(event: QKeyEvent) -> bool:
    """Return True if a key press types a character. Space scrolls, as in a web page."""
    has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    has_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
    if has_control != has_alt:  # both together are AltGr
        return False
    return event.text().isprintable() and bool(event.text().strip())
