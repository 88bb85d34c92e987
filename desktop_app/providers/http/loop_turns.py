"""Yields to the event loop while bytes come faster than they are processed.

A read from a socket that always has data never suspends: without a pause, the loop would be blocked
for as long as the server sends.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

LONGEST_TURN_S: Final = 0.008


class LoopTurns:
    """Yields to the event loop after each 8 ms of work."""

    def __init__(self) -> None:
        self._until = 0.0

    async def yield_if_due(self) -> None:
        """Let others run if this turn has lasted long enough."""
        if time.monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + LONGEST_TURN_S
