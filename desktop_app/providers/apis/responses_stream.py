"""Reads the stream of the Responses API as StreamEvents.

This module does no I/O. The reader requires no field to be present. Text is taken from the deltas.
The `.done` events, and the final response if a gateway sends nothing else, supply the text missing
in the deltas.
Source: OpenAI's published OpenAPI document and the event types of its SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ReplyTooLargeError
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.providers.apis.hosted_items import (
    HOSTED_ITEMS,
    cited_sources,
    code_images,
    hosted_call,
)
from desktop_app.providers.apis.split_pairs import SplitPairs
from desktop_app.providers.apis.token_usage import usage_of
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http.reply import json_fields
from desktop_app.providers.http.reply.reply_limits import MAX_ANSWER_PARTS

_CALLS: Final = ("function_call", "custom_tool_call")
_SEQUENCE_LIMIT: Final = 2**53
"""Greater numbers are ignored: JavaScript's integers are exact only up to here."""


class ResponsesReader:
    """Reader of the server-sent events of one response, which returns StreamEvents.

    Nothing follows a terminal event.

    Attributes:
        is_finished: True once a terminal event has come.
        has_content: True once any part of the answer has come.
        sequence: the number of the last event, if numbers are followed.

    Args:
        is_numbered: True to follow the numbers of the events, so that events repeated by a new
            connection are recognized. The numbers of gateways are unreliable.
    """

    has_all_answers = True  # only one answer is requested

    def __init__(self, provider: str, *, is_numbered: bool = False) -> None:
        self._provider = provider
        self._is_numbered = is_numbered
        self.is_finished = False
        self.sequence: int | None = None
        # The keys are the kind of text, the index of the item, and the index in the item.
        self._seen: dict[tuple[str, int, int], int] = {}  # the characters received
        self._pairs = SplitPairs[tuple[str, int, int]]()
        self._sections: dict[tuple[str, int, int], int] = {}  # the number of a reasoning section
        self._reasoning_items: set[str] = set()
        self._calls = _Calls()
        self._open_items: set[int] = set()
        self._hosted: set[str] = set()  # ended calls that the provider ran
        self._begun: dict[int, str] = {}  # calls that the provider is running, by index
        self._cited: set[str] = set()
        self.has_content = False
        self._has_closed_item = False
        self._has_model = False

    def read(self, data: bytes | bytearray, name: str = "") -> list[StreamEvent]:
        """Return the stream events of an SSE event with this name and data.

        `name` stands in for the type if a gateway leaves it out of the data.

        Raises:
            StreamCutError: it is not JSON, in a stream whose events are numbered.
            json_parser.ValueTooLargeError: it would fill the memory.
        """
        if self.is_finished:
            return []
        if not data.startswith(b"{"):  # hardly any event takes this branch
            if not data.strip():
                return []
            if data.strip() == b"[DONE]":
                return self._end_at_done()
        try:
            event = json_fields.parse(data)
        except ValueError:
            if self._is_numbered:  # it can be fetched again
                raise error_replies.cut_error(self._provider) from None
            return self._finish(Failed(error_replies.unreadable_error(self._provider)))
        if self._is_numbered and not self._is_next(event):
            return []
        kind = json_fields.text(event, "type") or name
        if not kind.startswith("response.") and error_body.is_error(event):
            kind = "error"
        handler = _HANDLERS.get(kind)
        events = list(handler(self, event)) if handler else []
        if self._parts > MAX_ANSWER_PARTS and not self.is_finished:
            error = ReplyTooLargeError(
                Reason.ANSWER_IN_TOO_MANY_PARTS, provider=self._provider, limit=MAX_ANSWER_PARTS
            )
            events += self._finish(Failed(error))
        return events

    @property
    def _parts(self) -> int:
        """Return the number of the answer's parts of the most numerous kind."""
        kinds = (self._seen, self._sections, self._open_items, self._reasoning_items)
        return max(len(self._calls), *map(len, kinds))

    def _is_next(self, event: object) -> bool:
        number = event.get("sequence_number") if isinstance(event, dict) else None
        if not isinstance(number, int) or not 0 <= number < _SEQUENCE_LIMIT:
            return True
        if self.sequence is not None and number <= self.sequence:
            return False
        self.sequence = number
        return True

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a complete response, without those that have come before.

        The response came as one JSON value because streaming was off or unknown, or because its
        stream broke.
        """
        started: list[StreamEvent] = list(self._on_started({"response": reply}))
        return started + list(self._on_ended({"response": reply}))

    def end(self) -> list[StreamEvent]:
        """End the stream: an answer without a terminal event was cut."""
        if self.is_finished:
            return []
        return self._finish(Failed(error_replies.cut_error(self._provider)))

    def _finish(self, *events: StreamEvent) -> list[StreamEvent]:
        self.is_finished = True
        unpaired = [
            self._delta(key, json_fields.REPLACEMENT) for key in self._pairs.take_unpaired()
        ]
        return [*unpaired, *events]

    def _end_at_done(self) -> list[StreamEvent]:
        """End at [DONE] without a terminal event: complete if every item was closed.

        A background run is polled instead.
        """
        if self._is_numbered:
            return []
        if self._has_closed_item and not self._open_items:
            return self._finish(Completed())
        return self.end()

    # -- handlers: one event each, in the usual order of a stream

    def _on_started(self, event: object) -> Iterator[StreamEvent]:
        response = json_fields.mapping(event, "response")
        names = json_fields.name(response, "id"), json_fields.name(response, "model")
        tier = json_fields.name(response, "service_tier")
        self._has_model = self._has_model or bool(names[1])
        if any(names):
            yield Started(*names, service_tier=tier)

    def _item_added(self, event: object) -> Iterator[StreamEvent]:
        at = json_fields.count(event, "output_index")
        item = json_fields.mapping(event, "item")
        for key in [key for key in self._seen if key[1] == at and key[0] != "call"]:
            del self._seen[key]  # some gateways number every item 0
        self._open_items.add(at)
        self._calls.close(at)
        if json_fields.text(item, "type") in _CALLS:
            yield from self._call_begun(at, item)
        elif json_fields.text(item, "type") in HOSTED_ITEMS:
            yield from self._hosted_begun(at, item)

    def _item_done(self, event: object) -> Iterator[StreamEvent]:
        at = json_fields.count(event, "output_index")
        self._open_items.discard(at)
        self._has_closed_item = True
        yield from self._item(at, json_fields.mapping(event, "item"))
        self._calls.close(at)

    def _part_done(self, event: object) -> Iterator[StreamEvent]:
        at = json_fields.count(event, "output_index")
        index = json_fields.count(event, "content_index")
        yield from self._content(at, index, json_fields.mapping(event, "part"))

    def _call_delta(self, event: object) -> list[StreamEvent]:
        return self._append("call", self._call_of(event), 0, json_fields.text(event, "delta"))

    def _call_done(self, event: object) -> list[StreamEvent]:
        name = "input" if json_fields.text(event, "input") else "arguments"
        return self._append_arguments(self._call_of(event), event, name)

    def _call_of(self, event: object) -> int:
        at = json_fields.count(event, "output_index")
        return self._calls.number(at, json_fields.name(event, "item_id"))

    def _append_arguments(self, number: int, value: object, name: str) -> list[StreamEvent]:
        """Add the new part of complete arguments, which some gateways send as an object."""
        complete = json_fields.text(value, name)
        if not complete and ("call", number, 0) not in self._seen:
            complete = json_fields.text_or_json(value, name)
        return self._append("call", number, 0, complete, is_whole=True)

    def _on_ended(self, event: object) -> Iterator[StreamEvent]:
        """Handle the end of a response: its status, or else the event's type, says how it ended."""
        response = json_fields.mapping(event, "response")
        # If event numbers are reliable, so are item indexes: parts that have come are recognized.
        if self._is_numbered or not self.has_content:
            self._calls.reopen()
            for at, item in enumerate(json_fields.rows(response, "output")):
                yield from self._item(at, item)
        elif not self._calls:  # a gateway may stream only the text
            for at, item in enumerate(json_fields.rows(response, "output")):
                if json_fields.text(item, "type") in _CALLS:
                    yield from self._item(at, item)
        if not self._has_model:  # llama.cpp names it at the end alone
            yield from self._on_started(event)
        if usage := usage_of(json_fields.mapping(response, "usage")):
            tier = json_fields.name(response, "service_tier")
            yield UsageReported(usage, tier)
        yield from self._finish(self._terminal(event, response))

    def _error(self, event: object) -> Iterator[StreamEvent]:
        body = error_body.parse_error(event)
        yield from self._finish(Failed(error_replies.error_from(self._provider, body)))

    # -- pieces

    def _terminal(self, event: object, response: Mapping[str, Any]) -> StreamEvent:
        status = json_fields.text(response, "status")
        kind = json_fields.text(event, "type")
        if json_fields.mapping(response, "error") or status == "failed" or kind.endswith("failed"):
            body = error_body.parse_error(response)
            return Failed(error_replies.error_from(self._provider, body))
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

    def _item(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the content of a finished item that its deltas lacked."""
        kind = json_fields.text(item, "type")
        if kind == "message":
            for index, part in enumerate(json_fields.rows(item, "content")):
                yield from self._content(at, index, part)
        elif kind == "reasoning":
            yield from self._reasoning_item(at, item)
        elif kind in _CALLS:
            yield from self._call_begun(at, item)
            ids = json_fields.name(item, "id"), json_fields.name(item, "call_id")
            number = self._calls.number(at, *ids)
            name = "input" if kind == "custom_tool_call" else "arguments"
            yield from self._append_arguments(number, item, name)
        elif kind in HOSTED_ITEMS:
            yield from self._hosted_call(at, item)

    def _hosted_begun(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield a call that the provider begins to run, and may bill from now on."""
        name = json_fields.name(item, "id") or f"hosted_{at}"
        if name not in self._hosted:
            self._begun[at] = name
            self.has_content = True
            call = hosted_call(name, item).call
            yield HostedCall(replace(call, state=ToolCallState.RUNNING))

    def _hosted_call(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield a call that the provider has run itself, once."""
        name = self._begun.pop(at, "") or json_fields.name(item, "id") or f"hosted_{at}"
        if name not in self._hosted:
            self._hosted.add(name)
            self.has_content = True
            yield hosted_call(name, item)
            yield from map(ImageArrived, code_images(item))

    def _sources(self, text: str, part: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the cited pages, as links, and files that the text does not name itself.

        JSON stays unchanged: links after it would make it invalid.
        """
        if text.lstrip().startswith(("{", "[")):
            return
        found = [
            link
            for link in cited_sources(json_fields.rows(part, "annotations"))
            if link.name not in text and link.name not in self._cited
        ]
        if found:
            self._cited |= {link.name for link in found}
            yield TextDelta("\n\n" + "\n".join(f"- {link.markdown}" for link in found))

    def _content(self, at: int, index: int, part: Mapping[str, Any]) -> Iterator[StreamEvent]:
        kind = {"output_text": "text", "refusal": "refusal", "reasoning_text": "reasoning"}.get(
            json_fields.text(part, "type")
        )
        if kind is not None:
            name = "refusal" if kind == "refusal" else "text"
            text = json_fields.text(part, name)
            yield from self._append(kind, at, index, text, is_whole=True)
            if kind == "text":
                yield from self._sources(text, part)

    def _reasoning_item(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        for name, kind in (("summary", "summary"), ("content", "reasoning")):
            for index, part in enumerate(json_fields.rows(item, name)):
                yield from self._append(
                    kind, at, index, json_fields.text(part, "text"), is_whole=True
                )
        item_id = json_fields.name(item, "id")
        encrypted = json_fields.text(item, "encrypted_content")
        key = item_id or encrypted
        if key and key not in self._reasoning_items:
            self._reasoning_items.add(key)
            self.has_content = True
            yield ReasoningItem(item_id, encrypted)

    def _call_begun(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the name and id of a call; they come only with its item, not with its deltas."""
        item_id, call_id = json_fields.name(item, "id"), json_fields.name(item, "call_id")
        number = self._calls.begin(at, item_id, call_id)
        if number is not None:
            self.has_content = True
            yield ToolCallDelta(
                number,
                call_id=call_id,
                name=json_fields.name(item, "name"),
                is_custom=json_fields.text(item, "type") == "custom_tool_call",
            )

    def read_text(self, kind: str, name: str, event: object) -> list[StreamEvent]:
        """Add the text in the field `name` of an event: a delta if so named, else a whole text."""
        at = json_fields.count(event, "output_index")
        index = json_fields.count(event, "summary_index" if kind == "summary" else "content_index")
        if name == "delta":
            return self._append(kind, at, index, self._pairs.text((kind, at, index), event, name))
        return self._append(kind, at, index, json_fields.text(event, name), is_whole=True)

    def _append(
        self, kind: str, at: int, index: int, text: str, *, is_whole: bool = False
    ) -> list[StreamEvent]:
        """Add a delta, or the part of a complete text that has not come yet."""
        key = (kind, at, index)
        seen = self._seen.get(key, 0)
        new = text[seen:] if is_whole else text
        if is_whole and text:
            self._pairs.drop(key)
        if not new:
            return []
        self._seen[key] = seen + len(new)
        self.has_content = True
        return [self._delta(key, new)]

    def _delta(self, key: tuple[str, int, int], text: str) -> StreamEvent:
        kind, at, _ = key
        if kind == "text":
            return TextDelta(text)
        if kind == "refusal":
            return RefusalDelta(text)
        if kind == "call":
            return ToolCallDelta(at, arguments=text)
        return ReasoningDelta(text, self._sections.setdefault(key, len(self._sections)))


class _Calls:
    """The calls of an answer, told apart by the ids of their items, else by their index.

    Some gateways number every item 0, or leave out the number or the ids.
    """

    def __init__(self) -> None:
        self._known: dict[str | tuple[int, str], int] = {}  # by item, and by index and call
        self._newest: dict[int, int] = {}  # by index
        self._open: set[int] = set()
        self._numbers: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, at: int, item_id: str, call_id: str = "") -> int:
        """Return the number of the call that an event belongs to."""
        found = self._find(at, item_id, call_id)
        return self._newest.get(at, at) if found is None else found

    def begin(self, at: int, item_id: str, call_id: str) -> int | None:
        """Return the number of a call that begins; None if it began before."""
        if self._find(at, item_id, call_id) is not None:
            return None
        number = at if at not in self._numbers else max(self._numbers) + 1
        self._numbers.add(number)
        self._newest[at] = number
        self._open.add(at)
        if item_id:
            self._known[item_id] = number
        if call_id:
            self._known[at, call_id] = number
        return number

    def _find(self, at: int, item_id: str, call_id: str) -> int | None:
        for key in ((at, call_id), item_id):
            if key in self._known:
                return self._known[key]
        return self._newest[at] if at in self._open else None

    def close(self, at: int) -> None:
        """End the call at this index: the next one with the index is another, even without ids."""
        self._open.discard(at)

    def reopen(self) -> None:
        """Assign calls without ids in the final list to the calls that came with their index."""
        self._open |= self._newest.keys()


_Handler = Callable[[ResponsesReader, object], Iterable[StreamEvent]]


def _text_handler(kind: str, name: str) -> _Handler:
    return lambda reader, event: reader.read_text(kind, name, event)


# Events not listed here carry nothing to show: progress of the provider's tools, audio, annotations
# (which come with the complete text too), and future types.
_HANDLERS: Final[Mapping[str, _Handler]] = {
    "response.created": ResponsesReader._on_started,
    "response.in_progress": ResponsesReader._on_started,
    "response.queued": ResponsesReader._on_started,
    "response.output_item.added": ResponsesReader._item_added,
    "response.output_item.done": ResponsesReader._item_done,
    "response.content_part.done": ResponsesReader._part_done,
    "response.output_text.delta": _text_handler("text", "delta"),
    "response.output_text.done": _text_handler("text", "text"),
    "response.refusal.delta": _text_handler("refusal", "delta"),
    "response.refusal.done": _text_handler("refusal", "refusal"),
    "response.reasoning_summary_text.delta": _text_handler("summary", "delta"),
    "response.reasoning_summary_text.done": _text_handler("summary", "text"),
    "response.reasoning_text.delta": _text_handler("reasoning", "delta"),
    "response.reasoning_text.done": _text_handler("reasoning", "text"),
    "response.function_call_arguments.delta": ResponsesReader._call_delta,
    "response.function_call_arguments.done": ResponsesReader._call_done,
    "response.custom_tool_call_input.delta": ResponsesReader._call_delta,
    "response.custom_tool_call_input.done": ResponsesReader._call_done,
    "response.completed": ResponsesReader._on_ended,
    "response.incomplete": ResponsesReader._on_ended,
    "response.failed": ResponsesReader._on_ended,
    "response.cancelled": ResponsesReader._on_ended,
    "response.done": ResponsesReader._on_ended,
    "error": ResponsesReader._error,
}
