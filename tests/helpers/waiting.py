"""Waiting for a condition instead of a fixed time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

LONGEST_S = 90.0
PAUSE_S = 0.01


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once `condition` holds.

    Raises:
        TimeoutError: the condition does not hold within 90 s.
    """
    async with asyncio.timeout(LONGEST_S):
        while not await condition():  # noqa: ASYNC110 — the condition depends on a disk, not on this loop
            await asyncio.sleep(PAUSE_S)


async def cancel(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
