"""Replies with wrong content types, unknown finish reasons, and echoed keys."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderProfile, RequestMessage
from desktop_app.domain.answering.stream_events import Completed, Failed, Incomplete, StreamEvent
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import ReasoningPart, TextPart, ToolCallPart
from desktop_app.domain.errors import (
    EndpointMissingError,
    ModelNotFoundError,
    ProviderFaultError,
    RateLimitedError,
    RefusedParameterError,
    StreamCutError,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.redaction import REMOVED
from desktop_app.providers.apis.server_memory import ServerMemory
from desktop_app.providers.errors.error_body import ErrorBody
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.http.retries import failed_attempt, requested_wait_s
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.samples import CATALOG, COMPATIBLE, ask, fold, sse
from tests.unit.providers.test_provider_client import CHAT_CHUNK, DELTA, DONE, KEY, run

CHAT = replace(COMPATIBLE, api=Api.CHAT_COMPLETIONS)
RESPONSES = replace(COMPATIBLE, api=Api.RESPONSES)
PART = {"type": "output_text", "text": "Hello"}
WHOLE = {
    "id": "r",
    "object": "response",
    "status": "completed",
    "output": [{"type": "message", "content": [PART]}],
}
WHOLE_CHAT = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
KINDS = ["", "text/plain", "text/event-stream", "Application/JSON; charset=utf-8", "x"]
PAGE = b"\xef\xbb\xbf\r\n <!doctype html><h1>Sign in</h1>\n\n"


def failure(events: list[StreamEvent]) -> Any:
    assert isinstance(events[-1], Failed)
    return events[-1].error


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_read_whatever_its_content_type(kind: str) -> None:
    blank = b"\n\n \r\n"  # a heartbeat of some servers
    for profile, value in ((RESPONSES, WHOLE), (CHAT, WHOLE_CHAT)):
        for before in (b"", blank):
            body = before + json.dumps(value).encode()
            events, _ = run(replies(200, body, kind), profile=profile)
            assert (fold(events).text, fold(events).status) == ("Hello", MessageStatus.COMPLETE)


@pytest.mark.parametrize("kind", [*KINDS, "application/json"])
def test_a_stream_is_read_whatever_its_content_type(kind: str) -> None:
    for stream in (sse(DELTA, DONE), b"\r\n: hello\n\n" + sse(DELTA, DONE)):
        events, _ = run(replies(200, stream, kind), profile=RESPONSES)
        assert (fold(events).text, fold(events).status) == ("Hello", MessageStatus.COMPLETE)


@pytest.mark.parametrize(
    "kind", [*KINDS, "application/json", "TEXT/HTML", "application/xhtml+xml", "text/html"]
)
def test_a_web_page_is_recognized_whatever_its_content_type(kind: str) -> None:
    error = failure(run(replies(200, PAGE, kind), profile=RESPONSES)[0])
    assert isinstance(error, EndpointMissingError)
    assert "sent a web page" in error.what_happened


def test_an_error_in_place_of_a_stream_is_read() -> None:
    body = json.dumps({"error": {"message": "No such thing", "code": "x"}}).encode()
    error = failure(run(replies(200, body, "text/event-stream"), profile=RESPONSES)[0])
    assert "No such thing" in error.what_happened


def test_a_completed_event_outweighs_an_outdated_status() -> None:
    stale = {"type": "response.completed", "response": {"status": "in_progress"}}
    events, _ = run(streams(sse(DELTA, stale)), profile=RESPONSES)
    assert isinstance(events[-1], Completed)


@pytest.mark.parametrize(
    ("reason", "terminal"),
    [
        ("STOP", Completed),
        ("eos_token", Completed),
        ("stop_sequence", Completed),
        ("tool_use", Completed),
        ("COMPLETE", Completed),
        ("TOOL_CALL", Completed),
        ("end", Completed),
        ("LENGTH", Incomplete),
        ("error", Failed),
    ],
)
def test_finish_reasons_of_other_servers_are_known(
    reason: str, terminal: type[StreamEvent]
) -> None:
    last = {"choices": [{"delta": {}, "finish_reason": reason}]}
    text = {"choices": [{"delta": {"content": "Hello"}}]}
    events, _ = run(streams(sse(text, last, "[DONE]")), profile=CHAT)
    assert isinstance(events[-1], terminal)


def test_an_answer_at_its_limit_has_one_reason() -> None:
    last = {"choices": [{"delta": {"content": "Hello"}, "finish_reason": "MAX_TOKENS"}]}
    events, _ = run(streams(sse(last, "[DONE]")), profile=CHAT)
    assert events[-1] == Incomplete("max_output_tokens")


FAILED_CHOICE = {"finish_reason": "error", "error": {"code": 502, "message": "Upstream broke"}}


@pytest.mark.parametrize(
    ("profile", "stream"),
    [
        (CHAT, sse(CHAT_CHUNK) + b"event: error\ndata: Upstream broke\n\n"),
        (CHAT, sse(CHAT_CHUNK, {"choices": [FAILED_CHOICE]}, "[DONE]")),
        (CHAT, sse(CHAT_CHUNK, {"detail": "Upstream broke"}, "[DONE]")),
        (CHAT, sse(CHAT_CHUNK, {"code": "x", "message": "Upstream broke"}, "[DONE]")),
        (RESPONSES, sse(DELTA) + b"event: error\ndata: Upstream broke\n\n"),
        (RESPONSES, sse(DELTA, {"detail": "Upstream broke"}, "[DONE]")),
    ],
)
def test_the_message_of_a_failure_within_an_answer_is_shown(
    profile: ProviderProfile, stream: bytes
) -> None:
    events, _ = run(streams(stream), profile=profile)
    assert failure(events).details == "The provider says: Upstream broke"
    assert fold(events).text == "Hello"


@pytest.mark.parametrize(
    "script",
    [replies(200, WHOLE_CHAT), streams(sse(CHAT_CHUNK, "[DONE]"))],
    ids=["whole", "stream"],
)
def test_a_reply_in_the_form_of_the_other_api_is_no_empty_answer(script: Script) -> None:
    events, _ = run(script, profile=RESPONSES)
    assert isinstance(events[-1], Failed)


@pytest.mark.parametrize(
    "event",
    [
        {"status": "loading", "message": "Loading the model"},
        {"type": "ping", "message": "Alive"},
        {"message": {"role": "assistant"}},
        {"detail": None},
    ],
)
def test_an_event_without_an_error_does_not_end_an_answer(event: dict[str, Any]) -> None:
    events, _ = run(streams(sse(event, CHAT_CHUNK, "[DONE]")), profile=CHAT)
    assert isinstance(events[-1], Completed)


@pytest.mark.parametrize(
    "script",
    [
        streams(sse(DELTA, {"type": "error", "message": f"The key {KEY} is odd"})),
        replies(200, {"error": {"message": f"The key {KEY} is odd"}}),
        replies(500, {"error": {"message": f"{KEY}", "code": "invalid_request"}}),
    ],
    ids=["stream", "200", "500"],
)
def test_an_echoed_key_is_not_shown(script: Script) -> None:
    error = failure(run(script, profile=RESPONSES)[0])
    assert REMOVED in error.what_happened
    assert KEY not in error.sentences + error.details + repr(error)


def test_an_invalid_date_is_no_wait() -> None:
    zone = "Wed, 21 Oct 2015 07:28:00 +99999999999999999999"
    for moment in (zone, "Wed, 21 Oct 99999 07:28:00 GMT", "inf", "nan", "", "\x00"):
        assert requested_wait_s({"retry-after": moment}) is None


@pytest.mark.parametrize(
    ("seconds", "remedy"),
    [
        ("301", "Try again in 6 minutes."),
        ("5400", "Try again in 90 minutes."),
        ("5401", "Try again in 2 hours."),
        ("86400", "Try again in 24 hours."),
        ("86401", "Wait more than a day, or choose another provider."),
        ("31536000", "Wait more than a day, or choose another provider."),
    ],
)
def test_a_long_wait_is_in_the_remedy(seconds: str, remedy: str) -> None:
    limited = error_from("x", ErrorBody(), status=429)
    error = failed_attempt(limited, 429, {"retry-after": seconds}).error
    assert isinstance(error, RateLimitedError)
    assert error.what_to_do == remedy


def test_a_refused_request_is_explained_by_the_message_of_the_server() -> None:
    body = {"error": {"message": "Bad picture", "code": "invalid_request"}}
    error = failure(run(replies(500, body), profile=RESPONSES)[0])
    assert isinstance(error, ProviderFaultError)
    assert "Bad picture" in error.what_happened
    assert error.what_to_do.startswith("Change the message")


def test_a_chunk_in_a_reply_of_type_json_is_read() -> None:
    events, _ = run(replies(200, sse(CHAT_CHUNK, "[DONE]")), profile=CHAT, request=ask())
    assert fold(events).text == "Hello"


def test_heartbeats_before_the_first_event_are_not_kept() -> None:
    """However many blank lines come first, each is looked at once."""
    events, _ = run(streams(*[b"\n\n"] * 2_000, sse(DELTA, DONE)), profile=RESPONSES)
    assert fold(events).text == "Hello"


def test_a_refused_tier_is_not_priced() -> None:
    refusal = {"error": {"message": "No", "code": "unsupported_value", "param": "service_tier"}}
    request = ask(service_tier="priority")
    scripts = replies(400, refusal), streams(sse(DELTA, DONE))
    reply = fold(run(*scripts, profile=RESPONSES, request=request)[0])
    assert (reply.text, reply.service_tier) == ("Hello", "default")
    known = {request.model: frozenset({"service_tier"})}
    events, [received] = run(
        scripts[1], profile=RESPONSES, request=request, memory=ServerMemory(refusals=known)
    )
    assert "service_tier" not in received.json
    assert fold(events).service_tier == "default"


async def test_the_key_is_sent_whatever_user_the_address_names() -> None:
    async with LoopbackServer(streams(sse(DELTA, DONE))) as server:
        there = server.base_url.replace("http://", "http://someone:else@")
        client = ProviderClient(
            ProviderAccess(replace(RESPONSES, base_url=there), key_for(there, KEY)), CATALOG
        )
        assert fold([event async for event in client.stream(ask())]).text == "Hello"
        await client.aclose()
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (503, "model_not_found", "No available channel for model x under group default"),
        (404, "model_deprecated", "Choose another"),
        (404, "", "The model `x` has been deprecated"),
        (400, "", "Model x was retired in 2026"),
    ],
)
def test_a_model_that_is_not_served_is_requested_once(status: int, code: str, words: str) -> None:
    error = error_from("x", ErrorBody(words, code), status=status)
    assert isinstance(error, ModelNotFoundError)
    assert failed_attempt(error, status, {}).wait_s(0) is None


FORBIDDEN = (
    "[{'type': 'extra_forbidden', 'loc': ('body', 'reasoning_effort'), 'msg': 'Extra inputs'}]"
)
DETAIL = {"type": "extra_forbidden", "loc": ["body", "reasoning_effort"], "msg": "Extra inputs"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"object": "error", "message": FORBIDDEN, "type": "BadRequestError", "code": 400}),
        (422, {"object": "error", "message": {"detail": [DETAIL]}}),
        (400, {"error": {"message": "reasoning_effort: Extra inputs are not permitted"}}),
        (400, [{"error": {"message": 'Unknown name "reasoning_effort": Cannot find field.'}}]),
        (400, {"code": "x", "error": "Argument not supported on this model: reasoning_effort"}),
        (400, {"error": "Model y does not support parameter reasoningEffort."}),
        (400, {"error": {"message": "x does not support parameters: ['reasoning_effort']"}}),
        (400, {"error": {"message": "Unsupported param: reasoning_effort"}}),
        (400, {"error": {"message": "reasoning_effort: unknown variant `xhigh`, expected `low`"}}),
        (400, {"error": {"message": "not permitted, field: 'reasoning_effort', value: 'low'"}}),
        (400, {"error": {"message": '"qwen" does not support thinking'}}),
        (400, {"error": {"message": "invalid reasoning value: 'xhigh' (must be \"high\")"}}),
        (404, {"error": {"message": "No endpoints found that support 'reasoning_effort'"}}),
    ],
)
def test_a_setting_is_left_out_whatever_message_refuses_it(status: int, body: object) -> None:
    request = ask(model="unknown", effort=Effort.XHIGH)
    scripts = replies(status, body), streams(sse(CHAT_CHUNK, "[DONE]"))
    events, received = run(*scripts, profile=CHAT, request=request)
    assert [one.json.get("reasoning_effort") for one in received] == ["xhigh", None]
    reply = fold(events)
    assert reply.text == "Hello"
    assert "without “reasoning_effort”, which My server rejected" in str(reply.notices[0])


@pytest.mark.parametrize(
    "message",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context "
        "length is 4096 tokens and your request has 300 input tokens (5000 > 4096 - 300).",
        "`max_completion_tokens` must be less than or equal to `4096`, the maximum value for "
        "`max_completion_tokens` is less than the `context_window` for this model",
    ],
)
def test_a_limit_that_is_too_large_is_no_conversation_that_is_too_long(message: str) -> None:
    refused = replies(400, {"error": {"message": message, "code": 400}})
    scripts = refused, refused, streams(sse(CHAT_CHUNK, "[DONE]"))
    events, received = run(*scripts, profile=CHAT, request=ask(max_output_tokens=5_000))
    assert not {"max_tokens", "max_completion_tokens"} & received[-1].json.keys()
    assert "tokens”, which My server rejected" in str(fold(events).notices[0])


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens must be at least 1, got -50",
        "The image in messages[0] is invalid",
        "Please stop sending unknown things",
        "model 'temperature-9' not found",
    ],
)
def test_messages_without_a_refused_setting_name_none(message: str) -> None:
    error = error_from("x", ErrorBody(message), status=400)
    assert not isinstance(error, RefusedParameterError)


@pytest.mark.parametrize(("reason", "terminal"), [("stop", Completed), ("length", Incomplete)])
def test_an_answer_cut_after_its_finish_reason_is_complete(
    reason: str, terminal: type[StreamEvent]
) -> None:
    last = {"choices": [{"delta": {"content": "Hello"}, "finish_reason": reason}]}
    events, _ = run(streams(sse(last), b"data: {", end=False), profile=CHAT)
    assert isinstance(events[-1], terminal)
    unfinished = {"choices": [{"delta": {"content": "Hello"}}]}
    assert isinstance(
        failure(run(streams(sse(unfinished), end=False), profile=CHAT)[0]), StreamCutError
    )


@pytest.mark.attack("reply-bounds")
async def test_an_error_that_is_not_read_to_its_end_leaves_no_open_generator() -> None:
    sys.set_asyncgen_hooks(None, None)  # as on Qt's loop, which sets none by itself
    script = replies(400, b"a" * 1_000_000, kind="text/plain")
    async with LoopbackServer(script) as server:
        profile = replace(RESPONSES, base_url=server.base_url)
        client = ProviderClient(ProviderAccess(profile, key_for(server.base_url, KEY)), CATALOG)
        failure([event async for event in client.stream(ask())])
        await client.aclose()


@pytest.mark.parametrize(
    "message",
    [
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "Missing `reasoning_content` field in the assistant message at message index 2.",
        "thinking is enabled but reasoning_content is missing in assistant tool call message at "
        "index 2",
    ],
)
def test_reasoning_is_sent_back_to_a_server_that_wants_it(message: str) -> None:
    """DeepSeek and Moonshot refuse the results of tools otherwise."""
    call = ToolCallPart("1", "find", "{}", result="found")
    answers = ((TextPart("Hi."),), (ReasoningPart("Hm"), ReasoningPart("."), call))
    said = [RequestMessage(Role.ASSISTANT, parts) for parts in answers]
    request = replace(ask(), messages=(*ask().messages, *said))
    refusal = replies(400, {"error": {"message": message, "type": "invalid_request_error"}})
    events, requests = run(refusal, replies(200, WHOLE_CHAT), request=request, profile=CHAT)
    assert (fold(events).text, fold(events).notices) == ("Hello", ())
    sent = [
        [said.get("reasoning_content") for said in each.json["messages"] if "content" in said]
        for each in requests
    ]
    assert sent == [[None, None, None, None], [None, " ", "Hm.", None]]
