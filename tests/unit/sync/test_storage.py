"""Storages that are slow."""

from __future__ import annotations

import asyncio
from asyncio import StreamWriter
from typing import TYPE_CHECKING

from desktop_app.sync import storage
from desktop_app.sync.storage import Target, WebDavStorage
from tests.unit.providers.loopback import LoopbackServer, Received

if TYPE_CHECKING:
    import pytest


async def test_a_large_file_may_take_longer_than_a_server_may_be_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "_TIMEOUT_S", 0.5)

    async def slow(_: Received, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
        for byte in b"file":
            await asyncio.sleep(0.2)
            writer.write(bytes([byte]))
            await writer.drain()

    async with LoopbackServer(slow) as server:
        dav = WebDavStorage(Target(server.base_url))
        assert await dav.read("x") == b"file"
        await dav.close()
