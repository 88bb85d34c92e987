"""Replies that no API sends, and settings with which no request can be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import MODEL_PLACEHOLDER
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ProviderError, Remedy
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.closed_port import closed_port
from tests.helpers.listings import listed_ids
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, stalls
from tests.unit.providers.samples import CATALOG, COMPATIBLE, ask
from tests.unit.providers.test_network import ALLOWED, LISTED, asked, failed
from tests.unit.providers.test_provider_client import collect, failure

PAGE = b"<html>Sign in</html>"


async def error_of(script: Script, timeouts: Timeouts | None = None) -> ProviderError:
    """Return the error of a request for the list of models."""
    async with LoopbackServer(script) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        return failed(await asked(profile, timeouts=timeouts))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, Reason.WEB_PAGE) for status in (200, 403, 404, 405, 501, 511)),
        *((status, Reason.REQUEST_REFUSED) for status in (400, 406, 410)),
        *((status, Reason.PROVIDER_FAULT) for status in (500, 502)),
    ],
)
async def test_a_page_with_some_statuses_is_no_reply_of_an_api(status: int, reason: Reason) -> None:
    found = await error_of(replies(status, PAGE, "Text/HTML; charset=utf-8"))
    assert found.reason is reason


@pytest.mark.parametrize(
    ("status", "location", "to"),
    [
        (300, "https://a/", "a"),
        (399, f"https://{'a' * 253}/", "a" * 253),
        (308, f"https://{'a' * 254}/", ""),
        (308, "/v1/", ""),
    ],
)
async def test_a_redirect_names_the_host_unless_it_is_too_long(
    status: int, location: str, to: str
) -> None:
    found = await error_of(replies(status, b"", location=location))
    assert found.params["host"] == to


@pytest.mark.parametrize(
    ("encoding", "details"),
    [
        ("gzip", "content-encoding: gzip"),
        ("x" * 200, f"content-encoding: {'x' * 100}"),
        (" Identity ", None),
    ],
)
async def test_a_compressed_reply_is_refused(encoding: str, details: str | None) -> None:
    script = replies(200, {"data": [{"id": "a"}]}, content_encoding=encoding)
    async with LoopbackServer(script) as server:
        found = await asked(replace(COMPATIBLE, base_url=server.base_url))
    if details is None:
        assert found == ("a",)
    else:
        assert (failed(found).reason, failed(found).details) == (Reason.REPLY_COMPRESSED, details)


async def test_a_compressed_refusal_is_one_without_words() -> None:
    script = replies(400, {"error": {"message": "Odd."}}, content_encoding="gzip")
    found = await error_of(script)
    assert (found.reason, found.details) == (Reason.REQUEST_REFUSED, "HTTP status 400")


@pytest.mark.attack("reply-bounds")
async def test_so_many_headers_are_read_at_most() -> None:
    found = await error_of(replies(200, {}, x_many="a" * 70_000))
    assert found.reason is Reason.TOO_MANY_HEADERS


@pytest.mark.parametrize(
    ("script", "limits"),
    [(stalls(), {"quick_total": 0.05}), (stalls(head=b""), {"quick_read": 0.05})],
)
async def test_a_quick_request_gets_so_much_time(
    script: Script, limits: Mapping[str, float]
) -> None:
    found = await error_of(script, Timeouts(**limits))
    assert found.reason in (Reason.NO_REPLY_IN_TIME, Reason.SILENT_IN_ANSWER)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_gets_so_much_time(scheme: str) -> None:
    async def silent(request: Received, _: asyncio.StreamWriter) -> None:
        await request.gone.wait()

    async with LoopbackServer(silent) as server:
        proxy = server.base_url.replace("http", scheme, 1).removesuffix("/v1")
        profile = replace(ALLOWED, base_url="https://far.example/v1", proxy=proxy)
        found = failed(await asked(profile, timeouts=Timeouts(proxy=0.05)))
    assert found.reason is Reason.PROXY_TIMEOUT


@pytest.mark.parametrize(
    ("settings", "environment", "reason"),
    [
        ({"proxy": "ftp://a"}, "", Reason.PROXY_ADDRESS_INVALID),
        ({"proxy": "http://\u200b"}, "", Reason.PROXY_ADDRESS_INVALID),
        ({"proxy": "http://\ud800@a"}, "", Reason.NETWORK_SETTINGS_UNUSABLE),
        ({"ca_file": "gone.pem"}, "", Reason.CERTIFICATES_UNREADABLE),
        ({}, "ftp://a", Reason.PROXY_ADDRESS_INVALID),
        ({}, "http://\u200b", Reason.PROXY_ADDRESS_INVALID),
        ({"ca_file": "gone.pem"}, "http://a", Reason.CERTIFICATES_UNREADABLE),
    ],
)
async def test_settings_that_cannot_be_used_are_named(
    settings: Mapping[str, Any],
    environment: str,
    reason: Reason,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", environment)
    found = failed(await asked(replace(COMPATIBLE, base_url="https://far.example/v1", **settings)))
    assert found.reason is reason
    assert (found.remedy is Remedy.CHECK_ENVIRONMENT_PROXY) == (not settings)


async def test_an_address_that_is_too_long_with_its_model_is_refused() -> None:
    address = f"http://127.0.0.1:1/deployments/{MODEL_PLACEHOLDER}"
    client = ProviderClient(replace(COMPATIBLE, base_url=address), key_for(address), CATALOG)
    found = failure(await collect(client, ask(model="m" * 70_000)))
    await client.aclose()
    assert found.reason is Reason.ADDRESS_UNUSABLE


async def test_a_server_without_a_port_is_asked_through_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    async with LoopbackServer(LISTED, socket_path=path) as server:
        profile = replace(COMPATIBLE, base_url="http://127.0.0.1:1/v1")
        key = key_for(profile.base_url)
        client = ProviderClient(profile, key, CATALOG, socket_path=path)
        assert listed_ids(await client.listing()) == ("a",)
        await client.aclose()
        assert [request.path for request in server.requests] == ["/v1/models"]


async def test_a_server_here_that_is_not_running_is_named_with_its_port() -> None:
    with closed_port() as port:
        found = failed(await asked(replace(COMPATIBLE, base_url=f"http://127.0.0.1:{port}/v1")))
    assert found.reason is Reason.NOTHING_LISTENS
    assert found.params["host"] == f"127.0.0.1:{port}"
