"""The order in which files are read: small ones and other conversations need not wait long.

A conversation has one large file and one small file in turn at a time, so that files become
attachments in their order. Of all conversations together, as many as `_MOST` of each are in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

SMALL_BYTES: Final = 1 << 20
_MOST: Final = 2

OnWait = Callable[[str], object]
"""Gets the name of the file that another waits for, "" once it waits no more."""


@dataclass(eq=False)
class _Turn:
    name: str
    conversation_id: str
    is_small: bool
    on_wait: OnWait
    waits_for: str = ""
    start: asyncio.Event = field(default_factory=asyncio.Event)


class ReadingTurns:
    """The files that are read, and those that wait."""

    def __init__(self) -> None:
        self._running: list[_Turn] = []
        self._waiting: list[_Turn] = []

    @asynccontextmanager
    async def take(
        self, name: str, conversation_id: str, on_wait: OnWait, *, is_small: bool
    ) -> AsyncIterator[None]:
        """Wait until it is the turn of a file, which ends with the context."""
        turn = _Turn(name, conversation_id, is_small, on_wait)
        self._waiting.append(turn)
        try:
            self._start_next()
            await turn.start.wait()
            yield
        finally:
            (self._running if turn in self._running else self._waiting).remove(turn)
            self._start_next()

    def _start_next(self) -> None:
        for turn in [*self._waiting]:
            blocker = self._blocker_of(turn)
            if blocker is None:
                self._waiting.remove(turn)
                self._running.append(turn)
                turn.start.set()
            name = "" if blocker is None else blocker.name
            if name != turn.waits_for:
                turn.waits_for = name
                turn.on_wait(name)

    def _blocker_of(self, turn: _Turn) -> _Turn | None:
        """Return the file that a file waits for, if possible one of the same conversation."""
        alike = [each for each in self._running if each.is_small == turn.is_small]
        own = [each for each in alike if each.conversation_id == turn.conversation_id]
        blockers = own or (alike if len(alike) >= _MOST else [])
        return blockers[0] if blockers else None
