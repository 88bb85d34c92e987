"""Writes what becomes of random requests to providers, and of their random replies.

    python -m tests.data.make_provider_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.answering.answer_form import GRAMMAR_SYNTAXES, AnswerGrammar, AnswerSchema
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    Started,
    StatusChanged,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    EndpointMissingError,
    ProviderError,
    RefusedParameterError,
    StreamCutError,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.redaction import Redactor
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis import chat_completions, responses, unsupported_parameters
from desktop_app.providers.apis.candidate_stream import CandidatesReader
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.negotiation import LearnedFacts, Negotiation
from desktop_app.providers.apis.redacted_answer import RedactedAnswer
from desktop_app.providers.apis.response_items import ITEM_HANDLERS
from desktop_app.providers.apis.responses_stream import END_EVENTS, START_EVENTS, ResponsesReader
from desktop_app.providers.apis.server_memory import ServerMemory
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http.request_body import data_url
from desktop_app.providers.http.retries import failed_attempt
from desktop_app.providers.jobs import batch_file_format
from desktop_app.providers.models.model_list import listing_from
from desktop_app.providers.models.model_windows import window_source
from desktop_app.providers.models.server_kinds import CREATED_BY_LITELLM
from tests.data.samples import write_samples
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI

EXPECTED: Final = Path(__file__).with_name("providers")
_MODELS: Final = ("gpt-5.2", "gpt-5.2-pro", "gpt-5.2-chat-latest", "llama")
_IMAGE: Final = base64.b64encode(b"picture").decode()
_STRICT: Final = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def requests() -> Iterator[str]:
    """Yield the bodies of requests to both APIs, and lines of batches."""
    chance = random.Random("requests")
    for number in range(840):
        request, profile = _request(chance), _profile(chance)
        info = CATALOG.info(request.model)
        names = ("temperature", "max_tokens", "max_completion_tokens", "encrypted_content", "tools")
        omit = frozenset(chance.sample(names, chance.choice((0, 0, 1, 2))))
        api = (Api.RESPONSES, Api.CHAT_COMPLETIONS)[number % 2]
        body = responses.body if api is Api.RESPONSES else chat_completions.body
        made = body(request, info, profile, omit)
        line = json.loads(
            batch_file_format.request_line(f"line {number}", request, info, profile, api, omit)
        )
        changed = {
            name: line["body"].get(name)
            for name in sorted({*made, *line["body"]})
            if json.dumps(made.get(name), default=data_url) != json.dumps(line["body"].get(name))
        }
        yield as_line(profile.id, profile.models, sorted(omit), made, line["url"], changed)


def refusals() -> Iterator[str]:
    """Yield what is left of requests with a setting that the server refuses."""
    chance = random.Random("refusals")
    names = (
        *("temperature", "reasoning", "reasoning.effort", "reasoning.summary", "text", "stop"),
        *("text.format", "response_format", "service_tier", "background", "store", "n", "stream"),
        *("verbosity", "max_tokens", "tools", "seed", "model", "presence_penalty", "top_p"),
    )
    for _ in range(720):
        request = _request(chance)
        info = replace(CATALOG.info(request.model), efforts=chance.choice((None, (Effort.LOW,))))
        refusal = error_replies.error_from(
            "P",
            error_body.ErrorBody(
                chance.choice(("no", "the schema is wrong", "Unsupported parameter")),
                chance.choice(("unsupported_value", "unsupported_parameter", "unknown_parameter")),
                param=chance.choice(names),
            ),
            status=400,
        )
        if not isinstance(refusal, RefusedParameterError):
            yield as_line(refusal)
            continue
        try:
            reduced, left_out = unsupported_parameters.without_refused_setting(
                request, info, refusal
            )
        except RefusedParameterError:
            yield as_line(refusal.param, "needed")
            continue
        again, known = unsupported_parameters.without_known_refusals(
            request, info, frozenset({left_out})
        )
        own = chance.choice((None, None, "encrypted_content", "n"))
        yield as_line(
            refusal.param,
            left_out.partition("=")[0],
            [each.name for each in fields(request) if _differs(request, reduced, each.name)],
            reduced == again,
            known,
            unsupported_parameters.notices_for("P", refusal.param, own, chance.choice(("", "W"))),
            unsupported_parameters.notices_for_known_refusals("P", known),
        )


@dataclass(frozen=True, kw_only=True)
class _Memory(ServerMemory):
    said: list[object]
    keeps_api: bool

    def remember_api(self, api: Api) -> None:
        if self.keeps_api:
            self.said.append(api)

    def remember_refusals(self, model: str, refused: frozenset[str]) -> None:
        self.said.append(sorted(refused))


def negotiations() -> Iterator[str]:
    """Yield how requests are adapted to what servers refuse, and what is learned."""
    chance = random.Random("negotiations")
    names = ("store", "background", "tools", "encrypted_content", "prompt_cache_key", "text.format")
    for _ in range(1_800):
        request, profile = _request(chance), _profile(chance)
        profile = replace(profile, api=chance.choice((None, None, None, Api.CHAT_COMPLETIONS)))
        info = replace(CATALOG.info(request.model), efforts=None)
        said: list[object] = []
        known = {request.model: frozenset(chance.sample(names, chance.choice((0, 0, 1))))}
        known_api = chance.choice((None, None, Api.RESPONSES, Api.CHAT_COMPLETIONS))
        keeps_api = chance.choice((False, True))
        learning = LearnedFacts(profile, _Memory(known_api, known, said=said, keeps_api=keeps_api))
        is_known = learning.has_answered
        negotiation = Negotiation(request, info, profile, learning)
        said.append(negotiation.begin())
        try:
            for _ in range(chance.randint(0, 3)):
                refusal: ProviderError = EndpointMissingError(Reason.API_MISSING, provider="P")
                if chance.random() < 0.7:
                    refusal = RefusedParameterError(Reason.SETTING_REFUSED, words="Not here.")
                    refusal.param = chance.choice((*names, "temperature", "store.x", "stream"))
                    refusal.status = chance.choice((400, 400, 400, None))
                    refusal.api_code = chance.choice(("", "unknown_parameter"))
                said.append(negotiation.adapt(refusal))  # type: ignore[arg-type]
        except (EndpointMissingError, RefusedParameterError) as error:
            said.append(error)
        else:
            said += [negotiation.on_opened(), negotiation.on_opened()]
            learning.record_api(negotiation.api)
        reduced = negotiation.request
        yield as_line(
            *said,
            negotiation.api,
            sorted(negotiation.omitted_fields),
            [each.name for each in fields(request) if _differs(request, reduced, each.name)],
            [is_known, learning.has_answered, learning.is_known(negotiation.api)],
            learning.first_api(info),
        )


def redactions() -> Iterator[str]:
    """Yield the events of answers that may hold a secret."""
    chance = random.Random("redactions")
    for _ in range(720):
        answer = RedactedAnswer(Redactor(["sk-secret-1234567"]).stream)
        taken: list[object] = []
        for _ in range(chance.randint(2, 7)):
            text = chance.choice(("sk-secret", "-1234567", "sk-secret-1234567 x", "word ", "sk-"))
            event: Any = chance.choice(
                (
                    TextDelta(text),
                    TextDelta(text),
                    ReasoningDelta(text, 1),
                    RefusalDelta(text),
                    ToolCallDelta(chance.choice((0, 1)), text),
                    ReasoningItem("i", ""),
                    Started("r", text),
                    StatusChanged(),
                    Completed(),
                )
            )
            if chance.random() < 0.3:
                event = CandidateEvent(chance.choice((1, 2)), event)
            taken.append(answer.feed(event))
        yield as_line(*taken, answer.end())


def responses_streams() -> Iterator[str]:
    """Yield the events read of streams of the Responses API."""
    chance = random.Random("responses")
    for number in range(1_200):
        reader = ResponsesReader("P", is_numbered=number % 5 == 0)
        read: list[object] = []
        try:
            for place in range(chance.randint(2, 9)):
                event = _responses_event(chance)
                if number % 5 == 0:
                    event["sequence_number"] = chance.choice((place, place, 0, "x"))
                kind = event["type"]
                if chance.random() < 0.1:
                    del event["type"]
                read.append(reader.read(_data(chance, event), kind))
            if chance.random() < 0.3:
                read.append(reader.read_whole(_response(chance)))
        except StreamCutError as error:
            read.append(error)
        yield as_line(*read, reader.end(), reader.has_content, reader.sequence)


def chat_streams() -> Iterator[str]:
    """Yield the events read of streams of Chat Completions, of one answer or several."""
    chance = random.Random("chat")
    for number in range(1_200):
        several = number % 4 == 0
        reader = CandidatesReader("P", 3) if several else ChatCompletionsReader("P")
        read: list[object] = []
        for _ in range(chance.randint(1, 7)):
            chunk = _chunk(chance, several=several)
            read.append(reader.read(_data(chance, chunk), chance.choice(("", "", "", "message"))))
        if chance.random() < 0.15:
            read.append(reader.read_whole(_chunk(chance, several=several)))
        yield as_line(*read, reader.has_all_answers, reader.end(), reader.is_finished)


def errors() -> Iterator[str]:
    """Yield the errors that replies are read as, and whether they are repeated."""
    chance = random.Random("errors")
    messages = (
        *("", "no", "Insufficient balance", "Your prompt was flagged by our usage policies"),
        *(
            "Request too large for gpt: Limit 10, tokens per min",
            "Invalid API key",
            "max_tokens is too large",
        ),
        *(
            "This model's maximum context length is 2,048 tokens. Your messages resulted in 2345",
            "prompt is too long: 999 tokens > 500 maximum",
        ),
        *(
            "tools are not supported: --jinja",
            "This model does not support tool use",
            "The model does not exist",
        ),
        *(
            "image_url is not supported by this model",
            "Unknown parameter: 'top_p'",
            "temperature is not supported",
        ),
        *(
            "<html><title>502 Bad Gateway</title><body>x</body></html>",
            "this model does not support thinking",
        ),
        *(
            "Invalid schema for response_format 'a'",
            "Unexpected endpoint",
            "Wrong key: Bearer abcdefgh12345678",
        ),
        *(
            "long " * 62,
            "`stream` is unsupported",
            "field 'n': value must be 1",
            "no endpoints found that support image input",
        ),
    )
    codes = (
        *("", "", "insufficient_quota", "rate_limit_exceeded", "invalid_api_key", "content_filter"),
        *("context_length_exceeded", "model_not_found", "unsupported_value", "invalid_prompt"),
        *("server_error", "invalid_request", "error", "invalid_encrypted_content", 429, 503),
    )
    for _ in range(1_800):
        message, code = chance.choice(messages), chance.choice(codes)
        named: dict[str, Any] = {"message": message, "code": code, "type": chance.choice(codes[:8])}
        if chance.random() < 0.3:
            named["param"] = chance.choice(("", "top_p", "messages", "text.format", "stop"))
        if chance.random() < 0.1:
            named |= {"n_prompt_tokens": 900, "n_ctx": 512}
        if chance.random() < 0.1:
            named["metadata"] = {
                "raw": chance.choice(("plain words", '{"error": {"message": "in", "code": "c"}}'))
            }
        shape = chance.choice(
            (
                *({"error": named}, {"error": named}, {"error": named}, named, [{"error": named}]),
                *(
                    {"error": message, "error_type": str(code)},
                    {"detail": named},
                    {"detail": message},
                ),
                *(
                    {"errors": [named]},
                    {"message": {"detail": [{"loc": ["body", "top_p"], "msg": message}]}},
                ),
                {
                    "detail": [
                        {"loc": ["body", 1, "a", "b"], "msg": message, "type": "extra_forbidden"}
                    ]
                },
            )
        )
        status = chance.choice(
            (None, 400, 400, 400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 501, 503, 504, 529)
        )
        text = json.dumps(shape) if chance.random() < 0.8 else message
        body = error_body.read_body(text.encode())
        found = error_replies.error_from(
            "P", body, status=status, request_id=chance.choice(("", "r1"))
        )
        headers = chance.choice(
            (
                {},
                {"retry-after": "7"},
                {"retry-after-ms": "70", "retry-after": "9"},
                {"retry-after": "500"},
                {"x-should-retry": "false"},
            )
        )
        failed = failed_attempt(found, status or 0, headers)
        error = failed.error
        inside = error_replies.error_in_reply("P", shape, "r2")
        size = [getattr(found, name, None) for name in ("tokens", "window", "param")]
        yield as_line(
            text[:40],
            status,
            found,
            {name: said for name, said in error.params.items() if name != "words"},
            error.all_details,
            error.remedy,
            *([body.http_status, *size] if any(size) or body.http_status else ()),
            *((inside,) if inside and inside.reason is not found.reason else ()),
            [
                failed.requested_wait_s,
                failed.requested_wait_s and failed.wait_s(1),
                failed.wait_s(2),
            ]
            if failed.may_repeat
            else error_body.is_error(shape),
        )


def batches() -> Iterator[str]:
    """Yield the results read of batches, and the states of batches."""
    chance = random.Random("batches")
    for _ in range(2_160):
        api = chance.choice((Api.RESPONSES, Api.CHAT_COMPLETIONS))
        body: Any = _response(chance) if api is Api.RESPONSES else _chunk(chance, key="message")
        if chance.random() < 0.2:
            body["object"] = chance.choice(("response", "chat.completion"))
        error = {
            "code": chance.choice(("batch_expired", "batch_cancelled", "content_filter", "x")),
            "message": "why",
        }
        status = chance.choice((200, 200, 200, 299, 300, 429, 500, 0))
        if status >= 300:
            body = chance.choice(({"error": error}, "no", None))
        row: dict[str, Any] = {
            "custom_id": chance.choice(("a", "a", "a", "")),
            "error": chance.choice((None, None, error, "odd")),
        }
        if chance.random() < 0.85:
            row["response"] = {"status_code": status, "request_id": "r", "body": body}
        line = json.dumps(row).encode() if chance.random() < 0.97 else b"{"
        batch = {
            "id": chance.choice(("b", "b", "")),
            "status": chance.choice(("completed", "in_progress", "new", "uploading", "expired")),
            "output_file_id": chance.choice(("f", None)),
            "error_file_id": "e",
            "input_file_id": "i",
            "metadata": chance.choice((None, {"repartee": "mine"})),
            "request_counts": chance.choice(
                ({"total": 3, "completed": 2, "failed": 1}, None, {"total": -1})
            ),
            "errors": chance.choice((None, {"data": [{"line": 3, "message": "bad " * 77}]})),
        }
        yield as_line(
            batch_file_format.parse_result(line, "P", api), batch_file_format.batch_of(batch)
        )


def models() -> Iterator[str]:
    """Yield what listings of models say, and the further request for what they do not."""
    chance = random.Random("listed models")
    for _ in range(900):
        owner = chance.choice(("openai", "llamacpp", "me", "library", "organization_owner", "x"))
        rows = [_row(chance, f"m{number}", owner) for number in range(chance.choice((0, 1, 1, 2)))]
        reply: Any = chance.choice(({"data": rows}, {"data": rows}, rows, {"data": ["m1", 5]}, {}))
        if isinstance(reply, dict) and chance.random() < 0.3:
            reply = {**reply, "models": [_row(chance, "m0", owner)]}
        try:
            listing: object = [
                [model.id, model.shutdown, model.window, model.details]
                for model in listing_from(reply, COMPATIBLE).models
            ]
        except ProviderError as error:
            listing = error
        source = window_source(rows)
        named = [{**row, "model_name": "m0", "model_info": row} for row in rows]
        more = {"data": named, "models": named, "default_generation_settings": {"n_ctx": 4_096}}
        further = source and [source.path, source.read(more, ["m0"]), source.details(more)]
        yield as_line(listing, further)


def _row(chance: random.Random, name: str, owner: str) -> dict[str, Any]:
    """Return a model as it is listed, with a few of the fields that servers add."""
    tokens = (0, 255, 256, 8_192, 131_072, 100_000_000, 100_000_001, "9000", -1)
    prices = (0, "0.000002", 0.5, "nan", True, "1e9", None, 99_999, "0.1")
    added: dict[str, tuple[Any, ...]] = {
        **dict.fromkeys(("max_model_len", "context_length", "context_window"), tokens),
        **dict.fromkeys(
            ("max_context_length", "max_input_tokens", "loaded_context_length"), tokens
        ),
        **dict.fromkeys(("max_output_tokens", "max_completion_tokens"), tokens),
        "meta": ({"n_ctx": 4_096, "n_ctx_train": 9_000}, {"n_ctx_train": 9_000}),
        "top_provider": ({"context_length": 7_000, "max_completion_tokens": 300}, None),
        **dict.fromkeys(
            ("mode", "type", "model_type", "task"), ("chat", "Embedding", "vlm", "image", "x")
        ),
        "capabilities": (
            ["completion", "vision"],
            ["tools", "thinking", "completion"],
            ["embedding"],
            {"vision": True, "reasoning": False},
            {"completion_chat": False},
            {"function_calling": True},
        ),
        "architecture": (
            {"input_modalities": ["image"], "output_modalities": ["text", "image"]},
            {"output_modalities": ["audio"]},
            {"input_modalities": ["text"]},
        ),
        "supported_parameters": (
            ["tools", "max_tokens", "reasoning"],
            ["max_tokens"],
            ["structured_outputs"],
        ),
        "features": (["vision", "tool_use"], ["reasoning", "json_schema"], "vision"),
        "pricing": (
            {"prompt": "0.000001", "completion": "0.00001"},
            {"input": 0.5, "output": 4, "cached_input": 0.1},
            {"input": chance.choice(prices)},
            {"prompt": chance.choice(prices), "input_cache_read": chance.choice(prices)},
        ),
        "input_cost_per_token": prices,
        "cache_read_input_token_cost": prices,
        **dict.fromkeys(
            (
                "supports_vision",
                "supports_tools",
                "supports_reasoning",
                "supports_chat",
                "supports_response_schema",
            ),
            (True, False, "yes"),
        ),
        **dict.fromkeys(
            ("shutdown_date", "expiration_date", "deprecation"),
            (None, "2026-05-06", "2026-05-06T10:00", 1_800_000_000, "soon", 1e30),
        ),
        "created": (CREATED_BY_LITELLM, CREATED_BY_LITELLM, 5),
    }
    chosen = chance.sample(sorted(added), chance.choice((1, 3, 6)))
    return {"id": name, "owned_by": owner, **{key: chance.choice(added[key]) for key in chosen}}


def _request(chance: random.Random) -> ChatRequest:
    may: Callable[..., Any] = lambda *values: chance.choice((None, None, *values))  # noqa: E731
    parameters = GenerationParameters(
        may(0.5),
        may(0.9),
        may(100),
        may("low"),
        may("auto", "detailed"),
        may(0.1),
        may(0.2),
        chance.choice(((), (), ("END",))),
        may("flex", "default"),
        chance.choice((1, 1, 3)),
        chance.random() < 0.8,
        may(7),
    )
    tools = tuple(chance.sample(_tools(), chance.choice((0, 0, 0, 1, 2))))
    schema = {"type": "object", "properties": {"a": {}}} if chance.random() < 0.5 else _STRICT
    form, grammar = chance.random(), AnswerGrammar(chance.choice(GRAMMAR_SYNTAXES), "x")
    background = chance.random() < 0.15
    return ChatRequest(
        chance.choice(_MODELS),
        tuple(_message(chance, number) for number in range(chance.randint(1, 4))),
        chance.choice(("", "Be short.")),
        may(*Effort),
        parameters,
        chance.choice(("", "k")),
        chance.random() < 0.3,
        background,
        chance.choice(("", "", "", '[{"type": "compaction"}]')),
        AnswerSchema("form", schema, chance.random() < 0.7) if form < 0.25 else None,
        grammar if 0.25 < form < 0.4 else None,
        chance.random() < 0.2,
        tools=tools,
        tool_choice=chance.choice(("auto", "", "required", *(tool.wire_name for tool in tools))),
    )


def _tools() -> list[ToolDefinition]:
    custom: dict[str, Any] = {"type": "grammar", "syntax": "lark", "definition": "x"}
    return [
        ToolDefinition("clock", "Tells the time.", {"type": "object", "properties": {}}),
        ToolDefinition("look_up", "Looks up.", _STRICT),
        ToolDefinition("query", "Runs.", input_format=custom),
        ToolDefinition("say", "Says.", input_format={"type": "text"}),
        ToolDefinition("plain", "Takes text.", input_format={}),
        ToolDefinition("web_search", "", hosted={"type": "web_search"}),
        ToolDefinition("code_interpreter", "", hosted={"type": "code_interpreter"}),
    ]


def _message(chance: random.Random, number: int) -> RequestMessage:
    if number % 2 == 0:
        asked: list[Any] = [TextPart(chance.choice(("Why?", "Why?", "")))]
        if chance.random() < 0.2:
            asked.append(ImageData("image/png", b"png", chance.choice(("auto", "low", "original"))))
        if chance.random() < 0.15:
            asked.append(FileData("a.pdf", "application/pdf", b"%PDF"))
        return RequestMessage(Role.USER, tuple(asked))
    said = tuple(_said(chance, place) for place in range(chance.randint(1, 5)))
    return RequestMessage(Role.ASSISTANT, said)


def _said(chance: random.Random, place: int) -> Any:
    return chance.choice(
        (
            TextPart(chance.choice(("Because.", ""))),
            ReasoningPart("thought", f"rs{place}", chance.choice(("", "secret"))),
            RefusalPart("No."),
            ToolCallPart(
                f"c{place}",
                chance.choice(("clock", "query")),
                chance.choice(('{"x": 1}', "", "{")),
                round=chance.choice((0, 0, 1, 2)),
                result=chance.choice(("noon", "noon", "")),
                is_custom=chance.random() < 0.3,
            ),
        )
    )


def _profile(chance: random.Random) -> ProviderProfile:
    own = chance.choice((OPENAI, COMETAPI, COMPATIBLE, replace(COMPATIBLE, models=("gpt-5.2",))))
    return replace(own, max_tokens_field=chance.choice(("", "", "max_tokens")))


def _responses_event(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(
        (
            *(*START_EVENTS, *ITEM_HANDLERS, *END_EVENTS, "error"),
            *["response.output_item.added", "response.output_item.done"] * 3,
            "response.new",
        )
    )
    words = chance.choice(("one ", "two", "", "one two", '{"a": 1}'))
    event: dict[str, Any] = {"type": kind, "delta": words, "output_index": chance.choice((0, 0, 1))}
    if kind in ("response.created", "response.queued", "response.in_progress"):
        return {
            "type": kind,
            "response": {
                "id": chance.choice(("r", "")),
                "model": chance.choice(("m", None)),
                "service_tier": chance.choice(("flex", None)),
            },
        }
    if kind.startswith("response.output_item"):
        return {**event, "item": _item(chance)}
    if kind == "response.content_part.done":
        return {**event, "content_index": chance.choice((0, 1)), "part": _content(chance)}
    if (
        kind.rpartition(".")[2] in ("completed", "incomplete", "failed", "cancelled", "done")
        and kind.count(".") == 1
    ):
        if chance.random() < 0.7:
            kind = "response.new"  # let most streams go on
        return {"type": kind, "response": _response(chance)}
    if kind == "error":
        return {
            "type": chance.choice((kind, "response.new")),
            "message": "why",
            "code": chance.choice(("x", "server_error")),
        }
    name = (
        "refusal"
        if "refusal" in kind
        else "input"
        if "input" in kind
        else "arguments"
        if "arguments" in kind
        else "text"
    )
    event[name] = chance.choice((words, "one two three", {"a": 1}))
    return {
        **event,
        "item_id": chance.choice(("", "i1", "i2")),
        "content_index": chance.choice((0, 0, 1)),
        "summary_index": chance.choice((0, 1)),
    }


def _response(chance: random.Random) -> dict[str, Any]:
    return {
        "id": "r",
        "model": chance.choice(("m", "m2", None)),
        "status": chance.choice(
            (
                "completed",
                "completed",
                "completed",
                "incomplete",
                "failed",
                "cancelled",
                "in_progress",
                None,
            )
        ),
        "output": [_item(chance) for _ in range(chance.choice((0, 1, 2, 3)))],
        "usage": _usage(chance),
        "service_tier": chance.choice((None, "flex")),
        "incomplete_details": chance.choice((None, {"reason": "max_output_tokens"})),
        "error": chance.choice(
            (None, None, None, None, {"code": "server_error", "message": "why"})
        ),
    }


def _item(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(
        (
            "message",
            "message",
            "reasoning",
            "function_call",
            "function_call",
            "custom_tool_call",
            "web_search_call",
            "file_search_call",
            "code_interpreter_call",
            "image_generation_call",
            "new",
        )
    )
    item: dict[str, Any] = {
        "type": kind,
        "id": chance.choice(("", "i1", "i2", "i3")),
        "status": chance.choice(("completed", "failed")),
    }
    match kind:
        case "message":
            return {**item, "content": [_content(chance) for _ in range(chance.choice((1, 1, 2)))]}
        case "reasoning":
            thought = [{"type": "t", "text": chance.choice(("one two", "hm", ""))}]
            return {
                **item,
                "summary": thought,
                "content": chance.choice((None, thought)),
                "encrypted_content": chance.choice(("", "e")),
            }
        case "function_call" | "custom_tool_call":
            named = {"call_id": chance.choice(("", "c1", "c2")), "name": chance.choice(("f", "g"))}
            return {
                **item,
                **named,
                "arguments": chance.choice(("", "one two", {"b": 2})),
                "input": chance.choice(("", "one")),
            }
        case "web_search_call":
            return {
                **item,
                "action": chance.choice(
                    (
                        {"type": "search", "query": "q", "queries": ["r"]},
                        {"type": "search", "queries": ["r", 5]},
                        {"type": "open_page", "url": "u"},
                        None,
                    )
                ),
            }
        case "file_search_call":
            return {
                **item,
                "queries": chance.choice((["q"], None)),
                "results": [{"filename": "a"}, {"filename": "a"}, {}],
            }
        case "code_interpreter_call":
            return {
                **item,
                "code": "1",
                "container_id": "k",
                "outputs": [
                    {"logs": "x"},
                    {"logs": ""},
                    {"url": f"data:image/png;base64,{_IMAGE}"},
                ],
            }
        case "image_generation_call":
            return {**item, "revised_prompt": "p", "result": chance.choice((_IMAGE, "", "?"))}
    return item


def _content(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(("output_text", "output_text", "refusal", "reasoning_text", "new"))
    cited = [
        {
            "type": "url_citation",
            "url": chance.choice(("https://a.b/c", "ftp://x", "https://d")),
            "title": chance.choice(("", "A *b*")),
        },
        {"type": chance.choice(("file_citation", "new")), "filename": " f.pdf "},
    ]
    text = chance.choice(("one two", "one ", "two", "see https://d", '{"a": 1}'))
    return {
        "type": kind,
        "text": text,
        "refusal": "no",
        "annotations": chance.choice((None, cited)),
    }


def _usage(chance: random.Random) -> dict[str, Any] | None:
    into, out = chance.choice((("input", "output"), ("prompt", "completion")))
    number = (0, 5, 40, "30", -1, 1_000_000_000, 1_000_000_001)
    usage = {
        f"{into}_tokens": chance.choice(number),
        f"{out}_tokens": chance.choice(number),
        f"{into}_tokens_details": {"cached_tokens": chance.choice(number)},
        f"{out}_tokens_details": {"reasoning_tokens": chance.choice(number)},
    }
    return chance.choice((None, usage, usage))


def _chunk(chance: random.Random, key: str = "", *, several: bool = False) -> dict[str, Any]:
    key = key or chance.choice(("delta", "delta", "delta", "message"))
    chunk: dict[str, Any] = {"id": chance.choice(("", "r")), "model": chance.choice((None, "m"))}
    if chance.random() < 0.03:
        return {**chunk, "error": {"message": "why", "code": "x"}}
    if chance.random() < 0.3:
        chunk["service_tier"] = "flex"
    if chance.random() < 0.3:
        chunk |= (
            {"usage": _usage(chance)}
            if chance.random() < 0.7
            else {"x_groq": {"usage": _usage(chance)}}
        )
    choices = []
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        delta = {name: value(chance) for name, value in _DELTA.items() if chance.random() < 0.25}
        choice: dict[str, Any] = {
            key: delta,
            "finish_reason": chance.choice(
                (*[None] * 9, "stop", "length", "SAFETY", "tool_calls", "error", "new")
            ),
        }
        if several or chance.random() < 0.5:
            choice["index"] = chance.choice((0, 1, 2, 3, None)) if several else 0
        choices.append(choice)
    return {**chunk, "choices": choices}


def _called(chance: random.Random) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    for _ in range(chance.choice((1, 1, 2))):
        called = {
            "name": chance.choice(("f", "g", "", None)),
            "arguments": chance.choice(('{"a": 1}', '{"a"', ": 1}", "", {"a": 1})),
            "input": "in",
        }
        call: dict[str, Any] = {
            chance.choice(("function", "function", "function", "custom")): called
        }
        if chance.random() < 0.6:
            call["index"] = chance.choice((0, 0, 1, 2, -1))
        if chance.random() < 0.6:
            call["id"] = chance.choice(("c1", "c2", ""))
        calls.append(call)
    return calls


_DELTA: Final[dict[str, Callable[[random.Random], Any]]] = {
    "content": lambda chance: chance.choice(
        (
            "one ",
            "two",
            "",
            [
                {"text": "a"},
                {"text": "b"},
                {"image_url": {"url": f"data:image/png;base64,{_IMAGE}"}},
            ],
        )
    ),
    "reasoning": lambda chance: chance.choice(("hm", "")),
    "reasoning_content": lambda chance: chance.choice(("well", "")),
    "refusal": lambda chance: chance.choice(("no", None)),
    "images": lambda chance: [
        {
            "image_url": chance.choice(
                (
                    {"url": f"data:image/png;base64,{_IMAGE}"},
                    f"data:image/gif;base64,{_IMAGE}{_IMAGE}",
                    "https://a.b/c",
                )
            )
        }
    ],
    "tool_calls": _called,
    "function_call": lambda chance: {"name": chance.choice(("f", "")), "arguments": "{}"},
}


def _data(chance: random.Random, event: dict[str, Any]) -> bytes:
    kind = chance.random()
    if kind < 0.02:
        return chance.choice((b"{", b"[]", b"x"))
    return chance.choice((b" [DONE]\n", b" ", b"")) if kind < 0.05 else json.dumps(event).encode()


def _differs(one: ChatRequest, other: ChatRequest, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def as_line(*values: object) -> str:
    return json.dumps(
        [_shown(value) for value in values], ensure_ascii=False, separators=(",", ":")
    )


def _shown(value: object) -> object:
    """Return a value ready for JSON: of objects their type and the fields up to the last unusual.

    In streams and results, the same errors come again and again: `errors` shows them whole.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, ProviderError):
        return [type(value).__name__, str(value.reason)]
    if isinstance(value, ErrorNote):
        quoted = (_shown(value.because),) if value.because else ()
        return [str(value.reason), value.code, value.params, *quoted]
    if isinstance(value, FileData | ImageData):
        return data_url(value)
    if isinstance(value, dict):
        return {str(key): _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    if is_dataclass(value):
        given = [getattr(value, each.name) for each in fields(value)]
        while given and given[-1] == fields(value)[len(given) - 1].default:
            given.pop()
        return [type(value).__name__, *map(_shown, given)]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "requests": requests,
    "refusals": refusals,
    "negotiations": negotiations,
    "redactions": redactions,
    "responses_streams": responses_streams,
    "chat_streams": chat_streams,
    "errors": errors,
    "batches": batches,
    "models": models,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
