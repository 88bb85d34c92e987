"""The parent's side of the process of one tool server; host_process.py has the protocol."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from desktop_app.child_processes import child_command, start_child
from desktop_app.domain.tools.tool import AskUser, Report, UserReply
from desktop_app.tools.servers.process_tree import kill_descendants
from desktop_app.tools.servers.tool_server import ServerFailure, ServerFault

if TYPE_CHECKING:
    from desktop_app.tools.servers.server_run import ServerRun

CLOSE_S: Final = 3.0
"""Seconds that the process gets to end. It ends itself within 2.5 s, unless it parses a message of
the server, which nothing interrupts.
"""
MAX_LINE_BYTES: Final = 32 << 20
"""The limit on a line of the process. The longest resource takes 31 MB."""
_MAX_INLINE_BYTES: Final = 1 << 16
"""Bytes. A longer line is parsed in a thread."""


@dataclass
class _PendingRequest:
    """A request without a reply.

    Attributes:
        ask_user: asks the questions of the server; None for a request during which it asks nobody.
        questions: the tasks that ask, by the ids of the questions.
    """

    future: asyncio.Future[Any]
    on_progress: Report | None
    ask_user: AskUser | None
    questions: dict[int, asyncio.Task[None]] = field(default_factory=dict)


def _no_report(_done: float, _total: float | None, _text: str) -> None:
    """Drop a report of a request that nobody watches."""


class ServerConnection:
    """A running server.

    Attributes:
        offers: the kinds of lists that the server has, of "tools", "resources" and "prompts".
    """

    def __init__(self, process: asyncio.subprocess.Process, listener: ServerRun) -> None:
        self.offers: tuple[str, ...] = ()
        self._process = process
        self._listener = listener
        self._pending: dict[int, _PendingRequest] = {}
        self._last_id = 0
        self._end_reason: str = ServerFault.ENDED
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._read_task = asyncio.ensure_future(self._read())
        self._log_task = asyncio.ensure_future(self._log_stderr())

    @classmethod
    async def open(cls, launch_message: Mapping[str, Any], listener: ServerRun) -> ServerConnection:
        """Start the process and wait until the server is ready. If canceled, end the process.

        Raises:
            ServerFailure: the process or the server did not start.
        """
        try:
            process = await start_child(
                child_command("server"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=MAX_LINE_BYTES,
                # Ctrl+C in a terminal must not reach the process, and `_kill_group` needs a group.
                start_new_session=True,
            )
        except OSError as error:
            raise ServerFailure(error.strerror or type(error).__name__, has_ended=True) from error
        connection = cls(process, listener)
        try:
            connection._send(launch_message)
            await connection._ready
        except BaseException:
            await connection.aclose()
            raise
        return connection

    @property
    def is_running(self) -> bool:
        """Return True while the process can answer."""
        return not self._read_task.done()

    async def request(
        self,
        method: str,
        on_progress: Report | None = None,
        ask_user: AskUser | None = None,
        **fields: Any,
    ) -> Any:
        """Return the result of a request. If canceled, it is canceled at the server too.

        Raises:
            ServerFailure: the server refused it or has ended.
        """
        if not self.is_running:
            raise ServerFailure(has_ended=True)
        self._last_id += 1
        request_id = self._last_id
        future = asyncio.get_running_loop().create_future()
        pending = self._pending[request_id] = _PendingRequest(future, on_progress, ask_user)
        try:
            self._send({"id": request_id, "method": method, **fields})
            return await future
        except asyncio.CancelledError:
            self._send({"method": "cancel", "id": request_id})
            raise
        finally:
            del self._pending[request_id]
            for question in pending.questions.values():
                question.cancel()

    async def aclose(self) -> None:
        """End the server and its process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._process.wait()
        except TimeoutError:
            await asyncio.to_thread(kill_descendants, self._process.pid)
        finally:
            self._kill_group()
            await self._process.wait()
            await asyncio.wait((self._read_task, self._log_task))
            if not self._ready.cancelled():  # by a timeout of `open`
                self._ready.exception()  # retrieved, so that asyncio does not report it

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def _kill_group(self) -> None:
        """Kill the programs that the process may have left in its group."""
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":  # its job ends with it
                self._process.kill()
                return
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                try:
                    line = await self._process.stdout.readline()
                    if not line:
                        return
                    is_short = len(line) <= _MAX_INLINE_BYTES
                    message = (
                        json.loads(line) if is_short else await asyncio.to_thread(json.loads, line)
                    )
                    self._handle_message(message)
                except (ValueError, RecursionError):
                    return  # too long, too deep or not JSON: this is not a line of our process
        finally:
            self._kill_group()
            end_failure = ServerFailure(self._end_reason, has_ended=True)
            if not self._ready.done():
                self._ready.set_exception(end_failure)
            for pending in self._pending.values():
                if not pending.future.done():
                    pending.future.set_exception(end_failure)
            self._listener.on_ended()

    def _handle_message(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if event is None:
            self._finish_request(message)
        elif event == "ready":
            self.offers = tuple(message["offers"])
            if not self._ready.done():
                self._ready.set_result(None)
        elif event == "failed":
            if not self._ready.done():
                failure = ServerFailure(
                    message["reason"],
                    has_ended=True,
                    has_closed=message["has_closed"],
                    needs_sign_in=message["needs_sign_in"],
                )
                self._ready.set_exception(failure)
            else:
                self._end_reason = message["reason"]
                if message["needs_sign_in"]:
                    self._listener.on_sign_in_needed()
                else:
                    self._listener.on_log("error", message["reason"])
        elif event == "log":
            self._listener.on_log(message["level"], message["text"])
        elif event == "sign_in":
            self._listener.on_sign_in(message["url"])
        elif event == "tokens":
            self._listener.on_tokens(message["saved"])
        elif event == "changed":
            self._listener.on_list_changed(message["list"])
        else:
            self._handle_call_event(message)

    def _handle_call_event(self, message: dict[str, Any]) -> None:
        """Handle an event that belongs to a running call: a question, or progress."""
        event, event_id = message.get("event"), message.get("id")
        if event == "question":
            self._ask_user(message)
        elif event == "withdrawn":
            for pending in self._pending.values():
                if question := pending.questions.pop(message["id"], None):
                    question.cancel()
        elif event == "progress" and event_id in self._pending:
            report = self._pending[event_id].on_progress or _no_report
            report(message["done"], message["total"], message["text"])

    def _ask_user(self, message: dict[str, Any]) -> None:
        """Ask the user a question of the server, for the newest call.

        A question does not say which call it belongs to, and most servers run one at a time.
        """
        question_id, text = message["id"], message["message"]
        callers = [pending for pending in self._pending.values() if pending.ask_user is not None]
        if not callers:
            self._listener.on_log("warning", f"Question without a call: {text}")
            self._answer(question_id, UserReply())
            return
        pending = callers[-1]

        async def ask() -> None:
            assert pending.ask_user is not None
            self._answer(question_id, await pending.ask_user(text, message["schema"]))

        pending.questions[question_id] = asyncio.ensure_future(ask())

    def _answer(self, question_id: int, reply: UserReply) -> None:
        if question_id:  # 0: the host has answered already
            answer: dict[str, Any] = {"action": reply.action}
            if reply.action == "accept":
                answer["content"] = dict(reply.content)
            self._send({"method": "answer", "id": question_id, "answer": answer})

    def _finish_request(self, message: dict[str, Any]) -> None:
        pending = self._pending.get(message["id"])
        if pending is None or pending.future.done():
            return
        if "error" in message:
            failure = ServerFailure(
                message["error"], may_repeat=message["may_repeat"], has_closed=message["has_closed"]
            )
            pending.future.set_exception(failure)
        else:
            pending.future.set_result(message["result"])

    async def _log_stderr(self) -> None:
        assert self._process.stderr is not None
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:
                continue
            if not line:
                return
            self._listener.on_log("", line.decode("utf-8", "replace").rstrip())
