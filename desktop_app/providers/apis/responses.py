"""The Responses API: request bodies from a ChatRequest; responses_stream.py reads replies.

This module does no I/O. Source: OpenAI's published OpenAPI document and the types of its SDK.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    text_of,
)
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import sendable_effort, sendable_parameters
from desktop_app.domain.network.origin import origin
from desktop_app.domain.tools.image_settings import IMAGE_TOOL, request_fields
from desktop_app.domain.tools.strict_schema import is_strict, sendable_arguments
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis.form_fields import schema_format, tool_fields
from desktop_app.providers.apis.hosted_items import INCLUDE_FIELDS
from desktop_app.providers.http import json_fields

PATH: Final = "responses"


def body(
    request: ChatRequest,
    info: ModelInfo,
    profile: ProviderProfile,
    omit: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return the request as values for `request_body.pack_body`.

    Settings that `info` knows to be refused are left out, as are the fields named in `omit`, which
    the server refused before.

    Every server is told whether to store the conversation, because this API stores it by default.
    """
    may_reason = info.efforts is None or bool(info.efforts)  # None: unknown
    included = [name for name in _included_fields(request, may_reason) if name not in omit]
    builder = _ItemBuilder(profile, may_reason=may_reason, with_phase="phase" not in omit)
    fields: dict[str, Any] = {
        "model": request.model,
        "instructions": request.sent_instructions,
        "input": [
            # The provider's compacted state goes first, unchanged.
            *(json_fields.parse(request.state) if request.state else ()),
            *(item for message in request.messages for item in builder.items(message)),
        ],
        "stream": request.parameters.stream,
        **_build_settings(request, info, profile),
        "store": request.store or request.background,  # background mode needs storage
        "prompt_cache_key": request.cache_key,
        "include": included or None,
    }
    if request.background:
        fields["background"] = True
    if request.tools:
        fields["tools"] = [_build_tool(tool, request, omit) for tool in request.tools]
        is_tool = any(tool.wire_name == request.tool_choice for tool in request.tools)
        function = {"type": "function", "name": request.tool_choice}
        fields["tool_choice"] = function if is_tool else request.tool_choice
        fields["parallel_tool_calls"] = True
    if request.grammar is not None and request.grammar.is_tool_input:
        fields.update(tool_fields(request.grammar))
    return {
        name: value
        for name, value in fields.items()
        if value not in ("", None) and name not in omit
    }


def _included_fields(request: ChatRequest, may_reason: bool) -> list[str]:
    """Return the optional parts to request: results of hosted tools, or encrypted reasoning.

    Reasoning is included even if the provider stores conversations: the user may change that later.
    It is not included in background runs. With hosted tools it is not included either: it refers to
    their items, which are not sent again.
    """
    hosted_names = {tool.name for tool in request.tools if tool.hosted is not None}
    if hosted_names:
        return [INCLUDE_FIELDS[name] for name in sorted(hosted_names & INCLUDE_FIELDS.keys())]
    if may_reason and not request.background:
        return ["reasoning.encrypted_content"]
    return []


def _build_settings(
    request: ChatRequest, info: ModelInfo, profile: ProviderProfile
) -> dict[str, Any]:
    parameters = sendable_parameters(
        request.parameters, profile, info, request.effort, api=Api.RESPONSES
    )
    settings: dict[str, Any] = {
        "temperature": parameters.temperature,
        "top_p": parameters.top_p,
        "max_output_tokens": parameters.max_output_tokens,
        "service_tier": parameters.service_tier,
    }
    text: dict[str, Any] = {}
    if parameters.verbosity:
        text["verbosity"] = parameters.verbosity
    if request.schema and (form := schema_format(request.schema, profile, Api.RESPONSES)):
        text["format"] = form
    if text:
        settings["text"] = text
    reasoning: dict[str, str] = {}
    effort = sendable_effort(info, request.effort)
    if effort is not None:
        reasoning["effort"] = effort.value
    if parameters.reasoning_summary:
        reasoning["summary"] = parameters.reasoning_summary
    if reasoning:
        settings["reasoning"] = reasoning
    return settings


class _ItemBuilder:
    """Builds the input items of messages.

    Args:
        profile: of the server that gets them.
        may_reason: False if the model takes no reasoning.
        with_phase: False if the server refuses the phases of messages.
    """

    def __init__(self, profile: ProviderProfile, *, may_reason: bool, with_phase: bool) -> None:
        self._serves_gpt_family = profile.serves_gpt_family
        self._recipient = origin(profile.base_url)
        self._may_reason = may_reason
        self._with_phase = with_phase

    def items(self, message: RequestMessage) -> Iterator[dict[str, Any]]:
        """Yield a message as input items."""
        if message.role is Role.USER:
            if content := _build_user_content(message):
                yield {"role": "user", "content": content}
            return
        yield from self._answer_items(message)

    def _answer_items(self, message: RequestMessage) -> Iterator[dict[str, Any]]:
        """Yield the items of an answer in their order, with the results after each round of calls.

        Calls without a result and reasoning that no item follows are left out: the API refuses
        them.
        """
        texts: list[TextPart | RefusalPart] = []  # of one message
        reasoning: list[dict[str, Any]] = []
        results: list[dict[str, Any]] = []
        current_round = 0
        for part in message.parts:
            continues_round = (
                isinstance(part, ToolCallPart) and part.result and part.round == current_round
            )
            if not continues_round:
                yield from results
                results.clear()
            match part:
                case ReasoningPart() if self._is_sendable(part):
                    yield from self._answer(texts)
                    reasoning.append(_build_reasoning_item(part))
                case ToolCallPart() if part.result:
                    yield from self._answer(texts)
                    current_round = part.round
                    yield from reasoning
                    reasoning.clear()
                    yield _build_call(part)
                    kind = "custom_tool_call_output" if part.is_custom else "function_call_output"
                    results.append({"type": kind, "call_id": part.call_id, "output": part.result})
                case TextPart() | RefusalPart() if part.text:
                    if texts and _phase_of(texts[-1]) != _phase_of(part):
                        yield from self._answer(texts)
                    yield from reasoning
                    reasoning.clear()
                    texts.append(part)
        yield from self._answer(texts)
        yield from results

    def _is_sendable(self, part: ReasoningPart) -> bool:
        """Return True if this server can read the reasoning: no other may see it."""
        is_own = part.issuer == self._recipient if part.issuer else self._serves_gpt_family
        return self._may_reason and bool(part.encrypted) and is_own

    def _answer(self, texts: list[TextPart | RefusalPart]) -> Iterator[dict[str, Any]]:
        """Yield the texts as one message, and clear the list."""
        if not texts:
            return
        text, phase = text_of(texts), _phase_of(texts[0])
        texts.clear()
        item = _build_answer(text, serves_gpt_family=self._serves_gpt_family)
        yield {**item, "phase": phase} if phase and self._with_phase else item


def _phase_of(part: TextPart | RefusalPart) -> str:
    return part.phase if isinstance(part, TextPart) else ""


def _build_call(call: ToolCallPart) -> dict[str, Any]:
    common_fields = {"call_id": call.call_id, "name": call.sent_name}
    if call.is_custom:
        return {"type": "custom_tool_call", **common_fields, "input": call.arguments}
    return {"type": "function_call", **common_fields, "arguments": call.sent_arguments}


def _build_tool(tool: ToolDefinition, request: ChatRequest, omit: frozenset[str]) -> dict[str, Any]:
    if tool.hosted is not None:
        fields = dict(tool.hosted)
        if tool.name == IMAGE_TOOL:
            parameters = request.parameters
            fields |= request_fields(
                parameters.image_shape, parameters.image_quality, streams=parameters.stream
            )
            if request.edits_image:
                fields["action"] = "edit"
        return {name: fields[name] for name in fields if f"{tool.name}.{name}" not in omit}
    common_fields = {"name": tool.wire_name, "description": tool.description}
    schema = sendable_arguments(tool.parameters)
    return {"type": "function", **common_fields, "parameters": schema, "strict": is_strict(schema)}


def _build_answer(text: str, *, serves_gpt_family: bool) -> dict[str, Any]:
    if serves_gpt_family:  # they take the short form, which needs no made-up id
        return {"role": "assistant", "content": text}
    # llama.cpp refuses the short form, and vLLM refuses a message that lacks a field. The id
    # depends on the text alone, so that prompt caching keeps working.
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "type": "message",
        "id": f"msg_{sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}",
        "status": "completed",
        "role": "assistant",
        "content": [content],
    }


def _build_user_content(message: RequestMessage) -> str | list[dict[str, Any]]:
    text = _text_of_message(message)
    # The server chooses its parser by the file name.
    files = [
        {"type": "input_file", "filename": part.name, "file_data": part}
        for part in message.parts
        if isinstance(part, FileData)
    ]
    images = [
        {"type": "input_image", "image_url": part, "detail": part.detail}
        for part in message.parts
        if isinstance(part, ImageData)
    ]
    if not files and not images:
        return text
    texts = [{"type": "input_text", "text": text}] if text else []
    return [*files, *texts, *images]


def _text_of_message(message: RequestMessage) -> str:
    return text_of(part for part in message.parts if not isinstance(part, ImageData | FileData))


def _build_reasoning_item(part: ReasoningPart) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    return {
        "type": "reasoning",
        "id": part.item_id,
        "summary": summary,
        "encrypted_content": part.encrypted,
    }
