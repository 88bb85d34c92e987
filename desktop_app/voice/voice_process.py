"""The window's end of the voice's child, which starts with the first request.

It ends when nothing was said in either direction for five minutes, and when its standard input
closes, so it never outlives this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from desktop_app.child_client import ChildError, ChildStream
from desktop_app.child_processes import ChildCommand, child_command
from desktop_app.voice.messages import MAX_BYTES, Event, Fault, FaultKind, Request

log = logging.getLogger(__name__)
_IDLE_S: Final = 300.0
_END_TIMEOUT_S: Final = 1.0


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
        self._child: ChildStream | None = None
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
        with contextlib.suppress(ChildError):  # its end is reported by `_read`
            if child is not None:
                await child.send(msgspec.msgpack.encode(request))

    async def aclose(self) -> None:
        """End the child and wait for its end."""
        child, reading = self._child, self._reading
        self._forget()
        if child is None or reading is None:
            return
        child.close_input()
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await asyncio.shield(reading)
        except TimeoutError:
            child.kill()
            await reading

    async def _start(self) -> bool:
        try:
            command = self._command or child_command("voice")
            child = await ChildStream.start(command, most_bytes=MAX_BYTES, keeps_errors=True)
        except OSError as error:
            self._on_event(Fault(FaultKind.ENDED, None, str(error)))
            return False
        self._child = child
        self._reading = asyncio.get_running_loop().create_task(self._read(child))
        return True

    async def _read(self, child: ChildStream) -> None:
        """Pass on the child's messages until it ends."""
        try:
            while True:
                event = msgspec.msgpack.decode(await child.receive(), type=Event)
                if child is self._child:
                    self._wait_for_idleness()
                    self._on_event(event)
        except ChildError as error:
            details = str(error)
        except msgspec.MsgspecError as error:
            details = f"{await child.end()}: {error}"
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
        if child is not None:
            child.close_input()

    def _forget(self) -> None:
        """Hear no more of the child; the next request starts another."""
        self._child = None
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
