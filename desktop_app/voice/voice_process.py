"""The window's end of the voice's child, which starts with the first request.

It ends when nothing was said in either direction for five minutes, and when its standard input
closes, so it never outlives this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any, Final

import msgspec

from desktop_app.child_processes import ChildCommand, child_command, start_child
from desktop_app.voice.messages import LENGTH, MAX_BYTES, Event, Fault, FaultKind, Request

log = logging.getLogger(__name__)
_IDLE_S: Final = 300.0
_END_TIMEOUT_S: Final = 1.0
_KEPT_ERROR_BYTES: Final = 4_000
"""Of the end of the child's standard error: a traceback and the warnings before it."""


class VoiceProcess:
    """The child of the voice.

    Args:
        on_event: gets each message of the child, in the event loop's thread.
        command: starts the child; only tests pass another one.
    """

    def __init__(
        self, on_event: Callable[[Event], object], command: ChildCommand | None = None
    ) -> None:
        self._on_event = on_event
        self._command = command
        self._child: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._start_lock = asyncio.Lock()
        self._idle_timer: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id of the running child; None if there is none."""
        return None if self._child is None else self._child.pid

    async def send(self, request: Request) -> None:
        """Send a request; start the child if it is not running."""
        async with self._start_lock:
            if self._child is None and not await self._start():
                return
            child = self._child
        packed = msgspec.msgpack.encode(request)
        self._wait_for_idleness()
        with contextlib.suppress(OSError):  # its end is reported by `_read`
            if child is not None and child.stdin is not None:
                child.stdin.write(LENGTH.pack(len(packed)) + packed)
                await child.stdin.drain()

    async def aclose(self) -> None:
        """End the child and wait for its end."""
        child, reading = self._child, self._reading
        self._forget()
        if child is None or reading is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await child.wait()
        except TimeoutError:
            child.kill()
        await reading

    async def _start(self) -> bool:
        try:
            child = await start_child(
                self._command or child_command("voice"), stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
        except OSError as error:
            self._on_event(Fault(FaultKind.ENDED, None, str(error)))
            return False
        self._child = child
        self._reading = asyncio.get_running_loop().create_task(self._read(child))
        return True

    async def _read(self, child: Process) -> None:
        """Pass on the child's messages until it ends."""
        assert child.stdout is not None
        message_type: Any = Event
        details = ""
        errors = bytearray()
        reading_errors = asyncio.ensure_future(_read_end(child.stderr, errors))
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
                if length > MAX_BYTES:
                    details = "a message is too long"
                    child.kill()
                    break
                event = msgspec.msgpack.decode(
                    await child.stdout.readexactly(length), type=message_type
                )
                if child is self._child:
                    self._wait_for_idleness()
                    self._on_event(event)
        code = await child.wait()
        # A speech-dispatcher that the child started may keep the pipe open.
        await asyncio.wait({reading_errors}, timeout=_END_TIMEOUT_S)
        reading_errors.cancel()
        if child is self._child:
            self._forget()
            said = errors.decode(errors="replace").strip()
            details = "\n".join(filter(None, (details or f"it ended with code {code}", said)))
            log.error("The process for the voice: %s", details)
            self._on_event(Fault(FaultKind.ENDED, None, details))

    def _wait_for_idleness(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = asyncio.get_running_loop().call_later(_IDLE_S, self._end_idle)

    def _end_idle(self) -> None:
        child = self._child
        self._forget()
        if child is not None and child.stdin is not None:
            child.stdin.close()

    def _forget(self) -> None:
        """Hear no more of the child; the next request starts another."""
        self._child = None
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None


async def _read_end(stream: asyncio.StreamReader | None, end: bytearray) -> None:
    """Read a stream until it ends, and keep the end of it."""
    while stream is not None and (chunk := await stream.read(_KEPT_ERROR_BYTES)):
        end += chunk
        del end[:-_KEPT_ERROR_BYTES]
