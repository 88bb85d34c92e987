"""Replies with wrong content types, unknown finish reasons, and echoed keys."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.answering.chat_request import ProviderProfile, RequestMessage
from desktop_app.domain.answering.stream_events import Completed, Failed, Incomplete, StreamEvent
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import ReasoningPart, TextPart, ToolCallPart
from desktop_app.domain.errors import EndpointMissingError, ModelNotFoundError, StreamCutError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.errors.error_body import ErrorBody
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.http.retries import failed_attempt
from tests.unit.providers.loopback import Script, replies, streams
from tests.unit.providers.samples import COMPATIBLE, ask, fold, sse
from tests.unit.providers.test_provider_client import CHAT_CHUNK, DELTA, DONE, run

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


@pytest.mark.parametrize("size", [1, 1_000])
def test_json_over_several_lines_is_one_reply(size: int) -> None:
    for body in (json.dumps(WHOLE, indent=2).encode(), json.dumps(WHOLE).encode() + b"\n"):
        pieces = (body[at : at + size] for at in range(0, len(body), size))
        events, _ = run(streams(*pieces), profile=RESPONSES)
        assert (fold(events).text, fold(events).status) == ("Hello", MessageStatus.COMPLETE)


@pytest.mark.parametrize(
    "kind", [*KINDS, "application/json", "TEXT/HTML", "application/xhtml+xml", "text/html"]
)
def test_a_web_page_is_recognized_whatever_its_content_type(kind: str) -> None:
    error = failure(run(replies(200, PAGE, kind), profile=RESPONSES)[0])
    assert isinstance(error, EndpointMissingError)
    assert "sent a web page" in error.what_happened


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
        (400, {"error": {"message": "not permitted, field: 'reasoning_effort', value: 'low'"}}),
        (400, {"error": {"message": '"qwen" does not support thinking'}}),
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
    ("effort", "message", "used"),
    [
        (Effort.XHIGH, "reasoning_effort: unknown variant `xhigh`, expected `low`", "low"),
        (Effort.XHIGH, "invalid reasoning value: 'xhigh' (must be \"high\")", "high"),
        (Effort.MINIMAL, "Thinking level MINIMAL is not supported for this model.", "low"),
        (Effort.NONE, "Budget 0 is invalid. This model only works in thinking mode.", "low"),
        (Effort.MAX, "Effort max is not one that this deployment knows", "high"),
    ],
)
def test_a_refused_value_of_the_effort_is_replaced_by_the_nearest(
    effort: Effort, message: str, used: str
) -> None:
    request = ask(model="unknown", effort=effort)
    refusal = replies(400, {"error": {"message": message}})
    events, received = run(refusal, replies(200, WHOLE_CHAT), profile=CHAT, request=request)
    assert [one.json.get("reasoning_effort") for one in received] == [effort.value, used]
    assert f"effort {used}" in str(fold(events).notices[0])


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
    scripts = refused, streams(sse(CHAT_CHUNK, "[DONE]"))
    events, received = run(*scripts, profile=CHAT, request=ask(max_output_tokens=5_000))
    assert not {"max_tokens", "max_completion_tokens"} & received[-1].json.keys()
    assert "tokens”, which My server rejected" in str(fold(events).notices[0])


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


def test_a_refused_schema_is_sent_as_the_server_takes_it() -> None:
    """llama-cpp-python refuses with status 500."""
    words = "[{'type': 'literal_error', 'msg': \"Input should be 'text' or 'json_object'\"}]"
    refused = replies(500, {"error": {"message": words, "type": "internal_server_error"}})
    schema = AnswerSchema("s", {"type": "object"})
    request = replace(ask(model="m"), schema=schema)
    answer = replies(200, WHOLE_CHAT)
    events, sent = run(refused, answer, request=request, profile=COMPATIBLE)
    assert fold(events).text == "Hello"
    formats = [each.json["response_format"] for each in sent]
    assert [each["type"] for each in formats] == ["json_schema", "json_object"]
    assert formats[1]["schema"] == schema.schema
    assert "JSON Schema" in sent[1].json["messages"][0]["content"]
