"""Replies that no API sends, and settings with which no request can be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import MODEL_PLACEHOLDER
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.remedy import Remedy
from desktop_app.providers.http import connections
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.http.reply import http_reply, json_fields, json_parser
from desktop_app.providers.http.reply.sse import SSEDecoder
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.listings import listed_ids
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, stalls, streams
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI, ask
from tests.unit.providers.samples import sse as stream_of
from tests.unit.providers.test_network import LISTED, list_models, require_error
from tests.unit.providers.test_provider_client import collect, failure, run

PAGE = b"<html>Sign in</html>"


async def error_of(script: Script, timeouts: Timeouts | None = None) -> ProviderError:
    """Return the error of a request for the list of models."""
    async with LoopbackServer(script) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        return require_error(await list_models(profile, timeouts=timeouts))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, Reason.WEB_PAGE) for status in (200, 403, 404, 405, 501, 511)),
        *((status, Reason.REQUEST_REFUSED) for status in (400, 406, 410)),
        *((status, Reason.PROVIDER_FAULT) for status in (500, 502)),
    ],
)
async def test_the_status_of_a_web_page_decides_the_reason(status: int, reason: Reason) -> None:
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
    [("gzip", "content-encoding: gzip"), ("x" * 200, f"content-encoding: {'x' * 100}")],
)
async def test_a_compressed_reply_is_refused(encoding: str, details: str) -> None:
    found = await error_of(replies(200, {"data": [{"id": "a"}]}, content_encoding=encoding))
    assert (found.reason, found.details) == (Reason.REPLY_COMPRESSED, details)


@pytest.mark.attack("reply-bounds")
async def test_the_size_of_headers_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await error_of(replies(200, {}, x_many="a" * 70_000))
    assert (found.reason, found.params["limit"]) == (Reason.TOO_MANY_HEADERS, 64)
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"

    async def in_one_piece(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(whole)

    for largest, is_read in ((len(whole), True), (len(whole) - 1, False)):
        monkeypatch.setattr(connections, "MAX_HEADER_BYTES", largest)
        async with LoopbackServer(in_one_piece) as server:
            listed = await list_models(replace(COMPATIBLE, base_url=server.base_url))
        assert (listed == ()) is is_read


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("module", "limit", "most", "reason", "params"),
    [
        (http_reply, "SSEDecoder", partial(SSEDecoder, 99), Reason.EVENT_TOO_LARGE, {"limit": 16}),
        (http_reply, "MAX_STREAM_BYTES", 99, Reason.REPLY_TOO_LARGE, {"limit": 0}),
        (json_parser, "MAX_VALUE_BYTES", 99, Reason.TOO_MANY_VALUES, {}),
    ],
)
def test_a_reply_that_is_too_large_is_named_with_its_id(
    module: ModuleType,
    limit: str,
    most: object,
    reason: Reason,
    params: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_fields, "MAX_INLINE_BYTES", 99)
    monkeypatch.setattr(module, limit, most)
    delta = {"type": "response.output_text.delta", "delta": "a" * 100}
    stream = stream_of(delta)
    events, _ = run(streams(stream[:-1], stream[-1:]))
    found = failure(events)
    assert (found.reason, found.params) == (
        reason,
        {"provider": found.params["provider"], **params},
    )
    assert (found.request_id, found.all_details) == ("req_1", "Request id: req_1")


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"nonsense", "application/json", Reason.REPLY_NOT_JSON),
        (b'"nonsense"', "Application/JSON; charset=utf-8", Reason.ANSWER_UNREADABLE),
        (b"nonsense", "text/event-stream", Reason.ANSWER_CUT),
        (b"", "application/json", Reason.ANSWER_CUT),
        (b"data: x", "application/json", Reason.ANSWER_CUT),
    ],
)
def test_the_first_character_tells_json_from_a_stream(
    body: bytes, kind: str, reason: Reason
) -> None:
    profile = replace(OPENAI, api=Api.RESPONSES)
    assert failure(run(replies(200, body, kind), profile=profile)[0]).reason is reason


@pytest.mark.parametrize(
    ("script", "limits", "reason"),
    [
        (stalls(), Timeouts(quick_total=0.05), Reason.NO_REPLY_IN_TIME),
        (stalls(head=b""), Timeouts(quick_read=0.05), Reason.NO_REPLY_IN_TIME),
        (stalls(), Timeouts(quick_read=1.0), Reason.SILENT_IN_ANSWER),  # the head comes in time
    ],
)
async def test_a_quick_request_has_a_time_limit(
    script: Script, limits: Timeouts, reason: Reason
) -> None:
    found = await error_of(script, limits)
    assert found.reason is reason


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
        ({"ca_file": "gone.pem"}, "ftp://a", Reason.PROXY_ADDRESS_INVALID),
    ],
)
async def test_settings_that_cannot_be_used_are_named(
    settings: Mapping[str, Any], environment: str, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", environment)
    found = require_error(
        await list_models(replace(COMPATIBLE, base_url="https://far.example/v1", **settings))
    )
    assert found.reason is reason
    is_proxy = reason is Reason.PROXY_ADDRESS_INVALID
    is_of_environment = is_proxy and bool(environment)
    assert (found.remedy is Remedy.CHECK_ENVIRONMENT_PROXY) == is_of_environment


async def test_an_address_that_is_too_long_with_its_model_is_refused() -> None:
    address = f"http://127.0.0.1:1/deployments/{MODEL_PLACEHOLDER}"
    client = ProviderClient(
        ProviderAccess(replace(COMPATIBLE, base_url=address), key_for(address)), CATALOG
    )
    found = failure(await collect(client, ask(model="m" * 70_000)))
    await client.aclose()
    assert found.reason is Reason.ADDRESS_UNUSABLE


async def test_a_server_without_a_port_is_asked_through_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    async with LoopbackServer(LISTED, socket_path=path) as server:
        profile = replace(COMPATIBLE, base_url="http://127.0.0.1:1/v1")
        key = key_for(profile.base_url)
        client = ProviderClient(ProviderAccess(profile, key, socket_path=path), CATALOG)
        assert listed_ids(await client.listing()) == ("a",)
        await client.aclose()
        assert [request.path for request in server.requests] == ["/v1/models"]
