"""Turns of the event loop for everybody, while bytes come faster than they can be read.

A read from a socket that is never empty suspends nobody: without a pause, what arrives would be
worked on for as long as the server sends.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

LONGEST_TURN_S: Final = 0.008


class Turns:
    """Gives the event loop a turn after each 8 ms of work."""

    def __init__(self) -> None:
        self._until = 0.0

    async def give(self) -> None:
        """Let others run if this turn has lasted long enough."""
        if time.monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + LONGEST_TURN_S
