"""A local socket that receives requests from later starts of the program (window_request.py)."""

from __future__ import annotations

import asyncio
import codecs
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from desktop_app.app import window_request
from desktop_app.app.window_request import Reply, RequestError, WindowRequest
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_
from desktop_app.quick_call import pipe_name

TIME_LIMIT_S: Final = 10.0
"""The time limit of a request; its sender waits as long."""

MAX_CALLERS: Final = 16
_PIECE_BYTES: Final = 1 << 18
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


class CallServer:
    """Server that passes requests to `serve`, one per connection.

    Invalid requests are refused. Other users get no reply. Slow callers are disconnected. Callers
    beyond `MAX_CALLERS` are told to retry.
    """

    def __init__(self, path: Path, serve: Callable[[WindowRequest], None]) -> None:
        self._path = path
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._pipes: list[Any] = []
        self._callers: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start listening.

        The window's lock guarantees that no other process listens, so an existing socket was left
        by a killed process, and is removed. So is a file or an empty folder in its place:
        containers mount a missing socket as an empty folder.

        Raises:
            StorageError: the socket cannot be created, because its folder is read-only, its path
                too long, or a folder with content is in its place.
        """
        if sys.platform == "win32":
            loop = asyncio.get_running_loop()
            self._pipes = await loop.start_serving_pipe(
                lambda: asyncio.StreamReaderProtocol(
                    asyncio.StreamReader(limit=_PIECE_BYTES), self._serve_caller
                ),
                pipe_name(self._path),
            )
            return
        try:
            if self._path.is_dir() and not self._path.is_symlink():
                self._path.rmdir()
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(
                self._serve_caller, self._path, limit=_PIECE_BYTES
            )
            self._path.chmod(0o600)
        except OSError as exc:
            details = f"{self._path}: {exc}"
            if self._path.is_dir():
                raise StorageError(
                    N_("A folder is in the way of “repartee quick” and later starts."),
                    hint=N_("Move the folder {path} elsewhere, then restart Repartee."),
                    details=details,
                    path=str(self._path),
                ) from exc
            raise StorageError(
                N_("“repartee quick” and later starts can’t reach this window."),
                hint=N_("Set XDG_RUNTIME_DIR to a folder of yours with a short path."),
                details=details,
            ) from exc

    async def aclose(self) -> None:
        """Stop listening, and disconnect callers."""
        for pipe in self._pipes:
            pipe.close()
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)

    async def _serve_caller(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._callers.add(task)
        try:
            if _is_same_user(writer):
                async with asyncio.timeout(TIME_LIMIT_S):
                    writer.write(await self._handle_request(reader) + b"\n")
                    await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # gone, too slow, or `aclose`; Python 3.11 would log the cancellation
        finally:
            self._callers.discard(task)
            writer.close()

    async def _handle_request(self, reader: asyncio.StreamReader) -> Reply:
        if len(self._callers) > MAX_CALLERS:
            return b"busy"
        try:
            request = await _read_request(reader)
        except RequestError:
            return b"refused"
        self._serve(request)
        return b"ok"


def _is_same_user(writer: asyncio.StreamWriter) -> bool:
    """Return True if the other end is a process of this user."""
    if sys.platform == "win32":
        return True  # others cannot write to the pipe
    connection = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return bool(uid == os.geteuid())


async def _read_request(reader: asyncio.StreamReader) -> WindowRequest:
    """Read a request in pieces, so that the event loop keeps running.

    Raises:
        RequestError: the request is invalid.
        EOFError: the caller closed the connection early.
    """
    head_bytes, remaining_bytes = window_request.parse_sizes(
        await reader.readexactly(window_request.PREFIX.size)
    )
    head = await reader.readexactly(head_bytes)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = []
    while remaining_bytes:
        piece = await reader.readexactly(min(remaining_bytes, _PIECE_BYTES))
        remaining_bytes -= len(piece)
        pieces.append(decoder.decode(piece, final=not remaining_bytes))
    return window_request.decode(head, "".join(pieces))
