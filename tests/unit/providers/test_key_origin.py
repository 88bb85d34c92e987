"""A key is sent only to its own origin, whichever request asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.answering.stream_events import Failed
from desktop_app.domain.errors import AuthenticationError, ProviderError
from desktop_app.domain.network.secret import Secret
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.listings import listed_ids
from tests.helpers.proxies import HttpProxy
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, replies
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI, ask

KEY = "sk-test-1234567890-abcdefgh"
LISTED = replies(200, {"data": [{"id": "a"}]})

pytestmark = pytest.mark.attack("key-origin")


@pytest.mark.parametrize(
    "belongs_to",
    [
        "https://api.openai.com/v1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "http://127.0.0.1.example:{port}",
    ],
)
async def test_a_key_of_another_origin_is_not_sent(belongs_to: str) -> None:
    async with LoopbackServer(LISTED) as server:
        port = server.base_url.rpartition(":")[2].removesuffix("/v1")
        key = key_for(belongs_to.format(port=port), KEY)
        client = ProviderClient(
            ProviderAccess(replace(COMPATIBLE, base_url=server.base_url), key), CATALOG
        )
        with pytest.raises(AuthenticationError) as caught:
            await client.listing()
        assert caught.value.what_happened == f"There is no API key for 127.0.0.1:{port}."
        events = [event async for event in client.stream(ask(model="m"))]
        await client.aclose()
        assert isinstance(events[-1], Failed)
        assert isinstance(events[-1].error, AuthenticationError)
        assert server.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_gets_no_key(status: int) -> None:
    async with LoopbackServer(LISTED) as other:
        away = replies(status, {}, location=other.base_url + "/models")
        async with LoopbackServer(away) as server:
            profile = replace(OPENAI, base_url=server.base_url)
            client = ProviderClient(ProviderAccess(profile, key_for(server.base_url, KEY)), CATALOG)
            with pytest.raises(ProviderError, match="redirects"):
                await client.listing()
            events = [event async for event in client.stream(ask())]
            await client.aclose()
            assert isinstance(events[-1], Failed)
        assert other.connections == 0


async def test_a_user_in_the_address_is_not_sent_in_place_of_a_key() -> None:
    async with LoopbackServer(LISTED) as server:
        there = server.base_url.replace("http://", "http://someone:word@")
        for key in (None, key_for(server.base_url, KEY)):
            client = ProviderClient(
                ProviderAccess(replace(COMPATIBLE, base_url=there), key), CATALOG
            )
            await client.listing()
            await client.aclose()
        sent = [request.headers.get("authorization") for request in server.requests]
        assert sent == [None, f"Bearer {KEY}"]


async def test_a_user_and_password_that_belong_to_the_address_are_sent() -> None:
    async with LoopbackServer(LISTED) as server:
        secret = Secret("someone:wörd", key_for(server.base_url).origin, "Basic")
        client = ProviderClient(
            ProviderAccess(replace(COMPATIBLE, base_url=server.base_url), secret), CATALOG
        )
        await client.listing()
        await client.aclose()
        assert server.requests[0].headers["authorization"] == "Basic c29tZW9uZTp3w7ZyZA=="


async def test_a_password_of_another_proxy_is_not_sent() -> None:
    async with (
        LoopbackServer(LISTED) as server,
        HttpProxy(user="me", password="right", upstream=server.base_url) as proxy,
    ):
        profile = replace(
            COMPATIBLE,
            base_url="http://far.lan/v1",
            plain_http_hosts=("far.lan",),
            proxy=proxy.url_for("me"),
        )
        elsewhere = key_for("http://other-proxy.example:3128", "right")
        client = ProviderClient(ProviderAccess(profile, proxy_password=elsewhere), CATALOG)
        with pytest.raises(ProviderError, match="rejected the user name or password"):
            await client.listing()
        await client.aclose()
        here = key_for(profile.proxy, "right")
        client = ProviderClient(ProviderAccess(profile, proxy_password=here), CATALOG)
        assert listed_ids(await client.listing()) == ("a",)
        await client.aclose()
