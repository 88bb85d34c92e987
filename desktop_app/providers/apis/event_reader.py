"""The base of the readers of server-sent events: one terminal event, whatever a server sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from desktop_app.domain.answering.stream_events import Failed, Notice, StreamEvent
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import ProviderError
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http.reply import json_fields

DONE: Final = b"[DONE]"


class EventReader(ABC):
    """A reader of one reply. An event that is not JSON is skipped and counted in a notice.

    Attributes:
        is_finished: True once the terminal event has come; nothing follows it.
    """

    def __init__(self, provider: str) -> None:
        self.is_finished = False
        self._provider = provider
        self._skipped = 0

    @property
    def has_all_answers(self) -> bool:
        """Return False if the server began fewer answers than were requested."""
        return True

    def read(self, data: bytes, name: str = "") -> list[StreamEvent]:
        """Return the stream events of an SSE event with this name and data."""
        if self.is_finished or not data.strip():
            return []
        if data.strip() == DONE:
            return self._end(has_done_mark=True)
        try:
            event = json_fields.parse(data)
        except ValueError:
            if name == "error":  # the data is the server's message
                return self._finish(Failed(self._error_of(error_body.read_body(data))))
            self._skip(data)
            return []
        return list(self._read_event(event, name))

    @abstractmethod
    def _read_event(self, event: object, name: str) -> Iterable[StreamEvent]:
        """Return the events of a decoded SSE event."""

    @abstractmethod
    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a reply that came as one JSON value, not as a stream."""

    @abstractmethod
    def _end(self, *, has_done_mark: bool) -> list[StreamEvent]:
        """End the stream, at [DONE] or without it."""

    def end(self) -> list[StreamEvent]:
        """End the stream: an answer without a terminal event was cut."""
        return [] if self.is_finished else self._end(has_done_mark=False)

    def _skip(self, data: bytes) -> None:
        self._skipped += not data.lstrip().startswith(b":")  # a comment, sent as data

    def _error_of(self, body: error_body.ErrorBody) -> ProviderError:
        return error_replies.error_from(self._provider, body)

    def _cut_failure(self, *, has_content: bool) -> Failed:
        is_unreadable = self._skipped and not has_content
        make_error = error_replies.unreadable_error if is_unreadable else error_replies.cut_error
        return Failed(make_error(self._provider))

    def _finish(self, terminal: StreamEvent) -> list[StreamEvent]:
        self.is_finished = True
        if not self._skipped:
            return [terminal]
        values = {"provider": self._provider, "count": str(self._skipped)}
        return [Notice(notice(NoticeCode.EVENTS_SKIPPED, **values)), terminal]
