"""The parent's side of the process of one server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from desktop_app.child_processes import child_command, start_child
from desktop_app.domain.tools.tool_server import ServerFailure

START_S: Final = 60.0
"""Some programs are loaded from a registry when they are first started."""
SIGN_IN_S: Final = 300.0
"""The user may have to look up a password."""
CLOSE_S: Final = 15.0
"""The process ends itself within 5 s if it is not held up. Only it finds what left its group."""
LONGEST_LINE: Final = 32 << 20
LONGEST_ORDER: Final = 8 << 20
_PARSED_HERE: Final = 1 << 16
"""Bytes of a line that is parsed in the event loop."""

OnProgress = Callable[[float, float | None, str], None]


class ServerListener(Protocol):
    """Takes what a server says unasked."""

    def on_log(self, level: str, text: str) -> None:
        """Take a line of the log; `level` is "" for standard error."""

    def on_list_changed(self, what: str) -> None:
        """Note that "tools", "resources" or "prompts" have changed."""

    def on_sign_in(self, address: str) -> None:
        """Take the address at which the user signs in."""

    def on_sign_in_needed(self) -> None:
        """Note that the server ends because the user has to sign in again."""

    def on_tokens(self, kept: Mapping[str, Any]) -> None:
        """Keep what a sign-in or a refresh has left."""

    def on_renewing(self, answer: Callable[[Mapping[str, Any] | None], None]) -> None:
        """Answer what is kept of the sign-in, once the process may renew it."""

    def on_renewed(self) -> None:
        """Note that the process no longer renews it."""

    def on_ended(self) -> None:
        """Note that the process has ended."""


@dataclass
class _PendingCall:
    future: asyncio.Future[Any]
    on_progress: OnProgress | None


class ServerConnection:
    """A running server.

    Attributes:
        offers: those of "tools", "resources" and "prompts" that the server has.
    """

    def __init__(self, process: asyncio.subprocess.Process, listener: ServerListener) -> None:
        self.offers: tuple[str, ...] = ()
        self._process, self._listener = process, listener
        self._waiting: dict[int, _PendingCall] = {}
        self._last = 0
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.ensure_future(self._read())
        self._logging = asyncio.ensure_future(self._log())

    @classmethod
    async def open(cls, order: Mapping[str, Any], listener: ServerListener) -> ServerConnection:
        """Start the process and wait until the server is ready.

        Raises:
            ServerFailure: it did not start.
            TimeoutError: it took too long.
        """
        try:
            process = await start_child(
                child_command("server"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl+C in a terminal is ours; its group is killed as one
            )
        except OSError as error:
            raise ServerFailure(error.strerror or type(error).__name__, has_ended=True) from error
        made = cls(process, listener)
        try:
            made._send(order)
            async with asyncio.timeout(SIGN_IN_S if "sign_in" in order else START_S):
                await made._ready
        except BaseException:
            await made.aclose()
            raise
        return made

    @property
    def is_running(self) -> bool:
        """Return True while the process can answer."""
        return not self._reading.done()

    async def request(self, do: str, on_progress: OnProgress | None = None, **fields: Any) -> Any:
        """Return the result of a request; cancelling it cancels it at the server.

        Raises:
            ServerFailure: the server refused it, or has ended.
        """
        if not self.is_running:
            raise ServerFailure("it has ended", has_ended=True)
        self._last += 1
        number = self._last
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = _PendingCall(future, on_progress)
        try:
            self._send({"id": number, "do": do, **fields})
            return await future
        except asyncio.CancelledError:
            self._send({"do": "cancel", "id": number})
            raise
        finally:
            del self._waiting[number]

    async def aclose(self) -> None:
        """End the server and its process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self._kill_group()
            await self._process.wait()
            await asyncio.gather(self._reading, self._logging, return_exceptions=True)
            if self._ready.done():
                self._ready.exception()  # retrieved, so that asyncio does not report it

    def _send(self, order: Mapping[str, Any]) -> None:
        line = json.dumps(order).encode() + b"\n"
        if len(line) > LONGEST_ORDER:
            raise ServerFailure("the arguments are too long")
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(line)

    def _kill_group(self) -> None:
        """Kill what the process may have left: only it could kill programs that left the group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                try:
                    line = await self._process.stdout.readline()
                    if not line:
                        return
                    self._take(await _parsed(line))
                except ValueError:
                    return  # a line that our own process does not write
        finally:
            self._kill_group()
            ended = ServerFailure("it has ended", has_ended=True)
            if not self._ready.done():
                self._ready.set_exception(ended)
            for waiting in self._waiting.values():
                if not waiting.future.done():
                    waiting.future.set_exception(ended)
            self._listener.on_ended()

    def _take(self, said: dict[str, Any]) -> None:
        event = said.get("event")
        if event is None:
            self._settle(said)
        elif event == "ready":
            self.offers = tuple(said["offers"])
            if not self._ready.done():
                self._ready.set_result(None)
        elif event == "failed":
            if not self._ready.done():
                failure = ServerFailure(
                    said["reason"],
                    has_ended=True,
                    has_closed=said["has_closed"],
                    needs_sign_in=said["needs_sign_in"],
                )
                self._ready.set_exception(failure)
            elif said["needs_sign_in"]:
                self._listener.on_sign_in_needed()
            else:
                self._listener.on_log("error", said["reason"])
        elif event == "log":
            self._listener.on_log(said["level"], said["text"])
        elif event == "sign_in":
            self._listener.on_sign_in(said["url"])
        elif event == "tokens":
            self._listener.on_tokens(said["kept"])
        elif event == "renewing":
            self._listener.on_renewing(lambda kept: self._send({"do": "tokens", "kept": kept}))
        elif event == "renewed":
            self._listener.on_renewed()
        elif event == "changed":
            self._listener.on_list_changed(said["what"])
        elif event == "progress":
            waiting = self._waiting.get(said["id"])
            if waiting is not None and waiting.on_progress is not None:
                waiting.on_progress(said["done"], said["total"], said["text"])

    def _settle(self, said: dict[str, Any]) -> None:
        waiting = self._waiting.get(said["id"])
        if waiting is None or waiting.future.done():
            return
        if "error" in said:
            waiting.future.set_exception(ServerFailure(said["error"]))
        else:
            waiting.future.set_result(said["result"])

    async def _log(self) -> None:
        assert self._process.stderr is not None
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:
                continue
            if not line:
                return
            self._listener.on_log("", line.decode("utf-8", "replace").rstrip())


async def _parsed(line: bytes) -> dict[str, Any]:
    if len(line) <= _PARSED_HERE:
        found: dict[str, Any] = json.loads(line)
        return found
    return await asyncio.to_thread(json.loads, line)
