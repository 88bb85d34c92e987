"""Scrolls one view to messages, and materializes the messages that come near the screen.

Initially, only the newest messages are materialized; older ones follow as the user scrolls up.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.message_materializer import MessageMaterializer
    from desktop_app.transcript.keyboard.action_row import ActionRowPlacer
    from desktop_app.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.message_stream import MessageStream
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor
    from desktop_app.transcript.viewport.viewport_filler import ViewportFiller

_MIN_PASS_CHARACTERS: Final = 4_000
_MAX_PASS_CHARACTERS: Final = 16_000
"""Minimum and maximum characters to materialize in one pass of the event loop.

Within these limits, the number is that of a full screen.
"""


class _WaitingAction(NamedTuple):
    """An action to run once all of a message is materialized."""

    message_id: str
    run: Callable[[], None]


class MessageNavigator(QObject):
    """The navigation of one view: scrolls to messages and materializes those near the screen."""

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        materializer: MessageMaterializer,
        anchor: ScrollAnchor,
        selection: VirtualSelection,
        filler: ViewportFiller,
        stream: MessageStream,
        actions: ActionRowPlacer,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._anchor = anchor
        self._materializer = materializer
        self._selection = selection
        self._filler = filler
        self._stream = stream
        self._actions = actions
        self._waiting_action: _WaitingAction | None = None
        view.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        stream.slice_written.connect(self._run_waiting)

    # ------------------------------------------------------------------ position

    def scroll_state(self) -> tuple[str, int]:
        """Return the topmost message on screen and how many pixels of it are scrolled off.

        Return ("", 0) if no message is there.
        """
        return self._anchor.scroll_state()

    def restore_scroll(self, state: tuple[str, int]) -> None:
        """Restore a `scroll_state`, or scroll to the bottom if its message is gone."""
        message_id, _offset = state
        if not self._materialize(message_id):
            self.scroll_to_bottom()
            return
        if self.materialize_whole(message_id, partial(self.restore_scroll, state)):
            self._anchor.go_to(state)
            self.load_more()

    @property
    def is_at_end(self) -> bool:
        """Return True if the end of the conversation is on screen."""
        return self._anchor.is_at_end

    def scroll_to_message(self, message_id: str) -> bool:
        """Scroll to the top of a message. Return False if there is no such message.

        A distant message replaces the materialized ones; nothing in between is materialized.
        """
        if not self._materialize(message_id):
            return False
        self._anchor.go_to((message_id, 0))
        self.load_more()
        return True

    def scroll_to_top(self) -> None:
        """Scroll to the beginning of the conversation."""
        first = self._messages.first_id()
        if first:
            self.scroll_to_message(first)
            self._view.verticalScrollBar().setValue(0)

    def scroll_to_bottom(self) -> None:
        """Scroll to the end of the conversation and follow new text."""
        if self._messages.newer:
            with self._replacing_messages():
                self._materializer.write_end(self._screenful())
        self._anchor.go_to_end()

    def actions_line_y(self, message_id: str) -> int | None:
        """Return the y position in the viewport of the line beside a message's actions.

        Return None if the line is not on screen, or if the message is the last and its end is on
        screen.
        """
        state = self._messages.get(message_id)
        if state is None or (self.is_at_end and state is self._messages.last_materialized()):
            return None
        y = round(self._anchor.actions_line_bottom(state)) - self._view.verticalScrollBar().value()
        return y if 0 < y <= self._view.viewport().height() else None

    def scroll_actions_line_to(self, message_id: str, y: int) -> None:
        """Scroll the line beside a message's actions to a position of `actions_line_y`.

        After a change of version, the arrows to other versions thus stay under the mouse.
        """
        retry = partial(self.scroll_actions_line_to, message_id, y)
        if not self.materialize_whole(message_id, retry):
            return
        state = self._messages.get(message_id)
        if state is not None:
            self.load_more()  # short messages need more above them
            self._view.verticalScrollBar().setValue(
                round(self._anchor.actions_line_bottom(state)) - y
            )
            self.load_more()  # around the new position

    # ------------------------------------------------------------------ materializing

    def show_newest(self) -> None:
        """Materialize the newest messages of another conversation, and scroll to the end."""
        self._waiting_action = None
        self._anchor.follow(True)
        self._materializer.write_end(self._screenful())
        self.scroll_to_bottom()
        self._stream.queue_unwritten()
        self.load_more_soon()

    def _materialize(self, message_id: str) -> bool:
        """Ensure that a message is materialized. Return True if the message exists.

        If it was not, the message and its neighbors replace the materialized messages.
        """
        if self._messages.get(message_id) is not None:
            return True
        if self._messages.index_of(message_id) < 0:
            return False
        with self._replacing_messages():
            self._materializer.write_around(message_id, self._screenful())
        self._anchor.follow(self._anchor.is_at_end)
        return True

    def materialize_whole(self, message_id: str, then: Callable[[], None]) -> bool:
        """Materialize all of a message. Return True if done.

        A position to restore, or a match of the search, may be at the message's end. If slices of a
        long message are still to be written, return False. In that case, `then` runs once all are
        written, unless the user scrolls elsewhere first. If there is no such message, return False,
        and never call `then`.
        """
        if not self._materialize(message_id):
            return False
        self._stream.flush(briefly=True)
        if not self._stream.has_more(message_id):
            return True
        self._waiting_action = _WaitingAction(message_id, then)
        self._stream.prioritize(message_id)
        return False

    def _run_waiting(self, message_id: str) -> None:
        """Run the action that waits for a message, if all of the message is written."""
        action = self._waiting_action
        if action is None or action.message_id != message_id or self._stream.has_more(message_id):
            return
        self._waiting_action = None
        action.run()

    @contextmanager
    def _replacing_messages(self) -> Iterator[None]:
        """Keep the selection and suspend scrolling while other messages are materialized."""
        self._stream.flush_text()
        self._actions.row.dismiss()
        try:
            with self._anchor.suspend_scrolling(), self._selection.keep():
                yield
        finally:
            self._stream.queue_unwritten()

    def load_more(self) -> None:
        """Materialize more messages if less than a screen of text remains above or below.

        Schedule another pass if messages were added.
        """
        self._filler.update_limit()
        bar = self._view.verticalScrollBar()
        near_px = self._view.viewport().height()
        former_count = len(self._messages.layouts)
        on_screen = self._anchor.ids_on_screen()
        below = self._messages.newer and bar.value() > bar.maximum() - near_px
        if below or (self._messages.older and bar.value() < near_px):
            with self._anchor.keep_position(), self._selection.keep():
                self._materializer.write_more(self._screenful(), on_screen, above=not below)
        self._stream.queue_unwritten()
        if len(self._messages.layouts) > former_count:
            self.load_more_soon()

    def _screenful(self) -> int:
        """Return about how many characters of plain text fill the screen, within the limits."""
        size = self._view.viewport().size()
        metrics = self._view.fontMetrics()
        area = size.width() * size.height()
        count = area // (metrics.averageCharWidth() * metrics.lineSpacing())
        return max(_MIN_PASS_CHARACTERS, min(_MAX_PASS_CHARACTERS, count))

    def load_more_soon(self) -> None:
        """Schedule `load_more`."""
        QTimer.singleShot(0, self, self.load_more)

    def _on_scrolled(self, value: int) -> None:
        if self._anchor.is_position_kept:
            self._filler.fill_soon()
            return
        is_at_new_end = self._anchor.is_following and self._anchor.is_at_end
        if not (is_at_new_end or self._anchor.is_restoring_line):
            self._waiting_action = None  # the user scrolled elsewhere
        self._anchor.follow(self._anchor.is_at_end)
        self._filler.fill_screen()
        near_px = self._view.viewport().height()
        bottom = self._view.verticalScrollBar().maximum()
        needs_older = self._messages.older and value < near_px
        if needs_older or (self._messages.newer and value > bottom - near_px):
            self.load_more_soon()
        self._actions.place_again()
