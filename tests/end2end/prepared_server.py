"""A loopback server of the Responses API with prepared answers.

The answer is the first whose key occurs in the request's input: in the question or an earlier
message.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Self

DELTA_CHARACTERS = 12


@dataclass(frozen=True)
class Prepared:
    """A prepared answer.

    Attributes:
        pause_s: the seconds after each delta.
        stops_after: the characters after which the answer waits for `release`.
        cut_after: the characters after which the connection breaks.
    """

    text: str
    reasoning: str = ""
    pause_s: float = 0.0
    stops_after: int | None = None
    cut_after: int | None = None
    input_tokens: int = 12_000
    output_tokens: int = 400


class PreparedServer:
    """A server on 127.0.0.1, at a free port or `port`, that runs while it is entered.

    Attributes:
        base_url: its address; "" until it runs.
        bodies: the bodies of the requests so far.
        release: lets answers with `stops_after` continue.
    """

    def __init__(self, answers: dict[str, Prepared], port: int = 0) -> None:
        self._answers, self._port = answers, port
        self._server: asyncio.Server | None = None
        self._replies: set[asyncio.Task[Any]] = set()
        self.base_url = ""
        self.bodies: list[dict[str, Any]] = []
        self.release = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release.set()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._replies)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._replies.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                (
                    int(line.split(":")[1])
                    for line in head.lower().split("\r\n")
                    if line.startswith("content-length")
                ),
                0,
            )
            body = await reader.readexactly(length)
            if head.startswith("GET"):
                await _send_json(writer, {"object": "list", "data": [{"id": "gpt-5.2"}] * 38})
            else:
                await self._answer(writer, json.loads(body))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        question = json.dumps(body.get("input"))
        answer = next(a for start, a in self._answers.items() if start in question)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        _event(writer, "response.created", response={"id": "r1", "model": body["model"]})
        if answer.reasoning:
            _event(
                writer,
                "response.reasoning_summary_text.delta",
                item_id="rs1",
                output_index=0,
                summary_index=0,
                delta=answer.reasoning,
            )
        for start in range(0, len(answer.text), DELTA_CHARACTERS):
            if answer.cut_after is not None and start >= answer.cut_after:
                writer.transport.abort()
                return
            if answer.stops_after is not None and start >= answer.stops_after:
                await self.release.wait()
            piece = answer.text[start : start + DELTA_CHARACTERS]
            _event(
                writer,
                "response.output_text.delta",
                item_id="m1",
                output_index=1,
                content_index=0,
                delta=piece,
            )
            await writer.drain()
            await asyncio.sleep(answer.pause_s)
        usage = {
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "total_tokens": answer.input_tokens + answer.output_tokens,
        }
        completed = {"id": "r1", "status": "completed", "usage": usage}
        _event(writer, "response.completed", response=completed)
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _event(writer: asyncio.StreamWriter, kind: str, **fields: Any) -> None:
    event = f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(event), event))  # one event a chunk, as servers send them


async def _send_json(writer: asyncio.StreamWriter, value: Any) -> None:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
    await writer.drain()
