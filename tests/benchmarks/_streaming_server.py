"""A server that streams answers of mixed Markdown as real servers do: one event a chunk.

Run as a program, it prints its port, then two times for each answer as JSON: of the request and of
the last byte, both of the clock that all processes of the machine share.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.streaming import WORDS
from tests.helpers.certificates import Authority

FORMS: Final = ("chunks", "tls", "gzip", "odd", "uvicorn")
"""How the events are sent: a chunk each, the same over TLS, packed with gzip, cut at odd places,
and by uvicorn."""
_PATHS: Final = {"chat": "/chat/completions", "responses": "/responses"}
_LIST: Final = {"object": "list", "data": [{"id": "gpt-5.2", "object": "model"}]}
_MISSING: Final = {"error": {"message": "no such endpoint"}}
_TITLE: Final = {"role": "assistant", "content": "Title"}

Send = Callable[[bytes], Awaitable[None]]


def main(api: str, form: str, rate: float, count: int, folder: str) -> None:
    """Serve `count` deltas to each question, `rate` a second (0: at full speed).

    Args:
        api: "chat" or "responses"; the other API is unknown here.
        form: one of FORMS.
        folder: gets the certificate that clients trust.
    """
    events = list(_events(api, mixed(count)))

    async def stream(send: Send) -> None:
        asked = time.monotonic()
        for number, event in enumerate(events):
            if rate and (wait := asked + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await send(event)
        print(json.dumps([asked, time.monotonic()]), flush=True)

    if form == "uvicorn":
        _serve_by_uvicorn(_PATHS[api], stream)
    else:
        asyncio.run(_serve(_PATHS[api], form, stream, folder))


def reply_to(path: str, body: bytes, answers_at: str) -> tuple[int, Any] | None:
    """Return the status and the JSON of a reply; None for an answer that is streamed."""
    if path.endswith("/models"):
        return 200, _LIST
    if not path.endswith(answers_at):
        return 404, _MISSING
    if json.loads(body or b"{}").get("stream"):
        return None
    return 200, {"id": "c", "choices": [{"index": 0, "message": _TITLE, "finish_reason": "stop"}]}


def _events(api: str, texts: list[str]) -> Iterator[bytes]:
    if api == "chat":
        for text in texts:
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
            yield _chat(choices=[choice])
        yield _chat(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
        usage = {"prompt_tokens": 9, "completion_tokens": len(texts), "total_tokens": 9}
        yield _chat(choices=[], usage=usage) + b"data: [DONE]\n\n"
        return
    answer: dict[str, Any] = {"id": "r", "object": "response", "model": "gpt-5.2", "output": []}
    yield _event("response.created", response={**answer, "status": "in_progress"})
    item = {"id": "m", "type": "message", "role": "assistant", "content": []}
    yield _event("response.output_item.added", output_index=0, item=item)
    at = {"item_id": "m", "output_index": 0, "content_index": 0}
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
    yield _event("response.content_part.added", **at, part=part)
    for number, text in enumerate(texts):
        padding = "x" * (number % 16)
        delta = {"delta": text, "logprobs": [], "obfuscation": padding}
        yield _event("response.output_text.delta", **at, **delta)
    part |= {"text": "".join(texts)}
    yield _event("response.output_text.done", **at, text=part["text"])
    yield _event("response.content_part.done", **at, part=part)
    item |= {"content": [part], "status": "completed"}
    yield _event("response.output_item.done", output_index=0, item=item)
    usage = {"input_tokens": 9, "output_tokens": len(texts), "total_tokens": len(texts) + 9}
    ended = {**answer, "status": "completed", "output": [item], "usage": usage}
    yield _event("response.completed", response=ended)


def _chat(**fields: Any) -> bytes:
    event = {"id": "c", "object": "chat.completion.chunk", "model": "gpt-5.2", **fields}
    return f"data: {json.dumps(event)}\n\n".encode()


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


async def _serve(
    answers_at: str, form: str, stream: Callable[[Send], Awaitable[None]], folder: str
) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await _answer(reader, writer, answers_at, form, stream)
        writer.close()

    tls: ssl.SSLContext | None = None
    if form == "tls":
        tls = Authority(Path(folder)).server()
    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answers_at: str,
    form: str,
    stream: Callable[[Send], Awaitable[None]],
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ", 2)[1]
    lengths = [
        int(line.partition(":")[2])
        for line in head.lower().splitlines()
        if line.startswith("content-length:")
    ]
    body = await reader.readexactly(sum(lengths))
    if (reply := reply_to(path, body, answers_at)) is not None:
        data = json.dumps(reply[1]).encode()
        start = f"HTTP/1.1 {reply[0]} X\r\ncontent-type: application/json\r\n"
        writer.write(f"{start}content-length: {len(data)}\r\n\r\n".encode() + data)
        return
    kind = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    encoding = "content-encoding: gzip\r\n" if form == "gzip" else ""
    writer.write(f"HTTP/1.1 200 OK\r\n{kind}{encoding}\r\n".encode())
    packer = zlib.compressobj(wbits=31)
    chance = random.Random(7)

    def pieces(event: bytes) -> Iterator[bytes]:
        if form == "gzip":
            yield packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
        elif form == "odd":
            while event:
                size = chance.choice((1, 2, 3, 7, 13, 64))
                yield event[:size]
                event = event[size:]
        else:
            yield event

    async def send(event: bytes) -> None:
        for piece in pieces(event):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()

    await stream(send)
    if form == "gzip":
        await send(b"")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _serve_by_uvicorn(answers_at: str, stream: Callable[[Send], Awaitable[None]]) -> None:
    import uvicorn

    async def application(scope: Any, receive: Any, send_message: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        reply = reply_to(scope["path"], body, answers_at)
        status, kind = (200, b"text/event-stream")
        if reply is not None:
            status, kind = reply[0], b"application/json"
        headers = [(b"content-type", kind)]
        await send_message({"type": "http.response.start", "status": status, "headers": headers})

        async def send(data: bytes) -> None:
            await send_message({"type": "http.response.body", "body": data, "more_body": True})

        if reply is None:
            await stream(send)
        else:
            await send(json.dumps(reply[1]).encode())
        await send_message({"type": "http.response.body", "body": b""})

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            print(self.servers[0].sockets[0].getsockname()[1], flush=True)

    config = uvicorn.Config(application, port=0, log_level="critical", lifespan="off")
    Server(config).run()


def mixed(count: int) -> list[str]:
    """Return deltas of headings, lists, code, tables and paragraphs."""
    chance = random.Random(5)

    def words(number: int) -> list[str]:
        return [f"{word} " for word in chance.choices(WORDS, k=number)]

    texts: list[str] = []
    while len(texts) < count:
        texts += ["\n\n## ", *words(5), "\n\n"]
        for _ in range(4):
            texts += ["- ", *words(10), "\n"]
        texts += ["\n```\n", *("    x", " = ", "f(", "y", ")", "\n") * 5, "```\n\n"]
        texts += ["| a | b |\n", "|---|---|\n", *("| ", "cell ", "| ", "12 ", "|\n") * 4, "\n"]
        texts += [*words(30), "**", chance.choice(WORDS), "** ", *words(30), "\n\n"]
        texts += [*words(60), "\n\n"]
    return texts[:count]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
