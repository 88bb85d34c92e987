"""Child processes that crash, hang, flood or lie: each costs its request, the next is served."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop_app import child_client
from desktop_app.child_client import ChildClient, ChildError
from desktop_app.child_processes import ChildCommand
from desktop_app.documents.worker.document_worker import DocumentWorker, Limits
from desktop_app.domain.errors import DocumentError, LocalModelError
from desktop_app.local_model import header_reader
from desktop_app.local_model.header_reader import HeaderReader
from desktop_app.markdown.processes import json_client
from desktop_app.markdown.processes.formula_client import FormulaClient
from desktop_app.voice.messages import Event, Fault, Hush
from desktop_app.voice.transcription import recordings
from desktop_app.voice.transcription.recordings import Task
from desktop_app.voice.voice_process import VoiceProcess
from tests.helpers.children import MISSING_CHILD, frame_child
from tests.helpers.gguf_files import write_gguf
from tests.helpers.process_tree import is_running, processes_below, wait_until_gone
from tests.helpers.waiting import LONGEST_S

SHORT_S = 0.3
FAULTS = {
    "crashes": "read(); os.abort()",
    "ends": "sys.exit()",
    "ends within a reply": "read(); sys.stdout.buffer.write(b'\\0\\0\\0\\x09x'); sys.exit()",
    "hangs": "read(); signal.pause()",
    "does not read": "signal.pause()",
    "floods": "read(); write(b'x' * (2 << 20)); signal.pause()",
    "promises more": "read(); sys.stdout.buffer.write(b'\\xff' * 9); sys.stdout.flush(); read()",
    "lies": "read(); write(b'[' * 9); signal.pause()",
}


def faulty_once(tmp_path: Path, fault: str, good: str) -> Any:
    """Return a command whose first process has a fault, and whose others serve."""
    mark = tmp_path / "faulty"
    return frame_child(f"""
import os, signal
if not os.path.exists({str(mark)!r}):
    open({str(mark)!r}, "w").close()
    {fault}
while True:
    {good}
""")


JSON = "request = __import__('json').loads(read()); write(b'{\"id\": %d}' % request['id'])"


@contextmanager
def formulas(tmp_path: Path, fault: str) -> Iterator[Any]:
    client = FormulaClient(faulty_once(tmp_path, fault, JSON))
    yield lambda: client.ask({"tex": "x" * 300_000}), client.child
    client.close()


HEADERS = (
    "from desktop_app.local_model import header_reader as h; import msgspec;"
    "r = read(); write(msgspec.json.encode(h._reply(r[8:], *h._SIZE.unpack_from(r))))"
)


@contextmanager
def headers(tmp_path: Path, fault: str) -> Iterator[Any]:
    path = write_gguf(tmp_path / "a.gguf")
    reader = HeaderReader()
    reader.child._command = faulty_once(tmp_path, fault, HEADERS)

    def ask() -> object:
        try:
            return reader.read(path)
        except LocalModelError as error:
            assert "damaged" in error.what_happened
            return None

    yield ask, reader.child
    reader.child.close()


KINDS = (formulas, headers)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_costs_its_request_and_the_next_one_is_served(
    kind: Callable[..., Any], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_client, "FIRST_TIMEOUT_S", 5.0)
    monkeypatch.setattr(header_reader, "_LONGEST_S", 5.0)
    with kind(tmp_path, fault) as (ask, child):
        if "pause" in fault and "write" not in fault:
            child._timeout_s = child._first_timeout_s = SHORT_S
        assert ask() is None
        child._timeout_s = child._first_timeout_s = LONGEST_S
        assert ask() is not None
        pid = child.pid
        assert pid is not None
        assert ask() is not None
        assert child.pid == pid
    assert child.pid is None
    assert not is_running(pid)


async def extracted(command: ChildCommand) -> str:
    worker = DocumentWorker(Limits(seconds=SHORT_S * 4, standstill_s=5), command=command)
    try:
        await worker.count_tokens("words")
    except DocumentError as error:
        assert error.what_happened
        assert error.details or "takes longer" in error.what_happened
        return error.details
    finally:
        await worker.aclose()
    raise AssertionError


async def said(command: ChildCommand) -> str:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    voice = VoiceProcess(heard.put_nowait, command)
    try:
        await voice.send(Hush())
        async with asyncio.timeout(LONGEST_S):
            fault = await heard.get()
        assert isinstance(fault, Fault)
        assert fault.error.what_happened
        return fault.details
    finally:
        await voice.aclose()


async def recorded(command: ChildCommand) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "child_command", lambda _kind: command)
        reading = recordings.read_recording("a.mp3", b"sound" * 200_000, Task())
        with pytest.raises(DocumentError, match="no sound that can be read") as caught:
            await anext(reading)
    return caught.value.details


SILENT = ("hangs", "does not read")
"""The voice may be silent as long as it likes."""
UNTOLD = (*SILENT, "floods", "lies")
"""Of documents, for which the sentence tells of the time, or of damage."""


@pytest.mark.parametrize("kind", [extracted, said, recorded])
@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_told_by_those_of_the_event_loop(
    kind: Callable[[ChildCommand], Awaitable[str]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in SILENT:
        if kind is said:
            return
        monkeypatch.setattr(recordings, "_STANDSTILL_S", SHORT_S)
    monkeypatch.setattr(child_client, "_END_S", 0.1)
    before = await processes_below(os.getpid())
    details = await kind(frame_child(f"import os, signal\n{FAULTS[name]}"))
    if kind is not extracted or name not in UNTOLD:
        assert "ended with code" in details
    await wait_until_gone(await processes_below(os.getpid()) - before)


def client_of(script: str, **limits: Any) -> ChildClient:
    return ChildClient(frame_child(script), **{"most_bytes": 99, "timeout_s": LONGEST_S, **limits})


def test_errors_say_how_the_process_ended() -> None:
    with pytest.raises(ChildError, match="program"):
        ChildClient(MISSING_CHILD, most_bytes=9, timeout_s=1).ask(b"")
    with pytest.raises(ChildError, match="code 3 after"):
        client_of("read(); sys.exit(3)").ask(b"")
    with pytest.raises(ChildError, match="code -9 after"):
        client_of("read(); read()", timeout_s=0.1).ask(b"")


def test_a_closed_process_answers_nothing_and_is_gone() -> None:
    client = client_of("while True: read(); input()")
    failed: list[str] = []

    def ask() -> None:
        with pytest.raises(ChildError) as error:
            client.ask(b"x")
        failed.append(str(error.value))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    until = time.monotonic() + LONGEST_S
    while client.pid is None and time.monotonic() < until:
        time.sleep(0.005)
    pid = client.pid
    client.close()
    for thread in asking:
        thread.join(LONGEST_S)
    assert len(failed) == 3
    assert client.pid is None
    assert pid is not None
    assert not is_running(pid)


def test_requests_of_several_threads_take_turns() -> None:
    client = client_of("while True: write(read())")
    replies: dict[int, bytes] = {}

    def ask(number: int) -> None:
        for _ in range(20):
            replies[number] = client.ask(b"%d" % number, b"!")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_S)
    client.close()
    assert replies == {number: b"%d!" % number for number in range(4)}


@pytest.mark.parametrize("ends", ["", "import signal; signal.pause()"])
def test_an_idle_process_ends_and_one_that_does_not_is_killed(
    ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_client, "_END_S", 0.1)
    script = f"""
while head := sys.stdin.buffer.read(4):
    write(sys.stdin.buffer.read(*struct.unpack(">I", head)))
{ends}
"""
    client = client_of(script, idle_s=0.01)
    for _ in range(2):
        assert client.ask(b"x") == b"x"
        until = time.monotonic() + LONGEST_S
        while client.pid is not None:
            assert time.monotonic() < until
            time.sleep(0.005)
