"""Tokens that a server counts: by its own counter, in its replies and in its refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Notice
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.providers.server_memory import ServerMemory
from tests.unit.providers.loopback import (
    STREAM_END,
    STREAM_HEAD,
    LoopbackServer,
    Received,
    Script,
    chunk,
    replies,
    streams,
)
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import CATALOG, ask, fold, sse
from tests.unit.providers.test_provider_client import collect, failure

LISTED = replies(200, {"data": [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx": 4096}}]})


def count_reply(tokens: int) -> Script:
    return replies(200, {"tokens": [1] * tokens})


OWN = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, needs_key=False)


@asynccontextmanager
async def open_client(
    *scripts: Script, memory: ServerMemory | None = None
) -> AsyncIterator[tuple[ProviderClient, LoopbackServer]]:
    """Yield the client of a server, and the server."""
    async with LoopbackServer(*scripts) as server:
        profile = replace(OWN, base_url=server.base_url)
        client = ProviderClient(ProviderAccess(profile), CATALOG, memory=memory)
        yield client, server
        await client.aclose()


@pytest.mark.parametrize(
    ("scripts", "asked"),
    [
        ([replies(500, {})], 1),
        ([replies(200, {"data": [{"id": "m", "owned_by": "vllm"}]})], 1),
        ([LISTED, replies(404, {})], 2),
        ([LISTED, replies(200, {"count": 7})], 2),
        ([LISTED, replies(200, b"x")], 2),
    ],
)
async def test_a_server_that_cannot_count_is_not_asked_again(
    scripts: list[Script], asked: int
) -> None:
    async with open_client(*scripts, count_reply(7)) as (client, server):
        assert await client.count_tokens("m", "text") is None
        assert await client.count_tokens("m", "text") is None
        assert len(server.requests) == asked


async def test_a_list_of_models_shows_the_counter() -> None:
    async with open_client(LISTED, count_reply(7)) as (client, server):
        await client.listing()
        assert await client.count_tokens("m", "text") == 7
        assert [request.path for request in server.requests] == ["/v1/models", "/tokenize"]


def answer(**usage: Any) -> Script:
    chunk = {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}], "usage": usage}
    return streams(sse(chunk, "[DONE]"))


@pytest.mark.parametrize(
    ("words", "tokens", "is_told"),
    [(300, 149, True), (300, 150, False), (299, 1, False), (400, 0, False)],
)
async def test_an_answer_to_part_of_the_request_says_so(
    words: int, tokens: int, is_told: bool
) -> None:
    memory = RecordingMemory(OWN, Api.CHAT_COMPLETIONS)
    script = answer(prompt_tokens=tokens, completion_tokens=1)
    async with open_client(script, memory=memory) as (client, _):
        events = await collect(client, ask("word " * (words - 1), model="m", instructions="Hi"))
    told = notice(NoticeCode.INPUT_CUT, provider="Own", tokens=str(tokens))
    assert [event for event in events if isinstance(event, Notice)] == [Notice(told)] * is_told


async def test_a_refusal_tells_the_window() -> None:
    memory = RecordingMemory(OWN, Api.CHAT_COMPLETIONS)
    words = "This model's maximum context length is 2048 tokens. You requested 3635 tokens."
    script = replies(400, {"error": {"message": words}})
    async with open_client(script, memory=memory) as (client, _):
        error = failure(await collect(client, ask(model="m")))
    assert "conversation exceeds the model’s" in error.message
    assert memory.windows == [("m", 2048)]


ANSWER = sse({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})


HERE = replies(200, {"data": [{"id": "m", "owned_by": "me"}]})


async def test_answers_of_llama_cpp_python_take_turns() -> None:
    is_asked, may_end = asyncio.Event(), asyncio.Event()

    async def slowly(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        is_asked.set()
        await may_end.wait()
        writer.write(chunk(ANSWER) + STREAM_END)

    async with LoopbackServer(HERE, slowly, streams(ANSWER)) as own:
        profile = ProviderProfile(
            "own", "Own", ProviderKind.COMPATIBLE, own.base_url, needs_key=False
        )
        client = ProviderClient(
            ProviderAccess(profile), CATALOG, memory=RecordingMemory(profile, Api.CHAT_COMPLETIONS)
        )

        async def answer() -> str:
            return fold([event async for event in client.stream(ask(model="m"))]).text

        await client.listing()  # shows which server it is
        first = asyncio.create_task(answer())
        await is_asked.wait()
        second = asyncio.create_task(answer())
        assert len(own.requests) == 2
        may_end.set()
        assert [await first, await second] == ["Hi", "Hi"]
        await client.aclose()
