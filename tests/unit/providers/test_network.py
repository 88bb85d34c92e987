"""Routes to a provider over real TCP: proxies, certificates, wrong addresses, refused replies."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import compress

import pytest

from desktop_app.domain.answering.chat_request import DIRECT, ProviderProfile
from desktop_app.domain.errors import ProviderError
from desktop_app.providers.http import http_reply
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.certificates import Authority
from tests.helpers.closed_port import closed_port
from tests.helpers.linux_only import linux_only
from tests.helpers.proxies import HttpProxy, SocksProxy, TestProxy
from tests.helpers.secrets import key_for
from tests.unit.providers.listings import listed_ids
from tests.unit.providers.loopback import LoopbackServer, Script, replies, stalls, streams
from tests.unit.providers.samples import CATALOG, COMPATIBLE
from tests.unit.providers.samples import sse as stream_of
from tests.unit.providers.test_provider_client import failure, run

FAR = "http://far.lan/v1"
ALLOWED = replace(COMPATIBLE, base_url=FAR, plain_http_hosts=("far.lan",))
LISTED = replies(200, {"data": [{"id": "a"}]})
SECRET = "pass:word/é"


async def list_models(
    profile: ProviderProfile, password: str = "", timeouts: Timeouts | None = None
) -> tuple[str, ...] | ProviderError:
    """Return the listed models, or the error."""
    client = ProviderClient(
        ProviderAccess(
            profile,
            key_for(profile.base_url, "k"),
            proxy_password=key_for(profile.proxy, password) if password else None,
        ),
        CATALOG,
        timeouts=timeouts or Timeouts(),
    )
    try:
        return listed_ids(await client.listing())
    except ProviderError as error:
        assert SECRET not in f"{error.sentences} {error.details}"
        return error
    finally:
        await client.aclose()


def require_error(result: tuple[str, ...] | ProviderError) -> ProviderError:
    assert isinstance(result, ProviderError), result
    return result


# ---------------------------------------------------------------- proxies


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
@pytest.mark.parametrize("encrypted", [False, True])
async def test_requests_go_through_the_proxy_of_the_profile(
    kind: type[TestProxy], encrypted: bool, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    tls = authority.server("far.example") if encrypted else None
    url = "https://far.example/v1" if encrypted else FAR
    async with LoopbackServer(LISTED, tls=tls) as server, kind(upstream=server.base_url) as proxy:
        profile = replace(ALLOWED, base_url=url, proxy=proxy.url, ca_file=str(authority.pem))
        assert await list_models(profile) == ("a",)
        host = urlsplit(url).hostname
        assert proxy.wanted == [f"{host}:{443 if encrypted else 80}"]
        assert server.requests[0].path == "/v1/models"


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
async def test_a_proxy_requires_the_right_user_and_password(
    kind: type[TestProxy], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    async with (
        LoopbackServer(LISTED, tls=authority.server("far.example")) as server,
        kind(user="me@work", password=SECRET, upstream=server.base_url) as proxy,
    ):
        profile = replace(
            ALLOWED,
            base_url="https://far.example/v1",
            proxy=proxy.url_for("me%40work"),
            ca_file=str(authority.pem),
        )
        assert await list_models(profile, SECRET) == ("a",)
        wrong = require_error(await list_models(profile, "wrong"))
        assert "rejected the user name or password" in wrong.what_happened
        assert "Settings › Advanced" in wrong.what_to_do
        nobody = require_error(await list_models(replace(profile, proxy=proxy.url)))
        assert "requires a password" in nobody.what_happened
        assert proxy.refused == 2
        assert "me" not in urlsplit(nobody.what_happened.split()[2]).netloc


async def test_an_encrypted_proxy_is_used(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        LoopbackServer(LISTED) as server,
        HttpProxy(tls=authority.server(), upstream=server.base_url) as proxy,
    ):
        profile = replace(ALLOWED, proxy=proxy.url)
        assert "certificate" in require_error(await list_models(profile)).what_happened
        assert await list_models(replace(profile, ca_file=str(authority.der))) == ("a",)


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
async def test_a_proxy_of_the_environment_is_used_with_its_own_password(
    kind: type[TestProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        LoopbackServer(LISTED) as server,
        kind(user="me", password=SECRET, upstream=server.base_url) as proxy,
    ):
        monkeypatch.setenv("ALL_PROXY", proxy.url_for("me:pass%3Aword%2F%C3%A9"))
        assert await list_models(ALLOWED) == ("a",)
        monkeypatch.setenv("ALL_PROXY", proxy.url_for("me:wrong"))
        assert "ALL_PROXY" in require_error(await list_models(ALLOWED)).what_to_do
        monkeypatch.setenv("NO_PROXY", "far.lan")
        error = require_error(await list_models(ALLOWED))
        assert "connect to My server at far.lan" in error.what_happened
        assert len(proxy.wanted) == 1


async def test_a_direct_connection_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with closed_port() as port:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
        profile = replace(COMPATIBLE, base_url=f"https://127.0.0.2:{port}/v1", proxy=DIRECT)
        error = require_error(await list_models(profile, timeouts=Timeouts(connect=1)))
    assert "Nothing is listening at 127.0.0.2" in error.what_happened


async def test_a_server_that_closes_during_the_handshake_is_not_taken_for_absent() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = require_error(
            await list_models(replace(COMPATIBLE, base_url=f"https://127.0.0.1:{port}/v1"))
        )
    assert "Couldn’t connect securely" in error.what_happened


@pytest.mark.parametrize(
    ("kind", "says"),
    [(HttpProxy, "blocked the request to far.example: 502"), (SocksProxy, "connect to My server")],
)
async def test_a_proxy_that_cannot_reach_the_provider_is_named(
    kind: type[TestProxy], says: str
) -> None:
    with closed_port() as port:
        async with kind(upstream=f"http://127.0.0.1:{port}") as proxy:
            profile = replace(ALLOWED, base_url="https://far.example/v1", proxy=proxy.url)
            assert says in require_error(await list_models(profile)).what_happened


@asynccontextmanager
async def peer(answer: bytes = b"") -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Yield the address of a peer that sends `answer` or nothing, and the client's departure."""
    gone, tasks = asyncio.Event(), set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(1000) and not answer:
                pass
            writer.write(answer)
        writer.close()
        gone.set()

    server = await asyncio.start_server(
        lambda *both: tasks.add(asyncio.ensure_future(serve(*both))), "127.0.0.1", 0
    )
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", gone
    server.close()
    await asyncio.gather(*tasks)


async def test_a_server_that_is_no_proxy_is_named_before_anything_is_billed() -> None:
    async with peer(b"SSH-2.0-x\r\n") as (address, _):
        proxy = f"http://{address}"
        profile = replace(COMPATIBLE, base_url="https://far.example/v1", proxy=proxy)
        error = require_error(await list_models(profile))
    assert "has the wrong proxy type" in error.what_happened
    assert "billed" not in error.sentences


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_silent_proxy_is_given_up_after_its_deadline(scheme: str) -> None:
    async with peer() as (address, gone):
        profile = replace(ALLOWED, base_url="https://far.example/v1", proxy=f"{scheme}://{address}")
        error = require_error(await list_models(profile, timeouts=Timeouts(proxy=0.05)))
        assert "didn’t respond in time" in error.what_happened
        await asyncio.wait_for(gone.wait(), 60)


# ---------------------------------------------------------------- certificates


@pytest.mark.parametrize("form", ["pem", "der"])
async def test_a_chosen_authority_is_trusted_for_its_provider_only(
    form: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    async with LoopbackServer(LISTED, tls=authority.server()) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        refused = require_error(await list_models(profile))
        assert "isn’t trusted" in refused.what_happened
        assert "choose its certificate in Settings › Advanced" in refused.what_to_do
        assert await list_models(replace(profile, ca_file=str(getattr(authority, form)))) == ("a",)
        assert isinstance(await list_models(profile), ProviderError)


@pytest.mark.parametrize(
    ("host", "days", "says"),
    [("other.example", 9, "isn’t for 127.0.0.1"), ("127.0.0.1", -1, "has expired")],
)
async def test_a_trusted_authority_does_not_excuse_other_faults(
    host: str, days: int, says: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    async with LoopbackServer(LISTED, tls=authority.server(host, days=days)) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url, ca_file=str(authority.pem))
        error = require_error(await list_models(profile))
        assert says in error.what_happened
        assert not server.requests


async def test_the_system_is_trusted_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    system, own = Authority(tmp_path), Authority(tmp_path / "own")
    monkeypatch.setenv("SSL_CERT_FILE", str(system.pem))

    async with LoopbackServer(LISTED, tls=system.server()) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url, ca_file=str(own.pem))
        assert await list_models(profile) == ("a",)


async def test_a_missing_file_of_certificates_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    profile = replace(COMPATIBLE, base_url="https://127.0.0.1:9/v1")
    assert "none.pem" in require_error(await list_models(profile)).what_happened


async def test_a_server_without_encryption_at_an_https_address_is_an_error() -> None:
    async with peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (address, _):
        profile = replace(COMPATIBLE, base_url=f"https://{address}/v1")
        assert (
            "Couldn’t connect securely" in require_error(await list_models(profile)).what_happened
        )


# ---------------------------------------------------------------- not this address


@pytest.mark.parametrize("host", ["xn--a", "xn--sk-zq8x.example"])
async def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    error = require_error(await list_models(replace(COMPATIBLE, base_url=f"https://{host}/v1")))
    assert "isn’t valid" in error.what_happened


# ---------------------------------------------------------------- without encryption


async def test_a_confirmation_is_for_one_host() -> None:
    async with LoopbackServer(LISTED) as server, HttpProxy(upstream=server.base_url) as proxy:
        profile = replace(ALLOWED, proxy=proxy.url)
        assert await list_models(profile) == ("a",)
        other = replace(profile, base_url="http://other.lan/v1")
        assert "Allow other.lan" in require_error(await list_models(other)).what_to_do


PAGE = b"<html>Sign in</html>"


async def error_of(script: Script, timeouts: Timeouts | None = None) -> ProviderError:
    """Return the error of a request for the list of models."""
    async with LoopbackServer(script) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        return require_error(await list_models(profile, timeouts=timeouts))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, "sent a web page, not a response") for status in (200, 403, 404, 405, 501, 511)),
        *((status, "rejected the request") for status in (400, 406, 410)),
        *((status, "is having problems") for status in (500, 502)),
    ],
)
async def test_the_status_of_a_web_page_decides_the_reason(status: int, reason: str) -> None:
    found = await error_of(replies(status, PAGE, "Text/HTML; charset=utf-8"))
    assert reason in found.message


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
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", compress),
        ("gzip", lambda body: gzip.compress(body[:99]) + gzip.compress(body[99:])),
        ("gzip", lambda body: gzip.compress(body) + bytes(9)),
    ],
    ids=["gzip", "x-gzip", "deflate", "two members", "padded"],
)
async def test_a_compressed_reply_is_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    rows = [{"id": f"model-{number}"} for number in range(3_000)]
    body = pack(json.dumps({"data": rows}).encode())
    async with LoopbackServer(replies(200, body, content_encoding=encoding)) as server:
        listed = await list_models(replace(COMPATIBLE, base_url=server.base_url))
        assert isinstance(listed, tuple)
        assert len(listed) == len(rows)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(b'{"data": []}'))),
        ("zstd", b"("),
        ("gzip", b"not packed"),
    ],
    ids=["twice", "unknown", "damaged"],
)
async def test_a_reply_that_is_packed_otherwise_is_an_error(encoding: str, body: bytes) -> None:
    for status in (200, 400):
        async with LoopbackServer(replies(status, body, content_encoding=encoding)) as server:
            found = await list_models(replace(COMPATIBLE, base_url=server.base_url))
            assert isinstance(found, ProviderError)


@pytest.mark.parametrize("limit", ["MAX_EVENT_BYTES", "MAX_STREAM_BYTES"])
def test_a_reply_that_is_too_large_is_named_with_its_id(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_reply, limit, 99)
    delta = {"type": "response.output_text.delta", "delta": "a" * 100_000}
    stream = stream_of(delta)
    events, _ = run(streams(stream[:-1], stream[-1:]))
    found = failure(events)
    assert "sent more than" in found.message
    assert (found.request_id, found.all_details) == ("req_1", "Request id: req_1")


async def test_no_cookie_is_sent_back() -> None:
    listed = replies(200, {"data": []}, set_cookie="session=1; Path=/")
    async with LoopbackServer(listed, listed) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url, "k")), CATALOG)
        await client.listing()
        await client.listing()
        await client.aclose()
        assert len(server.requests) == 2
        assert all("cookie" not in request.headers for request in server.requests)


@pytest.mark.parametrize(
    ("script", "limits", "reason"),
    [
        (stalls(), Timeouts(quick_total=0.05), "didn’t respond in time"),
        (stalls(head=b""), Timeouts(quick_read=0.05), "didn’t respond in time"),
        (
            stalls(),
            Timeouts(quick_read=1.0),
            "sending data before the response",
        ),  # the head comes in time
    ],
)
async def test_a_quick_request_has_a_time_limit(
    script: Script, limits: Timeouts, reason: str
) -> None:
    found = await error_of(script, limits)
    assert reason in found.message


@pytest.mark.parametrize(
    ("settings", "environment", "reason"),
    [
        ({"proxy": "ftp://a"}, "", "This isn’t a valid proxy URL"),
        ({"proxy": "http://\u200b"}, "", "This isn’t a valid proxy URL"),
        ({"proxy": "http://\ud800@a"}, "", "Proxy or certificate settings"),
        ({"ca_file": "gone.pem"}, "", "Couldn’t read the certificate file"),
        ({}, "ftp://a", "This isn’t a valid proxy URL"),
        ({}, "http://\u200b", "This isn’t a valid proxy URL"),
        ({"ca_file": "gone.pem"}, "http://a", "Couldn’t read the certificate file"),
        ({"ca_file": "gone.pem"}, "ftp://a", "This isn’t a valid proxy URL"),
    ],
)
async def test_settings_that_cannot_be_used_are_named(
    settings: Mapping[str, Any], environment: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", environment)
    found = require_error(
        await list_models(replace(COMPATIBLE, base_url="https://far.example/v1", **settings))
    )
    assert reason in found.message
    if reason.startswith("This isn’t a valid proxy"):
        assert ("HTTPS_PROXY" in found.hint) == bool(environment)


@linux_only("sockets in folders")
async def test_a_server_without_a_port_is_asked_through_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    async with LoopbackServer(LISTED, socket_path=path) as server:
        profile = replace(COMPATIBLE, base_url="http://127.0.0.1:1/v1")
        key = key_for(profile.base_url)
        client = ProviderClient(ProviderAccess(profile, key, socket_path=path), CATALOG)
        assert listed_ids(await client.listing()) == ("a",)
        await client.aclose()
        assert [request.path for request in server.requests] == ["/v1/models"]
