"""The standard streams of a server as a transport of the SDK, with bounded lines.

The SDK's own transport collects a line without a limit, and starts the server itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp import types
from mcp.shared.message import SessionMessage

from desktop_app.child_processes import ChildCommand, foreign_umask, start_child
from desktop_app.tool_servers.host.process_tree import die_with_parent

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

LONGEST_LINE: Final = 32 << 20
"""Bytes of one message. A longer one ends the connection.

Many servers send a result twice: as text and as structured content.
"""
LONGEST_SHOWN: Final = 2000
GRACE_S: Final = 2.0
"""The time that a server gets to end after its standard input has ended."""
_MOST_FAULTS: Final = 100
"""Lines that are no messages, after which the connection ends."""

Say = Callable[[str, str], None]


@asynccontextmanager
async def bounded_stdio(
    command: ChildCommand, say: Say, on_ended: Callable[[], None]
) -> AsyncGenerator[TransportStreams, None]:
    """Start a server and yield its streams; end it with all that it started.

    Args:
        say: takes a level and a line for the server's log.
        on_ended: called when the server sends nothing more, before its streams close.

    Raises:
        OSError: it cannot be started.
    """
    with foreign_umask():  # the files of a server are not ours
        process = await start_child(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=LONGEST_LINE,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )
    incoming, read_stream = anyio.create_memory_object_stream[Any](0)
    write_stream, outgoing = anyio.create_memory_object_stream[Any](0)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, incoming, say, on_ended)
            tasks.start_soon(_write, process, outgoing)
            tasks.start_soon(_log, process, say)
            try:
                yield read_stream, write_stream
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(process)
                tasks.cancel_scope.cancel()
    finally:
        for stream in (incoming, read_stream, write_stream, outgoing):
            stream.close()


async def _read(
    process: asyncio.subprocess.Process, incoming: Any, say: Say, on_ended: Callable[[], None]
) -> None:
    async with incoming:
        await _read_lines(process, incoming, say)
        on_ended()


async def _read_lines(process: asyncio.subprocess.Process, incoming: Any, say: Say) -> None:
    assert process.stdout is not None
    faults = 0
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:
            say("error", f"The server sent a line of more than {LONGEST_LINE >> 20} MB.")
            return
        if not line:
            return
        message = _message(line)
        if message is None:
            faults += bool(line.strip())
            shown = line[:LONGEST_SHOWN].decode("utf-8", "replace").rstrip()
            if shown:
                say("warning", f"Not a message: {shown}")
            if faults >= _MOST_FAULTS:
                say("error", "The server writes other things than messages.")
                return
            continue
        try:
            await incoming.send(message)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return


def _message(line: bytes) -> SessionMessage | None:
    text = line.decode("utf-8", "replace")  # a program may pass on the bytes of any file
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(text, by_name=False))
    except (ValueError, RecursionError):
        return _unreadable_reply(text)


def _unreadable_reply(line: str) -> SessionMessage | None:
    """Return an error in place of a reply that is no valid message, so that nobody waits for it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    number = found.get("id") if isinstance(found, dict) and "method" not in found else None
    if not isinstance(number, int | str) or isinstance(number, bool):
        return None
    if isinstance(found.get("result"), dict):  # nested deeper than the SDK parses
        return SessionMessage(
            types.JSONRPCResponse(jsonrpc="2.0", id=number, result=found["result"])
        )
    error = types.ErrorData(code=types.INTERNAL_ERROR, message="The reply could not be read.")
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=number, error=error))


async def _write(process: asyncio.subprocess.Process, outgoing: Any) -> None:
    assert process.stdin is not None
    with suppress(ConnectionError):
        async with outgoing:
            async for message in outgoing:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(f"{text}\n".encode("utf-8", "replace"))
                await process.stdin.drain()


async def _log(process: asyncio.subprocess.Process, say: Say) -> None:
    assert process.stderr is not None
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:
            continue  # an endless line; what was read of it is dropped
        if not line:
            return
        say("", line[:LONGEST_SHOWN].decode("utf-8", "replace").rstrip())


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()
            return
    with suppress(ProcessLookupError):
        process.kill()
