"""A real HTTP server on loopback whose replies are written out byte by byte by the test."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
STREAM_END = b"0\r\n\r\n"


@dataclass
class Received:
    """One request as it arrived; `gone` is set when the client closes the connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]
_TURNS_OF_AN_ACCEPT: Final = 3
"""The turns of asyncio's loop from an accepted connection to the call of `_accept`."""


class LoopbackServer:
    """A server that answers request n with script n, and repeats the last script.

    A script that returns leaves the connection open for the next request, unless it closed it.

    Attributes:
        models: the ids that it lists without a script; () if listings are scripted, too.
        listed: the requests for that list; `requests` has the others.
    """

    def __init__(
        self,
        *scripts: Script,
        models: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        socket_path: str = "",
    ) -> None:
        self._scripts = scripts
        self.models = models
        self.listed: list[Received] = []
        self._tls = tls
        self._socket_path = socket_path
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.requests: list[Received] = []
        self.connections = 0
        self.arrived = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self._socket_path:
            self._server = await asyncio.start_unix_server(self._accept, self._socket_path)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        # asyncio leaks a connection that it has accepted when the server closes.
        for listening in self._server.sockets if sys.platform != "win32" else ():
            asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(_TURNS_OF_AN_ACCEPT):
            await asyncio.sleep(0)
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:  # a task that is canceled before its first step closes none
            writer.close()
        closed = (writer.wait_closed() for writer in self._writers)
        await asyncio.gather(*closed, return_exceptions=True)

    @property
    def base_url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    await self._answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _read_request(reader)
        if self.models and (request.method, request.path) == ("GET", "/v1/models"):
            self.listed.append(request)
            await replies(200, {"data": [{"id": model} for model in self.models]})(request, writer)
            return
        self.requests.append(request)
        self.arrived.set()
        script = self._scripts[min(len(self.requests), len(self._scripts)) - 1]
        # Clients send nothing after a request, so the next event is the end of the connection.
        watch = asyncio.ensure_future(_watch(reader, request.gone))
        try:
            await script(request, writer)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)


async def _watch(reader: asyncio.StreamReader, gone: asyncio.Event) -> None:
    while not reader.at_eof():
        # A peek: nothing is taken out of the buffer.
        await reader._wait_for_data("watch")  # type: ignore[attr-defined]
        if not reader.at_eof():
            return
    gone.set()


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    pairs = [line.split(": ", 1) for line in head[1:] if line]
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


def chunk(data: bytes) -> bytes:
    """Return `data` as chunks of a chunked body: one for each event, as servers send them."""
    parts = filter(None, re.split(rb"(?<=\n\n)", data))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def streams(*pieces: bytes, end: bool = True) -> Script:
    """Send a stream of events in these pieces. If `end` is False, break it off afterwards."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
            await asyncio.sleep(0)
        if end:
            writer.write(STREAM_END)
            await writer.drain()
        else:
            writer.close()

    return script


def replies(
    status: int = 200, body: Any = None, kind: str = "application/json", **more: str
) -> Script:
    """Send a reply of known length. A body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in more.items()}
    fields = {"content-type": kind, "content-length": str(len(content)), **names}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"\r\n" + content)
        await writer.drain()

    return script


def stalls(*pieces: bytes, head: bytes = STREAM_HEAD) -> Script:
    """Send the start of a stream, then nothing until the client leaves."""

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"".join(chunk(piece) for piece in pieces))
        await writer.drain()
        await request.gone.wait()
        writer.close()

    return script


async def hangs_up(_: Received, writer: asyncio.StreamWriter) -> None:
    """Close the connection without a reply once the request arrives."""
    writer.close()
