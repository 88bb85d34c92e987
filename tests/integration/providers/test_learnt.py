"""Learned server support outlives the program: the gateway with a real store."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.stream_events import Notice
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.storage.database import Database
from tests.helpers.stored_gateway import gateway_over
from tests.unit.providers.loopback import LoopbackServer, replies, streams
from tests.unit.providers.samples import COMPATIBLE, ask, sse

RESPONSE = streams(
    sse(
        {"type": "response.output_text.delta", "delta": "Hello"},
        {"type": "response.completed", "response": {"status": "completed"}},
    )
)
REFUSED = replies(
    400, {"error": {"message": "No.", "param": "temperature", "code": "unsupported_parameter"}}
)


async def one_run(store: Path, profile: ProviderProfile) -> int:
    """Ask with a temperature in a run of the program; return the answer's number of notices."""
    database = Database(store)
    await database.open()
    gateway = gateway_over(database)
    client = await gateway.provider(profile)
    async with aclosing(client.stream(ask(model="m", temperature=0.2))) as stream:
        events = [event async for event in stream]
    await gateway.aclose()
    await database.close()
    return len([event for event in events if isinstance(event, Notice)])


async def test_a_refusal_outlives_the_program_and_not_the_address(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"

    async with LoopbackServer(REFUSED, RESPONSE) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        assert [await one_run(store, profile) for _ in range(2)] == [1, 1]
        moved = replace(profile, base_url=server.base_url.replace("127.0.0.1", "localhost"))
        assert await one_run(store, moved) == 0
        sent = ["temperature" in request.json for request in server.requests]
        assert sent == [True, False, False, True]


LIST = replies(body={"data": [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx": 2048}}]})


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ((), "llama-server -m FILE"),
        ((CustomField("x-portkey-provider", "openai"),), ", then try again"),
    ],
)
async def test_the_kind_of_a_stopped_server_is_remembered(
    tmp_path: Path, fields: tuple[CustomField, ...], remedy: str
) -> None:
    database = Database(tmp_path / "store.sqlite3")
    await database.open()

    async def listed(profile: ProviderProfile) -> None:
        gateway = gateway_over(database)
        try:
            await (await gateway.provider(profile)).listing()
        finally:
            await gateway.aclose()

    async with LoopbackServer(LIST) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url, custom_fields=fields)
        await listed(profile)
    with pytest.raises(NetworkError) as stopped:
        await listed(profile)
    await database.close()
    assert "Nothing is listening at" in stopped.value.message
    assert remedy in stopped.value.hint
