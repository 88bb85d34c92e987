"""The Responses API: a ChatRequest as its body, its stream as StreamEvents.

Pure. The reader trusts no field to be there. Text is taken from the deltas; the `.done` events,
and the final response where a gateway sends nothing else, fill in what the deltas left out.
Source: OpenAI's published OpenAPI document and the event types of its SDK.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from desktop_app.domain.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.conversation import Role
from desktop_app.domain.cost import Usage
from desktop_app.domain.events import (
    Completed,
    Failed,
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
from desktop_app.domain.model_catalog import ModelInfo
from desktop_app.domain.parts import ReasoningPart, text_of
from desktop_app.providers import json_fields, refusals, stream_ends

PATH: Final = "responses"

# The smallest limit that the API accepts.
_LEAST_OUTPUT_TOKENS: Final = 16


def body(
    request: ChatRequest,
    info: ModelInfo,
    profile: ProviderProfile,
    omit: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The request as JSON-ready values.

    What `info` knows to be refused is left out, as are the fields named in `omit`, which a server
    has refused before ("encrypted_content" there means the reasoning of earlier answers).

    Whoever serves the family, a gateway too, is told to store nothing and gets what keeps a
    conversation whole without that; other servers of this API often refuse these fields.
    """
    is_known = profile.serves_the_family
    thinks = info.efforts is None or bool(info.efforts)
    replay = is_known and thinks and "encrypted_content" not in omit
    keeps = request.store or request.background
    fields: dict[str, Any] = {
        "model": request.model,
        "instructions": request.instructions,
        "input": [
            # A state of the provider's own goes first, as it came.
            *(json_fields.parse(request.state) if request.state else ()),
            *(item for message in request.messages for item in _items(message, is_known, replay)),
        ],
        "stream": request.parameters.stream,
        **_settings(request, info),
    }
    if is_known:
        fields["store"] = keeps
        fields["prompt_cache_key"] = request.cache_key
        # Also where the provider keeps conversations: the person may choose otherwise later.
        if thinks and not request.background:
            fields["include"] = ["reasoning.encrypted_content"]
    if request.background:
        fields.update(background=True, store=True)
    return {
        name: value
        for name, value in fields.items()
        if value not in ("", None) and name not in omit
    }


def _settings(request: ChatRequest, info: ModelInfo) -> dict[str, Any]:
    chosen = request.parameters
    settings: dict[str, Any] = {}
    if info.sampling_refusal(request.effort or info.default_effort) is None:
        settings.update(temperature=chosen.temperature, top_p=chosen.top_p)
    if chosen.max_output_tokens is not None:
        settings["max_output_tokens"] = max(_LEAST_OUTPUT_TOKENS, chosen.max_output_tokens)
    if chosen.verbosity and info.takes_verbosity is not False:
        settings["text"] = {"verbosity": chosen.verbosity}
    if chosen.service_tier:
        settings["service_tier"] = chosen.service_tier
    reasoning: dict[str, str] = {}
    if request.effort is not None and info.refusal_of(request.effort) is None:
        reasoning["effort"] = request.effort.value
    if chosen.reasoning_summary and info.efforts != ():
        reasoning["summary"] = chosen.reasoning_summary
    return {**settings, "reasoning": reasoning} if reasoning else settings


def _items(message: RequestMessage, is_known: bool, replay: bool) -> Iterator[dict[str, Any]]:
    """A message as input items. Calls of tools are left out: without their results, which the
    program does not make, the API refuses them."""
    if message.role is Role.USER:
        if content := _user_content(message):
            yield {"role": "user", "content": content}
        return
    text = _text(message)
    if not text:
        return  # reasoning alone is refused: it must be followed by what it led to
    for part in message.parts:
        if replay and isinstance(part, ReasoningPart) and part.encrypted:
            yield _reasoning_item(part)
    yield {"role": "assistant", "content": text} if is_known else _output_message(text)


def _output_message(text: str) -> dict[str, Any]:
    """An answer in its full form: llama.cpp refuses the short one, vLLM any that lacks a field.
    The id is stable, so that what is cached stays cached."""
    content = {"type": "output_text", "text": text, "annotations": []}
    return {
        "type": "message",
        "id": f"msg_{sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}",
        "status": "completed",
        "role": "assistant",
        "content": [content],
    }


def _user_content(message: RequestMessage) -> str | list[dict[str, Any]]:
    text = _text(message)
    files = [_file(part) for part in message.parts if isinstance(part, FileData)]
    images = [
        {"type": "input_image", "image_url": data_url(part), "detail": part.detail}
        for part in message.parts
        if isinstance(part, ImageData)
    ]
    if not files and not images:
        return text
    return [*files, *([{"type": "input_text", "text": text}] if text else []), *images]


def _text(message: RequestMessage) -> str:
    return text_of(part for part in message.parts if not isinstance(part, ImageData | FileData))


def _file(file: FileData) -> dict[str, Any]:
    """Its name decides there what it is read as, so it goes along. Its data are put in where the
    body is sent: see request_bytes.py."""
    return {"type": "input_file", "filename": file.name, "file_data": file}


def data_url(image: ImageData) -> str:
    """The picture as both APIs take it."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def _reasoning_item(part: ReasoningPart) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    return {
        "type": "reasoning",
        "id": part.item_id,
        "summary": summary,
        "encrypted_content": part.encrypted,
    }


class ResponsesReader:
    """Server-sent events of one response in, StreamEvents out.

    After a terminal event nothing more comes out.

    Attributes:
        is_finished: whether a terminal event has come.
        has_content: whether anything of the answer has.
        sequence: number of the last event, where they are followed.

    Args:
        numbered: follow the numbers of the events, so that one that comes again, over another
            connection, is known as such. Gateways number them in ways of their own.
    """

    has_all = True  # one answer is asked for

    def __init__(self, provider: str, *, numbered: bool = False) -> None:
        self._provider = provider
        self._numbered = numbered
        self.is_finished = False
        self.sequence: int | None = None
        self._seen: dict[tuple[str, int, int], int] = {}  # characters of each piece that came
        self._sections: dict[tuple[str, int, int], int] = {}
        self._reasoning_items: set[str] = set()
        self._calls: set[int] = set()
        self._open_items: set[int] = set()
        self.has_content = False
        self._has_closed_item = False

    def read(self, data: str, name: str = "") -> list[StreamEvent]:
        """What the event with this `data` says; `name` is its event field, for gateways that
        leave the type out of the data.

        Raises:
            StreamCutError: it is garbage, in a stream whose events are numbered.
        """
        if self.is_finished:
            return []
        if not data.startswith("{"):  # as hardly any event does
            if not data.strip():
                return []
            if data.strip() == "[DONE]":
                return self._end_by_mark()
        try:
            event = json_fields.parse(data)
        except ValueError:
            if self._numbered:  # it can be had again
                raise stream_ends.cut(self._provider) from None
            return self._finish(Failed(stream_ends.unreadable(self._provider)))
        if self._numbered and not self._is_next(event):
            return []
        kind = json_fields.text(event, "type") or name
        if not kind.startswith("response.") and isinstance(event, Mapping) and event.get("error"):
            kind = "error"
        handler = _HANDLERS.get(kind)
        return list(handler(self, event)) if handler else []

    def _is_next(self, event: object) -> bool:
        number = event.get("sequence_number") if isinstance(event, dict) else None
        if not isinstance(number, int):
            return True
        if self.sequence is not None and number <= self.sequence:
            return False
        self.sequence = number
        return True

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """A reply that came as one JSON value: streaming was off, the server knows none, or the
        stream of it broke; of that, what had not come yet."""
        started: list[StreamEvent] = list(self._started({"response": reply}))
        return started + list(self._ended({"response": reply}))

    def end(self) -> list[StreamEvent]:
        """The stream is over: an answer without its terminal event was cut."""
        if self.is_finished:
            return []
        return self._finish(Failed(stream_ends.cut(self._provider)))

    def _finish(self, *events: StreamEvent) -> list[StreamEvent]:
        self.is_finished = True
        return list(events)

    def _end_by_mark(self) -> list[StreamEvent]:
        """[DONE] without a terminal: whole where every item was closed. A run is asked after."""
        if self._numbered:
            return []
        if self._has_closed_item and not self._open_items:
            return self._finish(Completed())
        return self.end()

    # -- the handlers: one event each, in the order in which a stream brings them

    def _started(self, event: object) -> Iterator[StreamEvent]:
        response = json_fields.mapping(event, "response")
        names = json_fields.text(response, "id"), json_fields.text(response, "model")
        tier = json_fields.text(response, "service_tier")
        if any(names):
            yield Started(*names, service_tier=tier)

    def _item_added(self, event: object) -> Iterator[StreamEvent]:
        at = json_fields.count(event, "output_index")
        item = json_fields.mapping(event, "item")
        for key in [key for key in self._seen if key[1] == at]:
            del self._seen[key]  # a gateway that numbers every item 0
        self._open_items.add(at)
        yield from self._call_named(at, item)

    def _item_done(self, event: object) -> Iterator[StreamEvent]:
        at = json_fields.count(event, "output_index")
        self._open_items.discard(at)
        self._has_closed_item = True
        yield from self._item(at, json_fields.mapping(event, "item"))

    def _text_delta(self, event: object) -> list[StreamEvent]:
        return self._more("text", event, "content_index", "delta")

    def _text_done(self, event: object) -> list[StreamEvent]:
        return self._rest("text", event, "content_index", "text")

    def _part_done(self, event: object) -> Iterator[StreamEvent]:
        at = json_fields.count(event, "output_index")
        index = json_fields.count(event, "content_index")
        yield from self._content(at, index, json_fields.mapping(event, "part"))

    def _refusal_delta(self, event: object) -> list[StreamEvent]:
        return self._more("refusal", event, "content_index", "delta")

    def _refusal_done(self, event: object) -> list[StreamEvent]:
        return self._rest("refusal", event, "content_index", "refusal")

    def _summary_delta(self, event: object) -> list[StreamEvent]:
        return self._more("summary", event, "summary_index", "delta")

    def _summary_done(self, event: object) -> list[StreamEvent]:
        return self._rest("summary", event, "summary_index", "text")

    def _reasoning_delta(self, event: object) -> list[StreamEvent]:
        return self._more("reasoning", event, "content_index", "delta")

    def _reasoning_done(self, event: object) -> list[StreamEvent]:
        return self._rest("reasoning", event, "content_index", "text")

    def _call_delta(self, event: object) -> list[StreamEvent]:
        return self._more("call", event, "", "delta")

    def _call_done(self, event: object) -> list[StreamEvent]:
        name = "input" if json_fields.text(event, "input") else "arguments"
        return self._rest("call", event, "", name)

    def _ended(self, event: object) -> Iterator[StreamEvent]:
        """completed, incomplete, failed, done: the status within decides, else the type."""
        response = json_fields.mapping(event, "response")
        # Where the numbers of events hold, so do those of items: what has come is known.
        if self._numbered or not self.has_content:
            for at, item in enumerate(json_fields.rows(response, "output")):
                yield from self._item(at, item)
        usage = json_fields.mapping(response, "usage")
        if usage:
            tier = json_fields.text(response, "service_tier")
            yield UsageReported(usage_of(usage), tier)
        yield from self._finish(self._terminal(event, response))

    def _error(self, event: object) -> Iterator[StreamEvent]:
        body = refusals.parse_error(event)
        yield from self._finish(Failed(refusals.error_from(self._provider, body)))

    # -- pieces

    def _terminal(self, event: object, response: Mapping[str, Any]) -> StreamEvent:
        status = json_fields.text(response, "status")
        kind = json_fields.text(event, "type")
        if json_fields.mapping(response, "error") or status == "failed" or kind.endswith("failed"):
            body = refusals.parse_error(response)
            return Failed(refusals.error_from(self._provider, body))
        if status == "incomplete" or kind.endswith("incomplete"):
            why = json_fields.text(json_fields.mapping(response, "incomplete_details"), "reason")
            return Incomplete(why or "unknown")
        if status == "cancelled":
            return Failed(stream_ends.cut(self._provider))
        # Gateways let "in_progress" stand in what they say is completed.
        is_under_way = status in ("queued", "in_progress") and kind != "response.completed"
        if is_under_way or (not response and not self.has_content):
            return Failed(stream_ends.unreadable(self._provider))
        return Completed()

    def _item(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """What a finished item holds beyond what has come of it."""
        kind = json_fields.text(item, "type")
        if kind == "message":
            for index, part in enumerate(json_fields.rows(item, "content")):
                yield from self._content(at, index, part)
        elif kind == "reasoning":
            yield from self._reasoning_item(at, item)
        elif kind in ("function_call", "custom_tool_call"):
            yield from self._call_named(at, item)
            name = "input" if kind == "custom_tool_call" else "arguments"
            yield from self._grow("call", at, 0, json_fields.text(item, name), is_whole=True)

    def _content(self, at: int, index: int, part: Mapping[str, Any]) -> Iterator[StreamEvent]:
        kind = {"output_text": "text", "refusal": "refusal", "reasoning_text": "reasoning"}.get(
            json_fields.text(part, "type")
        )
        if kind is not None:
            name = "refusal" if kind == "refusal" else "text"
            yield from self._grow(kind, at, index, json_fields.text(part, name), is_whole=True)

    def _reasoning_item(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        for name, kind in (("summary", "summary"), ("content", "reasoning")):
            for index, part in enumerate(json_fields.rows(item, name)):
                yield from self._grow(
                    kind, at, index, json_fields.text(part, "text"), is_whole=True
                )
        item_id = json_fields.text(item, "id")
        encrypted = json_fields.text(item, "encrypted_content")
        if (item_id or encrypted) and item_id not in self._reasoning_items:
            self._reasoning_items.add(item_id)
            self.has_content = True
            yield ReasoningItem(item_id, encrypted)

    def _call_named(self, at: int, item: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Name and id of a call come with its item alone, not with its deltas."""
        if json_fields.text(item, "type") not in ("function_call", "custom_tool_call"):
            return
        if at not in self._calls:
            self._calls.add(at)
            self.has_content = True
            yield ToolCallDelta(
                at,
                call_id=json_fields.text(item, "call_id"),
                name=json_fields.text(item, "name"),
            )

    def _more(self, kind: str, event: object, index: str, name: str) -> list[StreamEvent]:
        at, place = json_fields.count(event, "output_index"), json_fields.count(event, index)
        return self._grow(kind, at, place, json_fields.text(event, name))

    def _rest(self, kind: str, event: object, index: str, name: str) -> list[StreamEvent]:
        at, place = json_fields.count(event, "output_index"), json_fields.count(event, index)
        return self._grow(kind, at, place, json_fields.text(event, name), is_whole=True)

    def _grow(
        self, kind: str, at: int, index: int, text: str, *, is_whole: bool = False
    ) -> list[StreamEvent]:
        """One more piece; of a whole text only what had not come yet."""
        key = (kind, at, index)
        seen = self._seen.get(key, 0)
        new = text[seen:] if is_whole else text
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


_Handler = Callable[[ResponsesReader, object], Iterable[StreamEvent]]

# What is not here says nothing that is shown: progress of tools of the provider's, audio,
# annotations, and types that are yet to come.
_HANDLERS: Final[Mapping[str, _Handler]] = {
    "response.created": ResponsesReader._started,
    "response.in_progress": ResponsesReader._started,
    "response.queued": ResponsesReader._started,
    "response.output_item.added": ResponsesReader._item_added,
    "response.output_item.done": ResponsesReader._item_done,
    "response.content_part.done": ResponsesReader._part_done,
    "response.output_text.delta": ResponsesReader._text_delta,
    "response.output_text.done": ResponsesReader._text_done,
    "response.refusal.delta": ResponsesReader._refusal_delta,
    "response.refusal.done": ResponsesReader._refusal_done,
    "response.reasoning_summary_text.delta": ResponsesReader._summary_delta,
    "response.reasoning_summary_text.done": ResponsesReader._summary_done,
    "response.reasoning_text.delta": ResponsesReader._reasoning_delta,
    "response.reasoning_text.done": ResponsesReader._reasoning_done,
    "response.function_call_arguments.delta": ResponsesReader._call_delta,
    "response.function_call_arguments.done": ResponsesReader._call_done,
    "response.custom_tool_call_input.delta": ResponsesReader._call_delta,
    "response.custom_tool_call_input.done": ResponsesReader._call_done,
    "response.completed": ResponsesReader._ended,
    "response.incomplete": ResponsesReader._ended,
    "response.failed": ResponsesReader._ended,
    "response.cancelled": ResponsesReader._ended,
    "response.done": ResponsesReader._ended,
    "error": ResponsesReader._error,
}


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Tokens as either API names them. A part is never more than its whole, whatever a server says:
    else a cost could fall below nothing."""
    inputs = json_fields.mapping(usage, "input_tokens_details") or json_fields.mapping(
        usage, "prompt_tokens_details"
    )
    outputs = json_fields.mapping(usage, "output_tokens_details") or json_fields.mapping(
        usage, "completion_tokens_details"
    )
    sent, came = (
        json_fields.count(usage, f"{one}_tokens") or json_fields.count(usage, f"{other}_tokens")
        for one, other in (("input", "prompt"), ("output", "completion"))
    )
    return Usage(
        input_tokens=sent,
        cached_tokens=min(sent, json_fields.count(inputs, "cached_tokens")),
        output_tokens=came,
        reasoning_tokens=min(came, json_fields.count(outputs, "reasoning_tokens")),
    )
