"""The bytes sent for a request with files."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.chat_request import FileData, ImageData
from desktop_app.providers.http import transport
from desktop_app.providers.http.http_reply import HttpReply
from desktop_app.providers.http.transport import pack_body
from tests.unit.providers.loopback import LoopbackServer
from tests.unit.providers.samples import ask
from tests.unit.providers.test_provider_client import RESPONSE, client_for, collect

if TYPE_CHECKING:
    import pytest

TYPE = st.just("application/pdf")
FILES = st.builds(FileData, st.just("a.pdf"), TYPE, st.binary(max_size=50)) | st.builds(
    ImageData, TYPE, st.binary(max_size=50)
)


def url(data: bytes) -> str:
    return "data:application/pdf;base64," + base64.b64encode(data).decode()


@given(st.lists(st.text() | FILES))
def test_files_and_images_are_data_urls_in_the_json(
    values: list[str | FileData | ImageData],
) -> None:
    wanted = [v if isinstance(v, str) else url(v.data) for v in values]
    assert json.loads(pack_body({"input": values}))["input"] == wanted


def test_the_json_is_compact_utf_8() -> None:
    assert pack_body({"é": ["\ud800", 1]}) == '{"é":["?",1]}'.encode()


def test_a_large_file_is_whole() -> None:
    data = bytes(range(256)) * (transport._PACKED_BYTES // 128) + b"end"
    body = pack_body({"input": [FileData("a.pdf", "application/pdf", data)]})
    assert json.loads(body)["input"] == [url(data)]


async def test_a_request_is_packed_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    packing_threads: list[int] = []

    def pack(body: Mapping[str, Any]) -> bytes:
        packing_threads.append(threading.get_ident())
        return pack_body(body)

    monkeypatch.setattr(transport, "pack_body", pack)
    async with LoopbackServer(RESPONSE) as server:
        client = client_for(server)
        await collect(client, ask())
        await client.aclose()
    assert packing_threads
    assert threading.get_ident() not in packing_threads


async def test_blank_lines_before_a_reply_are_dropped_as_they_come() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"\n" * 1_000
        yield b"{"

    response: Any = SimpleNamespace(headers={}, aiter_raw=chunks)
    reply = HttpReply(response, None, None, 0)  # type: ignore[arg-type]
    assert await reply.is_json()
    assert reply._peeked == b"{"
    await reply.close()
