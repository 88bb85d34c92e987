"""A lock for one process at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from desktop_app.storage.tools.file_lock import file_lock


def is_free(path: Path) -> bool:
    """Return True if another process could take the lock."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


async def test_a_lock_is_released_at_the_end_of_its_context(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with suppress(ZeroDivisionError):
        async with file_lock(path):
            assert not is_free(path)
            assert path.stat().st_mode & 0o777 == 0o600
            raise ZeroDivisionError
    assert is_free(path)


async def test_a_second_task_waits_for_the_lock(tmp_path: Path) -> None:
    order = []
    path, is_held = tmp_path / "lock", asyncio.Event()

    async def first() -> None:
        async with file_lock(path):
            is_held.set()
            await asyncio.sleep(0)
            order.append("first")

    async def second() -> None:
        await is_held.wait()
        async with file_lock(path):
            order.append("second")

    await asyncio.gather(second(), first())
    assert order == ["first", "second"]
