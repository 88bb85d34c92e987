"""The conversation in the transcript and its stored draft.

The scroll positions of conversations that were shown before are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Draft, Message
from desktop_app.i18n.translation import tr
from desktop_app.ui.window.main_window import MainWindow

ScrollPosition = tuple[str, int]
"""The id of the topmost message on screen, and the pixels of it that are scrolled off."""


class ShownConversation(QObject):
    """Presenter of the open conversation, or of the end of one that is about to be opened."""

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window.pane)
        self._pane = window.pane
        self._conversation_list = window.conversations
        self._current = state.current
        self._messages = state.messages
        self._shown_id = ""  # the conversation whose messages are in the transcript
        self._positions: dict[str, ScrollPosition] = {}  # by conversation id
        state.current.opened.connect(self._show_opened)

    def is_showing(self, conversation_id: str) -> bool:
        """Return True if the transcript has messages of this conversation."""
        return conversation_id == self._shown_id

    def scroll_position(self, conversation_id: str) -> ScrollPosition | None:
        """Return the position at which a conversation was left, None for the bottom."""
        return self._positions.get(conversation_id)

    def set_scroll_position(self, conversation_id: str, position: ScrollPosition | None) -> None:
        """Set the position at which a conversation will be shown, None for the bottom."""
        if position is None:
            self._positions.pop(conversation_id, None)
        else:
            self._positions[conversation_id] = position

    def preview(self, conversation_id: str, title: str, tail: Sequence[Message]) -> None:
        """Show the end of a conversation that is about to be opened.

        Sending is disabled in the meantime, because the question would go to the former
        conversation.
        """
        self.save_scroll()
        self._shown_id = conversation_id
        self._pane.set_title(title)
        self._pane.show_empty_state(False)
        self._pane.prompt.send_action.set_refusal(tr("Loading conversation…"))
        self._pane.transcript.set_messages(
            [self._messages.display_form(message) for message in tail]
        )
        self._conversation_list.selection.select(conversation_id)
        self._pane.transcript.viewport().repaint()  # before reading occupies the processor

    def save_scroll(self) -> None:
        """Record the scroll position of the open conversation, or none at the bottom."""
        if not self._current.path or self._shown_id != self._current.id:
            return
        navigator = self._pane.transcript.navigator
        position = None if navigator.is_at_end else navigator.scroll_state()
        self.set_scroll_position(self._current.id, position)

    def select_open(self) -> None:
        """Select the open conversation in the list, or nothing if the list does not have it."""
        self._conversation_list.selection.select(
            self._current.id if self._current.is_listed else None
        )

    def _show_opened(self) -> None:
        self._pane.set_title(self._current.conversation.title)
        self._pane.show_empty_state(not self._current.path)
        navigator = self._pane.transcript.navigator
        scroll_position = self.scroll_position(self._current.id)
        if self._shown_id == self._current.id and not navigator.is_at_end:
            scroll_position = navigator.scroll_state()  # the user has begun to read
        self._shown_id = self._current.id
        self._pane.transcript.set_messages(
            [self._messages.display_form(message) for message in self._current.path],
            versions=self._current.version_numbers,
        )
        if scroll_position is not None:
            navigator.restore_scroll(scroll_position)
        self.select_open()
        draft = self._current.draft.value
        prompt = self._pane.prompt
        if (prompt.text(), prompt.field.template_id) != (draft.text, draft.template_id):
            prompt.set_text(draft.text, draft.template_id)


DRAFT_MS = 400


class DraftSaver(QObject):
    """Timer that copies the prompt's text into the draft and stores the draft."""

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window.prompt)
        self._prompt = window.prompt
        self._current = state.current
        self._draft = state.current.draft
        self._drafts = state.drafts
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_MS)
        self._timer.timeout.connect(self.save)
        window.prompt.text_changed.connect(self.save_soon)
        state.current.draft.changed.connect(self.save_soon)

    def save_soon(self) -> None:
        """Save after a pause without another change."""
        self._timer.start()

    def save(self) -> None:
        """Save now."""
        self._timer.stop()
        self._draft.update_text()
        self._drafts.put(self._current.id, self._draft.value)

    def remove_sent(self, conversation_id: str, sent_draft: Draft) -> None:
        """Remove a sent question from its draft; what was typed or attached later stays."""
        is_open = conversation_id == self._current.id
        if is_open:
            self.save()
        remaining_draft = self._drafts.remove_sent(conversation_id, sent_draft)
        if is_open:
            self._draft.replace(remaining_draft)
            if self._prompt.text() != remaining_draft.text:
                self._prompt.set_text(remaining_draft.text, remaining_draft.template_id)
