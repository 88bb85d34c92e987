"""Messages between processes arrive whole, whoever sends at the same time and however long."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from desktop_app.child_client import PIECE_BYTES, ChildClient, ChildError, ChildStream
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.tools.servers import server_connection
from desktop_app.voice.messages import Event, Hush, PartialText, Recorded, Say
from desktop_app.voice.transcription import recordings
from desktop_app.voice.transcription.recordings import Ended, Sound, Task
from desktop_app.voice.voice_process import VoiceProcess
from tests.helpers.children import frame_child, python_child
from tests.helpers.waiting import LONGEST_S
from tests.unit.tools.test_server_connection import Listener

LONG = 3 * PIECE_BYTES + 5
"""Bytes of a message that is written in parts, and is longer than a pipe."""

HASHES = """
import hashlib, msgspec
from desktop_app.voice.messages import *
while True:
    request = msgspec.msgpack.decode(read(), type=Request)
    if isinstance(request, Hush):
        write(msgspec.msgpack.encode(PartialText("hush")))
    else:
        digest = hashlib.sha256(request.sound).hexdigest()
        write(msgspec.msgpack.encode(PartialText(f"{request.number} {digest}")))
"""


async def test_sentences_that_are_said_at_once_arrive_whole_and_in_their_order() -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    voice = VoiceProcess(heard.put_nowait, frame_child(HASHES))
    requests: list[Say | Hush] = []
    for number in range(6):
        requests += [Say(number, "", "", sound=bytes([number]) * (LONG + number)), Hush()]
    async with asyncio.timeout(LONGEST_S), asyncio.TaskGroup() as tasks:
        for request in requests:
            tasks.create_task(voice.send(request))
        for request in requests:
            event = await heard.get()
            assert isinstance(event, PartialText)
            if isinstance(request, Say):
                digest = hashlib.sha256(request.sound).hexdigest()
                assert event.text == f"{request.number} {digest}"
            else:
                assert event.text == "hush"
    await voice.aclose()


SPEAKS = f"""
import os, threading
from desktop_app.voice.child.voice_child import _Voice
from desktop_app.voice.messages import PartialText, Recorded
voice = _Voice(os.fdopen(os.dup(1), "wb", buffering=0))
def send(number):
    for _ in range(10):
        voice.send(Recorded(bytes([number]) * {LONG}, False))
        voice.send(PartialText(str(number) * 9))
for number in range(4):
    threading.Thread(target=send, args=(number,)).start()
"""


async def test_what_the_threads_of_the_voice_send_at_once_arrives_whole() -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    voice = VoiceProcess(heard.put_nowait, python_child("import sys\n" + SPEAKS))
    await voice.send(Hush())
    for _ in range(80):
        async with asyncio.timeout(LONGEST_S):
            event = await heard.get()
        if isinstance(event, Recorded):
            assert event.samples == event.samples[:1] * LONG
        else:
            assert isinstance(event, PartialText)
            assert event.text == event.text[:1] * 9
    await voice.aclose()


async def test_documents_that_are_read_at_once_are_read_whole() -> None:
    worker = DocumentWorker()
    texts = [f"word{number} " * (LONG // 6) for number in range(4)]
    reading = [worker.extract_bytes("a.txt", text.encode()) for text in texts]
    documents = await asyncio.gather(*reading)
    assert [document.text.strip() for document in documents] == [text.strip() for text in texts]
    await worker.aclose()


ECHOES = """
import msgspec
from desktop_app.voice.transcription.recordings import Ended, Sound
task = msgspec.msgpack.decode(read())
sound = sys.stdin.buffer.read()
write(msgspec.msgpack.encode(Sound(task["start"], sound)))
write(msgspec.msgpack.encode(Ended(1.0)))
"""


async def test_recordings_that_are_read_at_once_are_read_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recordings, "child_command", lambda _kind: frame_child(ECHOES))

    async def read(number: int) -> None:
        data = bytes([number]) * LONG
        replies = recordings.read_recording("a.mp3", data, Task(start=number))
        assert [reply async for reply in replies] == [Sound(number, data), Ended(1.0)]

    await asyncio.gather(*map(read, range(3)))


SERVES = """
import json, sys
sys.stdin.readline()
print('{"event": "ready", "offers": []}', flush=True)
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps({"id": order["id"], "result": order["arguments"]}), flush=True)
"""


async def test_calls_of_a_tool_server_at_once_arrive_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    command = python_child(SERVES)
    monkeypatch.setattr(server_connection, "child_command", lambda _kind: command)
    connection = await server_connection.ServerConnection.open({}, Listener())
    arguments = [{"x": str(number) * LONG} for number in range(5)]
    calling = [connection.request("call", arguments=each) for each in arguments]
    assert await asyncio.gather(*calling) == arguments
    await connection.aclose()


def test_requests_of_several_threads_at_once_arrive_whole() -> None:
    client = ChildClient(
        frame_child("while True: write(read())"), most_bytes=2 * LONG, timeout_s=LONGEST_S
    )
    requests = [(bytes([number]) * LONG, b"!") for number in range(4)]
    with ThreadPoolExecutor() as threads:
        replies = list(threads.map(lambda pieces: client.ask(*pieces), requests))
    client.close()
    assert replies == [b"".join(pieces) for pieces in requests]


async def test_a_canceled_message_is_sent_whole_or_ends_the_child() -> None:
    """Canceled before its turn, it is not sent; within it, no other one may follow."""
    stream = await ChildStream.start(
        frame_child("while True: write(read()[:1])"), most_bytes=1 << 20
    )
    first = asyncio.ensure_future(stream.send(b"a" * LONG))
    second = asyncio.ensure_future(stream.send(b"b" * LONG))
    third = asyncio.ensure_future(stream.send(b"c" * LONG))
    await asyncio.sleep(0)  # they have begun
    second.cancel()
    await asyncio.wait([first, second, third])
    async with asyncio.timeout(LONGEST_S):
        assert [await stream.receive(), await stream.receive()] == [b"a", b"c"]
    within = asyncio.ensure_future(stream.send(b"d" * 40 * PIECE_BYTES))
    for _ in range(5):
        await asyncio.sleep(0)
    within.cancel()
    await asyncio.wait([within])
    async with asyncio.timeout(LONGEST_S):
        with suppress(ChildError):
            await stream.send(b"e" * 40 * PIECE_BYTES)
        with pytest.raises(ChildError):
            await stream.receive()
    await stream.end()
