"""Reads the stream of the Responses API as StreamEvents.

This module does no I/O. The reader requires no field to be present; response_items.py reads the
events about output items.
Source: OpenAI's published OpenAPI document and the event types of its SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Started,
    StreamEvent,
    UsageReported,
)
from desktop_app.providers.apis.event_reader import EventReader
from desktop_app.providers.apis.response_items import ITEM_HANDLERS, ResponseItems
from desktop_app.providers.apis.token_usage import usage_of
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http.reply import json_fields

START_EVENTS: Final = ("response.created", "response.in_progress", "response.queued")
END_EVENTS: Final = tuple(
    f"response.{how}" for how in ("completed", "incomplete", "failed", "cancelled", "done")
)
_SEQUENCE_LIMIT: Final = 2**53
"""Greater numbers are ignored: JavaScript's integers are exact only up to here."""


class ResponsesReader(EventReader):
    """Reader of the server-sent events of one response, which returns StreamEvents.

    Attributes:
        sequence: the number of the last event; None before a number has come, or if numbers are not
            followed.

    Args:
        is_numbered: True to follow the numbers of the events, so that events repeated by a new
            connection are recognized. The numbers of gateways are unreliable.
    """

    def __init__(self, provider: str, *, is_numbered: bool = False) -> None:
        super().__init__(provider)
        self._is_numbered = is_numbered
        self.sequence: int | None = None
        self._items = ResponseItems()
        self._has_model = False

    @property
    def has_content(self) -> bool:
        """Return True once any part of the answer has come."""
        return self._items.has_content

    def _is_next(self, event: object) -> bool:
        number = event.get("sequence_number") if isinstance(event, dict) else None
        if not isinstance(number, int) or not 0 <= number < _SEQUENCE_LIMIT:
            return True
        if self.sequence is not None and number <= self.sequence:
            return False
        self.sequence = number
        return True

    def _read_event(self, event: object, name: str) -> Iterable[StreamEvent]:
        if self._is_numbered and not self._is_next(event):
            return ()
        kind = json_fields.text(event, "type") or name  # a gateway may leave out the type
        if kind == "error" or (not kind.startswith("response.") and error_body.is_error(event)):
            return self._finish(Failed(self._error_of(error_body.parse_error(event))))
        if (read_item := ITEM_HANDLERS.get(kind)) is not None:
            return read_item(self._items, event)
        if kind in START_EVENTS:
            return self._on_started(event)
        if kind in END_EVENTS:
            return self._on_ended(event)
        return ()

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a complete response, without those that have come before.

        The response came as one JSON value because streaming was off or unknown, or because its
        stream broke.
        """
        if json_fields.rows(reply, "choices") and not json_fields.rows(reply, "output"):
            # A gateway replied in the form of the other API.
            return self._finish(Failed(error_replies.unreadable_error(self._provider)))
        event = {"response": reply}
        return [*self._on_started(event), *self._on_ended(event)]

    def _skip(self, data: bytes) -> None:
        if self._is_numbered:  # the event can be fetched again
            raise error_replies.cut_error(self._provider)
        super()._skip(data)
        self._items.has_gaps = True

    def _end(self, *, has_done_mark: bool) -> list[StreamEvent]:
        """End without a terminal event: complete if [DONE] and all begun items have come."""
        if has_done_mark and self._is_numbered:
            return []  # the run is polled
        is_complete = has_done_mark and self.has_content and self._items.are_closed
        cut = self._cut_failure(has_content=self.has_content)
        return self._finish(Completed() if is_complete else cut)

    def _on_started(self, event: object) -> Iterator[StreamEvent]:
        response = json_fields.mapping(event, "response")
        response_id = json_fields.name(response, "id")
        model = json_fields.name(response, "model")
        tier = json_fields.name(response, "service_tier")
        self._has_model = self._has_model or bool(model)
        if response_id or model:
            yield Started(response_id, model, service_tier=tier)

    def _on_ended(self, event: object) -> Iterator[StreamEvent]:
        """Handle the end of a response: its status, or else the event's type, says how it ended."""
        response = json_fields.mapping(event, "response")
        # If event numbers are reliable, so are the indexes of items.
        yield from self._items.read_final(response, has_reliable_indexes=self._is_numbered)
        if not self._has_model:  # llama.cpp names the model only at the end
            yield from self._on_started(event)
        if usage := usage_of(json_fields.mapping(response, "usage")):
            tier = json_fields.name(response, "service_tier")
            yield UsageReported(usage, tier)
        yield from self._finish(self._terminal(event, response))

    def _terminal(self, event: object, response: Mapping[str, Any]) -> StreamEvent:
        """Return the terminal event for the final state of a response."""
        status = json_fields.text(response, "status")
        kind = json_fields.text(event, "type")
        if json_fields.mapping(response, "error") or status == "failed" or kind.endswith("failed"):
            return Failed(self._error_of(error_body.parse_error(response)))
        if status == "incomplete" or kind.endswith("incomplete"):
            details = json_fields.mapping(response, "incomplete_details")
            return Incomplete(json_fields.name(details, "reason") or "unknown")
        if status == "cancelled":
            return Failed(error_replies.cut_error(self._provider))
        # Some gateways leave "in_progress" in a completed response.
        is_under_way = status in ("queued", "in_progress") and kind != "response.completed"
        if is_under_way or (not response and not self.has_content):
            return Failed(error_replies.unreadable_error(self._provider))
        return Completed()
