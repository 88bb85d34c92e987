"""One configured server: started when it is needed, restarted after a crash, stopped when idle."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from desktop_app.domain import hints
from desktop_app.domain.errors import SignInNeededError, ToolServerError, UserFacingError
from desktop_app.domain.tools.tool import AskUser, Report
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.redaction import Redactor
from desktop_app.tools.servers.remote_tool import visible_text
from desktop_app.tools.servers.server_connection import ServerConnection
from desktop_app.tools.servers.tool_server import (
    REDIRECT_ADDRESS,
    ServerFailure,
    ServerFault,
    ToolServer,
    sign_in_secrets,
)

IDLE_S: Final = 600.0
"""Seconds without a request until a server is stopped, because it takes 65 MB and more.

It starts again with the next question that may use it.
"""
LOG_LINES: Final = 500
START_S: Final = 60.0
"""Seconds that a start may take: the first start of some servers downloads them."""
SIGN_IN_S: Final = 300.0
"""Seconds that a sign-in may take: the user may have to look up a password."""
LIST_S: Final = 60.0
"""Seconds for the reply with a list or a resource."""


StoreTokens = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Stores the tokens of a sign-in or a refresh. Raises UserFacingError."""


Connect = Callable[[Mapping[str, Any], Any], Awaitable[ServerConnection]]
"""Starts a server with its launch message and a listener. Raises ServerFailure."""


class Launch(NamedTuple):
    """The launch message of a server, and the secrets in it, which are redacted."""

    message: Mapping[str, Any]
    secrets: Sequence[str]


MakeLaunch = Callable[[bool], Awaitable[Launch]]
"""Prepares a start; if its argument is True, the server has the user sign in.

Raises UserFacingError.
"""


class ServerState(StrEnum):
    """The state of a server's process."""

    STOPPED = "stopped"
    STARTING = "starting"
    SIGNING_IN = "signing_in"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True)
class LogLine:
    """A line of a server's log; `level` is "" for its standard error."""

    level: str
    text: str


class ServerRun:
    """A configured server and its process.

    Attributes:
        log: the last lines of its log, without secret values.
        failure: the last error; None if there was none since the last start or stop.
    """

    def __init__(
        self,
        server: ToolServer,
        connect: Connect,
        make_launch: MakeLaunch,
        store_tokens: StoreTokens,
    ) -> None:
        self.server = server
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.failure: UserFacingError | None = None
        self._on_changed: Callable[[], None] = lambda: None
        self._connect = connect
        self._make_launch = make_launch
        self._store_tokens = store_tokens
        self._store_task: asyncio.Task[UserFacingError | None] | None = None
        self._connection: ServerConnection | None = None
        self._redactor = Redactor()
        self._lock = asyncio.Lock()
        self._lists: dict[str, Any] = {}
        self._last_error_line = ""  # the last line of standard error since the last start
        self._is_starting = False
        self._is_closing = False
        self._active_requests = 0  # the number of requests in progress
        self._idle_timer: asyncio.TimerHandle | None = None
        self._stop_task: asyncio.Task[None] | None = None
        self._secrets: Sequence[str] = ()
        self._on_address: Callable[[str], None] | None = None
        self._sign_in_task: asyncio.Task[Any] | None = None
        self._sign_in_address = ""  # where the user signs in, during a start that needs it
        self._needs_sign_in = False

    @property
    def state(self) -> ServerState:
        if self._is_starting:
            return ServerState.SIGNING_IN if self._sign_in_address else ServerState.STARTING
        if self._usable_connection() is not None:
            return ServerState.RUNNING
        return ServerState.STOPPED if self.failure is None else ServerState.FAILED

    @property
    def offers(self) -> tuple[str, ...]:
        """Return the lists that the server has: "tools", "resources", "prompts"; () if stopped."""
        return () if self._connection is None else self._connection.offers

    def watch(self, on_changed: Callable[[], None]) -> None:
        """Call `on_changed` after each change of the state, the log or the tools from now on."""
        self._on_changed = on_changed

    async def fetch_list(self, list_name: str) -> list[dict[str, Any]]:
        """Return the server's "tools", "resources" or "prompts"; [] if it does not offer them.

        The server is started if needed.

        Raises:
            UserFacingError: the server did not start, refused the request, or did not answer.
        """
        connection = await self._running_connection()
        if list_name not in connection.offers:
            return []
        lists = self._lists  # replaced if a list changes during the request
        if list_name not in lists:
            lists[list_name] = await self._request_list(connection, list_name)
        return list(lists[list_name])

    async def request(
        self,
        method: str,
        on_progress: Report | None = None,
        ask_user: AskUser | None = None,
        **fields: Any,
    ) -> Any:
        """Return the result of a request. Start the server if needed.

        Raises:
            UserFacingError: the server did not start.
            ServerFailure: the server refused the request, or crashed.
        """
        connection = await self._running_connection()
        self._active_requests += 1
        try:
            return await connection.request(method, on_progress, ask_user, **fields)
        except ServerFailure as failure:
            raise ServerFailure(
                self.redact(failure.reason),
                has_ended=failure.has_ended,
                has_closed=failure.has_closed,
                may_repeat=failure.may_repeat,
            ) from None
        finally:
            self._active_requests -= 1
            self._schedule_stop()

    async def read_resource(self, uri: str) -> Any:
        """Return a resource. Raises UserFacingError."""
        try:
            async with asyncio.timeout(LIST_S):
                return await self.request("read", uri=uri)
        except TimeoutError:
            raise self._slow_error(LIST_S) from None
        except ServerFailure as failure:
            raise self._refused_error(failure.reason) from None

    async def restart(self) -> None:
        """Restart the server. Raises UserFacingError."""
        await self.stop()
        await self._running_connection()

    async def sign_in(self, on_address: Callable[[str], None]) -> bool:
        """Have the user sign in; return False if the server does not ask for a sign-in.

        Another sign-in to the server ends.

        Args:
            on_address: called with the address to open in a browser.

        Raises:
            UserFacingError: nobody was signed in, or the sign-in could not be stored.
        """
        await self.stop()
        self._on_address = on_address
        self._sign_in_task = asyncio.current_task()
        try:
            await self._running_connection()
        finally:
            self._on_address = self._sign_in_task = None
        if self._store_task is None:
            return False
        if error := await self._store_task:
            raise error
        return True

    async def revoke(self) -> None:
        """Have the sign-in forgotten where it was made. Raises UserFacingError, ServerFailure."""
        await (await self._running_connection()).request("revoke")

    async def stop(self) -> None:
        """End the server; the next use starts it again."""
        if self._sign_in_task is not None:
            self._sign_in_task.cancel()
        async with self._lock:
            await self._close()
        self.failure = None
        self._on_changed()

    def redact(self, text: str) -> str:
        """Return a text of the server without its secret values and hidden characters."""
        return visible_text(self._redactor.clean(text))

    async def _redact_also(self, values: Sequence[str]) -> None:
        # In a thread, because the spellings of many keys take a while.
        self._redactor = await asyncio.to_thread(Redactor, [*self._secrets, *values])

    # -- messages of the server

    def on_log(self, level: str, text: str) -> None:
        """Add a line to the log."""
        line = LogLine(level, self.redact(text))
        self.log.append(line)
        if not level and line.text.strip():
            self._last_error_line = line.text.strip()
        self._on_changed()

    def on_list_changed(self, list_name: str) -> None:
        """Discard a stored list that has changed."""
        self._lists = {name: rows for name, rows in self._lists.items() if name != list_name}
        self._on_changed()

    def on_sign_in(self, address: str) -> None:
        """Report the address at which the user signs in."""
        self._sign_in_address = address
        self.on_log("info", f"Sign in: {address}")
        if self._on_address is not None:
            self._on_address(address)

    def on_sign_in_needed(self) -> None:
        """Set the failure: the user has to sign in again."""
        self._needs_sign_in = True  # until the next start
        self.failure = self._sign_in_error()
        self._on_changed()

    def on_tokens(self, saved: Mapping[str, Any]) -> None:
        """Store the tokens of a sign-in or a refresh."""
        self._store_task = asyncio.ensure_future(self._store(saved, self._store_task))

    async def _store(
        self, tokens: Mapping[str, Any], earlier_task: asyncio.Task[UserFacingError | None] | None
    ) -> UserFacingError | None:
        """Store tokens after earlier ones, and return the error, which stops no request."""
        if earlier_task is not None:
            await earlier_task
        await self._redact_also(sign_in_secrets(tokens))
        try:
            await self._store_tokens(tokens)
        except UserFacingError as error:
            self.on_log("warning", error.sentences)
            return error
        return None

    def on_ended(self) -> None:
        """Set the failure, unless this program ended the server, or another failure is reported.

        Start and sign-in report failures of their own.
        """
        self._lists = {}
        if not (self._is_closing or self._is_starting or self._needs_sign_in):
            self.failure = self._stopped_error()
            self._on_changed()

    # -- starting and stopping

    async def _running_connection(self) -> ServerConnection:
        async with self._lock:
            connection = self._usable_connection() or await self._start()
        self._schedule_stop()
        return connection

    def _usable_connection(self) -> ServerConnection | None:
        connection = self._connection
        can_be_used = connection is not None and connection.is_running and not self._needs_sign_in
        return connection if can_be_used else None

    async def _start(self) -> ServerConnection:
        """Start the server and return its connection. Raises UserFacingError."""
        await self._close()
        try:
            launch = await self._make_launch(self._on_address is not None)
        except UserFacingError as error:
            raise self._record_failure(error) from None
        self._secrets = launch.secrets
        await self._redact_also(())
        self._store_task = None
        self._is_starting = True
        self._needs_sign_in = False
        self._last_error_line = ""
        self._on_changed()
        limit_s = START_S if self._on_address is None else SIGN_IN_S
        try:
            async with asyncio.timeout(limit_s):
                self._connection = await self._connect(launch.message, self)
            self.failure = None
        except TimeoutError:
            if self._sign_in_address:
                fault = ServerFault.NO_ANSWER_IN_TIME
                timeout_error: ToolServerError = self._sign_in_error(fault)
            else:
                timeout_error = self._slow_error(limit_s)
            raise self._record_failure(timeout_error) from None
        except ServerFailure as failure:
            raise self._record_failure(self._start_error(failure)) from None
        finally:
            self._is_starting = False
            self._sign_in_address = ""
            self._on_changed()
        return self._connection

    def _start_error(self, failure: ServerFailure) -> ToolServerError:
        if failure.needs_sign_in:
            return self._sign_in_error()
        if failure.reason == ServerFault.NO_REGISTRATION:
            return self._make_error(
                N_(
                    "The tool server “{server}” doesn’t let programs register themselves, so it "
                    "needs a client ID."
                ),
                hints.ENTER_CLIENT_ID,
                redirect=REDIRECT_ADDRESS,
            )
        if failure.reason in (ServerFault.UNREACHABLE, ServerFault.UNKNOWN_HOST):
            return self._make_error(
                N_("The tool server “{server}” can’t be reached: {why}."),
                hints.CHECK_SERVER_ADDRESS,
                why=failure.reason,
            )
        why = self.redact(failure.reason).rstrip(".")
        if self._sign_in_address:
            return self._sign_in_error(why)
        if failure.has_closed:
            why = self._last_error_line.rstrip(".") or why
        return self._make_error(
            N_("The tool server “{server}” didn’t start: {why}."), hints.CHECK_SERVER, why=why
        )

    def _record_failure(self, error: UserFacingError) -> UserFacingError:
        self.failure = error
        self._on_changed()
        return error

    def _sign_in_error(self, why: str = "") -> SignInNeededError:
        """Return the error of a server that needs a sign-in, or why the sign-in failed."""
        if why:
            message = N_("You weren’t signed in to the tool server “{server}”: {why}.")
            return SignInNeededError(message, hints.SIGN_IN, server=self.server.name, why=why)
        message = N_("The tool server “{server}” needs you to sign in.")
        return SignInNeededError(message, hints.SIGN_IN, server=self.server.name)

    def _slow_error(self, limit_s: float) -> ToolServerError:
        return self._make_error(
            N_("The tool server “{server}” didn’t respond within {seconds} seconds."),
            hints.CHECK_SLOW_SERVER,
            seconds=round(limit_s),
        )

    def _stopped_error(self) -> ToolServerError:
        return self._make_error(
            N_("The tool server “{server}” stopped unexpectedly."),
            N_("It starts again when it’s needed."),
        )

    def _refused_error(self, why: str) -> ToolServerError:
        return self._make_error(
            N_("The tool server “{server}” reports: {why}."),
            hints.CHECK_SERVER,
            why=why.rstrip("."),
        )

    def _make_error(self, message: str, hint: str, **values: str | int) -> ToolServerError:
        return ToolServerError(message, hint, params=values, server=self.server.name)

    async def _request_list(self, connection: ServerConnection, list_name: str) -> Any:
        try:
            async with asyncio.timeout(LIST_S):
                return await connection.request(list_name)
        except TimeoutError:
            error = self._slow_error(LIST_S)
        except ServerFailure as failure:
            if failure.has_ended:
                raise self._record_failure(self._stopped_error()) from None
            error = self._refused_error(self.redact(failure.reason))
        # Tools can be used without the other lists.
        raise self._record_failure(error) if list_name == "tools" else error

    async def _close(self) -> None:
        connection = self._connection
        self._connection = None
        self._lists = {}
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if connection is not None:
            self._is_closing = True
            try:
                await connection.aclose()
            finally:
                self._is_closing = False
        if self._store_task is not None:
            await self._store_task

    def _schedule_stop(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()

        def stop_if_idle() -> None:
            if not self._active_requests and self.state is ServerState.RUNNING:
                self._stop_task = asyncio.ensure_future(self.stop())

        self._idle_timer = asyncio.get_running_loop().call_later(IDLE_S, stop_if_idle)
