"""A transport of the SDK over the standard streams of a server, with a limit on each message.

The SDK's own transport reads lines of any length, in time that grows with their square, and the
servers that it starts may outlive this process.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp import types
from mcp.shared.message import SessionMessage

from desktop_app.child_processes import ChildCommand, foreign_umask, start_child
from desktop_app.tools.host.failure_text import HostError
from desktop_app.tools.servers.process_tree import die_with_parent

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

MAX_MESSAGE_BYTES: Final = 32 << 20
"""A longer message ends the connection. Many servers send a result twice, as text and as structured
content, so a large result must fit twice."""
MAX_SHOWN_BYTES: Final = 2000
GRACE_S: Final = 2.0
"""Seconds that a server gets to end after its standard input has ended.

Less than CLOSING_S of host_process.py, after which this process ends with the server.
"""

_ID: Final = rb'"id"\s*:\s*([0-9]{1,18}|"[^"\\]{1,100}")'
_VERSION: Final = rb'"jsonrpc"\s*:\s*"2\.0"'
_REPLY_ID: Final = re.compile(
    rb'\A\s*\{\s*(?:%b\s*,\s*)?%b\s*,\s*"(?:result|error|jsonrpc)"|,\s*%b\s*(?:,\s*%b\s*)?\}\s*\Z'
    % (_VERSION, _ID, _ID, _VERSION)
)
"""The id of a reply at its beginning or its end, where it is none of an inner value."""

Log = Callable[[str, str], None]
"""Takes a level ("" for a line of standard error) and a line for the server's log."""


@asynccontextmanager
async def bounded_stdio(
    command: ChildCommand, log: Log, on_ended: Callable[[], None]
) -> AsyncGenerator[TransportStreams, None]:
    """Start a server and yield its streams; then end the server.

    Programs that the server started end with this process: see host_process.py.

    Args:
        log: gets the lines of standard error, and those of standard output that are no messages.
        on_ended: called when nothing more will be read, before the streams close.

    Raises:
        OSError: the server cannot be started.
        HostError: it sent too much.
    """
    with foreign_umask():  # a server's files need not be private
        process = await start_child(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=MAX_MESSAGE_BYTES,
            preexec_fn=partial(die_with_parent, signal.SIGKILL)
            if sys.platform == "linux"
            else None,
        )
    incoming, read_stream = anyio.create_memory_object_stream[Any]()
    write_stream, outgoing = anyio.create_memory_object_stream[Any]()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, incoming, log, on_ended)
            tasks.start_soon(_write, process, outgoing)
            tasks.start_soon(_log_stderr, process, log)
            try:
                yield read_stream, write_stream
            finally:
                with anyio.CancelScope(shield=True):
                    await _end_process(process)
                tasks.cancel_scope.cancel()
    finally:
        # Otherwise its destructor writes a traceback if a program of the server has the pipes.
        process._transport.close()  # type: ignore[attr-defined]
        for stream in (incoming, read_stream, write_stream, outgoing):
            stream.close()


async def _read(
    process: asyncio.subprocess.Process, incoming: Any, log: Log, on_ended: Callable[[], None]
) -> None:
    assert process.stdout is not None
    async with incoming:
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                on_ended()
                limit = f"{MAX_MESSAGE_BYTES >> 20} MB"
                raise HostError(f"it sent a message of more than {limit}") from None
            if not line:
                break
            value = message = None
            with suppress(ValueError, RecursionError):  # it may have the bytes of any file
                value = json.loads(line.decode("utf-8", "replace"), parse_constant=_refuse)
                message = SessionMessage(types.jsonrpc_message_adapter.validate_python(value))
            if message is None:
                message = _invalid_reply(_beginning(line) if value is None else value)
            if message is None:
                if text := line[:MAX_SHOWN_BYTES].decode("utf-8", "replace").rstrip():
                    log("warning", f"Not a message: {text}")
                continue
            try:
                await incoming.send(message)
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                return
        on_ended()


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and infinite numbers are no JSON


def _beginning(line: bytes) -> Any:
    """Return the id of a reply that is no JSON, or that is nested too deeply; None without one."""
    found = _REPLY_ID.search(line)
    return {"id": json.loads(found[1] or found[2]), "result": None} if found else None


def _invalid_reply(value: Any) -> SessionMessage | None:
    """Return an error for a reply that is not valid, such as `"result": null`.

    Otherwise its request would wait until the end of its time.
    """
    if not isinstance(value, dict) or "method" in value or not {"result", "error"} & value.keys():
        return None
    request_id = value.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str):
        return None
    data = types.ErrorData(code=types.PARSE_ERROR, message="its reply is not valid: result")
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=request_id, error=data))


async def _write(process: asyncio.subprocess.Process, outgoing: Any) -> None:
    assert process.stdin is not None
    with suppress(ConnectionError):
        async with outgoing:
            async for message in outgoing:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(f"{text}\n".encode("utf-8", "replace"))
                await process.stdin.drain()


async def _log_stderr(process: asyncio.subprocess.Process, log: Log) -> None:
    assert process.stderr is not None
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:
            continue  # the line is too long; the part read so far is dropped
        if not line:
            return
        log("", line[:MAX_SHOWN_BYTES].decode("utf-8", "replace").rstrip())


async def _end_process(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()
            return
    with suppress(ProcessLookupError):
        process.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S / 10):
            await process.wait()
