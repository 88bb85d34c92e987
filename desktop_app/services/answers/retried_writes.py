"""Writes of an answer, which are repeated until the store takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from desktop_app.domain.errors import StorageError

SAVE_RETRY_S = 2.0
"""Seconds until a failed write is repeated."""

StoreListener = Callable[[StorageError | None], None]


class RetriedWrites:
    """Writes of an answer, whose errors are reported."""

    def __init__(self) -> None:
        self.report: StoreListener = lambda _: None
        self._repeats = True

    def report_to(self, listener: StoreListener, *, repeats: bool) -> None:
        """Report errors to `listener` from now on, and None once the store works again.

        Args:
            repeats: repeat failed writes.
        """
        self.report = listener
        self._repeats = repeats

    async def write(
        self, action: Callable[[], Awaitable[None]], *, once: bool = False
    ) -> StorageError | None:
        """Call `action` until it succeeds. Return None on success.

        If `once`, or without repeats, call it a single time, and return its error if it fails. A
        call is finished even if the task is canceled meanwhile, so that no stored answer lacks its
        entry in the ledger.
        """
        while True:
            writing = asyncio.ensure_future(action())
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError as canceled:
                await asyncio.wait([writing])
                failure = writing.exception()
                if failure is not None and not isinstance(failure, StorageError):
                    raise failure from canceled
                self.report(failure)
                raise
            except StorageError as error:
                self.report(error)
                if once or not self._repeats:
                    return error
                await asyncio.sleep(SAVE_RETRY_S)
            else:
                return None
