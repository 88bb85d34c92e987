"""Scrolls one view to messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject

from desktop_app.transcript.segment import Place

if TYPE_CHECKING:
    from desktop_app.transcript.view import TranscriptView


class _WaitingAction(NamedTuple):
    """An action to run once all of a message is written."""

    message_id: str
    run: Callable[[], None]


class MessageNavigator(QObject):
    """The navigation of one view."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._waiting_action: _WaitingAction | None = None
        view.stream.settled.connect(self._run_waiting)

    def forget(self) -> None:
        """Forget the action that waits for a message, because the user scrolled elsewhere."""
        self._waiting_action = None

    def scroll_state(self) -> tuple[str, int]:
        """Return the topmost message on screen and how many pixels of it are scrolled off.

        Return ("", 0) if no message is there.
        """
        messages = self._view.messages
        if not messages.count:
            return "", 0
        y = self._view.scroll_y - self._view.top_space
        index = messages.index_at(y)
        return messages.message_at(index).id, y - messages.top_of(index)

    def restore_scroll(self, state: tuple[str, int]) -> None:
        """Restore a `scroll_state`, or scroll to the bottom if its message is gone."""
        message_id, offset = state
        if self._view.messages.index_of(message_id) < 0:
            self.scroll_to_bottom()
            return
        if self.materialize_whole(message_id, partial(self.restore_scroll, state)):
            self._view.scroll_to_top_of(message_id, offset)

    @property
    def is_at_end(self) -> bool:
        """Return True if the end of the conversation is on screen."""
        return self._view.is_at_end

    def scroll_to_message(self, message_id: str) -> bool:
        """Scroll to the top of a message. Return False if there is no such message."""
        if self._view.messages.index_of(message_id) < 0:
            return False
        self._view.scroll_to_top_of(message_id)
        return True

    def scroll_to_top(self) -> None:
        """Scroll to the beginning of the conversation."""
        if self._view.messages.count:
            self._view.verticalScrollBar().setValue(0)

    def scroll_to_bottom(self) -> None:
        """Scroll to the end of the conversation and follow new text."""
        self._view.follow_end()

    def actions_line_y(self, message_id: str) -> int | None:
        """Return the y position in the viewport of the line beside a message's actions.

        Return None if the line is not on screen, or if the message is the last and its end is on
        screen.
        """
        messages = self._view.messages
        shown = messages.get(message_id)
        is_last = messages.index_of(message_id) == messages.count - 1
        if shown is None or (self.is_at_end and is_last):
            return None
        rect = self._view.rect_of(Place(shown.key, shown.action_item))
        y = 0 if rect is None else round(rect.bottom())
        return y if 0 < y <= self._view.viewport().height() else None

    def scroll_actions_line_to(self, message_id: str, y: int) -> None:
        """Scroll the line beside a message's actions to a position of `actions_line_y`.

        After a change of version, the arrows to other versions thus stay under the mouse.
        """
        if not self.materialize_whole(
            message_id, partial(self.scroll_actions_line_to, message_id, y)
        ):
            return
        shown = self._view.messages.opened(message_id)
        if shown is None:
            return
        place = Place(shown.key, shown.action_item)

        def target() -> int | None:
            self._view.shown_segment(place)  # loads it
            rect = self._view.rect_of(place)
            return None if rect is None else self._view.scroll_y + round(rect.bottom()) - y

        self._view.approach(target)

    def materialize_whole(self, message_id: str, then: Callable[[], None]) -> bool:
        """Parse all of a message. Return True if done.

        If slices of a long message are still to be written, return False, and run `then` once all
        are written, unless the user scrolls elsewhere first.
        """
        view = self._view
        if view.messages.opened(message_id) is None:
            return False
        view.stream.queue_unwritten()
        view.stream.flush(briefly=True)
        if not view.stream.has_more(message_id):
            return True
        self._waiting_action = _WaitingAction(message_id, then)
        view.stream.prioritize(message_id)
        return False

    def _run_waiting(self, message_id: str) -> None:
        """Run the action that waits for a message, if all of the message is written."""
        action = self._waiting_action
        stream = self._view.stream
        if action is None or action.message_id != message_id or stream.has_more(message_id):
            return
        self._waiting_action = None
        action.run()
