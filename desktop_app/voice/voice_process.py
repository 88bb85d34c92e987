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
from desktop_app.voice.messages import LENGTH, MAX_BYTES, Event, Fault, FaultKind, Request, pack

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
        self._wait_for_idleness()
        with contextlib.suppress(OSError):  # its end is reported by `_read`
            if child is not None and child.stdin is not None:
                child.stdin.write(pack(request))
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
        errors = ChildErrors(child)
        try:
            while True:
                event = await receive(child, Event)
                if child is self._child:
                    self._wait_for_idleness()
                    self._on_event(event)
        except asyncio.IncompleteReadError:
            details = await errors.end()
        except EOFError as error:
            details = await errors.end(str(error))
        if child is self._child:
            self._forget()
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


async def receive(child: Process, message_type: Any) -> Any:
    """Return the next message of a child.

    Raises:
        EOFError: it has ended, or was ended because a message was too long.
    """
    assert child.stdout is not None
    (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
    if length > MAX_BYTES:
        child.kill()
        raise EOFError("a message is too long")
    return msgspec.msgpack.decode(await child.stdout.readexactly(length), type=message_type)


class ChildErrors:
    """What a child raises: the last traceback of its standard error, whatever libraries write."""

    def __init__(self, child: Process) -> None:
        self._child = child
        self._kept = bytearray()
        self._reading = asyncio.ensure_future(self._read())

    async def end(self, reason: str = "") -> str:
        """Return why the child has ended, and what it raised; wait for its end."""
        code = await self._child.wait()
        # A speech-dispatcher that the child started may keep the pipe open.
        await asyncio.wait({self._reading}, timeout=_END_TIMEOUT_S)
        self._reading.cancel()
        # FFmpeg writes the titles of files, which belong in no log.
        raised = "".join(self._kept.decode(errors="replace").partition("Traceback")[1:])
        return "\n".join(filter(None, (reason, f"it ended with code {code}", raised.strip())))

    async def _read(self) -> None:
        stream = self._child.stderr
        while stream is not None and (chunk := await stream.read(_KEPT_ERROR_BYTES)):
            self._kept += chunk
            del self._kept[:-_KEPT_ERROR_BYTES]
