"""The setup of a command: its signals, the paths that it is given, and the library."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from desktop_app.backend.backend import Backend, build_backend


def cancel_at_signals() -> None:
    """Cancel the current task at SIGTERM and SIGHUP."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def path_of(name: str) -> Path:
    """Return a path of the command line, with "~" expanded."""
    path = Path(name)
    with suppress(RuntimeError):  # "~name" without such a user
        path = path.expanduser()
    return path


@asynccontextmanager
async def open_backend(*, allows_unpriced: bool = False) -> AsyncIterator[Backend]:
    """Open the library; close it on exit."""
    backend = build_backend(allows_unpriced=allows_unpriced)
    try:
        await backend.open()
        yield backend
    finally:
        await backend.aclose()
