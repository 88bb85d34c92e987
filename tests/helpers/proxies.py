"""Minimal proxies on loopback: HTTP (CONNECT and plain) and SOCKS5."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"


class TestProxy:
    """The base class of both proxies.

    Args:
        upstream: the URL of the server that every connection is sent to; "" for the requested one.

    Attributes:
        wanted: "host:port" of every requested connection.
        refused: number of clients without the right user and password.
    """

    __test__ = False
    scheme = "http"

    def __init__(
        self,
        *,
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        upstream: str = "",
    ) -> None:
        self._auth = (user, password) if user else None
        self._tls = tls
        self._leads_to = urlsplit(upstream).port if upstream else None
        self._tasks: set[asyncio.Task[None]] = set()
        self.wanted: list[str] = []
        self.refused = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The proxy's URL without user and password."""
        return f"{self.scheme}://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def url_for(self, login: str) -> str:
        """Return the proxy's URL with `login` in it."""
        return self.url.replace("://", f"://{login}@")

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.ensure_future(self._run(reader, writer)))

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        raise NotImplementedError

    async def _open(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.wanted.append(f"{host}:{port}")
        if self._leads_to is not None:
            return await asyncio.open_connection(LOOPBACK, self._leads_to)
        return await asyncio.open_connection(host, port)


class HttpProxy(TestProxy):
    """An HTTP proxy for CONNECT, and for GET and POST of absolute URLs."""

    @property
    def scheme(self) -> str:  # type: ignore[override]
        return "https" if self._tls else "http"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        if not self._is_authorized(head):
            self.refused += 1
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'proxy-authenticate: Basic realm="x"\r\ncontent-length: 0\r\n\r\n'
            )
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        try:
            upstream_streams = await self._open(parts.hostname or "", parts.port or 80)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream_streams[1].write(
                head.replace(target.encode(), (parts.path or "/").encode(), 1)
            )
        await _join(reader, writer, *upstream_streams)

    def _is_authorized(self, head: bytes) -> bool:
        if self._auth is None:
            return True
        wanted = base64.b64encode(":".join(self._auth).encode())
        return b"Basic " + wanted in head


class SocksProxy(TestProxy):
    """A SOCKS5 proxy (RFC 1928), with or without user and password (RFC 1929)."""

    scheme = "socks5"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        wanted = 0 if self._auth is None else 2
        writer.write(bytes([5, wanted if wanted in offered else 255]))
        if wanted not in offered or (wanted == 2 and not await self._is_authorized(reader, writer)):
            self.refused += 1
            return
        host, port = await _address(reader)
        try:
            upstream_streams = await self._open(host, port)
        except OSError:
            writer.write(b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
            return
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await _join(reader, writer, *upstream_streams)

    async def _is_authorized(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        await reader.readexactly(1)
        login = [
            (await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in "up"
        ]
        is_authorized = tuple(login) == self._auth
        writer.write(bytes([1, 0 if is_authorized else 1]))
        return is_authorized


async def _address(reader: asyncio.StreamReader) -> tuple[str, int]:
    _, _, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        host = ".".join(map(str, await reader.readexactly(4)))
    return host, int.from_bytes(await reader.readexactly(2))


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there_reader: asyncio.StreamReader,
    there_writer: asyncio.StreamWriter,
) -> None:
    await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while data := await source.read(1 << 16):
                target.write(data)
                await target.drain()
    finally:
        target.close()
