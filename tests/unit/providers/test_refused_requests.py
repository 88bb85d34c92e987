"""How often a question is asked, and with what, of servers that refuse parts of it or all."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain import errors
from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.notices import NoticeCode
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, streams
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import COMPATIBLE, OPENAI, ask, fold, sse
from tests.unit.providers.test_provider_client import (
    DELTA,
    NOT_FOUND,
    RESPONSE,
    client_for,
    collect,
    failure,
    run,
)

CHAT = replace(COMPATIBLE, api=Api.CHAT_COMPLETIONS)
ANSWER = replies(200, {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
FULL = ask(
    model="m",
    effort=Effort.XHIGH,
    temperature=0.5,
    top_p=0.5,
    verbosity="low",
    seed=1,
    stop=("x",),
    service_tier="flex",
)
VAGUE = {"error": {"message": "Something is wrong with your request."}}


def refuses(body: Any, status: int = 400) -> Script:
    return replies(status, body)


def unless(accepts: Callable[[dict[str, Any]], object], body: Any, status: int = 400) -> Script:
    """Answer the requests that a server accepts, and refuse all others."""

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        answer = RESPONSE if request.path.endswith("/responses") else ANSWER
        chosen = answer if accepts(request.json) else replies(status, body)
        await chosen(request, writer)

    return script


NAMES = itertools.cycle(("temperature", "top_p", "verbosity", "seed", "store", "x"))


async def in_circles(request: Received, writer: asyncio.StreamWriter) -> None:
    await replies(400, {"error": {"message": f"Bad {next(NAMES)}", "param": next(NAMES)}})(
        request, writer
    )


@pytest.mark.parametrize("profile", [COMPATIBLE, CHAT, OPENAI])
@pytest.mark.parametrize(
    "script",
    [
        in_circles,
        *(refuses(VAGUE, status) for status in (400, 403, 404, 422)),
        refuses({"error": {"message": "Unknown parameter: 'frequency_penalty'"}}),
        refuses(b"<html><title>Error</title></html>", 400),
        replies(200, {"base_resp": {"status_code": 1, "status_msg": "no"}}),
        streams(sse({"error": {"message": "no", "code": 400}})),
    ],
    ids=["circles", "400", "403", "404", "422", "unsent", "page", "200", "stream"],
)
def test_a_question_costs_at_most_three_requests(script: Script, profile: ProviderProfile) -> None:
    events, received = run(script, request=FULL, profile=profile)
    assert failure(events).what_happened
    assert len(received) <= 3


def test_a_server_that_is_busy_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_wait(seconds: float) -> None:
        await sleep(0)

    sleep = asyncio.sleep
    monkeypatch.setattr("desktop_app.providers.answer_attempts.asyncio.sleep", no_wait)
    for script in (refuses({"error": "Slow"}, 429), refuses({"error": "Down"}, 500)):
        assert len(run(script, request=FULL, profile=CHAT)[1]) == 3


async def test_an_unknown_refusal_is_answered_without_settings_which_are_named() -> None:
    script = unless(lambda body: "temperature" not in body, VAGUE)
    async with LoopbackServer(script) as server:
        client = client_for(server, CHAT, memory=RecordingMemory(CHAT))
        asked = ask(model="m", temperature=0.5)
        replies_ = [fold(await collect(client, asked)) for _ in range(2)]
        plain = fold(await collect(client, ask(model="m")))
        await client.aclose()
        assert [reply.text for reply in (*replies_, plain)] == ["Hello"] * 3
        codes = [reply.notices[0].code for reply in replies_]
        assert codes == [NoticeCode.SETTINGS_TRIED, NoticeCode.SETTING_LEFT_OUT]
        assert all("temperature" in str(reply.notices[0]) for reply in replies_)
        assert plain.notices == ()
        # Asked twice once only, and the program's own fields are sent again.
        assert ["temperature" in each.json for each in server.requests] == [
            True,
            False,
            False,
            False,
        ]
        assert ["stream_options" in each.json for each in server.requests] == [
            True,
            False,
            True,
            True,
        ]


def test_a_refusal_of_the_messages_is_no_reason_to_leave_out_settings() -> None:
    body = {"error": {"message": "Odd", "param": "messages[0].content"}}
    assert len(run(refuses(body), request=FULL, profile=CHAT)[1]) == 1


def test_the_last_request_has_no_settings() -> None:
    def accepts(body: dict[str, Any]) -> bool:
        return not {"verbosity", "seed", "stop"} & body.keys()

    named = {"error": {"message": "no", "param": "verbosity"}}
    events, received = run(NOT_FOUND, unless(accepts, named), request=FULL, profile=COMPATIBLE)
    assert len(received) == 3
    assert fold(events).text == "Hello"
    told = " ".join(map(str, fold(events).notices))
    for name in ("verbosity", "seed", "stop", "temperature", "reasoning_effort"):
        assert name in told


async def test_what_a_failed_question_has_shown_is_remembered() -> None:
    """A server that names one field at a time is understood at the next question."""
    refused = ("verbosity", "seed", "max_tokens", "parallel_tool_calls")

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        wrong = next((name for name in refused if name in request.json), "")
        body = {"error": {"message": "no", "param": wrong, "code": "unknown_parameter"}}
        await (replies(400, body) if wrong else ANSWER)(request, writer)

    asked = ask(model="m", verbosity="low", seed=1, max_output_tokens=99)
    async with LoopbackServer(script) as server:
        client = client_for(server, CHAT, memory=RecordingMemory(CHAT))
        texts = [fold(await collect(client, asked)).text for _ in range(2)]
        await client.aclose()
    assert texts[-1] == "Hello"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Encrypted content is not supported with this model.",
                   "param": "include"}},
        {"error": {"message": "Encrypted content is not supported with this model."}},
        {"error": {"message": "No.", "param": "include[0]"}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("profile", [OPENAI, COMPATIBLE])
def test_a_model_without_reasoning_answers(body: Any, profile: ProviderProfile) -> None:
    script = unless(lambda sent: "include" not in sent, body)
    events, received = run(script, request=ask(model="some-chat-latest"), profile=profile)
    assert (fold(events).text, fold(events).notices) == ("Hello", ())
    assert len(received) == 2


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1", "openai/gpt-4.1"])
def test_models_that_are_known_not_to_reason_get_no_field_of_it(model: str) -> None:
    _, (received,) = run(RESPONSE, request=ask(model=model, reasoning_summary="auto"))
    assert not {"include", "reasoning"} & received.json.keys()


@pytest.mark.parametrize(
    "script",
    [
        replies(200, {"base_resp": {"status_code": 2013, "status_msg": "invalid params, top_p"}}),
        streams(sse({"error": {"message": "top_p is not allowed", "code": 400}})),
        replies(500, {"error": {"message": "unknown field `top_p`"}}),
    ],
    ids=["200", "stream", "500"],
)
def test_a_field_is_left_out_whatever_the_status_is(script: Script) -> None:
    events, received = run(script, ANSWER, request=ask(model="m", top_p=0.5), profile=CHAT)
    assert fold(events).text == "Hello"
    assert ["top_p" in each.json for each in received] == [True, False]


def test_a_refusal_after_the_first_words_repeats_nothing() -> None:
    refusal = {"error": {"message": "top_p is not allowed", "code": 400}}
    chunk = {"choices": [{"delta": {"content": "Hel"}}]}
    events, received = run(streams(sse(chunk, refusal)), request=FULL, profile=CHAT)
    assert (fold(events).text, len(received)) == ("Hel", 1)
    assert "top_p" in failure(events).what_happened
    events, received = run(
        streams(sse(DELTA, {"type": "error", "message": "top_p is not allowed"})), request=FULL
    )
    assert (fold(events).text, len(received)) == ("Hello", 1)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "bad", "param": "response_format"}},
        {"error": {"message": "Unsupported JSON schema fields"}},
        {"error": {"message": "Failed to compile the grammar"}},
        {"detail": [{"loc": ["body", "response_format", "json_schema"], "msg": "Field required"}]},
        {"error": {"message": "Failed to validate JSON", "code": "json_validate_failed"}},
    ],
)
def test_a_schema_takes_its_next_weaker_form(body: Any) -> None:
    request = replace(ask(model="m"), schema=AnswerSchema("s", {"type": "object"}))
    for weakest in ("json_object", None):

        def accepts(sent: dict[str, Any], form: str | None = weakest) -> bool:
            return (sent.get("response_format") or {}).get("type") == form

        events, received = run(unless(accepts, body), request=request, profile=CHAT)
        assert fold(events).text == "Hello"
        assert len(received) == (2 if weakest else 3)
        assert "JSON Schema" in json.dumps(received[-1].json["messages"])


def test_thoughts_that_are_numbered_by_the_piece_are_one_text() -> None:
    pieces = ["The", " tide", " turns."]
    deltas = [
        {"type": "response.reasoning_text.delta", "content_index": number, "delta": piece}
        for number, piece in enumerate(pieces)
    ]
    whole = {"type": "response.reasoning_text.done", "content_index": 3, "text": "".join(pieces)}
    item = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "".join(pieces)}]}
    done = {"type": "response.output_item.done", "item": item}
    end = {"type": "response.completed", "response": {"status": "completed"}}
    text = {"type": "response.output_text.delta", "output_index": 1, "delta": "At nine."}
    events, _ = run(streams(sse(*deltas, whole, done, text, end)), profile=OPENAI)
    reply = fold(events)
    assert [part.text for part in reply.parts] == ["The tide turns.", "At nine."]


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"finish_reason": "stop", "native_finish_reason": "network_error"}, "network_error"),
        ({"finish_reason": "content_filter: PROHIBITED_CONTENT"}, "content_filter"),
    ],
)
def test_the_reason_of_an_end_is_read(choice: dict[str, Any], reason: str) -> None:
    last = {"choices": [{"delta": {}, **choice}]}
    events, _ = run(streams(sse(last, "[DONE]")), profile=CHAT)
    assert fold(events).incomplete_reason == reason


def test_a_model_that_has_ended_names_its_successor_at_any_server() -> None:
    gone = replies(404, {"error": {"message": "The model `x` does not exist"}})
    for model, is_named in (("gpt-5.2-codex", True), ("gpt-6-luna", False), ("x", False)):
        request: ChatRequest = ask(model=model)
        error = failure(run(gone, request=request, profile=CHAT)[0])
        assert isinstance(error, errors.ModelNotFoundError)
        assert ("GPT-6.2 Sol" in error.what_to_do) is is_named
    ended = replies(404, {"error": {"message": "x", "code": "model_deprecated"}})
    error = failure(run(ended, request=ask(model="openai/gpt-5.2"), profile=CHAT)[0])
    assert "GPT-6.2 Sol" in error.what_to_do
