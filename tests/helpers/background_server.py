"""A stub of the Responses API's background mode, which no published test server has.

It speaks TCP and HTTP/1.1 with chunked server-sent events, after OpenAI's published description:

- `POST /responses` with `background` begins a run.
- `GET /responses/{id}` returns the state.
- `POST /responses/{id}/cancel` ends the run.

A run proceeds at the server's pace, with or without listeners. The test sets the fault of each
streaming connection (break, fall silent).
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tests.helpers.waiting import LONGEST_S

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
MODEL = "gpt-5.2-pro"
STOPPED_TOKENS = 20
"""The output of a run that is canceled: as many as its words, or they count instead."""
USAGE = {"input_tokens": 1_000, "output_tokens": 500, "total_tokens": 1_500}


def events_of(pieces: Sequence[str], reasoning: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the numbered stream events of an answer."""
    events: list[dict[str, Any]] = [
        {"type": f"response.{kind}", "response": {"id": "", "model": MODEL}}
        for kind in ("created", "queued", "in_progress")
    ]
    output: list[dict[str, Any]] = []
    if reasoning:
        item = {"type": "reasoning", "id": "rs_1", "summary": _summary(reasoning)}
        place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        events += [
            {"type": "response.output_item.added", "output_index": 0, "item": {"id": "rs_1"}},
            *(
                {"type": "response.reasoning_summary_text.delta", **place, "delta": piece}
                for piece in reasoning
            ),
            {"type": "response.reasoning_summary_text.done", **place, "text": "".join(reasoning)},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
        ]
        output.append(item)
    index, text = len(output), "".join(pieces)
    place = {"item_id": "msg_1", "output_index": index, "content_index": 0}
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
    events += [
        {"type": "response.output_item.added", "output_index": index, "item": {"id": "msg_1"}},
        {"type": "response.content_part.added", **place, "part": {"type": "output_text"}},
        *({"type": "response.output_text.delta", **place, "delta": piece} for piece in pieces),
        {"type": "response.output_text.done", **place, "text": text},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", "output_index": index, "item": message},
    ]
    output.append(message)
    response = {"id": "", "model": MODEL, "status": "completed", "output": output, "usage": USAGE}
    events.append({"type": "response.completed", "response": response})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _summary(reasoning: Sequence[str]) -> list[dict[str, str]]:
    return [{"type": "summary_text", "text": "".join(reasoning)}]


@dataclass(frozen=True)
class Fault:
    """The fault of a streaming connection.

    Attributes:
        after: bytes of the stream sent before the fault.
        how: "reset" (RST), "close", "silent" or "garbage".
    """

    after: int
    how: str = "reset"


@dataclass
class Run:
    """An answer that the server generates; `generated` counts its events so far."""

    id: str
    events: list[dict[str, Any]]
    generated: int = 0
    status: str = "queued"
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def has_ended(self) -> bool:
        return self.status not in ("queued", "in_progress")

    def as_json(self) -> dict[str, Any]:
        if self.status == "completed":
            response: dict[str, Any] = self.events[-1]["response"]
            return {**response, "object": "response"}
        total = USAGE["input_tokens"] + STOPPED_TOKENS
        usage = {**USAGE, "output_tokens": STOPPED_TOKENS, "total_tokens": total}
        used = {"usage": usage} if self.status == "cancelled" else {}
        common = {
            "id": self.id,
            "model": MODEL,
            "object": "response",
            "status": self.status,
            "output": [],
        }
        return {**common, "error": None, **used}


class BackgroundServer:
    """A server on a free port of 127.0.0.1, running inside its `async with` block.

    Args:
        events: the events of every run, see `events_of`.
        faults: the faults of the streaming connections, in order. Later connections have none.
        hold_at: the number of events generated before `release` is called, or None for all.
        pause_s: seconds between two events.
        first_is_json: answer the first request with JSON, as if streaming were refused.

    Attributes:
        requests: (method, path with query, body) of each request received.
        runs: runs by id. Remove a run to make the server forget it.
        is_down: refuse every connection.
    """

    def __init__(
        self,
        events: list[dict[str, Any]],
        *,
        faults: Sequence[Fault | None] = (),
        hold_at: int | None = None,
        pause_s: float = 0.0,
        first_is_json: bool = False,
    ) -> None:
        self._events = events
        self._faults = list(faults)
        self._hold_at = hold_at
        self._pause_s = pause_s
        self._first_is_json = first_is_json
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[tuple[str, str, Any]] = []
        self.runs: dict[str, Run] = {}
        self.is_down = False
        self.refused: dict[str, Any] | None = None  # the error that refuses a background run
        self.base_url = ""

    async def __aenter__(self) -> Self:
        self._loop, self._released = asyncio.get_running_loop(), asyncio.Event()
        if self._hold_at is None:
            self._released.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def release(self) -> None:
        """Let held runs continue to their end. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._released.set)

    def requested_paths(self, method: str) -> list[str]:
        """Return the paths requested with `method`."""
        return [path for how, path, _ in self.requests if how == method]

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # `_serve` does not close the connection if its task is canceled before it begins.
        self._start(self._serve(reader, writer)).add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                    method, path, _ = head[0].split(" ")
                    lengths = [line for line in head if line.lower().startswith("content-length")]
                    size = int(lengths[0].split(":")[1]) if lengths else 0
                    body = json.loads(await reader.readexactly(size) or b"null")
                    if self.is_down:
                        break
                    self.requests.append((method, path.removeprefix("/v1"), body))
                    await self._answer(writer, method, path.removeprefix("/v1"), body)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(
        self, writer: asyncio.StreamWriter, method: str, path: str, body: Any
    ) -> None:
        url = urlsplit(path)
        steps = [unquote(step) for step in url.path.split("/") if step]
        if steps == ["models"]:
            await _reply(writer, 200, {"object": "list", "data": [{"id": "gpt-5.2-pro"}]})
        elif method == "POST" and len(steps) == 1:
            await self._begin(writer, body)
        elif steps[1] not in self.runs:
            await _reply(writer, 404, {"error": {"message": "Response not found"}})
        elif method == "POST":
            await self._cancel(writer, self.runs[steps[1]])
        else:
            await _reply(writer, 200, self.runs[steps[1]].as_json())

    async def _begin(self, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        if self.refused is not None and body.get("background"):
            await _reply(writer, 400, {"error": self.refused})
            return
        run = Run(f"resp_{len(self.runs) + 1}", json.loads(json.dumps(self._events)))
        for event in run.events:
            if "response" in event:
                event["response"]["id"] = run.id
        self.runs[run.id] = run
        self._start(self._generate(run))
        if self._first_is_json:
            await _reply(writer, 200, run.as_json())
        else:
            await self._stream(writer, run)

    async def _generate(self, run: Run) -> None:
        for number in range(len(run.events)):
            if number == self._hold_at:
                await self._released.wait()
            await asyncio.sleep(self._pause_s)
            if run.has_ended:
                return
            async with run.changed:
                run.generated = number + 1
                run.status = "completed" if run.generated == len(run.events) else "in_progress"
                run.changed.notify_all()

    async def _cancel(self, writer: asyncio.StreamWriter, run: Run) -> None:
        async with run.changed:
            run.status = run.status if run.has_ended else "cancelled"
            run.changed.notify_all()
        await _reply(writer, 200, run.as_json())

    async def _stream(self, writer: asyncio.StreamWriter, run: Run) -> None:
        fault = self._faults.pop(0) if self._faults else None
        writer.write(HEAD)
        await writer.drain()
        left = None if fault is None else fault.after
        number = 0
        while True:
            async with run.changed:
                await run.changed.wait_for(lambda n=number: run.generated > n or run.has_ended)  # type: ignore[misc]
            if number >= run.generated:
                break
            event, number = run.events[number], number + 1
            data = f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
            piece = data.encode()
            if left is not None and fault is not None and left <= len(piece):
                await _break(writer, piece[:left], fault.how)
                return
            left = None if left is None else left - len(piece)
            await _chunk(writer, piece)
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    if data:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()


async def _break(writer: asyncio.StreamWriter, last: bytes, how: str) -> None:
    await _chunk(writer, last)
    if how == "silent":
        await asyncio.Event().wait()
    if how == "garbage":
        await _chunk(writer, b"\ndata: {garbage\n\n")
    if how == "reset":
        # Linux gives the client what arrived before the reset, however late it reads.
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()
    else:
        writer.close()


async def _reply(writer: asyncio.StreamWriter, status: int, value: Any) -> None:
    content = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
    await writer.drain()


@contextmanager
def in_a_thread(server: BackgroundServer) -> Iterator[BackgroundServer]:
    """Serve from a loop in its own thread, for tests without a loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(LONGEST_S)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(LONGEST_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
