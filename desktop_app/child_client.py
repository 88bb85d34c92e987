"""Child processes that answer requests: the parent's side.

`ChildClient` sends one request at a time, from any thread, and waits for the reply. If a request
makes the child crash, hang or reply too much, the child is killed and the request has no reply; the
next one gets a new child. The child starts at the first request. It ends after a while without
work, at `close`, and when its standard input closes, so it never outlives this process.

`ChildStream` is a running child for the event loop, which may send any number of messages.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from subprocess import DEVNULL, PIPE, TimeoutExpired
from typing import TYPE_CHECKING, Final, Self

from desktop_app.child_processes import ChildCommand, name_of, open_child, start_child
from desktop_app.domain.activity_log import log_end
from desktop_app.frames import LENGTH, FrameError, read_frame, write_frame

if TYPE_CHECKING:  # processes are started in child_processes only
    from asyncio.subprocess import Process
    from subprocess import Popen

_END_S: Final = 2.0
"""Seconds that a child has to end before it is killed."""
PIECE_BYTES: Final = 1 << 18
"""Bytes to write at a time, which take a millisecond."""
_KEPT_ERROR_BYTES: Final = 4_000
"""Of the end of a child's standard error: a traceback and the warnings before it."""


class ChildError(Exception):
    """There is no reply; the argument says why."""


class ChildClient:
    """A child process.

    Args:
        command: starts it.
        most_bytes: of a reply.
        timeout_s: of a request.
        first_timeout_s: of the first one, for which the child imports its modules.
        idle_s: the seconds without a request after which the child ends; None for never.
    """

    def __init__(
        self,
        command: ChildCommand,
        *,
        most_bytes: int,
        timeout_s: float,
        first_timeout_s: float = 0.0,
        idle_s: float | None = None,
    ) -> None:
        self._command = command
        self._most_bytes = most_bytes
        self._timeout_s = timeout_s
        self._first_timeout_s = first_timeout_s
        self._idle_s = idle_s
        self._child: Popen[bytes] | None = None
        self._start = 0.0
        self._turn = threading.Lock()  # of requests
        self._state = threading.Lock()  # of the child's start, which `close` must not miss
        self._closings = 0
        self._idle_timer: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id of the child; None if there is none."""
        child = self._child
        return None if child is None else child.pid

    def ask(self, *pieces: bytes) -> bytes:
        """Send a request of these pieces, and return the reply. Blocking.

        Raises:
            ChildError: the child cannot start, ends, hangs or replies too much.
        """
        closings = self._closings
        with self._turn:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
            try:
                child, timeout_s = self._running(closings)
                reply = _exchange(child, timeout_s, pieces, self._most_bytes)
            except (OSError, ValueError, FrameError) as error:
                raise ChildError(self._discard() or str(error)) from error
            if reply is None:
                raise ChildError(self._discard())
            if self._idle_s is not None:
                self._idle_timer = threading.Timer(self._idle_s, self._end_idle)
                self._idle_timer.daemon = True
                self._idle_timer.start()
            return reply

    def close(self) -> None:
        """Kill the child, and wait for its end. A running request has no reply."""
        with self._state:
            self._closings += 1
            child = self._child
            if child is not None:
                child.kill()
        with self._turn:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
            if child is self._child:
                self._discard()

    def _running(self, closings: int) -> tuple[Popen[bytes], float]:
        """Return the child, and the time limit of its next request; start it if there is none."""
        if self._child is not None:
            return self._child, self._timeout_s
        with self._state:
            if closings != self._closings:
                raise ChildError(f"{name_of(self._command)} was closed")
            self._start = time.monotonic()
            self._child = open_child(self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return self._child, max(self._timeout_s, self._first_timeout_s)

    def _discard(self) -> str:
        """Kill the child, wait for its end, and return how it ended; "" if it did not start."""
        child, self._child = self._child, None
        if child is None:
            return ""
        child.kill()
        with suppress(OSError), child:  # closing fails if it has not read all of a request
            pass
        code = child.wait()
        seconds = time.monotonic() - self._start
        log_end(name_of(self._command), f"code {code}", self._start)
        return f"{name_of(self._command)} ended with code {code} after {seconds:.1f} s"

    def _end_idle(self) -> None:
        with self._turn:
            child = self._child
            if child is None or threading.current_thread() is not self._idle_timer:
                return
            with suppress(OSError, TimeoutExpired):
                assert child.stdin is not None
                child.stdin.close()
                child.wait(_END_S)
            self._discard()


def _exchange(
    child: Popen[bytes], timeout_s: float, pieces: tuple[bytes, ...], most_bytes: int
) -> bytes | None:
    """Send a request and return the reply; None if the child ends."""
    assert child.stdin is not None
    assert child.stdout is not None
    watchdog = threading.Timer(timeout_s, child.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        write_frame(child.stdin, *pieces)
        return read_frame(child.stdout, most_bytes)
    finally:
        watchdog.cancel()


class ChildStream:
    """A running child process that sends messages, for the event loop.

    Args:
        child: was started with pipes for its standard input and output, and perhaps for its errors.
        name: what the log calls it.
        most_bytes: of a message.
    """

    def __init__(self, child: Process, name: str, most_bytes: int) -> None:
        self._child = child
        self._name = name
        self._most_bytes = most_bytes
        self._is_killed = False
        self._turn = asyncio.Lock()  # of messages to it
        self._errors = bytearray()
        self._reading_errors = asyncio.ensure_future(self._read_errors())

    @classmethod
    async def start(
        cls, command: ChildCommand, *, most_bytes: int, keeps_errors: bool = False
    ) -> Self:
        """Start a child. Raises OSError.

        Args:
            keeps_errors: the end of what it writes to its standard error tells why it ended.
        """
        errors = PIPE if keeps_errors else DEVNULL
        child = await start_child(
            command, stdin=PIPE, stdout=PIPE, stderr=errors, limit=PIECE_BYTES
        )
        return cls(child, name_of(command), most_bytes)

    @property
    def pid(self) -> int | None:
        """Return the process id; None if it has ended."""
        return self._child.pid if self._child.returncode is None else None

    async def send(self, message: bytes, payload: bytes = b"") -> None:
        """Send a message, and the bytes after it that it announces, in one turn.

        If canceled within, it kills the child, to which the next message would be the rest of this.

        Raises ChildError.
        """
        assert self._child.stdin is not None
        is_begun = False
        try:
            async with self._turn:
                for part in (LENGTH.pack(len(message)) + message, payload):
                    view = memoryview(part)
                    for start in range(0, len(view), PIECE_BYTES):
                        await self._child.stdin.drain()  # parts do not delay the event loop
                        self._child.stdin.write(view[start : start + PIECE_BYTES])
                        is_begun = True
        except OSError as error:
            raise ChildError(await self._ending()) from error
        except asyncio.CancelledError:
            if is_begun:
                self.kill()
            raise

    def close_input(self) -> None:
        """Tell the child that no more comes, at which it ends."""
        assert self._child.stdin is not None
        self._child.stdin.close()

    async def receive(self) -> bytes:
        """Return the next message.

        Raises:
            ChildError: the child has ended, or was ended because of a message that is too long.
        """
        assert self._child.stdout is not None
        try:
            (length,) = LENGTH.unpack(await self._child.stdout.readexactly(LENGTH.size))
            if length <= self._most_bytes:
                return await self._child.stdout.readexactly(length)
            self.kill()
        except asyncio.IncompleteReadError as error:
            raise ChildError(await self.end(_END_S)) from error
        raise ChildError(f"{await self.end()}: a message of {length} bytes")

    def kill(self) -> None:
        """Kill the child, only once: a second kill could reap it before asyncio does."""
        if not self._is_killed:
            self._is_killed = True
            with suppress(ProcessLookupError):
                self._child.kill()

    async def end(self, wait_s: float = 0.0) -> str:
        """Wait so long for its end, then kill it; return how it ended and what it raised."""
        self.close_input()
        for limit in (wait_s, _END_S):
            # What the child started may keep its pipes open.
            with suppress(TimeoutError):
                async with asyncio.timeout(limit):
                    await self._drain()
            self.kill()
        code = await self._child.wait()
        await asyncio.wait({self._reading_errors}, timeout=_END_S)
        self._reading_errors.cancel()
        # FFmpeg writes the titles of files, which belong in no log.
        raised = "".join(self._errors.decode(errors="replace").partition("Traceback")[1:])
        return f"{self._name} ended with code {code}\n{raised}".strip()

    async def _ending(self) -> str:
        """Return how a child ended that reads no more. Its messages may still be received."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                return f"{self._name} ended with code {await self._child.wait()}"
        return f"{self._name} reads no more"

    async def _drain(self) -> None:
        assert self._child.stdout is not None
        while await self._child.stdout.read(PIECE_BYTES):
            pass
        await self._child.wait()

    async def _read_errors(self) -> None:
        stream = self._child.stderr
        while stream is not None and (part := await stream.read(_KEPT_ERROR_BYTES)):
            self._errors += part
            del self._errors[:-_KEPT_ERROR_BYTES]
