"""Says so when nothing is heard from a provider for long, and takes it back once it speaks again.

Hearing is a matter of bytes: a heartbeat comment is one, though no event comes of it. So the
stream runs in a task of its own, and what it gives and what the clock says meet in one queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from desktop_app.domain.events import StreamEvent, Waiting


class SilenceWatch:
    """Listens to one attempt. To be made where a loop runs.

    After `first_s` seconds without a byte, and after every further `again_s`, a Waiting of no
    seconds says for how long nothing was heard; one without a reason follows the next byte.
    """

    def __init__(self, provider: str, first_s: float, again_s: float) -> None:
        self._provider = provider
        self._first_s = first_s
        self._again_s = again_s
        self._loop = asyncio.get_running_loop()
        # It cannot grow far: whoever reads a stream of these folds them faster than they come.
        self._events: asyncio.Queue[StreamEvent | None] = asyncio.Queue()
        self._heard_at = self._loop.time()
        self._next_s = first_s
        self._timer: asyncio.TimerHandle | None = None

    def heard(self) -> None:
        """Bytes came."""
        self._heard_at = self._loop.time()
        if self._next_s != self._first_s:
            self._next_s = self._first_s
            self._events.put_nowait(Waiting(0, ""))

    async def over(
        self, source: AsyncGenerator[StreamEvent, None]
    ) -> AsyncGenerator[StreamEvent, None]:
        """What `source` gives, and what is to be said of its silences; raises what it raises."""
        self._check()
        task = asyncio.ensure_future(self._forward(source))
        task.add_done_callback(lambda _: self._events.put_nowait(None))
        try:
            while (event := await self._events.get()) is not None:
                yield event
            task.result()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _forward(self, source: AsyncGenerator[StreamEvent, None]) -> None:
        async with aclosing(source):
            async for event in source:
                self._events.put_nowait(event)

    def _check(self) -> None:
        silent_s = self._loop.time() - self._heard_at
        if silent_s >= self._next_s:
            self._events.put_nowait(Waiting(0, self._sentence(silent_s)))
            self._next_s += self._again_s
        # A timer may fire a little early: never again at once.
        wait = max(self._next_s - silent_s, 0.01)
        self._timer = self._loop.call_later(wait, self._check)

    def _sentence(self, silent_s: float) -> str:
        return (
            f"Nothing heard from {self._provider} for {silent_s:.0f} s; it may still be thinking. "
            "Stop ends it."
        )
