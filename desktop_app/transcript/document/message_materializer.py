"""Chooses the messages that are in the document and writes them.

This module does not know scrolling or painting. Its callers keep the scroll position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.transcript.layout.layout_cost import approximate_length

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.document.message_writer import MessageWriter
    from desktop_app.transcript.media.highlighter import CodeHighlighter
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.transcript_styles import Styles

MATERIALIZED_CHARACTERS: Final = 100_000
"""Maximum characters to materialize.

Qt lays out all materialized text at each step of a window resize: at this limit, in under 0.1 s.
"""

READER_CHARACTERS: Final = 600_000
"""The limit while a screen reader runs or text is selected: both need materialized text."""

_CHARACTERS_BESIDE_TEXT: Final = 200
"""A guess at the characters of a message's lines that are not its text, such as the footer."""


class MessageMaterializer:
    """The materializer of one view's messages, within a limit of characters."""

    def __init__(
        self,
        messages: TranscriptMessages,
        writer: DocumentWriter,
        highlighter: CodeHighlighter,
        message_writer: MessageWriter,
    ) -> None:
        self._messages = messages
        self._layouts = messages.layouts
        self._writer = writer
        self._highlighter = highlighter
        self._message_writer = message_writer
        self._limit = MATERIALIZED_CHARACTERS  # of all messages in the document together

    def begin_path(self, messages: Iterable[Message], versions: dict[str, tuple[int, int]]) -> None:
        """Start another conversation or path, with all messages outside the document."""
        self._messages.begin_path(messages, versions)
        self._clear()

    def append(self, message: Message) -> MessageState | None:
        """Append a message. Return None if it stays outside the document."""
        is_end_missing = bool(self._messages.newer)
        self._messages.append(message)
        if is_end_missing:
            return None
        return self._write(above=False)

    def write_more(self, characters: int, kept_ids: Container[str], *, above: bool) -> None:
        """Write messages of about `characters` above or below the document.

        If that exceeds the limit, remove messages at the other end, as long as half of the limit
        stays in use. Keep those of `kept_ids`, even if one of them exceeds the limit alone.
        """
        self._write_many(characters, above=above)
        other_end = -1 if above else 0
        while self._can_remove(other_end, kept_ids):
            self._remove(other_end)

    def write_around(self, message_id: str, characters: int) -> None:
        """Write only the messages around one of them.

        Write about `characters` from that message on, and a quarter of that above it.
        """
        self._messages.move_all_out(self._messages.index_of(message_id))
        self._clear()
        self._write_many(characters, above=False)
        self._write_many(characters // 4, above=True)

    def write_end(self, characters: int) -> None:
        """Write only the end of the conversation, of about `characters`."""
        self._messages.move_all_out(self._messages.count)
        self._clear()
        self._write_many(characters, above=True)

    def _clear(self) -> None:
        self._highlighter.clear()
        self._writer.clear()

    def _write_many(self, characters: int, *, above: bool) -> None:
        written = 0
        outside = self._messages.older if above else self._messages.newer
        while outside and written < characters:
            written += _approximate_size(self._write(above=above).message)
        self._writer.finish_table()

    def _write(self, *, above: bool) -> MessageState:
        state = self._messages.move_in(above=above)
        index = 0 if above else len(self._layouts)
        self._message_writer.insert(index, state)
        return state

    def _remove(self, index: int) -> None:
        """Remove the first (0) or the last (-1) message from the document."""
        state = self._messages.materialized()[index]
        self._highlighter.forget(state.layout)
        self._writer.remove_message(state.layout)
        self._messages.move_out(state, above=index == 0)

    # ------------------------------------------------------------------ limit

    def set_limit(self, characters: int) -> None:
        """Set the approximate number of characters to materialize at most."""
        self._limit = characters

    @property
    def can_materialize_more(self) -> bool:
        """Return True if less than three quarters of the limit are used.

        The next message usually fits into the last quarter.
        """
        return sum(map(self._written_size, self._messages.materialized())) < self._limit * 3 // 4

    @property
    def is_document_over_limit(self) -> bool:
        """Return True if the document exceeds its limit, by the counts that Qt keeps."""
        return approximate_length(self._writer.document) > self._limit

    def _can_remove(self, index: int, kept_ids: Container[str]) -> bool:
        """Return True if the first (0) or the last (-1) message may leave the document.

        It may leave if the document is over its limit, and if the other messages use more than half
        of the limit. The messages of `kept_ids` stay.
        """
        if self._layouts[index].key in kept_ids:
            return False
        sizes = [*map(self._written_size, self._messages.materialized())]
        total = sum(sizes)
        return total > self._limit and total - sizes[index] > self._limit // 2

    def _written_size(self, state: MessageState) -> int:
        """Return the approximate number of characters that are, or soon will be, materialized."""
        size = _approximate_size(state.message)
        layout = state.layout
        if layout.is_fully_materialized:
            return size
        # Count the blocks that are in the document, at most as many characters as the message has.
        document = self._writer.document
        first_number = self._layouts.first_block(layout)
        start = document.findBlockByNumber(first_number).position()
        end = document.findBlockByNumber(first_number + layout.total).position()
        return min(size, end - start)

    # ------------------------------------------------------------------ styles

    def rewrite_screen(
        self, styles: Styles, message_id: str, item: int, height: float, width: int
    ) -> None:
        """Rewrite the text on screen in other styles and for another width.

        The caller materializes the rest afterwards.

        Args:
            styles: the styles.
            message_id: the topmost message on screen. If it is not in the document, the end of the
                document is rewritten.
            item: the topmost item of that message on screen.
            height: the height in pixels of the text to rewrite.
            width: the width of the document in pixels.
        """
        # `px` returns whole pixels: of 1000, their ratio is exact enough.
        scale = styles.theme.px(1000) / self._writer.styles.theme.px(1000)
        on_screen = self._remove_off_screen(message_id, item, height / scale)
        self._highlighter.set_theme(styles.theme)
        self._writer.set_styles(styles, width)
        self._clear()
        for state, ranges in on_screen:
            layout = state.layout
            self._writer.restore_message(layout, ranges, scale)
            for first, end in layout.materialized_ranges(0, len(layout.items)):
                self._highlighter.highlight_items(layout, first, end)
            self._message_writer.show_folds(state)
        self._writer.finish_table()

    def _remove_off_screen(
        self, message_id: str, item: int, height: float
    ) -> list[tuple[MessageState, list[tuple[int, int]]]]:
        """Move the messages that are not on screen out of the document.

        Return the states of the messages on screen, each with the ranges of its items on screen.
        `message_id` and `item` are those of `rewrite_screen`. `height` is in pixels of the earlier
        styles.
        """
        states = self._messages.materialized()
        on_screen: list[tuple[MessageState, list[tuple[int, int]]]] = []
        top = next((n for n, state in enumerate(states) if state.message.id == message_id), None)
        if top is None:  # upwards from the end of the document
            for state in reversed(states):
                if height <= 0:
                    break
                layout = state.layout
                index = len(layout.items) - 1
                self._writer.measure(layout, index)
                on_screen.insert(0, (state, layout.ranges_around(index, above=height, below=0)))
                height -= sum(layout.heights)  # for the messages above
            top = len(states) - len(on_screen)
        else:  # downwards from the topmost item on screen
            index = item
            for state in states[top:]:
                if height <= 0:
                    break
                layout = state.layout
                self._writer.measure(layout, index)
                on_screen.append((state, layout.ranges_around(index, above=0, below=height)))
                height -= sum(layout.heights[index + 1 :])
                index = 0  # of the messages below
        for state in states[:top]:
            self._messages.move_out(state, above=True)
        for state in reversed(states[top + len(on_screen) :]):
            self._messages.move_out(state, above=False)
        return on_screen


def _approximate_size(message: Message) -> int:
    """Return the approximate number of characters that a message takes on screen."""
    return len(message.text) + _CHARACTERS_BESIDE_TEXT
