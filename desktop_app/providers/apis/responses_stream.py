"""Reads the stream of the Responses API as StreamEvents.

This module does no I/O. The reader requires no field to be present. Text is taken from the
deltas; the `.done` events, finished items and the final response supply what deltas lacked.
Source: OpenAI's published OpenAPI document and the event types of its SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    ImagePreview,
    Incomplete,
    MessageBegan,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.providers.apis.event_reader import EventReader, usage_of
from desktop_app.providers.apis.hosted_items import (
    HOSTED_ITEMS,
    cited_files,
    code_images,
    decode_image,
    files_found,
    hosted_call,
    pages_read,
)
from desktop_app.providers.apis.source_list import SourceList
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http import json_fields

_CALL_TYPES: Final = ("function_call", "custom_tool_call")
_TEXT_EVENTS: Final = {
    "response.output_text": ("text", "text"),
    "response.refusal": ("refusal", "refusal"),
    "response.reasoning_summary_text": ("summary", "text"),
    "response.reasoning_text": ("reasoning", "text"),
}
"""The kind of a text, and the field with the whole of it, by the type of its events."""
_KIND_OF_PART_TYPE: Final = {
    "output_text": "text",
    "refusal": "refusal",
    "reasoning_text": "reasoning",
}
_MESSAGE_KINDS: Final = ("text", "refusal")
# Items without anything to show: they state what the server did, or repeat what it got.
_SILENT_ITEMS: Final = frozenset(
    {
        *("compaction", "configuration_update", "additional_tools", "tool_search_call"),
        *("tool_search_output", "mcp_list_tools", "mcp_approval_response"),
        *("function_call_output", "custom_tool_call_output"),
    }
)
# Events whose content comes with the finished item, or that have none.
_SILENT_EVENTS: Final = lazy_pattern(
    r"keepalive|response\.(content_part\.added|"
    r"reasoning_summary_part\.\w+|(web_search|file_search|code_interpreter|image_generation)_call"
    r"[\w.]*|(mcp_call|mcp_list_tools|shell_call|apply_patch_call)[\w.]*|audio\.[\w.]+|"
    r"compaction\.\w+|(steer|inject)\.\w+)"
)
_MAX_KINDS: Final = 8
_MAX_KIND_CHARS: Final = 60
_ARGUMENT_EVENTS: Final = ("response.function_call_arguments", "response.custom_tool_call_input")

_TextKey = tuple[str, int, int]
"""The kind of a text, the index of its item in the output, and the index of the text in the item.

The arguments of a call have the kind "call", and the number of the call as the index of the item.
"""


class ResponsesReader(EventReader):
    """Reader of the server-sent events of one response, which returns StreamEvents.

    Args:
        issuer: the origin of the server, to which alone its reasoning is sent back; "" if the
            reasoning of this answer never is.
        is_background: True for a background run, whose response can be fetched. What the stream
            lacks is read from there.
    """

    def __init__(self, provider: str, issuer: str = "", *, is_background: bool = False) -> None:
        super().__init__(provider)
        self._issuer = issuer
        self._is_background = is_background
        self._has_model = False
        self._texts = _Texts()
        self._calls = _Calls()
        self._messages: set[int] = set()  # indexes of messages that have begun
        self._has_message = False
        self._unshown_items: dict[str, None] = {}  # kinds, in the order of their arrival
        self._unknown_kinds: dict[str, None] = {}
        self._open: set[int] = set()  # indexes of items that have not ended
        self._has_closed = False
        self._reasoning: set[str] = set()  # ids of reasoning items, else their encrypted content
        self._hosted: dict[str, bool] = {}  # True once a call has ended, by its id
        self._files: set[str] = set()  # the ids of cited files
        self._lost_image: Mapping[str, Any] | None = None  # the newest, if it was not made
        self._sources = SourceList()

    @property
    def has_content(self) -> bool:
        return bool(self._texts.has_any or self._calls or self._reasoning or self._hosted)

    def _read_event(self, event: object, name: str) -> Iterable[StreamEvent]:
        """Return the events of a decoded event.

        Types without a case carry nothing to show: progress of the provider's tools, annotations
        (which come with the complete text too). Unknown ones are named in the answer's details.
        """
        kind = json_fields.text(event, "type") or name  # a gateway may leave out the type
        if kind == "error" or (not kind.startswith("response.") and error_body.is_error(event)):
            return self._finish(Failed(self._error_of(error_body.parse_error(event))))
        index = json_fields.count(event, "output_index")
        stem, _, ending = kind.rpartition(".")
        if stem in _TEXT_EVENTS:
            return self._on_text(stem, ending, index, event)
        if stem in _ARGUMENT_EVENTS:
            return self._on_arguments(ending, index, event)
        match kind.removeprefix("response."):
            case "output_item.added":
                return self._on_item_added(index, json_fields.mapping(event, "item"))
            case "output_item.done":
                return self._on_item_done(index, json_fields.mapping(event, "item"))
            case "content_part.done":
                part_index = json_fields.count(event, "content_index")
                return self._read_part(index, part_index, json_fields.mapping(event, "part"))
            case "output_text.annotation.added":
                return self._sources.annotate(json_fields.mapping(event, "annotation"))
            case "image_generation_call.partial_image":
                preview = decode_image(json_fields.text(event, "partial_image_b64"))
                return (ImagePreview(preview),) if preview else ()
            case "created" | "in_progress" | "queued":
                return self._on_started(event)
            case "completed" | "incomplete" | "failed" | "cancelled" | "done":
                return self._on_ended(event)
        if kind and not _SILENT_EVENTS.fullmatch(kind):
            self._unknown_kinds.setdefault(kind)
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

    def _finish(self, terminal: StreamEvent) -> list[StreamEvent]:
        skipped = (
            (NoticeCode.ITEMS_SKIPPED, self._unshown_items),
            (NoticeCode.KINDS_SKIPPED, self._unknown_kinds),
        )
        notices = [
            Notice(notice(code, provider=self._provider, kinds=_names_of(kinds)))
            for code, kinds in skipped
            if kinds
        ]
        return [*notices, *super()._finish(terminal)]

    def _skip(self, data: bytes) -> None:
        if self._is_background:  # the event can be fetched again
            raise error_replies.cut_error(self._provider)
        super()._skip(data)

    # -- the beginning and the end

    def _end(self, *, has_done_mark: bool) -> list[StreamEvent]:
        """End without a terminal event: complete if [DONE] and all begun items have come."""
        if has_done_mark and self._is_background:
            return []  # the run is polled
        are_closed = self._has_closed and not self._open
        is_complete = has_done_mark and self.has_content and are_closed
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
        yield from self._read_output(json_fields.rows(response, "output"))
        if not self._has_model:  # llama.cpp names the model only at the end
            yield from self._on_started(event)
        if usage := usage_of(json_fields.mapping(response, "usage")):
            tier = json_fields.name(response, "service_tier")
            yield UsageReported(usage, tier)
        yield from self._finish(self._terminal(event, response))

    def _read_output(self, items: list[Mapping[str, Any]]) -> Iterator[StreamEvent]:
        """Yield the content of a final response that has not come before.

        OpenAI, which has background runs, numbers the items reliably, so that the indexes tell
        which have come. Other responses are read if nothing has come, and their calls if no call
        has come, because a gateway may stream only the text.
        """
        is_read_whole = self._is_background or not self.has_content
        if self._calls and not is_read_whole:
            return
        for index, item in enumerate(items):
            if is_read_whole or json_fields.text(item, "type") in _CALL_TYPES:
                yield from self._read_item(index, item)

    def _terminal(self, event: object, response: Mapping[str, Any]) -> StreamEvent:
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
        if self._lost_image is not None:
            body = error_body.parse_error({"error": json_fields.mapping(self._lost_image, "error")})
            return Failed(error_replies.image_error(self._provider, body))
        return Completed()

    # -- texts, items and their parts

    def _on_text(self, stem: str, ending: str, index: int, event: object) -> list[StreamEvent]:
        kind, whole_field = _TEXT_EVENTS[stem]
        position = "summary_index" if kind == "summary" else "content_index"
        # vLLM numbers each delta of one text of reasoning.
        place = 0 if kind == "reasoning" else json_fields.count(event, position)
        key = kind, index, place
        begun = self._begin_message(index) if kind in _MESSAGE_KINDS else []
        if ending == "delta":
            delta = json_fields.delta_text(event, "delta")
            found = self._sources.read_text(delta, key) if kind == "text" else []
            return [*begun, *found, *self._texts.add(key, delta)]
        return begun + self._add_whole(key, json_fields.text(event, whole_field))

    def _begin_message(self, index: int, phase: str = "") -> list[StreamEvent]:
        if index in self._messages:
            return []
        self._messages.add(index)
        is_first = not self._has_message
        self._has_message = True
        return [] if is_first and not phase else [MessageBegan(phase)]

    def _add_whole(self, key: _TextKey, text: str) -> list[StreamEvent]:
        """Add the part of a whole text that has not come yet.

        If events were skipped, a whole text may not continue its deltas.
        """
        begun = self._texts.length(key)
        return [] if begun and self._skipped else self._texts.add(key, text[begun:])

    def _on_item_added(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        self._texts.forget_item(index)  # some gateways number every item 0
        self._messages.discard(index)
        self._open.add(index)
        kind = json_fields.text(item, "type")
        if kind == "message":
            yield from self._begin_message(index, json_fields.name(item, "phase"))
        elif kind in _CALL_TYPES:
            yield from self._begin_call(index, item)
        elif kind in HOSTED_ITEMS:  # the provider may bill the call from now on
            call_id = json_fields.name(item, "id") or f"hosted_{index}"
            if self._hosted.setdefault(call_id, False) is False:
                call = hosted_call(call_id, item).call
                yield HostedCall(replace(call, state=ToolCallState.RUNNING))

    def _on_item_done(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        self._open.discard(index)
        self._has_closed = True
        yield from self._read_item(index, item)

    def _read_item(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the content of a finished item that its deltas lacked."""
        kind = json_fields.text(item, "type")
        if kind == "message":
            yield from self._begin_message(index, json_fields.name(item, "phase"))
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
            call_id = json_fields.name(item, "id") or f"hosted_{index}"
            if not self._hosted.get(call_id):
                self._hosted[call_id] = True
                hosted = hosted_call(call_id, item)
                if kind == "image_generation_call":
                    self._lost_image = None if json_fields.text(item, "result") else item
                yield hosted
                yield from map(ImageArrived, code_images(item))
                self._sources.read(pages_read(item), call_id)
                self._sources.find(files_found(item), call_id)
                yield from self._sources.news()
        elif kind and kind not in _SILENT_ITEMS:
            self._unshown_items.setdefault(kind)

    def _read_part(
        self, index: int, part_index: int, part: Mapping[str, Any]
    ) -> Iterator[StreamEvent]:
        """Yield what the deltas lacked of a part, and the sources that it cites."""
        kind = _KIND_OF_PART_TYPE.get(json_fields.text(part, "type"))
        if kind is None:
            return
        text = json_fields.text(part, "refusal" if kind == "refusal" else "text")
        place = 0 if kind == "reasoning" else part_index
        yield from self._add_whole((kind, index, place), text)
        if kind == "text":
            annotations = json_fields.rows(part, "annotations")
            for annotation in annotations:
                self._sources.cite(annotation)
            self._sources.cite_marks(text, annotations)
            yield from self._sources.news()
            for file in cited_files(annotations):
                if file.file_id not in self._files:
                    self._files.add(file.file_id)
                    yield file

    def _read_reasoning(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        for part_index, part in enumerate(json_fields.rows(item, "summary")):
            yield from self._add_whole(
                ("summary", index, part_index), json_fields.text(part, "text")
            )
        texts = [json_fields.text(part, "text") for part in json_fields.rows(item, "content")]
        yield from self._add_whole(("reasoning", index, 0), "".join(texts))
        item_id = json_fields.name(item, "id")
        encrypted = json_fields.text(item, "encrypted_content")
        key = item_id or encrypted
        if key and key not in self._reasoning:
            self._reasoning.add(key)
            issuer = self._issuer if encrypted else ""
            yield ReasoningItem(item_id, encrypted, issuer=issuer)

    # -- calls

    def _on_arguments(self, ending: str, index: int, event: object) -> list[StreamEvent]:
        number = self._calls.number(index, json_fields.name(event, "item_id"))
        if ending == "delta":
            return self._texts.add(("call", number, 0), json_fields.delta_text(event, "delta"))
        field = "input" if json_fields.text(event, "input") else "arguments"
        return self._add_whole_arguments(number, event, field)

    def _begin_call(self, index: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Yield the name and id of a call; they come only with its item, not with its deltas."""
        call_id = json_fields.name(item, "call_id")
        number = self._calls.begin(index, json_fields.name(item, "id"), call_id)
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
        if not complete and not self._texts.length(key):
            complete = json_fields.text_or_json(value, field)
        return self._add_whole(key, complete)


def _names_of(kinds: Iterable[str]) -> str:
    return ", ".join(kind[:_MAX_KIND_CHARS] for kind in islice(kinds, _MAX_KINDS))


class _Texts:
    """The texts of a response so far."""

    def __init__(self) -> None:
        self._lengths: dict[_TextKey, int] = {}  # the characters received
        self._sections: dict[_TextKey, int] = {}  # the number of a reasoning section
        self.has_any = False
        """True once any text has come."""

    def length(self, key: _TextKey) -> int:
        return self._lengths.get(key, 0)

    def forget_item(self, index: int) -> None:
        """Regard the texts of an index as new, because another item begins there."""
        for key in [key for key in self._lengths if key[1] == index and key[0] != "call"]:
            del self._lengths[key]

    def add(self, key: _TextKey, text: str) -> list[StreamEvent]:
        if not text:
            return []
        self._lengths[key] = self.length(key) + len(text)
        self.has_any = True
        kind, index, _ = key
        match kind:
            case "text":
                return [TextDelta(text)]
            case "refusal":
                return [RefusalDelta(text)]
            case "call":
                return [ToolCallDelta(index, arguments=text)]
        return [ReasoningDelta(text, self._sections.setdefault(key, len(self._sections)))]


class _Calls:
    """The calls of an answer, told apart by the ids of their items, else by their index.

    Some gateways number every item 0, or leave out the number.
    """

    def __init__(self) -> None:
        self._numbers: dict[str | int, int] = {}  # by id, and of the newest call at each index
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def number(self, index: int, *ids: str) -> int:
        """Return the number of the call that an event belongs to."""
        known = (self._numbers[key] for key in (*ids, index) if key in self._numbers)
        return next(known, index)

    def begin(self, index: int, *ids: str) -> int | None:
        """Return the number of a call that begins; None if it began before."""
        keys: list[str | int] = [each for each in ids if each]
        if not keys:
            keys = [index]
        if any(key in self._numbers for key in keys):
            return None
        self._numbers |= dict.fromkeys((*keys, index), self._count)
        self._count += 1
        return self._count - 1
