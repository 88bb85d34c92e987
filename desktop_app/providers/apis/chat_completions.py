"""The Chat Completions API: request bodies from a ChatRequest, StreamEvents from chunks.

This module does no I/O. Every compatible server speaks this API, each a little differently: the
token limit and the reasoning have two names each, calls may lack an index, the last chunk or the
usage may never come.
Source: OpenAI's published OpenAPI document; the servers' own code and issue trackers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.reply import CONTENT_FILTER
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
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
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    ToolCallPart,
    text_of,
    tool_calls,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import (
    NEW_LIMIT_NAME,
    OLD_LIMIT_NAME,
    is_of_family,
    output_limit_name,
    sendable_effort,
    sendable_parameters,
)
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.origin import origin
from desktop_app.domain.tools.strict_schema import is_strict, sendable_arguments
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis.event_reader import EventReader, usage_of
from desktop_app.providers.apis.form_fields import schema_format
from desktop_app.providers.apis.hosted_items import decode_image
from desktop_app.providers.apis.source_list import SourceList
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http import json_fields

PATH: Final = "chat/completions"
_DETAILS: Final = ("low", "high", "auto")  # Responses has more
_MAX_IMAGES: Final = 16
"""The images of an answer that are kept, an arbitrary number."""

# The Responses API's names for finish reasons.
_INCOMPLETE_REASONS: Final = {
    "length": "max_output_tokens",
    # Gemini, Anthropic, GLM and Bedrock, through gateways.
    "max_tokens": "max_output_tokens",
    "model_length": "max_output_tokens",  # Mistral
    **dict.fromkeys(
        (
            *("safety", "prohibited_content", "blocklist", "spii", "refusal", "sensitive"),
            *("content_filtered", "guardrail_intervened"),
        ),
        CONTENT_FILTER,
    ),
}
_COMPLETE_REASONS: Final = (
    *("stop", "tool_calls", "function_call"),
    # Text Generation Inference; Anthropic and Cohere, through gateways; other servers.
    *("eos", "eos_token", "stop_sequence", "end_turn", "tool_use", "complete", "tool_call", "end"),
)


def body(
    request: ChatRequest,
    info: ModelInfo,
    profile: ProviderProfile,
    omit: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return the request as values for `request_body.pack_body`.

    Settings that `info` knows to be refused are left out, as are the fields named in `omit`, which
    the server refused before. If the token limit is among them, its other name is used. If
    REASONING_TEXT is among them, the server wants the reasoning of answers back.
    """
    with_reasoning = error_replies.REASONING_TEXT in omit
    recipient = origin(profile.base_url)
    fields: dict[str, Any] = {
        "model": request.model,
        "messages": _build_messages(request, recipient, with_reasoning=with_reasoning),
        "stream": request.parameters.stream,
        **_build_settings(request, info, profile),
    }
    if request.parameters.stream:
        fields["stream_options"] = {"include_usage": True}
    limit_name = output_limit_name(profile, request.model)
    if limit_name in omit:
        limit_name = OLD_LIMIT_NAME if limit_name == NEW_LIMIT_NAME else NEW_LIMIT_NAME
    fields[limit_name] = request.parameters.max_output_tokens
    # The field is sent through gateways, too. If it is refused, the request is repeated without it.
    if is_of_family(profile, request.model):
        fields["prompt_cache_key"] = request.cache_key
    takes_openai_fields = profile.kind.takes_openai_fields
    if takes_openai_fields:
        fields["store"] = request.store
    if request.wants_images and not takes_openai_fields:  # OpenAI takes "text" and "audio" only
        fields["modalities"] = ["image", "text"]
    if request.schema is not None:
        fields["response_format"] = schema_format(request.schema, profile, Api.CHAT_COMPLETIONS)
    grammar = request.grammar
    # OpenAI takes a grammar only as that of a tool's input.
    if grammar is not None and not grammar.is_tool_input and not takes_openai_fields:
        fields["grammar"] = grammar.definition
    tools = [tool for tool in request.tools if tool.hosted is None]  # only Responses runs others
    if tools:
        fields["tools"] = [_build_tool(tool, profile) for tool in tools]
        is_tool = any(tool.wire_name == request.tool_choice for tool in request.tools)
        function = {"type": "function", "function": {"name": request.tool_choice}}
        fields["tool_choice"] = function if is_tool else request.tool_choice
        if takes_openai_fields:
            fields["parallel_tool_calls"] = True
    return {
        name: value
        for name, value in fields.items()
        if value not in ("", None) and name not in omit
    }


def _build_settings(
    request: ChatRequest, info: ModelInfo, profile: ProviderProfile
) -> dict[str, Any]:
    parameters = sendable_parameters(
        request.parameters, profile, info, request.effort, api=Api.CHAT_COMPLETIONS
    )
    effort = sendable_effort(info, request.effort)
    thinking: dict[str, Any] = {"reasoning_effort": None if effort is None else effort.value}
    if profile.kind is ProviderKind.ON_DEVICE and effort is not None:
        # llama.cpp passes these to the model's chat template.
        is_on = effort is not Effort.NONE
        thinking = {
            "chat_template_kwargs": {"enable_thinking": is_on, "reasoning_effort": effort.value}
        }
    return {
        **thinking,
        "temperature": parameters.temperature,
        "top_p": parameters.top_p,
        "presence_penalty": parameters.presence_penalty,
        "frequency_penalty": parameters.frequency_penalty,
        "stop": list(parameters.stop) or None,
        "seed": parameters.seed,
        "verbosity": parameters.verbosity,
        "service_tier": parameters.service_tier,
    }


def _build_messages(
    request: ChatRequest, recipient: str, *, with_reasoning: bool
) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.sent_instructions:
        messages.append({"role": "system", "content": request.sent_instructions})
    for message in request.messages:
        if any(call.result for call in tool_calls(message.parts)):
            messages += _build_messages_with_calls(
                message, recipient, with_reasoning=with_reasoning
            )
            continue
        content = _build_content(message)
        if content:
            details = _build_details(message.parts, recipient)
            messages.append({"role": message.role.value, "content": content, **details})
    if with_reasoning:
        for sent_message in messages:
            if sent_message["role"] == Role.ASSISTANT.value:
                # The server wants the field in every answer, but most answers are sent without
                # their reasoning. A space stands for it, because Moonshot refuses "".
                sent_message.setdefault(error_replies.REASONING_TEXT, " ")
    return messages


def _build_messages_with_calls(
    message: RequestMessage, recipient: str, *, with_reasoning: bool
) -> Iterator[dict[str, Any]]:
    """Yield an answer as several messages: each round of calls with its results, then the rest.

    Calls without a result are left out, because servers refuse them.
    """
    rounds: dict[int, list[Any]] = {}
    number = 0
    for part in message.parts:
        if isinstance(part, ToolCallPart):
            number = part.round
        # A text or reasoning after the calls of a round belongs to the next round.
        elif any(call.result for call in tool_calls(rounds.get(number, ()))):
            number += 1
        rounds.setdefault(number, []).append(part)
    for _, parts in sorted(rounds.items()):
        calls = [call for call in tool_calls(parts) if call.result]
        text = text_of(parts)
        answer: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls:
            answer["tool_calls"] = [_build_call(call, recipient) for call in calls]
        reasoning = "".join(part.text for part in parts if isinstance(part, ReasoningPart))
        if with_reasoning and reasoning:
            answer[error_replies.REASONING_TEXT] = reasoning
        answer |= _build_details(parts, recipient)
        if calls or text:
            yield answer
        for call in calls:
            yield {"role": "tool", "tool_call_id": call.call_id, "content": call.result}


def _build_details(parts: Iterable[object], recipient: str) -> dict[str, Any]:
    """Return the field with the reasoning that this server sent; {} for none."""
    details: list[Any] = []
    for part in parts:
        if isinstance(part, ReasoningPart) and part.details and part.issuer == recipient:
            with suppress(ValueError):  # an imported conversation may have any text here
                parsed = json_fields.parse(part.details)
                details += parsed if isinstance(parsed, list) else []
    return {"reasoning_details": details} if details else {}


def _build_call(call: ToolCallPart, recipient: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": call.call_id}
    if call.extra_content and call.issuer == recipient:  # no other server may see it
        with suppress(ValueError):  # an imported conversation may have any text here
            fields["extra_content"] = json_fields.parse(call.extra_content)
    if call.is_custom:
        custom = {"name": call.sent_name, "input": call.arguments}
        return {**fields, "type": "custom", "custom": custom}
    function = {"name": call.sent_name, "arguments": call.sent_arguments}
    return {**fields, "type": "function", "function": function}


def _build_tool(tool: ToolDefinition, profile: ProviderProfile) -> dict[str, Any]:
    definition: dict[str, Any] = {"name": tool.wire_name, "description": tool.description}
    definition["parameters"] = sendable_arguments(tool.parameters)
    # Other servers may not know the field, or may not support all that it demands.
    if profile.kind.takes_openai_fields and is_strict(tool.parameters):
        definition["strict"] = True
    return {"type": "function", "function": definition}


def _build_content(message: RequestMessage) -> str | list[dict[str, Any]]:
    """Return the content: a list of parts for a question with images or files, else a text.

    Older servers refuse lists, so a question without either stays a text. In this API only
    questions can have images and files.
    """
    text = text_of(part for part in message.parts if not isinstance(part, ImageData | FileData))
    images = [
        {
            "type": "image_url",
            "image_url": {
                "url": part,
                "detail": part.detail if part.detail in _DETAILS else "auto",
            },
        }
        for part in message.parts
        if isinstance(part, ImageData)
    ]
    # As documented for PDF. Which other files a server takes is unknown.
    files = [
        {"type": "file", "file": {"filename": part.name, "file_data": part}}
        for part in message.parts
        if isinstance(part, FileData)
    ]
    if not (images or files) or message.role is Role.ASSISTANT:
        return text
    content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    return files + content + images


class ChatCompletionsReader(EventReader):
    """Reader of the server-sent events of one completion, which returns StreamEvents.

    The finish reason comes before the usage, so the terminal event waits for [DONE] or the end of
    the stream.

    Args:
        provider: the name for errors.
        issuer: the origin of the server. Its `reasoning_details` and the `extra_content` of its
            calls are kept, to be sent back to this server only. "" if this answer is never sent
            back.
    """

    def __init__(self, provider: str, issuer: str = "") -> None:
        super().__init__(provider)
        self._issuer = issuer
        self._id_and_model = ("", "")  # the response's id and model, once they have come
        self._has_content = False
        self._has_deltas = False  # a delta with more than reasoning has come
        self._finish_reason = ""
        self._choice_error = error_body.ErrorBody()  # for the finish reason "error"
        self._usage: Usage | None = None
        self._tier = ""
        self._calls = _OpenCalls()
        self._details: list[dict[str, Any]] = []
        self._has_reasoning_text = False
        # The last chunk without its text, if it had text alone. As nearly each chunk differs in
        # nothing else, only its text is read.
        self._around_text: tuple[object, ...] | None = None
        self._image_hashes: set[int] = set()
        self._sources = SourceList()

    @property
    def has_content(self) -> bool:
        return self._has_content

    def _read_event(self, event: object, name: str) -> Iterable[StreamEvent]:
        around: tuple[object, ...] | None = None
        match event:
            case {"choices": [{"delta": {"content": str(text), **delta}, **choice}], **fields}:
                fields.pop("obfuscation", None)  # OpenAI's, of random length
                delta.pop("role", None)
                if text and not any(delta.values()):
                    around = fields, choice, name
                if around is not None and around == self._around_text:
                    return [*self._sources.read_text(text), TextDelta(text)]
        self._around_text = around
        if name == "error" or error_body.is_error(event):
            return self._finish(Failed(self._error_of(error_body.parse_error(event))))
        return self.read_chunk(event, "delta")

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a reply that came as one JSON value, not as a stream."""
        events = list(self.read_chunk(reply, "message"))
        if not json_fields.rows(reply, "choices"):
            return events + self._finish(Failed(error_replies.unreadable_error(self._provider)))
        return events + self._end(has_done_mark=True)

    def _end(self, *, has_done_mark: bool) -> list[StreamEvent]:
        # Some servers send no finish reason; their [DONE] shows that the answer is whole.
        is_whole = has_done_mark and self._has_content and not self._finish_reason
        if is_whole or self._finish_reason in _COMPLETE_REASONS:
            return self._finish(Completed())
        if self._finish_reason == "error":  # OpenRouter's way to report that its provider failed
            return self._finish(Failed(self._error_of(self._choice_error)))
        if self._finish_reason:
            return self._finish(
                Incomplete(_INCOMPLETE_REASONS.get(self._finish_reason, self._finish_reason))
            )
        return self._finish(self._cut_failure(has_content=self._has_content))

    def _finish(self, terminal: StreamEvent) -> list[StreamEvent]:
        ending: list[StreamEvent] = []
        if self._details and self._issuer:
            details = json.dumps(self._details, ensure_ascii=False)
            ending.append(ReasoningItem("", details=details, issuer=self._issuer))
        if self._usage is not None:
            ending.append(UsageReported(self._usage, self._tier))
        return [*ending, *super()._finish(terminal)]

    def read_chunk(self, chunk: object, key: str) -> Iterator[StreamEvent]:
        """Yield the events of a decoded chunk.

        Args:
            key: the field of a choice that has the text: "delta" in a stream, else "message".
        """
        if not all(self._id_and_model):  # Azure's first chunk names neither
            known_id, known_model = self._id_and_model
            response_id = known_id or json_fields.name(chunk, "id")
            model = known_model or json_fields.name(chunk, "model")
            if (response_id, model) != self._id_and_model:
                self._id_and_model = (response_id, model)
                yield Started(response_id, model)
        self._tier = json_fields.name(chunk, "service_tier") or self._tier
        # Perplexity's pages, which the text cites by their places.
        self._sources.number(json_fields.texts(chunk, "citations"))
        self._sources.read(json_fields.rows(chunk, "search_results"))
        yield from self._sources.news()
        choices = json_fields.rows(chunk, "choices")[:1]  # only one answer is requested
        # Groq's older API nests the usage in `x_groq`, Moonshot's in the choice. Some servers send
        # it with every chunk.
        for source in (chunk, json_fields.mapping(chunk, "x_groq"), *choices):
            if usage := json_fields.mapping(source, "usage"):
                self._usage = usage_of(usage) or self._usage
        for choice in choices:
            delta = json_fields.mapping(choice, key)
            has_delta = bool(delta)
            # Some servers send "message" in a stream. MiniMax repeats the answer in it after the
            # deltas, so it counts only if there were none.
            if not delta and not self._has_deltas:
                delta = json_fields.mapping(choice, "message")
            for event in self._read_delta(delta):
                self._has_content = True
                self._has_deltas |= has_delta and not isinstance(event, ReasoningDelta)
                yield event
            # Gemini's are upper case, or "content_filter: PROHIBITED_CONTENT".
            reason = json_fields.name(choice, "finish_reason").lower().partition(":")[0]
            native_reason = json_fields.name(choice, "native_finish_reason").lower()
            if reason in _COMPLETE_REASONS and "error" in native_reason:  # "network_error"
                reason = native_reason
            self._finish_reason = reason or self._finish_reason
            if reason == "error":
                self._choice_error = error_body.parse_error(choice)
        yield from self._sources.news()

    def _read_delta(self, delta: Mapping[str, Any]) -> Iterator[StreamEvent]:
        # Servers that are renaming the field send both names with the same text.
        has_old_name = bool(json_fields.text(delta, "reasoning_content"))
        name = "reasoning_content" if has_old_name else "reasoning"
        reasoning = json_fields.delta_text(delta, name) or "".join(
            _joined_text(part, "thinking")  # the form of Mistral
            for part in json_fields.rows(delta, "content")
        )
        details = json_fields.rows(delta, "reasoning_details")
        self._has_reasoning_text = self._has_reasoning_text or bool(reasoning)
        if not self._has_reasoning_text:
            reasoning = "".join(_text_of_detail(each) for each in details)
        _add_details(self._details, details)
        if reasoning:
            yield ReasoningDelta(reasoning)
        text = json_fields.delta_text(delta, "content") or _joined_text(delta, "content")
        # The words of a spoken answer.
        text += json_fields.delta_text(json_fields.mapping(delta, "audio"), "transcript")
        if text:
            yield from self._sources.read_text(text)
            yield TextDelta(text)
        if annotations := json_fields.rows(delta, "annotations"):  # OpenRouter's, OpenAI's
            yield from self._sources.annotate(*annotations)
        yield from map(ImageArrived, self._read_images(delta))
        if refusal := json_fields.delta_text(delta, "refusal"):
            yield RefusalDelta(refusal)
        yield from self._read_tool_calls(delta)

    def _read_images(self, delta: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the images of a delta: OpenRouter's `images`, or parts of the content.

        Some servers send the same image with several deltas. An image on the web is not fetched:
        its server would learn who reads the answer.
        """
        for part in (*json_fields.rows(delta, "images"), *json_fields.rows(delta, "content")):
            address = json_fields.text(json_fields.mapping(part, "image_url"), "url")
            address = address or json_fields.text(part, "image_url")
            image = decode_image(address) if address.startswith("data:image/") else b""
            image_hash = hash(image)  # kept instead of the image, which may have megabytes
            is_new = bool(image) and image_hash not in self._image_hashes
            if is_new and len(self._image_hashes) < _MAX_IMAGES:
                self._image_hashes.add(image_hash)
                yield image

    def _read_tool_calls(self, delta: Mapping[str, Any]) -> Iterator[ToolCallDelta]:
        calls = json_fields.rows(delta, "tool_calls")
        if function := json_fields.mapping(delta, "function_call"):  # the older field
            calls = calls or [{"index": 0, "function": function}]
        for call in calls:
            custom = json_fields.mapping(call, "custom")
            callee = custom or json_fields.mapping(call, "function")
            field = "input" if custom else "arguments"
            arguments = json_fields.text_or_json(callee, field)
            call_id = json_fields.name(call, "id")
            name = json_fields.name(callee, "name")
            number = self._calls.assign(call, call_id, name, arguments)
            extra_content = json_fields.mapping(call, "extra_content") if self._issuer else {}
            yield ToolCallDelta(
                index=number,
                arguments=arguments,
                call_id=call_id,
                name=name,
                is_custom=bool(custom),
                extra_content=json.dumps(extra_content) if extra_content else "",
                issuer=self._issuer if extra_content else "",
            )


class _OpenCalls:
    """The calls of an answer so far, to which the pieces of calls are assigned.

    Some servers leave out the index, the id or both, and some number every call 0. They send each
    call as a whole, so a piece with a name may begin another call.
    """

    def __init__(self) -> None:
        # The newest call of each place. The place of a piece is its index; without an index, its
        # id; without both, the place of the last piece.
        self._by_place: dict[int | str, _OpenCall] = {}
        self._last_place: int | str = 0
        self._count = 0

    def assign(self, call: Mapping[str, Any], call_id: str, name: str, arguments: str) -> int:
        """Assign a piece to a call, perhaps a new one. Return the number of the call.

        Args:
            call: the piece.
            call_id, name, arguments: of the piece; "" if it has none.
        """
        place = call["index"] if isinstance(call.get("index"), int) else call_id
        place = self._last_place if place == "" else place
        open_call = self._by_place.get(place)
        if open_call is None or open_call.is_other(call_id, name, arguments):
            open_call = self._by_place[place] = _OpenCall(self._count)
            self._count += 1
        self._last_place = place
        open_call.call_id = open_call.call_id or call_id
        open_call.name = open_call.name or name
        open_call.has_arguments = open_call.has_arguments or bool(arguments)
        return open_call.number


@dataclass
class _OpenCall:
    """A call that may get more arguments. Its number identifies it in the deltas."""

    number: int
    call_id: str = ""
    name: str = ""
    has_arguments: bool = False

    def is_other(self, call_id: str, name: str, arguments: str) -> bool:
        """Return True if a piece begins another call: some servers repeat the name of a call."""
        if not name or not self.name:
            return False
        if call_id and self.call_id and call_id != self.call_id:
            return True
        # Whole arguments cannot continue others: the same tool is called again.
        return name != self.name or (self.has_arguments and _is_complete(arguments))


def _is_complete(arguments: str) -> bool:
    """Return True if the arguments of a call came in one piece."""
    if not arguments.startswith("{"):
        return False
    try:
        json_fields.parse(arguments)
    except ValueError:
        return False
    return True


_GROWING_DETAILS: Final = {"reasoning.text": "text", "reasoning.summary": "summary"}


def _text_of_detail(detail: Mapping[str, Any]) -> str:
    return json_fields.delta_text(detail, "text") or json_fields.delta_text(detail, "summary")


def _add_details(known: list[dict[str, Any]], pieces: Iterable[Mapping[str, Any]]) -> None:
    """Add pieces of OpenRouter's `reasoning_details`, whose texts come in deltas.

    A piece continues the newest text of its type and index. A signature comes once, often in a
    piece of its own. Encrypted details come whole.
    Source: OpenRouter's documentation of reasoning tokens and its AI SDK provider (November 2026).
    """
    for piece in pieces:
        newest = known[-1] if known else {}
        field = _GROWING_DETAILS.get(json_fields.text(piece, "type"))
        is_new = any(newest.get(name) != piece.get(name) for name in ("type", "index"))
        has_ended = piece.get("index") is None and newest.get("signature")
        if field is None or is_new or has_ended:
            known.append(dict(piece))
            continue
        given = {name: value for name, value in piece.items() if value is not None}
        grown = json_fields.delta_text(newest, field) + json_fields.delta_text(piece, field)
        newest.update(given, **{field: grown})


def _joined_text(value: Mapping[str, Any], key: str) -> str:
    """Return the text of a field that is a list of parts."""
    return "".join(json_fields.text(part, "text") for part in json_fields.rows(value, key))
