"""The bodies of a server's HTTP responses are bounded, whatever they unpack to."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from desktop_app.tool_servers.host import bounded_http
from desktop_app.tool_servers.host.bounded_http import bound_body

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}
MB = 1 << 20

Pack = Callable[[bytes], bytes]


def raw_deflate(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(data) + packing.flush()


async def body_of(body: bytes, headers: dict[str, str], step: int = 1000) -> bytes:
    """Return the body that a client gets if a server sends `body` in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), step):
            yield body[at : at + step]

    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers=headers, content=pieces())
    )
    async with httpx2.AsyncClient(
        transport=transport, event_hooks={"response": [bound_body]}
    ) as client:
        return (await client.get("https://server.test/")).content


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
    ],
)
@pytest.mark.parametrize("step", [2, 7, MB])
async def test_a_body_arrives_whole(encoding: str, pack: Pack, step: int) -> None:
    text = b"".join(b"%d, " % number for number in range(5_000))
    headers = {**JSON, "content-encoding": encoding} if encoding else JSON
    assert await body_of(pack(text), headers, step) == text


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("", bytes)]
)
async def test_a_body_beyond_the_limit_is_refused(
    encoding: str, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "MAX_MESSAGE_BYTES", MB)
    headers = {**JSON, "content-encoding": encoding} if encoding else JSON
    assert await body_of(pack(bytes(MB)), headers) == bytes(MB)
    with pytest.raises(httpx2.StreamError, match="larger than 1 MB"):
        await body_of(pack(bytes(MB + 1)), headers)


@pytest.mark.attack("reply-bounds")
async def test_a_stream_of_events_is_unpacked_in_small_pieces() -> None:
    packed = gzip.compress(bytes(20 * MB))
    headers = {**EVENTS, "content-encoding": "gzip"}
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(packed))
    )
    async with (
        httpx2.AsyncClient(transport=transport, event_hooks={"response": [bound_body]}) as client,
        client.stream("GET", "https://server.test/") as response,
    ):
        sizes = [len(piece) async for piece in response.aiter_bytes()]
    assert sum(sizes) == 20 * MB
    assert max(sizes) <= 64 * 1024


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [
        ("gzip", "damaged"),
        ("deflate", "damaged"),
        ("br", "not supported"),
        ("gzip, gzip", "not supported"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_refused(encoding: str, reason: str) -> None:
    with pytest.raises(httpx2.StreamError, match=reason):
        await body_of(b"no archive", {**JSON, "content-encoding": encoding})
