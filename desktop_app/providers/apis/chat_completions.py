"""The Chat Completions API: a ChatRequest as its body, its chunks as StreamEvents.

Pure. Every compatible server speaks this one, each a little differently: the limit on tokens has
two names, reasoning has two, tool calls may lack an index, the last chunk or the usage may never
come. Source: OpenAI's published OpenAPI document; the servers' own code and issue trackers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from desktop_app.domain.conversations.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import text_of
from desktop_app.domain.conversations.stream_events import (
    Completed,
    Failed,
    Incomplete,
    ReasoningDelta,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.spending.cost import Usage
from desktop_app.providers.apis import error_replies
from desktop_app.providers.apis.responses import data_url
from desktop_app.providers.apis.token_usage import usage_of
from desktop_app.providers.http import json_fields, stream_errors

PATH: Final = "chat/completions"
DONE: Final = b"[DONE]"

_KNOWN_KINDS: Final = (ProviderKind.OPENAI, ProviderKind.COMETAPI)
_NEW_LIMIT: Final = "max_completion_tokens"
_OLD_LIMIT: Final = "max_tokens"
# Reasons to stop, as the other API names them.
_REASONS: Final = {"length": "max_output_tokens"}
_WHOLE: Final = (
    *("stop", "tool_calls", "function_call"),
    # Text Generation Inference, and what others write.
    *("eos", "eos_token", "stop_sequence", "end_turn"),
)


def body(
    request: ChatRequest,
    info: ModelInfo,
    profile: ProviderProfile,
    omit: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The request as JSON-ready values.

    What `info` knows to be refused is left out, as are the fields named in `omit`, which a server
    has refused before; the limit on tokens then goes by its other name.
    """
    fields: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request),
        "stream": request.parameters.stream,
        **_settings(request, info),
    }
    if request.parameters.stream:
        fields["stream_options"] = {"include_usage": True}
    if request.parameters.max_output_tokens is not None:
        fields[_limit_name(profile, omit)] = request.parameters.max_output_tokens
    if profile.serves_the_family:  # through a gateway, too; one that refuses it is asked without
        fields["prompt_cache_key"] = request.cache_key
    if profile.kind in _KNOWN_KINDS:
        fields["store"] = request.store
    if profile.kind is ProviderKind.ON_DEVICE:
        fields["grammar"] = request.grammar
    return {
        name: value
        for name, value in fields.items()
        if value not in ("", None) and name not in omit
    }


def _limit_name(profile: ProviderProfile, omit: frozenset[str]) -> str:
    usual = _NEW_LIMIT if profile.kind in _KNOWN_KINDS else _OLD_LIMIT
    name = profile.max_tokens_field or usual
    if name in omit:
        return _OLD_LIMIT if name == _NEW_LIMIT else _NEW_LIMIT
    return name


def _settings(request: ChatRequest, info: ModelInfo) -> dict[str, Any]:
    chosen = request.parameters
    settings: dict[str, Any] = {}
    if info.sampling_refusal(request.effort or info.default_effort) is None:
        # Models that take no temperature while they think take no penalty and no stop either.
        settings.update(
            temperature=chosen.temperature,
            top_p=chosen.top_p,
            presence_penalty=chosen.presence_penalty,
            frequency_penalty=chosen.frequency_penalty,
            stop=list(chosen.stop) or None,
        )
    if request.effort is not None and info.refusal_of(request.effort) is None:
        settings["reasoning_effort"] = request.effort.value
    if chosen.verbosity and info.takes_verbosity is not False:
        settings["verbosity"] = chosen.verbosity
    if chosen.candidates > 1:
        settings["n"] = chosen.candidates
    settings["service_tier"] = chosen.service_tier
    return settings


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.instructions:
        messages.append({"role": "system", "content": request.instructions})
    for message in request.messages:
        content = _content(message)
        if content:
            messages.append({"role": message.role.value, "content": content})
    return messages


def _content(message: RequestMessage) -> str | list[dict[str, Any]]:
    """Plain text where there is nothing else: older servers refuse lists. Calls of tools are
    left out: without their results, which the program does not make, they are refused."""
    text = text_of(part for part in message.parts if not isinstance(part, ImageData | FileData))
    images = [_image(part) for part in message.parts if isinstance(part, ImageData)]
    files = [_file(part) for part in message.parts if isinstance(part, FileData)]
    if not (images or files) or message.role is Role.ASSISTANT:
        return text
    content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    return files + content + images


def _file(file: FileData) -> dict[str, Any]:
    """As documented for PDF; of a server that has this API alone nobody knows what else it takes."""
    # `request_bytes.packed` puts its data URL in its place.
    return {"type": "file", "file": {"filename": file.name, "file_data": file}}


def _image(image: ImageData) -> dict[str, Any]:
    detail = image.detail if image.detail in ("low", "high", "auto") else "auto"
    return {"type": "image_url", "image_url": {"url": data_url(image), "detail": detail}}


class ChatCompletionsReader:
    """Server-sent events of one completion in, StreamEvents out.

    The reason to stop comes before the usage, so the terminal event waits for [DONE] or the end.
    After it nothing more comes out; `is_finished` says whether it has come.
    """

    has_all = True  # one answer is asked for

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.is_finished = False
        self._has_started = False
        self._has_content = False
        self._reason = ""
        self._usage: Usage | None = None
        self._tier = ""
        self._call_ids: dict[str, int] = {}

    def read(self, data: bytes | bytearray, name: str = "") -> list[StreamEvent]:
        """Return the stream events of an SSE event with this name and data.

        Raises:
            json_parser.ValueTooLargeError: it would fill the memory.
        """
        if self.is_finished:
            return []
        if not data.startswith(b"{"):  # as hardly any event does
            if not data.strip():
                return []
            if data.strip() == DONE:
                return self._end(marked=True)
        try:
            chunk = json_fields.parse(data)
        except ValueError:
            return self._finish(Failed(stream_errors.unreadable(self._provider)))
        if name == "error" or (isinstance(chunk, Mapping) and chunk.get("error")):
            error = error_replies.error_from(self._provider, error_replies.parse_error(chunk))
            return self._finish(Failed(error))
        return list(self.take(chunk, "delta"))

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """A reply that came as one JSON value: streaming was off, or the server knows none."""
        events = list(self.take(reply, "message"))
        if not json_fields.rows(reply, "choices"):
            return events + self._finish(Failed(stream_errors.unreadable(self._provider)))
        return events + self._end(marked=True)

    def end(self) -> list[StreamEvent]:
        """The stream is over: whole where a reason to stop had come, else cut."""
        return [] if self.is_finished else self._end(marked=False)

    def _end(self, *, marked: bool) -> list[StreamEvent]:
        if self._reason in _WHOLE or (marked and self._has_content and not self._reason):
            return self._finish(Completed())
        if self._reason == "error":  # so OpenRouter ends what its provider broke off
            error = error_replies.error_from(self._provider, error_replies.ErrorBody())
            return self._finish(Failed(error))
        if self._reason:
            return self._finish(Incomplete(_REASONS.get(self._reason, self._reason)))
        return self._finish(Failed(stream_errors.cut(self._provider)))

    def _finish(self, terminal: StreamEvent) -> list[StreamEvent]:
        self.is_finished = True
        if self._usage is None:
            return [terminal]
        return [UsageReported(self._usage, self._tier), terminal]

    def take(self, chunk: object, key: str) -> Iterator[StreamEvent]:
        """What a decoded chunk says; `key` is where its choice has what is new."""
        if not self._has_started:
            self._has_started = True
            yield Started(json_fields.name(chunk, "id"), json_fields.name(chunk, "model"))
        self._tier = json_fields.name(chunk, "service_tier") or self._tier
        usage = json_fields.mapping(chunk, "usage")
        if usage:
            self._usage = usage_of(usage)  # some servers send it with every chunk
        for choice in json_fields.rows(chunk, "choices")[:1]:
            delta = json_fields.mapping(choice, key) or json_fields.mapping(choice, "message")
            for event in self._delta(delta):
                self._has_content = True
                yield event
            reason = json_fields.name(choice, "finish_reason").lower()  # Gemini's are in capitals
            self._reason = reason or self._reason

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[StreamEvent]:
        # Servers on their way from one name to the other send both, with the same text.
        reasoning = json_fields.text(delta, "reasoning_content") or json_fields.text(
            delta, "reasoning"
        )
        if reasoning:
            yield ReasoningDelta(reasoning)
        text = json_fields.text(delta, "content") or _text_of_list(delta)
        if text:
            yield TextDelta(text)
        refusal = json_fields.text(delta, "refusal")
        if refusal:
            yield RefusalDelta(refusal)
        for call in json_fields.rows(delta, "tool_calls"):
            yield self._call(call)

    def _call(self, call: Mapping[str, Any]) -> ToolCallDelta:
        function = json_fields.mapping(call, "function")
        call_id = json_fields.name(call, "id")
        return ToolCallDelta(
            self._call_index(call, call_id),
            arguments=json_fields.text(function, "arguments"),
            call_id=call_id,
            name=json_fields.name(function, "name"),
        )

    def _call_index(self, call: Mapping[str, Any], call_id: str) -> int:
        """The call's index; without one, a new id is a new call and anything else the last."""
        if isinstance(call.get("index"), int):
            return json_fields.count(call, "index")
        if call_id:
            return self._call_ids.setdefault(call_id, len(self._call_ids))
        return max(0, len(self._call_ids) - 1)


def _text_of_list(delta: Mapping[str, Any]) -> str:
    """The text of a content that comes as a list of parts."""
    return "".join(json_fields.text(part, "text") for part in json_fields.rows(delta, "content"))
