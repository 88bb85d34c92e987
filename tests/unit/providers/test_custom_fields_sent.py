"""Custom headers, keys and passwords, as the server of their origin receives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import API_KEY_HEADER, ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Failed, StreamEvent
from desktop_app.domain.errors import AuthenticationError, ProviderError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import Secret, origin
from desktop_app.providers.http.redaction import REMOVED
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.proxies import HttpProxy
from tests.helpers.secrets import key_for
from tests.unit.providers.listings import listed_ids
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI, ask

SERVER = ProviderProfile("mine", "Mine", ProviderKind.COMPATIBLE, api=Api.CHAT_COMPLETIONS)
WHOLE = {"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]}
PLAIN = CustomField("X-Team", "blue")
HIDDEN = CustomField("x-portkey-api-key", is_secret=True)
VERSION = CustomField("api-version", "2024-10-21", in_query=True)
VALUE = "pk-0123456789-abcdefgh"

Asked = tuple[StreamEvent, list[Received]]


@blocking
async def asked(
    profile: ProviderProfile,
    values: Mapping[str, str] | None = None,
    script: Script | None = None,
    *,
    path: str = "",
    of_origin: str = "",
) -> Asked:
    async with LoopbackServer(script or replies(200, WHOLE)) as server:
        here = replace(profile, base_url=server.base_url + path)
        to = of_origin or origin(server.base_url)
        secrets = {
            here.custom_field_id(f): Secret((values or {})[f.name], to)
            for f in here.custom_fields
            if f.name in (values or {})
        }
        key = key_for(server.base_url, "sk-0123456789")
        client = ProviderClient(ProviderAccess(here, key, field_secrets=secrets), CATALOG)
        events = [event async for event in client.stream(ask())]
        await client.aclose()
        return events[-1], server.requests


def reason_of(event: StreamEvent) -> Any:
    assert isinstance(event, Failed), event
    return event.error.message


def test_every_request_carries_the_fields() -> None:
    profile = replace(SERVER, custom_fields=(PLAIN, HIDDEN, VERSION))
    last, [request] = asked(profile, {HIDDEN.name: VALUE})
    assert not isinstance(last, Failed)
    assert request.headers["x-team"] == "blue"
    assert request.headers["x-portkey-api-key"] == VALUE
    assert request.headers["authorization"] == "Bearer sk-0123456789"
    assert request.path.endswith("/chat/completions?api-version=2024-10-21")


@pytest.mark.attack("secrets")
def test_a_missing_value_is_an_error_that_names_the_header() -> None:
    last, requests = asked(replace(SERVER, custom_fields=(HIDDEN,)))
    assert "isn’t in the keyring for this URL" in reason_of(last)
    assert isinstance(last, Failed)
    assert "x-portkey-api-key" in last.error.what_happened
    assert requests == []


@pytest.mark.attack("key-origin")
def test_a_value_goes_to_its_own_origin_only() -> None:
    profile = replace(SERVER, custom_fields=(HIDDEN,))
    last, requests = asked(profile, {HIDDEN.name: VALUE}, of_origin="https://other.example:443")
    assert "isn’t in the keyring for this URL" in reason_of(last)
    assert requests == []


@pytest.mark.parametrize("value", ["schlüssel-0123456789", "a\nb: c", "", "x" * 10_000])
def test_a_value_that_no_header_takes_is_refused(value: str) -> None:
    last, requests = asked(replace(SERVER, custom_fields=(HIDDEN,)), {HIDDEN.name: value})
    assert "too long, or contains invalid" in reason_of(last)
    assert requests == []


@pytest.mark.attack("secrets")
def test_an_echoed_value_is_redacted() -> None:
    error = {"error": {"message": f"Wrong: Bearer {VALUE}"}}
    profile = replace(SERVER, custom_fields=(HIDDEN,))
    last, _ = asked(profile, {HIDDEN.name: f"Bearer {VALUE}"}, replies(400, error))
    assert isinstance(last, Failed)
    assert VALUE not in f"{last.error.sentences} {last.error.details} {vars(last.error)}"
    assert REMOVED in last.error.what_happened


def test_azure_takes_the_key_in_a_header_of_its_own() -> None:
    _, [request] = asked(replace(SERVER, key_header=API_KEY_HEADER), path="/openai/v1")
    assert request.headers["api-key"] == "sk-0123456789"
    assert "authorization" not in request.headers
    assert request.path.endswith("/openai/v1/chat/completions")


def test_a_deployment_is_named_in_the_address() -> None:
    profile = replace(SERVER, custom_fields=(VERSION,))
    _, [request] = asked(profile, path="/openai/deployments/{model}")
    model = request.json["model"]
    assert f"/openai/deployments/{model}/chat/completions?api-version=2024-10-21" in request.path


def test_a_wrong_variable_is_reported_by_the_request() -> None:
    last, requests = asked(replace(SERVER, unusable_variable="OPENAI_CUSTOM_HEADERS"))
    assert "The value of" in reason_of(last)
    assert isinstance(last, Failed)
    assert "OPENAI_CUSTOM_HEADERS" in last.error.what_happened
    assert requests == []


KEY = "sk-test-1234567890-abcdefgh"
LISTED = replies(200, {"data": [{"id": "a"}]})


@pytest.mark.attack("key-origin")
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


@pytest.mark.attack("key-origin")
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


@pytest.mark.attack("key-origin")
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


@pytest.mark.attack("key-origin")
async def test_a_user_and_password_that_belong_to_the_address_are_sent() -> None:
    async with LoopbackServer(LISTED) as server:
        secret = Secret("someone:wörd", key_for(server.base_url).origin, "Basic")
        client = ProviderClient(
            ProviderAccess(replace(COMPATIBLE, base_url=server.base_url), secret), CATALOG
        )
        await client.listing()
        await client.aclose()
        assert server.requests[0].headers["authorization"] == "Basic c29tZW9uZTp3w7ZyZA=="


@pytest.mark.attack("key-origin")
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
