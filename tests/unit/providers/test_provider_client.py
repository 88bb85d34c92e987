"""The whole client against a real server on loopback: choices, retries, cuts, canceling."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ChatRequest, FileData, ProviderProfile
from desktop_app.domain.answering.chat_request import RequestMessage as Said
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Notice,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.domain.network.network_address import ProxyAddress
from desktop_app.providers.http import transport
from desktop_app.providers.http.connections import open_client
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.silence import SilenceLimits
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.closed_port import closed_port
from tests.helpers.secrets import key_for
from tests.helpers.waiting import LONGEST_S
from tests.unit.providers.listings import listed_ids
from tests.unit.providers.loopback import (
    STREAM_HEAD,
    LoopbackServer,
    Received,
    Script,
    chunk,
    replies,
    stalls,
    streams,
)
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI, ask, fold, sse, terminals

if TYPE_CHECKING:
    import httpx

KEY = "sk-test-1234567890"

DELTA = {"type": "response.output_text.delta", "delta": "Hello"}
DONE = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}
RESPONSE = streams(sse({"type": "response.created", "response": {"id": "r"}}, DELTA, DONE))
CHAT_CHUNK = {"id": "c", "choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}
CHAT = streams(sse(CHAT_CHUNK, "[DONE]"))
NOT_FOUND = replies(404, {"detail": "Not Found"})


def refuses(param: str, code: str = "unsupported_parameter", status: int = 400) -> Script:
    error = {"message": f"No {param}.", "type": "invalid_request_error", "param": param}
    return replies(status, {"error": {**error, "code": code}}, x_request_id="req_9")


def client_for(
    server: LoopbackServer, profile: ProviderProfile = OPENAI, **more: Any
) -> ProviderClient:
    return ProviderClient(
        ProviderAccess(replace(profile, base_url=server.base_url), key_for(server.base_url, KEY)),
        CATALOG,
        **more,
    )


async def collect(client: ProviderClient, request: ChatRequest) -> list[StreamEvent]:
    async with aclosing(client.stream(request)) as events:
        return [event async for event in events]


@blocking
async def run(
    *scripts: Script,
    request: ChatRequest | None = None,
    profile: ProviderProfile = OPENAI,
    **more: Any,
) -> tuple[list[StreamEvent], list[Received]]:
    """Return the events of a request and the requests that the server received."""

    async with LoopbackServer(*scripts) as server:
        client = client_for(server, profile, **more)
        events = await collect(client, request or ask())
        await client.aclose()
        return events, server.requests


def failure(events: list[StreamEvent]) -> errors.ProviderError:
    (end,) = terminals(events)
    assert events[-1] is end, "nothing behind the terminal"
    assert isinstance(end, Failed)
    return end.error


# ---------------------------------------------------------------- the plain way


def test_an_answer_through_responses() -> None:
    events, (request,) = run(RESPONSE)
    named = Started("r")  # once more at the end, because no model was named
    assert events == [Started(request_id="req_1"), named, TextDelta("Hello"), named, Completed()]
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"].startswith("text/event-stream")
    assert request.headers["accept-encoding"] == "identity"
    assert request.json["input"] == [{"role": "user", "content": "Why?"}]


def test_without_streaming_the_answer_is_one_value() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}
    reply = {"id": "r", "object": "response", "status": "completed", "output": [message]}
    events, (request,) = run(replies(200, reply), request=ask(stream=False))
    assert fold(events).text == "Hello"
    assert request.json["stream"] is False


async def test_models_are_listed_or_the_reply_is_refused() -> None:
    listing = replies(200, {"data": [{"id": "a"}, {"id": ""}, 7, {"id": "b"}]})
    bad = replies(200, {"models": []})
    async with LoopbackServer(listing, bad, replies(401, {})) as server:
        client = client_for(server)
        assert listed_ids(await client.listing()) == ("a", "b")
        with pytest.raises(errors.UnexpectedReplyError):
            await client.listing()
        with pytest.raises(errors.AuthenticationError):
            await client.listing()
        await client.aclose()
        assert [request.path for request in server.requests] == ["/v1/models"] * 3


# ---------------------------------------------------------------- keys


async def test_without_a_key_nothing_is_sent() -> None:
    async with LoopbackServer(RESPONSE) as server:
        client = ProviderClient(ProviderAccess(replace(OPENAI, base_url=server.base_url)), CATALOG)
        error = failure(await collect(client, ask()))
        with pytest.raises(errors.AuthenticationError):
            await client.listing()
        assert isinstance(error, errors.AuthenticationError)
        assert error.what_happened.endswith("needs an API key.")
        assert error.what_to_do.startswith("Add one in Settings")
        assert server.connections == 0


async def test_a_malformed_key_is_refused_without_being_shown() -> None:
    async with LoopbackServer(RESPONSE) as server:
        profile = replace(OPENAI, base_url=server.base_url)
        for key in ("sk-žluť", "sk-a\r\nx: y"):
            error = failure(
                await collect(
                    ProviderClient(
                        ProviderAccess(profile, key_for(profile.base_url, key)), CATALOG
                    ),
                    ask(),
                )
            )
            assert isinstance(error, errors.AuthenticationError)
            assert key not in error.sentences + error.details
        assert server.connections == 0


# ---------------------------------------------------------------- learning the API


@pytest.mark.parametrize(
    "missing",
    [
        NOT_FOUND,
        replies(405, {}),
        replies(404, b"<html>", "text/html"),
        replies(200, b"<html>Welcome</html>", "text/html; charset=utf-8"),
        replies(301, b"", location="http://elsewhere.example/"),
        replies(200, b"", "text/event-stream"),
        replies(200, {"error": "Unexpected endpoint or method. (POST /v1/responses)"}),
    ],
    ids=["404", "405", "404 page", "200 page", "redirect", "empty", "200 error"],
)
async def test_a_server_without_responses_is_remembered_after_the_first_message(
    missing: Script,
) -> None:
    learned: list[Api] = []

    async with LoopbackServer(missing, CHAT) as server:
        client = client_for(server, COMPATIBLE, memory=RecordingMemory(COMPATIBLE, learned=learned))
        for _ in range(2):
            assert fold(await collect(client, ask(model="m"))).text == "Hello"
        await client.aclose()
        paths = [request.path.removeprefix("/v1/") for request in server.requests]
        assert paths == ["responses", "chat/completions", "chat/completions"]
    assert learned == [Api.CHAT_COMPLETIONS]


# ---------------------------------------------------------------- refused parameters


def notices(events: list[StreamEvent]) -> list[str]:
    return [str(event.text) for event in events if isinstance(event, Notice)]


def test_a_refused_file_is_an_error_and_not_sent_otherwise() -> None:
    file = FileData("a.pdf", "application/pdf", b"%PDF")
    message = Said(Role.USER, (file, TextPart("Who?")))
    for param in ("input[0].content[0].file_data", "input[0].content[0]", "input"):
        request = replace(ask(), messages=(message,))
        events, (received,) = run(refuses(param), RESPONSE, request=request)
        part = received.json["input"][0]["content"][0]
        assert part["filename"] == "a.pdf"
        assert part["file_data"] == "data:application/pdf;base64,JVBERg=="
        assert "transfer-encoding" not in received.headers
        assert "No input" in failure(events).what_happened + failure(events).details


def test_a_server_without_the_responses_api_is_sent_the_file_by_the_other_one() -> None:
    file = FileData("a.pdf", "application/pdf", b"%PDF")
    request = replace(ask(), messages=(Said(Role.USER, (file, TextPart("Who?"))),))
    events, (_, second) = run(NOT_FOUND, CHAT, profile=COMPATIBLE, request=request)
    assert fold(events).text == "Hello"
    assert second.path.endswith("/chat/completions")
    data = "data:application/pdf;base64,JVBERg=="
    assert second.json["messages"][-1]["content"] == [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": data}},
        {"type": "text", "text": "Who?"},
    ]


# ---------------------------------------------------------------- refusals that are remembered


LearnedSupport = list[tuple[str, frozenset[str]]]


async def test_a_refused_setting_is_remembered_with_a_notice_each_time() -> None:
    learned: LearnedSupport = []

    async with LoopbackServer(refuses("temperature"), RESPONSE) as server:
        client = client_for(server, memory=RecordingMemory(OPENAI, learned=learned))
        said = [
            notices(await collect(client, ask(model="m", temperature=value)))
            for value in (0.2, 0.9, None)
        ]
        other = await collect(client, ask(model="other", temperature=0.2))
        await client.aclose()
        assert ["temperature" in r.json for r in server.requests] == [True, *[False] * 3, True]
        assert [len(some) for some in said] == [1, 1, 0], "without the setting nothing is lost"
        assert "temperature" in said[1][0]
        assert notices(other) == []
    assert learned == [("m", frozenset({"temperature"}))]


def waits(events: list[StreamEvent]) -> list[StatusChanged]:
    return [event for event in events if isinstance(event, StatusChanged)]


OPENING = sse({"type": "response.created", "response": {"id": "r"}})
TEXT = sse({"type": "response.output_text.delta", "delta": "Hé"})
END = sse(DONE)
NEXT = json.dumps({"type": "response.output_text.delta", "delta": "é"}, ensure_ascii=False)
MORE = b"data: " + NEXT.encode()


def beats_for(seconds: float) -> Script:
    """Send heartbeats, many more than are needed, and then a short answer."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await asyncio.sleep(0.02)
            writer.write(chunk(b": keep-alive\n\n"))
        writer.write(chunk(sse(DELTA, DONE)) + b"0\r\n\r\n")
        await writer.drain()

    return script


# ---------------------------------------------------------------- silence


def test_heartbeats_are_no_silence() -> None:
    events, _ = run(beats_for(1.5), timeouts=Timeouts(silence=SilenceLimits(1.0)))
    assert fold(events).text == "Hello"
    assert not waits(events)


def test_a_stream_is_read_one_byte_at_a_time() -> None:
    stream = b"\xef\xbb\xbf" + OPENING + TEXT + b": \xff\r\n\r\n" + MORE + b"\n\n" + END
    events, _ = run(streams(*(stream[i : i + 1] for i in range(len(stream)))))
    assert fold(events).text == "Héé"
    assert fold(events).status is MessageStatus.COMPLETE


# ---------------------------------------------------------------- cancelling


@pytest.mark.parametrize(
    "script",
    [stalls(head=b""), stalls(), stalls(OPENING), stalls(OPENING, TEXT), stalls(TEXT, MORE)],
    ids=["before headers", "after headers", "opened", "after text", "mid event"],
)
async def test_canceling_closes_the_connection_at_once(script: Script) -> None:
    async with LoopbackServer(script) as server:
        client = client_for(server)
        task = asyncio.create_task(collect(client, ask()))
        await server.arrived.wait()
        await asyncio.sleep(0.05)  # let the client come to the moment in question
        task.cancel()
        async with asyncio.timeout(LONGEST_S):  # 1 to 20 ms on an idle machine
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.requests[0].gone.wait()
        await client.aclose()


async def test_a_window_is_learned_by_who_stops_at_the_refusal() -> None:
    words = "This model's maximum context length is 4096 tokens. You requested 5000 tokens."
    error = {"message": words, "code": "context_length_exceeded", "type": "invalid_request_error"}
    async with LoopbackServer(replies(400, {"error": error})) as server:
        memory = RecordingMemory(replace(COMPATIBLE, base_url=server.base_url))
        client = client_for(server, COMPATIBLE, memory=memory)
        async with aclosing(client.stream(ask())) as events:
            async for event in events:
                if isinstance(event, Failed):
                    break
        await client.aclose()
        assert [window for _, window in memory.windows] == [4096]


async def test_a_client_that_is_being_opened_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[httpx.AsyncClient] = []
    is_opening, may_open = threading.Event(), threading.Event()

    def open_slowly(access: ProviderAccess) -> tuple[ProxyAddress | None, httpx.AsyncClient]:
        is_opening.set()
        may_open.wait(LONGEST_S)
        proxy, client = open_client(access)
        opened.append(client)
        return proxy, client

    monkeypatch.setattr(transport, "open_client", open_slowly)
    with closed_port() as port:
        profile = replace(COMPATIBLE, base_url=f"http://127.0.0.1:{port}/v1")
        client = ProviderClient(ProviderAccess(profile, None), CATALOG)
        listing = asyncio.ensure_future(client.listing())
        await asyncio.to_thread(is_opening.wait, LONGEST_S)
        closing = asyncio.ensure_future(client.aclose())
        may_open.set()
        await closing
        await asyncio.gather(listing, return_exceptions=True)
    assert [each.is_closed for each in opened] == [True]


async def test_a_request_in_the_queue_is_not_reported_as_silent() -> None:
    slept_s = 0.0
    may_end = asyncio.Event()

    async def waits(_: Received, writer: asyncio.StreamWriter) -> None:
        await may_end.wait()
        await CHAT(_, writer)

    async with LoopbackServer(waits, CHAT) as server:
        profile = replace(COMPATIBLE, api=Api.CHAT_COMPLETIONS)
        client = client_for(server, profile, suspended_s=lambda: slept_s)
        client._set_server_kind(ServerKind.LLAMA_CPP_PYTHON)
        first = asyncio.ensure_future(collect(client, ask()))
        await server.arrived.wait()
        second = asyncio.ensure_future(collect(client, ask()))
        for _ in range(20):
            await asyncio.sleep(0)  # until it is in the queue
        slept_s = 60.0  # the first request's connection has to report it
        may_end.set()
        await first
        assert not [event for event in await second if isinstance(event, StatusChanged)]
        await client.aclose()
