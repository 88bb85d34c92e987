"""The window's socket under attack: garbage, halves, crowds, and callers of another user."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_app.app import call_server
from desktop_app.app.call_server import MAX_CALLERS, CallServer
from desktop_app.app.window_request import (
    MAX_HEAD_BYTES,
    PREFIX,
    OpenRequest,
    QuickRequest,
    WindowRequest,
    encode,
)
from desktop_app.quick_call import MAGIC, MAX_TEXT_BYTES, call
from tests.helpers.blocking import blocking
from tests.helpers.waiting import until

AS_NOBODY = """
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
try:
    connection.sendall(bytes.fromhex(sys.argv[2]))
    print(repr(connection.recv(16)))
except ConnectionError:
    print(repr(b""))
"""


class Window:
    """A server on a socket of its own.

    Attributes:
        path: of the socket.
        requests: what arrived.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requests: list[WindowRequest] = []
        self.server = CallServer(path, self.requests.append)

    async def call(self, data: bytes, *, is_whole: bool = True) -> bytes:
        """Send bytes, close our side if that is the whole, and return the reply."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(data)
            if is_whole:
                writer.write_eof()
            return await reader.read()
        except ConnectionError:  # it was refused before all was sent
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def a_window(folder: Path) -> AsyncIterator[Window]:
    window = Window(folder / "r.sock")
    await window.server.start()
    try:
        yield window
        assert await window.call(encode(QuickRequest("still there"))) == b"ok\n"
        assert window.requests.pop() == QuickRequest("still there")
    finally:
        await window.server.aclose()
        assert not window.path.exists()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


FRAMES = st.builds(
    lambda magic, head, text, body: PREFIX.pack(magic, head, text) + body,
    st.just(MAGIC) | st.binary(min_size=4, max_size=4),
    st.integers(0, 60) | st.integers(0, (1 << 32) - 1),
    st.integers(0, 60) | st.integers(0, (1 << 32) - 1),
    st.binary(max_size=100),
)


@pytest.mark.attack("local-calls")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=100) | FRAMES, min_size=1, max_size=9))
@blocking
async def test_garbage_is_refused_and_leaves_no_trace(
    folder: Path, capsys: pytest.CaptureFixture[str], garbage: list[bytes]
) -> None:
    async with a_window(folder) as window:
        replies = await asyncio.gather(*map(window.call, garbage))
        assert set(replies) <= {b"", b"refused\n"}
        assert window.requests == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.attack("local-calls")
@pytest.mark.parametrize(
    "data",
    [
        b'{"command": "open", "files": []}\n',
        b'{"command": "quick", "text": 7}\n',
        b"[" * 1_000_000 + b"\n",
        b"\0" * 1_000_000,
        b"GET / HTTP/1.1\r\n\r\n",
        PREFIX.pack(MAGIC, 4, 0) + b"quit",
        PREFIX.pack(MAGIC, 9, 0) + b"open\0etc/",
        PREFIX.pack(MAGIC, MAX_HEAD_BYTES + 1, 0),
        PREFIX.pack(MAGIC, (1 << 32) - 1, (1 << 32) - 1),
    ],
)
async def test_a_malformed_request_is_refused(folder: Path, data: bytes) -> None:
    async with a_window(folder) as window:
        assert await window.call(data) in (b"refused\n", b"")
        assert window.requests == []


@pytest.mark.attack("local-calls")
@pytest.mark.parametrize("sizes", [(MAX_HEAD_BYTES + 1, 0), (4, MAX_TEXT_BYTES + 1)])
async def test_too_large_a_request_is_refused_before_it_arrives(
    folder: Path, sizes: tuple[int, int]
) -> None:
    async with a_window(folder) as window:
        prefix = PREFIX.pack(MAGIC, *sizes)
        assert await window.call(prefix, is_whole=False) == b"refused\n"


@pytest.mark.attack("local-calls")
async def test_incomplete_and_slow_callers_are_disconnected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = encode(OpenRequest(("/a",), "text"))

    async with a_window(folder) as window:
        halves = [window.call(frame[:n], is_whole=n % 2 == 0) for n in range(len(frame))]
        with monkeypatch.context() as hasty:
            hasty.setattr(call_server, "TIME_LIMIT_S", 0.05)
            assert set(await asyncio.gather(*halves)) <= {b"", b"busy\n"}
        assert window.requests == []


@pytest.mark.attack("local-calls")
async def test_too_many_callers_are_told_to_retry(folder: Path) -> None:
    async with a_window(folder) as window:
        idle = [asyncio.create_task(window.call(b"", is_whole=False)) for _ in range(MAX_CALLERS)]

        async def is_crowded() -> bool:
            return len(window.server._callers) == MAX_CALLERS

        await until(is_crowded)
        assert await asyncio.to_thread(call, window.path, encode(QuickRequest())) == b"busy"
        assert window.requests == []
        for caller in idle:
            caller.cancel()
        await asyncio.gather(*idle, return_exceptions=True)

        async def is_free() -> bool:
            return await window.call(encode(QuickRequest())) == b"ok\n"

        await until(is_free)
        window.requests.clear()


@pytest.mark.attack("local-calls")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_a_process_of_another_user_gets_nothing() -> None:
    folder = Path(f"/tmp/repartee-test-{os.getpid()}")  # noqa: S108 — below /root nobody gets in
    folder.mkdir(mode=0o755)

    try:
        async with a_window(folder) as window:
            # As if the folder and the socket were open to everybody.
            window.path.chmod(0o666)
            asked = encode(QuickRequest("mine")).hex()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", AS_NOBODY, str(window.path), asked, stdout=subprocess.PIPE
            )
            output, _ = await process.communicate()
            assert output == b"b''\n"
            assert window.requests == []
    finally:
        folder.rmdir()


async def test_callers_are_disconnected_at_the_end(folder: Path) -> None:
    window = Window(folder / "r.sock")
    await window.server.start()
    calling = asyncio.create_task(window.call(b"", is_whole=False))

    async def is_calling() -> bool:
        return bool(window.server._callers)

    await until(is_calling)
    await window.server.aclose()
    assert await calling == b""


async def test_a_socket_that_a_killed_process_left_is_taken_over(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "r.sock"))
    async with a_window(folder) as window:
        assert await window.call(encode(QuickRequest("Why?"))) == b"ok\n"
        assert window.requests.pop() == QuickRequest("Why?")
