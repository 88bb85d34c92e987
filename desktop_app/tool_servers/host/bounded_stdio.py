"""A transport of the SDK over the standard streams of a server, with bounded lines.

The SDK's own transport reads lines of any length, and starts a server that may outlive this process
and whose files get this process's umask.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp import types
from mcp.shared.message import SessionMessage

from desktop_app.child_processes import ChildCommand, foreign_umask, start_child
from desktop_app.tool_servers.host.value_count import TOO_MANY_VALUES, has_too_many_values
from desktop_app.tool_servers.process_tree import die_with_parent

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

MAX_MESSAGE_BYTES: Final = 32 << 20
"""Maximum bytes of a message. A longer message ends the connection.

Many servers send a result twice, as text and as structured content, so a large result must fit
twice.
"""
MAX_SHOWN_BYTES: Final = 2000
GRACE_S: Final = 2.0
"""Seconds that a server gets to end after its standard input has ended.

Less than CLOSING_S of host_process.py, after which this process ends with the server.
"""
_MAX_FAULTS: Final = 100
"""The number of lines that are not messages, after which the connection ends."""

_REPLY_ID: Final = re.compile(rb'"id"\s*:\s*(\d{1,9})\s*[,}]')
_EDGE_BYTES: Final = 200
"""The bytes at the beginning and at the end of a reply in which its id is searched."""

Log = Callable[[str, str], None]
"""Takes a level ("" for a line of standard error) and a line for the server's log."""


@asynccontextmanager
async def bounded_stdio(
    command: ChildCommand, log: Log, on_ended: Callable[[], None]
) -> AsyncGenerator[TransportStreams, None]:
    """Start a server and yield its streams; then end the server.

    Programs that the server started end with this process: see host_process.py.

    Args:
        log: gets the lines of standard error, and the faults of standard output.
        on_ended: called when no more lines will be read, before the streams close.

    Raises:
        OSError: the server cannot be started.
    """
    with foreign_umask():  # a server's files need not be private
        process = await start_child(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=MAX_MESSAGE_BYTES,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
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
        for stream in (incoming, read_stream, write_stream, outgoing):
            stream.close()


async def _read(
    process: asyncio.subprocess.Process, incoming: Any, log: Log, on_ended: Callable[[], None]
) -> None:
    async with incoming:
        await _read_lines(process, incoming, log)
        on_ended()


async def _read_lines(process: asyncio.subprocess.Process, incoming: Any, log: Log) -> None:
    assert process.stdout is not None
    faults = 0
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:
            log("error", f"The server sent a line of more than {MAX_MESSAGE_BYTES >> 20} MB.")
            return
        if not line:
            return
        message = _parse_message(line)
        if message is None:
            if line.strip():
                faults += 1
            text = line[:MAX_SHOWN_BYTES].decode("utf-8", "replace").rstrip()
            if text:
                log("warning", f"Not a message: {text}")
            if faults >= _MAX_FAULTS:
                log("error", "The server writes other things than messages.")
                return
            continue
        try:
            await incoming.send(message)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return


def _parse_message(line: bytes) -> SessionMessage | None:
    if has_too_many_values(line):
        return _refusal_in_place_of(line)
    text = line.decode("utf-8", "replace")  # a program may pass on the bytes of any file
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(text))
    except (ValueError, RecursionError):
        return _reply_in_place_of(text)


def _reply_in_place_of(line: str) -> SessionMessage | None:
    """Return an error in place of a reply that the SDK cannot parse, so that nobody waits for it.

    If the reply has a result that is an object, return that result: it may only be nested too
    deeply for the SDK's parser. Return None if the line is not a reply.
    """
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        return None
    reply_id = reply.get("id") if isinstance(reply, dict) and "method" not in reply else None
    if not isinstance(reply_id, int | str) or isinstance(reply_id, bool):
        return None
    if isinstance(reply.get("result"), dict):
        return SessionMessage(
            types.JSONRPCResponse(jsonrpc="2.0", id=reply_id, result=reply["result"])
        )
    return _error_reply(reply_id, "The reply could not be read.")


def _refusal_in_place_of(line: bytes) -> SessionMessage | None:
    """Return an error in place of a reply with too many values, None if its id is not found.

    The reply is not parsed. Servers write its id at the beginning or at the end.
    """
    match = _REPLY_ID.search(line[:_EDGE_BYTES]) or _REPLY_ID.search(line[-_EDGE_BYTES:])
    return None if match is None else _error_reply(int(match[1]), TOO_MANY_VALUES)


def _error_reply(reply_id: int | str, text: str) -> SessionMessage:
    error = types.ErrorData(code=types.INTERNAL_ERROR, message=text)
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=reply_id, error=error))


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
