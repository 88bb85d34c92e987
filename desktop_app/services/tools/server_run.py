"""One configured server: started when it is needed, restarted after a crash, stopped when idle."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ToolServerError
from desktop_app.domain.redaction import Redactor
from desktop_app.domain.tools.remote_tool import cleaned
from desktop_app.domain.tools.tool_server import ServerFailure, ServerSecrets, ToolServer

MOST_CRASHES: Final = 3
CRASHES_WITHIN_S: Final = 300.0
IDLE_S: Final = 600.0
"""A server takes 65 MB and more. It starts again with the next question that may use it."""
LOG_LINES: Final = 500
LIST_S: Final = 60.0

OnProgress = Callable[[float, float | None, str], None]


class Connection(Protocol):
    """A running server."""

    offers: tuple[str, ...]

    @property
    def is_running(self) -> bool:
        """Return True while it can answer."""

    async def request(self, do: str, on_progress: OnProgress | None = None, **fields: Any) -> Any:
        """Return the result of a request. Raises ServerFailure."""

    async def aclose(self) -> None:
        """End it."""


class Connect(Protocol):
    """Starts a server. Raises ServerFailure, or TimeoutError if it takes too long."""

    async def __call__(self, order: Mapping[str, Any], listener: Any) -> Connection:
        """Return the running server."""


Order = Callable[[], Awaitable[tuple[Mapping[str, Any], ServerSecrets]]]
"""Returns how to start a server now, and what its words must not show. Raises UserFacingError."""


class ServerState(StrEnum):
    """The state of a server."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True)
class LogLine:
    """A line of a server's log; `level` is "" for its standard error."""

    level: str
    text: str


class ServerRun:
    """One server.

    Attributes:
        log: its last lines, without secret values.
        failure: why it last failed; "" if it did not.
    """

    def __init__(self, server: ToolServer, connect: Connect, order: Order) -> None:
        self.server = server
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.failure: ToolServerError | None = None
        self._on_changed: Callable[[], None] = lambda: None
        self._connect, self._order = connect, order
        self._connection: Connection | None = None
        self._redactor = Redactor()
        self._lock = asyncio.Lock()
        self._listed: dict[str, Any] = {}
        self._crashes: list[float] = []
        self._is_starting = self._is_closing = False
        self._active = 0
        self._idle: asyncio.TimerHandle | None = None
        self._stopping: asyncio.Task[None] | None = None

    @property
    def state(self) -> ServerState:
        """Return the state."""
        if self._is_starting:
            return ServerState.STARTING
        if self._connection is not None and self._connection.is_running:
            return ServerState.RUNNING
        return ServerState.STOPPED if self.failure is None else ServerState.FAILED

    @property
    def offers(self) -> tuple[str, ...]:
        """Return what the running server has of tools, resources and prompts."""
        return () if self._connection is None else self._connection.offers

    def watch(self, on_changed: Callable[[], None]) -> None:
        """Call `on_changed` after each change of the state, the log or the tools from now on."""
        self._on_changed = on_changed

    async def listed(self, what: str) -> list[dict[str, Any]]:
        """Return what the server lists: "tools", "resources" or "prompts"; start it if need be.

        Raises:
            UserFacingError: it did not start, or did not answer.
        """
        connection = await self._running()
        if what not in connection.offers:
            return []
        if what not in self._listed:
            found = await self._asked(connection, what, LIST_S)
            self._listed[what] = found
        return list(self._listed[what])

    async def request(self, do: str, on_progress: OnProgress | None = None, **fields: Any) -> Any:
        """Return the result of a request, started if need be.

        Raises:
            UserFacingError: it did not start.
            ServerFailure: the server refused it, or crashed.
        """
        connection = await self._running()
        self._active += 1
        try:
            return await connection.request(do, on_progress, **fields)
        except ServerFailure as failure:
            raise ServerFailure(self.shown(str(failure)), has_ended=failure.has_ended) from None
        finally:
            self._active -= 1
            self._stop_later()

    async def restart(self) -> None:
        """Start the server anew, whatever happened before. Raises UserFacingError."""
        await self.stop()
        self._crashes.clear()
        await self._running()

    async def stop(self) -> None:
        """End the server; the next use starts it again."""
        async with self._lock:
            await self._close()
        self.failure = None
        self._on_changed()

    def shown(self, text: str) -> str:
        """Return words of the server without its secret values and without hidden characters."""
        return cleaned(self._redactor.clean(text))

    # -- what the server says

    def on_log(self, level: str, text: str) -> None:
        """Keep a line of the log."""
        self.log.append(LogLine(level, self.shown(text)))
        self._on_changed()

    def on_list_changed(self, what: str) -> None:
        """Forget a list that has changed."""
        self._listed.pop(what, None)
        self._on_changed()

    def on_ended(self) -> None:
        """Note a crash, unless this program ended the server."""
        self._listed.clear()
        if not self._is_closing and not self._is_starting:
            self._crashes.append(time.monotonic())
            self.failure = self._error(Reason.TOOL_SERVER_STOPPED)
            self._on_changed()

    # -- starting and stopping

    async def _running(self) -> Connection:
        async with self._lock:
            found = self._connection
            if found is None or not found.is_running:
                found = await self._start()
        self._stop_later()
        return found

    async def _start(self) -> Connection:
        await self._close()
        since = time.monotonic() - CRASHES_WITHIN_S
        self._crashes = [at for at in self._crashes if at > since]
        if len(self._crashes) >= MOST_CRASHES:
            raise self._failed(self._error(Reason.TOOL_SERVER_KEEPS_STOPPING))
        try:
            order, secrets = await self._order()
        except ToolServerError as error:
            raise self._failed(error) from None
        # Python needs a while for the spellings of many keys.
        self._redactor = await asyncio.to_thread(Redactor, secrets.values)
        self._is_starting = True
        self._on_changed()
        try:
            self._connection = await self._connect(order, self)
        except TimeoutError:
            raise self._failed(self._error(Reason.TOOL_SERVER_SLOW, seconds=60)) from None
        except ServerFailure as failure:
            why = self.shown(str(failure)).rstrip(".")
            raise self._failed(self._error(Reason.TOOL_SERVER_NOT_STARTED, why=why)) from None
        finally:
            self._is_starting = False
        self.failure = None
        self._on_changed()
        return self._connection

    def _failed(self, error: ToolServerError) -> ToolServerError:
        self.failure = error
        self._on_changed()
        return error

    def _error(self, reason: Reason, **values: str | int) -> ToolServerError:
        return ToolServerError(reason, {"server": self.server.name, **values})

    async def _asked(self, connection: Connection, what: str, seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await connection.request(what)
        except TimeoutError:
            error = self._error(Reason.TOOL_SERVER_SLOW, seconds=round(seconds))
            raise self._failed(error) from None
        except ServerFailure as failure:
            if failure.has_ended:
                raise self._failed(self._error(Reason.TOOL_SERVER_STOPPED)) from None
            why = self.shown(str(failure)).rstrip(".")
            raise self._failed(self._error(Reason.TOOL_SERVER_REFUSED, why=why)) from None

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._listed.clear()
        if self._idle is not None:
            self._idle.cancel()
        if connection is not None:
            self._is_closing = True
            try:
                await connection.aclose()
            finally:
                self._is_closing = False

    def _stop_later(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._stop_if_idle)

    def _stop_if_idle(self) -> None:
        if not self._active and self.state is ServerState.RUNNING:
            self._stopping = asyncio.ensure_future(self.stop())
