"""The window's ear: requests of later starts, one line of JSON each, over a local socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from desktop_app.domain.errors import StorageError

MOST_BYTES = 64 * 1024 * 1024  # text may be brought along; no more than this


class CallServer:
    """Listens for requests and hands them to `serve`."""

    def __init__(self, path: Path, serve: Callable[[dict[str, Any]], None]) -> None:
        self._path = path
        self._serve = serve
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen. The window's lock says that nobody else does: what lies at the path is
        left of a process that was killed.

        Raises:
            StorageError: the socket cannot be made: its folder is read-only, its path too long.
        """
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(
                self._answer, self._path, limit=MOST_BYTES
            )
            self._path.chmod(0o600)
        except OSError as exc:
            raise StorageError(
                "Repartee cannot be called by later starts and by “repartee quick”.",
                what_was_kept="Everything else works.",
                what_to_do="Set XDG_RUNTIME_DIR to a folder of yours with a short path.",
                details=f"{self._path}: {exc}",
            ) from exc

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = _parsed(await reader.readline())
            if request is not None:
                writer.write(b"ok\n")
                await writer.drain()
                self._serve(request)
        except (ValueError, ConnectionError):
            pass  # too long, or gone: the caller sees that nobody answered
        finally:
            writer.close()


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        request = json.loads(line)
    except ValueError:
        return None
    return request if isinstance(request, dict) else None
