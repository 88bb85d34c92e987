"""The gateway: a client for each current profile, with its key and route."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.answering.stream_events import Completed, TextDelta
from desktop_app.domain.errors import CredentialError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.keys.vault import KeyPlace, KeyVault
from desktop_app.settings.settings_store import SettingsStore
from tests.helpers.secrets import key_for
from tests.helpers.stored_gateway import gateway_over
from tests.unit.providers.loopback import (
    STREAM_END,
    STREAM_HEAD,
    LoopbackServer,
    Received,
    chunk,
    replies,
)
from tests.unit.providers.samples import COMPATIBLE, ask
from tests.unit.storage.samples import opened

LISTED = replies(200, {"data": [{"id": "a"}]})


@asynccontextmanager
async def opened_gateway(folder: Path) -> AsyncIterator[tuple[ProviderGateway, KeyVault]]:
    async with opened(folder / "s.sqlite3") as database:
        vault = KeyVault("repartee-test", SettingsStore(database))
        gateway = gateway_over(database, vault)
        yield gateway, vault
        await gateway.aclose()


async def test_a_list_of_models_leaves_its_connection_to_the_first_question(tmp_path: Path) -> None:
    async with LoopbackServer(LISTED) as server, opened_gateway(tmp_path) as (gateway, _):
        profile = replace(COMPATIBLE, base_url=server.base_url)
        client = await gateway.provider(profile)
        await client.listing()
        assert await gateway.provider(replace(profile, models=("a",))) is client


async def test_a_changed_profile_does_not_interrupt_a_streaming_answer(tmp_path: Path) -> None:
    go_on = asyncio.Event()

    async def slowly(_: Received, writer: asyncio.StreamWriter) -> None:
        delta = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
        writer.write(STREAM_HEAD + chunk(delta % b"one"))
        await go_on.wait()
        writer.write(chunk(delta % b"two") + chunk(b"data: [DONE]\n\n") + STREAM_END)

    async with LoopbackServer(slowly) as server, opened_gateway(tmp_path) as (gateway, _):
        profile = replace(COMPATIBLE, base_url=server.base_url, api=Api.CHAT_COMPLETIONS)
        client = await gateway.provider(profile)
        events = client.stream(ask(model="m"))
        seen = [event async for event in _until_text(events)]
        other = await gateway.provider(replace(profile, name="Renamed"))
        assert other is not client
        assert [client.is_idle] == [False]
        go_on.set()
        seen += [event async for event in events]
        assert [e.text for e in seen if isinstance(e, TextDelta)] == ["one", "two"]
        assert isinstance(seen[-1], Completed)
        assert [client.is_idle] == [True]
        await gateway.provider(profile)
        assert client not in gateway._replaced_clients


async def _until_text(events: AsyncIterator[object]) -> AsyncIterator[object]:
    async for event in events:
        yield event
        if isinstance(event, TextDelta):
            return


async def test_a_users_own_server_gets_the_key_entered_for_it(tmp_path: Path) -> None:
    async with LoopbackServer(LISTED) as server, opened_gateway(tmp_path) as (gateway, vault):
        profile = replace(COMPATIBLE, base_url=server.base_url)
        await (await gateway.provider(profile)).listing()
        key = key_for(server.base_url, "not-a-key")
        vault.use_for_session(profile.id, key, KeyPlace.SESSION)
        await (await gateway.provider(profile)).listing()
        sent = [request.headers.get("authorization") for request in server.requests]
        assert sent == [None, "Bearer not-a-key"]


async def test_secret_headers_come_from_the_vault(tmp_path: Path) -> None:
    team = CustomField("x-team", "blue")
    token = CustomField("x-token", is_secret=True)
    async with LoopbackServer(LISTED) as server, opened_gateway(tmp_path) as (gateway, vault):
        profile = replace(COMPATIBLE, base_url=server.base_url, custom_fields=(team, token))
        with pytest.raises(CredentialError) as caught:
            await gateway.provider(profile)
        assert "isn’t in the keyring for this URL" in caught.value.message
        assert caught.value.params == {"name": "x-token"}
        value = key_for(server.base_url, "hidden")
        vault.use_for_session(profile.custom_field_id(token), value, KeyPlace.SESSION)
        await (await gateway.provider(profile)).listing()
        [request] = server.requests
        assert (request.headers["x-team"], request.headers["x-token"]) == ("blue", "hidden")
