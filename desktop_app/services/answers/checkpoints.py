"""Checkpoints: an unfinished answer is stored again and again while it grows."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.errors import StorageError
from desktop_app.services.answers.retried_writes import StoreListener
from desktop_app.services.ports import MessageStore

if TYPE_CHECKING:
    from desktop_app.services.answers.answer_run import AnswerRun

CHECKPOINT_S = 0.5
"""Seconds between two checkpoints: text should reach the disk within a second of its arrival."""


class Checkpoints:
    """Writer that stores an unfinished answer twice a second, while it grows.

    Attributes:
        interval_s: seconds between two checkpoints.
    """

    def __init__(self, answer: AnswerRun, store: MessageStore) -> None:
        self.interval_s = CHECKPOINT_S
        self._answer = answer
        self._store = store
        self._run_id_known = asyncio.Event()

    def store_run_id(self) -> None:
        """Store the id of a background run at once; without it the run could not be found again."""
        self._run_id_known.set()

    async def write(self, report: StoreListener) -> None:
        """Write checkpoints until the task is canceled.

        Args:
            report: called with the first of several errors in a row, and with None after the last.
        """
        saved_reply = Reply()
        is_failing = False
        write_s = 0.0
        while True:
            # Text should reach the disk within a second of its arrival. If a write takes more than
            # half of `interval_s`, the pause is as long as the write.
            pause_s = max(self.interval_s - write_s, write_s)
            if saved_reply.run is None and not is_failing:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._run_id_known.wait()
            else:
                await asyncio.sleep(pause_s)
            reply = self._answer.reply
            started_at = time.monotonic()
            is_run_saved = saved_reply.run is not None or reply.run is None
            is_saved = reply.segments is saved_reply.segments and is_run_saved
            if is_saved and not is_failing:
                continue
            try:
                await self._store.save_answer(self._answer.answer_so_far)
            except StorageError as error:
                if not is_failing:
                    report(error)
                is_failing = True
            else:
                if is_failing:
                    report(None)
                saved_reply = reply
                is_failing = False
            write_s = time.monotonic() - started_at
