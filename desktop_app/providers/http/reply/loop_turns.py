"""Yields to the event loop while bytes come faster than they are processed.

A read from a socket that always has data never suspends: without a pause, the loop would be blocked
for as long as the server sends.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

_MAX_TURN_S: Final = 0.008


class LoopTurns:
    """The turns of one coroutine on the event loop, of 8 ms each."""

    def __init__(self) -> None:
        self._turn_ends_at = 0.0

    async def yield_if_due(self) -> None:
        """Let others run if this turn has lasted 8 ms."""
        if time.monotonic() >= self._turn_ends_at:
            await asyncio.sleep(0)
            self._turn_ends_at = time.monotonic() + _MAX_TURN_S
