"""Reads the output items of a response: texts, reasoning and calls, each part of them once.

This module does no I/O. Text is taken from the deltas. The `.done` events, the finished items and
the final response supply the text missing in the deltas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from desktop_app.domain.answering.stream_events import (
    HostedCall,
    ImageArrived,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.providers.apis.hosted_items import (
    HOSTED_ITEMS,
    cited_sources,
    code_images,
    hosted_call,
    sources_text,
)
from desktop_app.providers.http.reply import json_fields

_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_CALL_TYPES: Final = ("function_call", "custom_tool_call")
_KIND_OF_PART_TYPE: Final = {
    "output_text": "text",
    "refusal": "refusal",
    "reasoning_text": "reasoning",
}
"""The kind of text by the type of a part of an item."""

_TextKey = tuple[str, int, int]
"""The kind of a text, the index of its item in the output, and the index of the text in the item.

The arguments of a call have the kind "call", and the number of the call as the index of the item.
"""


class ResponseItems:
    """The output items of one response, so far.

    The methods take a decoded event or item, and return the StreamEvents of its new content.
    """

    def __init__(self) -> None:
        self._texts = _Texts()
        self._calls = _Calls()
        self._open: set[int] = set()  # indexes of items that have not ended
        self._has_closed = False
        self._reasoning: set[str] = set()  # ids of reasoning items, else their encrypted content
        self._running: dict[int, str] = {}  # ids of calls that the provider is running, by index
        self._hosted: set[str] = set()  # ids of the calls that the provider has run
        self._cited: set[str] = set()  # names of the sources that have been listed
        self.has_gaps = False
        """True if events could not be read, so that a whole text may not continue its deltas."""

    @property
    def has_content(self) -> bool:
        """Return True once any part of the answer has come."""
        return bool(
            self._texts.has_any or self._calls or self._reasoning or self._running or self._hosted
        )

    @property
    def are_closed(self) -> bool:
        """Return True if items have come, and all of them have ended."""
        return self._has_closed and not self._open

    def read_final(
        self, response: Mapping[str, Any], *, has_reliable_indexes: bool
    ) -> Iterator[StreamEvent]:
        """Yield the content of a final response that has not come before.

        Args:
            has_reliable_indexes: the indexes tell which items have come. Otherwise the response is
                read if nothing has come, and its calls are read if no call has come, because a
                gateway may stream only the text.
        """
        is_read_whole = has_reliable_indexes or not self.has_content
        if is_read_whole:
            self._calls.reopen()
        elif self._calls:
            return
        for index, item in enumerate(json_fields.rows(response, "output")):
            if is_read_whole or json_fields.text(item, "type") in _CALL_TYPES:
                yield from self._read_item(index, item)

    # -- handlers: one event each, in the usual order of a stream

    def on_item_added(self, event: object) -> Iterator[StreamEvent]:
        index = json_fields.count(event, "output_index")
        item = json_fields.mapping(event, "item")
        self._texts.forget_item(index)  # some gateways number every item 0
        self._open.add(index)
        self._calls.close(index)
        if json_fields.text(item, "type") in _CALL_TYPES:
            yield from self._begin_call(index, item)
        elif json_fields.text(item, "type") in HOSTED_ITEMS:
            yield from self._begin_hosted_call(index, item)

    def on_item_done(self, event: object) -> Iterator[StreamEvent]:
        index = json_fields.count(event, "output_index")
        self._open.discard(index)
        self._has_closed = True
        yield from self._read_item(index, json_fields.mapping(event, "item"))
        self._calls.close(index)

    def on_part_done(self, event: object) -> Iterator[StreamEvent]:
        index = json_fields.count(event, "output_index")
        part_index = json_fields.count(event, "content_index")
        yield from self._read_part(index, part_index, json_fields.mapping(event, "part"))

    def on_arguments_delta(self, event: object) -> list[StreamEvent]:
        key = "call", self._call_of(event), 0
        return self._texts.add(key, json_fields.delta_text(event, "delta"))

    def on_arguments_done(self, event: object) -> list[StreamEvent]:
        field = "input" if json_fields.text(event, "input") else "arguments"
        return self._add_whole_arguments(self._call_of(event), event, field)

    def on_text(self, kind: str, field: str, event: object) -> list[StreamEvent]:
        """Add the text in a field of an event: "delta", or a field with a whole text."""
        position_field = "summary_index" if kind == "summary" else "content_index"
        key = (
            kind,
            json_fields.count(event, "output_index"),
            json_fields.count(event, position_field),
        )
        if field == "delta":
            return self._texts.add(key, json_fields.delta_text(event, "delta"))
        return self._add_whole(key, json_fields.text(event, field))

    def _add_whole(self, key: _TextKey, text: str) -> list[StreamEvent]:
        """Add the part of a whole text that has not come yet."""
        is_damaged = self.has_gaps and self._texts.has_begun(key)
        return [] if is_damaged else self._texts.add_whole(key, text)

    # -- items and their parts

    def _read_item(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the content of a finished item that its deltas lacked."""
        kind = json_fields.text(item, "type")
        if kind == "message":
            for part_index, part in enumerate(json_fields.rows(item, "content")):
                yield from self._read_part(index, part_index, part)
        elif kind == "reasoning":
            yield from self._read_reasoning(index, item)
        elif kind in _CALL_TYPES:
            yield from self._begin_call(index, item)
            number = self._calls.number(
                index, json_fields.name(item, "id"), json_fields.name(item, "call_id")
            )
            field = "input" if kind == "custom_tool_call" else "arguments"
            yield from self._add_whole_arguments(number, item, field)
        elif kind in HOSTED_ITEMS:
            yield from self._end_hosted_call(index, item)

    def _read_part(
        self, index: int, part_index: int, part: Mapping[str, Any]
    ) -> Iterator[StreamEvent]:
        kind = _KIND_OF_PART_TYPE.get(json_fields.text(part, "type"))
        if kind is not None:
            text = json_fields.text(part, "refusal" if kind == "refusal" else "text")
            yield from self._add_whole((kind, index, part_index), text)
            if kind == "text":
                yield from self._read_sources(text, part)

    def _read_sources(self, text: str, part: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the cited pages, as links, and files that the text does not name itself."""
        sources = cited_sources(json_fields.rows(part, "annotations"))
        new_sources = [source for source in sources if source.name not in self._cited]
        if links := sources_text(text, new_sources):
            self._cited |= {source.name for source in new_sources}
            yield TextDelta(links)

    def _read_reasoning(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        for field, kind in (("summary", "summary"), ("content", "reasoning")):
            for part_index, part in enumerate(json_fields.rows(item, field)):
                text = json_fields.text(part, "text")
                yield from self._add_whole((kind, index, part_index), text)
        item_id = json_fields.name(item, "id")
        encrypted = json_fields.text(item, "encrypted_content")
        key = item_id or encrypted
        if key and key not in self._reasoning:
            self._reasoning.add(key)
            yield ReasoningItem(item_id, encrypted)

    # -- calls

    def _call_of(self, event: object) -> int:
        """Return the number of the call whose arguments an event has."""
        index = json_fields.count(event, "output_index")
        return self._calls.number(index, json_fields.name(event, "item_id"))

    def _begin_call(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the name and id of a call; they come only with its item, not with its deltas."""
        item_id = json_fields.name(item, "id")
        call_id = json_fields.name(item, "call_id")
        number = self._calls.begin(index, item_id, call_id)
        if number is not None:
            yield ToolCallDelta(
                number,
                call_id=call_id,
                name=json_fields.name(item, "name"),
                is_custom=json_fields.text(item, "type") == "custom_tool_call",
            )

    def _add_whole_arguments(self, number: int, value: object, field: str) -> list[StreamEvent]:
        """Add the new part of complete arguments, which some gateways send as an object."""
        key = "call", number, 0
        complete = json_fields.text(value, field)
        if not complete and not self._texts.has_begun(key):
            complete = json_fields.text_or_json(value, field)
        return self._add_whole(key, complete)

    def _begin_hosted_call(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield a call that the provider begins to run, and may bill from now on."""
        call_id = json_fields.name(item, "id") or f"hosted_{index}"
        if call_id not in self._hosted:
            self._running[index] = call_id
            call = hosted_call(call_id, item).call
            yield HostedCall(replace(call, state=ToolCallState.RUNNING))

    def _end_hosted_call(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield a call that the provider has run itself, once."""
        call_id = self._running.pop(index, "") or json_fields.name(item, "id") or f"hosted_{index}"
        if call_id not in self._hosted:
            self._hosted.add(call_id)
            yield hosted_call(call_id, item)
            yield from map(ImageArrived, code_images(item))


class _Texts:
    """The texts of a response. Whole texts that repeat deltas add only the missing part."""

    def __init__(self) -> None:
        self._lengths: dict[_TextKey, int] = {}  # the characters received
        self._last_characters: dict[_TextKey, str] = {}
        self._sections: dict[_TextKey, int] = {}  # the number of a reasoning section
        self.has_any = False
        """True once any text has come."""

    def has_begun(self, key: _TextKey) -> bool:
        return key in self._lengths

    def forget_item(self, index: int) -> None:
        """Regard the texts of an index as new, because another item begins there."""
        for key in [key for key in self._lengths if key[1] == index and key[0] != "call"]:
            del self._lengths[key]

    def add_whole(self, key: _TextKey, text: str) -> list[StreamEvent]:
        """Add the part of a whole text that has not come yet."""
        return self.add(key, text[self._lengths.get(key, 0) :])

    def add(self, key: _TextKey, text: str) -> list[StreamEvent]:
        if not text:
            return []
        # A surrogate pair that two deltas share counts once, as in the whole text.
        pairs = _PAIR.findall(self._last_characters.get(key, "") + text)
        self._lengths[key] = self._lengths.get(key, 0) + len(text) - len(pairs)
        self._last_characters[key] = text[-1]
        self.has_any = True
        return [self._make_delta(key, text)]

    def _make_delta(self, key: _TextKey, text: str) -> StreamEvent:
        kind, index, _ = key
        if kind == "text":
            return TextDelta(text)
        if kind == "refusal":
            return RefusalDelta(text)
        if kind == "call":
            return ToolCallDelta(index, arguments=text)
        return ReasoningDelta(text, self._sections.setdefault(key, len(self._sections)))


class _Calls:
    """The calls of an answer, told apart by the ids of their items, else by their index.

    Some gateways number every item 0, or leave out the number or the ids.
    """

    def __init__(self) -> None:
        # The numbers of calls: by the item's id, and by its index and the call's id.
        self._known: dict[str | tuple[int, str], int] = {}
        self._newest: dict[int, int] = {}  # the number of the newest call at each index
        self._open: set[int] = set()  # indexes of calls that have not ended
        self._numbers: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, index: int, item_id: str, call_id: str = "") -> int:
        """Return the number of the call that an event belongs to."""
        number = self._find(index, item_id, call_id)
        return self._newest.get(index, index) if number is None else number

    def begin(self, index: int, item_id: str, call_id: str) -> int | None:
        """Return the number of a call that begins; None if it began before."""
        if self._find(index, item_id, call_id) is not None:
            return None
        number = index if index not in self._numbers else max(self._numbers) + 1
        self._numbers.add(number)
        self._newest[index] = number
        self._open.add(index)
        if item_id:
            self._known[item_id] = number
        if call_id:
            self._known[index, call_id] = number
        return number

    def _find(self, index: int, item_id: str, call_id: str) -> int | None:
        for key in ((index, call_id), item_id):
            if key in self._known:
                return self._known[key]
        return self._newest[index] if index in self._open else None

    def close(self, index: int) -> None:
        """End the call at an index: the next call with this index is new, even without an id."""
        self._open.discard(index)

    def reopen(self) -> None:
        """Assign calls without ids in the final list to the calls that came with their index."""
        self._open |= self._newest.keys()


ItemHandler = Callable[[ResponseItems, object], Iterable[StreamEvent]]


def _text_handler(kind: str, field: str) -> ItemHandler:
    return lambda items, event: items.on_text(kind, field, event)


# Events not listed here carry nothing to show: progress of the provider's tools, audio, annotations
# (which come with the complete text too), and future types.
ITEM_HANDLERS: Final[Mapping[str, ItemHandler]] = {
    "response.output_item.added": ResponseItems.on_item_added,
    "response.output_item.done": ResponseItems.on_item_done,
    "response.content_part.done": ResponseItems.on_part_done,
    "response.output_text.delta": _text_handler("text", "delta"),
    "response.output_text.done": _text_handler("text", "text"),
    "response.refusal.delta": _text_handler("refusal", "delta"),
    "response.refusal.done": _text_handler("refusal", "refusal"),
    "response.reasoning_summary_text.delta": _text_handler("summary", "delta"),
    "response.reasoning_summary_text.done": _text_handler("summary", "text"),
    "response.reasoning_text.delta": _text_handler("reasoning", "delta"),
    "response.reasoning_text.done": _text_handler("reasoning", "text"),
    "response.function_call_arguments.delta": ResponseItems.on_arguments_delta,
    "response.function_call_arguments.done": ResponseItems.on_arguments_done,
    "response.custom_tool_call_input.delta": ResponseItems.on_arguments_delta,
    "response.custom_tool_call_input.done": ResponseItems.on_arguments_done,
}
"""The method that reads an event about items, by the event's type."""
