"""The time from Stop to the closed connection, at each stage of an answer, in both APIs.

The client runs on the window's event loop. The server runs in its own thread with plain sockets.
The time is measured in milliseconds from `cancel()` until the server sees the connection closed.
The goal is 100 ms at the 99th percentile.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import select
import socket
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import TextDelta
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.qt_loop import qt_loop
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, ask

MAX_WAIT_S = 10.0
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
MOMENTS = ("before the headers", "after the headers", "mid-text", "mid-event", "at full speed")


def _delta(api: Api) -> bytes:
    if api is Api.RESPONSES:
        event: dict[str, Any] = {"type": "response.output_text.delta", "delta": "naïve "}
    else:
        event = {"id": "c", "choices": [{"index": 0, "delta": {"content": "naïve "}}]}
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class Server(threading.Thread):
    """A server that answers up to a moment or without end, and notes when the client closes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self.moment, self.api = MOMENTS[0], Api.RESPONSES
        self.asked: queue.Queue[None] = queue.Queue()
        self.closed: queue.Queue[float] = queue.Queue()

    def run(self) -> None:
        """Serve one connection at a time."""
        while True:
            with suppress(OSError):
                connection, _ = self._listener.accept()
                with connection:
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        _read_request(connection)
        delta = _delta(self.api)
        pieces = {
            "before the headers": b"",
            "after the headers": HEAD,
            "mid-text": HEAD + _chunk(delta * 8),
            "mid-event": HEAD + _chunk(delta * 8 + delta[: len(delta) // 2]),
            "at full speed": HEAD,
        }
        connection.sendall(pieces[self.moment])
        self.asked.put(None)
        with suppress(OSError):
            if self.moment == "at full speed":
                while not select.select([connection], [], [], 0)[0]:
                    connection.sendall(_chunk(delta * 4))
            connection.recv(1)
        self.closed.put(time.monotonic())


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = (
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)


async def _stop_once(client: ProviderClient, server: Server, shows_text: bool) -> float:
    """Return the milliseconds from `cancel()` to the closed connection."""
    arrived = asyncio.Event()

    async def answer() -> None:
        async with aclosing(client.stream(ask(effort=Effort.NONE))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    arrived.set()

    run = asyncio.ensure_future(answer())
    await asyncio.to_thread(server.asked.get, timeout=MAX_WAIT_S)
    if shows_text:
        await asyncio.wait_for(arrived.wait(), MAX_WAIT_S)
    await asyncio.sleep(0.01)  # lets data without text arrive too
    begin = time.monotonic()
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    return 1000 * (await asyncio.to_thread(server.closed.get, timeout=MAX_WAIT_S) - begin)


async def _measure(rounds: int) -> dict[str, list[float]]:
    server = Server()
    server.start()
    found: dict[str, list[float]] = {moment: [] for moment in MOMENTS}
    for api in Api:
        server.api = api
        profile = ProviderProfile("b", "Bench", ProviderKind.OPENAI, server.url, api=api)
        client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
        for moment in MOMENTS:
            server.moment = moment
            shows_text = moment not in MOMENTS[:2]
            for _ in range(rounds):
                found[moment].append(await _stop_once(client, server, shows_text))
        await client.aclose()
    return found


def _figures(times: list[float]) -> dict[str, float]:
    def at(share: float) -> float:
        return round(sorted(times)[min(len(times) - 1, int(share * len(times)))], 2)

    return {"median_ms": round(statistics.median(times), 2), "p99_ms": at(0.99), "max_ms": at(1)}


def main(rounds: int = 50) -> dict[str, Any]:
    """Measure each moment in each API `rounds` times. Return overall and per-moment times."""
    found = _run_on_qt_loop(lambda: _measure(rounds))
    every = [each for times in found.values() for each in times]
    by_moment = {moment: _figures(times) for moment, times in found.items()}
    return {"benchmark": "cancel", "stops": len(every), **_figures(every), "by_moment": by_moment}


def _run_on_qt_loop(work: Callable[[], Any]) -> Any:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    with qt_loop(application) as loop:
        return loop.run_until_complete(work())
