"""A server that breaks off an answer at the next request is asked one thing at a time."""

from __future__ import annotations

import asyncio

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.apis.server_memory import ServerMemory
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.unit.providers.loopback import (
    STREAM_END,
    STREAM_HEAD,
    LoopbackServer,
    Received,
    chunk,
    replies,
    streams,
)
from tests.unit.providers.samples import CATALOG, ask, fold, sse

ANSWER = sse({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})
LISTED = replies(200, {"data": [{"id": "m", "owned_by": "me"}]})


async def test_answers_and_counts_take_turns() -> None:
    is_asked, may_end = asyncio.Event(), asyncio.Event()

    async def slowly(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        is_asked.set()
        await may_end.wait()
        writer.write(chunk(ANSWER) + STREAM_END)

    async with LoopbackServer(LISTED, slowly, streams(ANSWER), replies(200, {"count": 3})) as own:
        profile = ProviderProfile(
            "own", "Own", ProviderKind.COMPATIBLE, own.base_url, needs_key=False
        )
        client = ProviderClient(
            ProviderAccess(profile), CATALOG, memory=ServerMemory(Api.CHAT_COMPLETIONS)
        )

        async def answer() -> str:
            return fold([event async for event in client.stream(ask(model="m"))]).text

        await client.listing()  # shows which server it is
        first = asyncio.create_task(answer())
        await is_asked.wait()
        second = asyncio.create_task(answer())
        assert await client.count_tokens("m", "one two three") is None
        assert len(own.requests) == 2
        may_end.set()
        assert [await first, await second] == ["Hi", "Hi"]
        assert await client.count_tokens("m", "one two three") == 3
        await client.aclose()
