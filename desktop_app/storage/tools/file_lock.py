"""A lock for one process at a time, which the kernel releases when the process ends (flock)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

MAX_WAIT_S: Final = 30.0
"""A process that keeps the lock longer must be hanging; the others no longer wait for it."""
_POLL_INTERVAL_S: Final = 0.05


@asynccontextmanager
async def file_lock(path: Path) -> AsyncGenerator[None]:
    """Hold a lock on the file at `path`, which is created if it is missing.

    After MAX_WAIT_S, or if the file cannot be created or locked, go on without the lock.
    """
    open_future = asyncio.ensure_future(
        asyncio.to_thread(os.open, path, os.O_RDWR | os.O_CREAT, 0o600)
    )
    try:
        descriptor = await asyncio.shield(open_future)
    except asyncio.CancelledError:  # the thread goes on
        open_future.add_done_callback(_close)
        raise
    except OSError:
        yield
        return
    try:
        deadline = asyncio.get_running_loop().time() + MAX_WAIT_S
        # Polled: a blocking flock would occupy a thread that cannot be canceled.
        while not _try_lock(descriptor) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_INTERVAL_S)
        yield
    finally:
        os.close(descriptor)


def _close(open_future: asyncio.Future[int]) -> None:
    if not open_future.cancelled() and open_future.exception() is None:
        os.close(open_future.result())


def _try_lock(descriptor: int) -> bool:
    """Acquire the lock if it is free. Return True if there is nothing to wait for."""
    try:
        import fcntl
    except ImportError:  # a system without flock
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
