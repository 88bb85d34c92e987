"""Counts matches message by message, in a thread."""

from __future__ import annotations

import time
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.markdown.search.text_search import count_in_markdown, count_matches
from desktop_app.transcript.message_items import reasoning_text
from desktop_app.transcript.search.match_index import MatchCount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.transcript.conversation_messages import ConversationMessages

_REPORT_INTERVAL_S: Final = 0.1
"""Seconds between reports of the counting thread."""

_MAX_WORK_S: Final = 0.002
"""Seconds for which the counting thread works without a pause."""
_PAUSE_S: Final = 0.0003
"""Seconds that the counting thread sleeps after each `_MAX_WORK_S`, so that the GUI thread runs."""


class _TextSoFar(NamedTuple):
    """The reasoning and the text of a streaming answer that have arrived."""

    reasoning: str
    text: str


MessageText = tuple[Message, _TextSoFar | None]
"""A message, and its text so far if it streams."""

Counts = dict[str, MatchCount]
"""The number of matches, by message id."""


class MatchCounter(QObject):
    """A counter of matches. It has no parent, because its thread may outlive the view.

    Signals:
        counted(int search_number, Counts counts, bool is_last): some messages have been counted.
    """

    counted = Signal(int, object, bool)

    def start(
        self,
        messages: Sequence[MessageText],
        query: str,
        search: int,
        newest_search: Callable[[], int],
    ) -> None:
        """Count matches in these messages in a thread, until done or until a newer search starts.

        Args:
            messages: the messages, in the order in which to count.
            query: the case-folded words.
            search: the number of this search.
            newest_search: returns the number of the newest search.
        """
        arguments = (messages, query, search, newest_search)
        Thread(target=self._count, args=arguments, daemon=True, name="find").start()

    def _count(
        self,
        messages: Sequence[MessageText],
        query: str,
        search: int,
        newest_search: Callable[[], int],
    ) -> None:
        """Count as `start` says. Runs in the thread."""
        counts: Counts = {}
        reported_at = resumed_at = time.monotonic()
        for message, text in messages:
            if newest_search() != search:
                return
            counts[message.id] = _count_in_message(message, text, query)
            if time.monotonic() - resumed_at > _MAX_WORK_S:
                time.sleep(_PAUSE_S)  # releases the GIL for the GUI thread
                resumed_at = time.monotonic()
            if resumed_at - reported_at > _REPORT_INTERVAL_S:
                self.counted.emit(search, counts, False)
                counts = {}
                reported_at = resumed_at
        self.counted.emit(search, counts, True)


def with_texts(messages: ConversationMessages) -> list[MessageText]:
    """Return all messages, oldest first, each with its text so far if it streams, else None."""
    return [
        (m, _text_so_far(messages, m) if m.status is MessageStatus.STREAMING else None)
        for m in messages.all()
    ]


def _text_so_far(messages: ConversationMessages, message: Message) -> _TextSoFar | None:
    state = messages.get(message.id)
    return None if state is None else _TextSoFar(state.reasoning.text, state.text)


def _count_in_message(message: Message, so_far: _TextSoFar | None, query: str) -> MatchCount:
    if message.role is Role.USER:
        return MatchCount(0, count_matches(message.text.split("\n"), query))
    if so_far is not None:
        reasoning, source = so_far
    else:
        reasoning = reasoning_text(message)
        source = message.text
    return MatchCount(count_in_markdown(reasoning, query), count_in_markdown(source, query))
