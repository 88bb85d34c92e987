"""Tokens that a server counts: by its own counter, in its replies and in its refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Notice
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.apis.server_memory import ServerMemory
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.models import server_counters
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.recording_memory import RecordingMemory
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.samples import CATALOG, ask, sse
from tests.unit.providers.test_provider_client import collect, failure

LISTED = replies(200, {"data": [{"id": "m", "owned_by": "vllm"}]})


def count_reply(tokens: int) -> Script:
    return replies(200, {"count": tokens})


@asynccontextmanager
async def open_client(
    *scripts: Script, memory: ServerMemory | None = None
) -> AsyncIterator[tuple[ProviderClient, LoopbackServer]]:
    """Yield the client of a server, and the server."""
    async with LoopbackServer(*scripts) as server:
        profile = ProviderProfile(
            "own", "Own", ProviderKind.COMPATIBLE, server.base_url, needs_key=False
        )
        client = ProviderClient(ProviderAccess(profile), CATALOG, memory=memory)
        yield client, server
        await client.aclose()


async def test_a_long_text_is_counted_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_counters, "MAX_TEXT_CHARS", 4)
    async with open_client(
        LISTED, count_reply(1), count_reply(2), count_reply(3), count_reply(4)
    ) as (client, server):
        assert await client.count_tokens("m", "abcdefghij") == 6
        assert await client.count_tokens("m", "abcd") == 4
        _, *texts = server.requests
        assert [request.json["prompt"] for request in texts] == ["abcd", "efgh", "ij", "abcd"]


@pytest.mark.parametrize(
    ("scripts", "asked"),
    [
        ([replies(500, {})], 1),
        ([replies(200, {"data": [{"id": "m"}]})], 1),
        ([LISTED, replies(404, {})], 2),
        ([LISTED, replies(200, {"count": 0})], 2),
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


@pytest.mark.parametrize(("tokens", "is_told"), [(12_344, True), (12_345, False)])
async def test_an_answer_to_part_of_the_request_says_so(tokens: int, is_told: bool) -> None:
    memory = RecordingMemory(Api.CHAT_COMPLETIONS, least=12_345)
    script = answer(prompt_tokens=tokens, completion_tokens=1)
    async with open_client(script, memory=memory) as (client, _):
        events = await collect(client, ask(model="m"))
    assert memory.counts == [("m", tokens, 0)]
    told = notice(NoticeCode.INPUT_CUT, provider="Own", tokens="12,344")
    assert [event for event in events if isinstance(event, Notice)] == [Notice(told)] * is_told


async def test_a_refusal_tells_the_tokens_and_the_window() -> None:
    memory = RecordingMemory(Api.CHAT_COMPLETIONS)
    words = "This model's maximum context length is 2048 tokens. You requested 3635 tokens."
    script = replies(400, {"error": {"message": words}})
    async with open_client(script, memory=memory) as (client, _):
        error = failure(await collect(client, ask(model="m")))
    assert error.reason is Reason.CONVERSATION_TOO_LONG
    assert memory.counts == [("m", 3635, 2048)]
