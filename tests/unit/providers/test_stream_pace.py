"""Streams as servers send them: one event a chunk, at any pace, packed, cut, and stopped."""

from __future__ import annotations

import asyncio
import gzip
import selectors
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.stream_events import StreamEvent, TextDelta
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.providers.http import http_reply
from desktop_app.providers.http.silence import SilenceLimits, SilenceWatch
from desktop_app.providers.http.unpacking import unpacked
from tests.helpers.certificates import Authority
from tests.helpers.waiting import cancel
from tests.unit.providers.loopback import (
    STREAM_END,
    STREAM_HEAD,
    LoopbackServer,
    Received,
    Script,
    chunk,
    streams,
)
from tests.unit.providers.samples import COMPATIBLE, OPENAI, ask, fold, sse
from tests.unit.providers.test_provider_client import NOT_FOUND, client_for, failure, run
from tests.unit.providers.test_silence import reading

WORDS = [f"word{number} " for number in range(400)]
ANSWER = "".join(WORDS)

RESPONSES = [
    sse({"type": "response.created", "response": {"id": "r"}}),
    *(sse({"type": "response.output_text.delta", "delta": word}) for word in WORDS),
    sse({"type": "response.completed", "response": {"id": "r", "status": "completed"}}),
]
CHAT = [
    *(sse({"id": "c", "choices": [{"delta": {"content": word}}]}) for word in WORDS),
    sse({"id": "c", "choices": [{"delta": {}, "finish_reason": "stop"}]}, "[DONE]"),
]


class _Waits(selectors.DefaultSelector):
    """A selector that adds up the waits of its event loop in which nothing came."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(timeout)
        self.waited_s += 0 if found else timeout or 0
        return found


def gzipped(pieces: list[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def split_oddly(pieces: list[bytes]) -> Iterator[bytes]:
    stream = b"".join(pieces)
    for start in range(0, len(stream), 7):
        yield stream[start : start + 7]


def sends(pieces: list[bytes], head: bytes = STREAM_HEAD) -> Script:
    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for piece in pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(STREAM_END)

    return script


def packed(kind: bytes) -> bytes:
    return STREAM_HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: " + kind + b"\r\n\r\n")


def scripts_of(profile: ProviderProfile, script: Script) -> list[Script]:
    return [script] if profile is OPENAI else [NOT_FOUND, script]  # no /responses


PACES: dict[str, tuple[ProviderProfile, Script, bool]] = {
    "Responses": (OPENAI, sends(RESPONSES), False),
    "Chat Completions": (COMPATIBLE, sends(CHAT), False),
    "TLS": (OPENAI, sends(RESPONSES), True),
    "gzip": (OPENAI, sends(list(gzipped(RESPONSES)), packed(b"gzip")), False),
    "split oddly": (COMPATIBLE, sends(list(split_oddly(CHAT))), False),
}


@pytest.mark.parametrize(("profile", "script", "is_tls"), PACES.values(), ids=PACES.keys())
def test_events_in_chunks_of_one_are_read_as_fast_as_they_come(
    profile: ProviderProfile,
    script: Script,
    is_tls: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server never waits. So the loop of both waits for nothing but pauses of the client."""
    waits = _Waits()

    async def run() -> tuple[list[StreamEvent], float]:
        authority = Authority(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
        tls = authority.server() if is_tls else None
        async with LoopbackServer(*scripts_of(profile, script), tls=tls) as server:
            client = client_for(server, profile)
            events: list[StreamEvent] = []
            async with aclosing(client.stream(ask())) as received:
                async for event in received:
                    if not events:  # what is done before the stream begins does not count
                        waits.waited_s = 0.0
                    events.append(event)
            waited_s = waits.waited_s
            await client.aclose()
            return events, waited_s

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(waits)) as runner:
        events, waited_s = runner.run(run())
    assert fold(events).text == ANSWER
    assert fold(events).status is MessageStatus.COMPLETE
    assert sum(event.deltas for event in events if isinstance(event, TextDelta)) == len(WORDS)
    assert waited_s < 1


@pytest.mark.parametrize(
    ("profile", "pieces"),
    [(OPENAI, RESPONSES), (COMPATIBLE, CHAT)],
    ids=["Responses", "Chat Completions"],
)
async def test_stop_keeps_all_that_has_come(profile: ProviderProfile, pieces: list[bytes]) -> None:
    """The client is stopped within the frame in which most of the text came."""
    has_all_come = asyncio.Event()

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(pieces[0] + pieces[1]))
        await shown.wait()
        writer.write(b"".join(map(chunk, pieces[2:-1])))
        await writer.drain()
        has_all_come.set()
        await request.gone.wait()
        writer.close()

    shown = asyncio.Event()
    events: list[StreamEvent] = []

    async def collect() -> None:
        async with aclosing(client.stream(ask())) as received:
            async for event in received:
                events.append(event)
                if isinstance(event, TextDelta):
                    shown.set()

    async with LoopbackServer(*scripts_of(profile, script)) as server:
        client = client_for(server, profile)
        task = asyncio.create_task(collect())
        await has_all_come.wait()
        for _ in range(20):  # the client reads it
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await server.requests[-1].gone.wait()
        await client.aclose()
    assert fold(events).text == ANSWER
    assert task.cancelled()


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("line", [b"data:\n", b"data: \n", b"error:\r\n"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_lines_without_values_count_against_the_size_of_an_event(
    line: bytes, is_packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_reply, "MAX_EVENT_BYTES", 200_000)
    pieces = [RESPONSES[0], RESPONSES[1], line * 50_000]
    script = sends(list(gzipped(pieces)), packed(b"gzip")) if is_packed else sends(pieces)
    events, _ = run(script)
    assert fold(events).text == WORDS[0], "what came before"
    assert "sent more than" in failure(events).message


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b'\n\ndata: {"type":'])
def test_a_broken_connection_loses_no_event_that_was_whole(end: bytes) -> None:
    pieces = [*RESPONSES[:2], RESPONSES[2].strip() + end]
    events, _ = run(streams(*pieces, end=False))
    assert fold(events).text == "".join(WORDS[:2])
    assert "was lost before the response" in failure(events).message


@pytest.mark.parametrize("is_stopped", [False, True], ids=["left", "stopped"])
async def test_nothing_is_read_for_a_reader_that_has_gone(is_stopped: bool) -> None:
    read: list[int] = []
    has_begun, over = asyncio.Event(), asyncio.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        while not over.is_set():
            read.append(len(read))
            yield b"data: 1\n\n"
            await asyncio.sleep(0)

    async def follow() -> None:
        async with aclosing(reading(chunks(), SilenceWatch("P", SilenceLimits()))) as events:
            async for _ in events:
                has_begun.set()
                if not is_stopped:
                    break
                if task.cancelling():  # the last frame: what had come by then
                    counts.append(len(read))
                    for _ in range(5):
                        await asyncio.sleep(0)
                    counts.append(len(read))
        counts.append(len(read))

    counts: list[int] = []
    task = asyncio.create_task(follow())
    await has_begun.wait()
    if is_stopped:
        task.cancel()
    await asyncio.wait([task])
    for _ in range(5):
        await asyncio.sleep(0)
    counts.append(len(read))
    over.set()
    assert len(set(counts)) == 1


async def test_stop_keeps_what_a_slow_reader_has_not_taken() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"".join(b"data: %d\n\n" % number for number in range(50))
        await asyncio.Event().wait()

    async def follow() -> None:
        async with aclosing(reading(pieces(), SilenceWatch("P", SilenceLimits()))) as events:
            async for _ in events:
                taken.append(len(taken))
                time.sleep(0.002)  # noqa: ASYNC251 — what the reader does with an event
                if len(taken) == 10:
                    task.cancel()

    taken: list[int] = []
    task = asyncio.create_task(follow())
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(taken) == 50


async def test_a_server_that_is_faster_than_the_reader_waits() -> None:
    read: list[int] = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        for number in range(500):
            read.append(number)
            yield b"data: 1\n\n" + b"\n" * 10_000
            await asyncio.sleep(0)

    async with aclosing(reading(pieces(), SilenceWatch("P", SilenceLimits()))) as events:
        await anext(events)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(read) < 20
        assert len([event async for event in events]) == 499


async def test_a_bomb_leaves_the_loop_to_others() -> None:
    """Each piece that is unpacked is followed by a turn of other tasks."""
    bomb = gzip.compress(bytes(10 << 20))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    response = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=_Stream(bomb))
    pieces = [len(piece) async for piece in unpacked(response)]
    await cancel(counting)
    assert sum(pieces) == 10 << 20
    assert turns >= len(pieces) - 1 > 100


class _Stream(httpx.AsyncByteStream):
    """A body that comes in one chunk."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
