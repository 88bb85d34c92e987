"""Writes of an answer: repeated if they fail, and twice a second while the answer grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import HostedCall, ImageArrived, Notice, StreamEvent
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import StorageError

if TYPE_CHECKING:
    from desktop_app.chat.answers.answer_run import AnswerRun
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.providers.ports import ChatAttachments, MessageStore

CHECKPOINT_S: Final = 0.5
"""Seconds between two checkpoints: text should reach the disk within a second of its arrival."""
SAVE_RETRY_S: Final = 2.0
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

    async def store_image(
        self,
        event: StreamEvent,
        answer: Message,
        images: ChatAttachments,
        add_event: Callable[[StreamEvent], None],
    ) -> StreamEvent:
        """Store the generated image of an event, if any. Return the event without its bytes.

        If that fails, it is reported, and the event gets no `image_part`.

        Args:
            add_event: adds a notice to the answer, or the event if the task is canceled meanwhile.
        """
        if not isinstance(event, HostedCall | ImageArrived) or not event.image:
            return event
        adding = asyncio.ensure_future(images.add_image(answer, event.image))
        try:
            image_part = await asyncio.shield(adding)
        except asyncio.CancelledError:
            await asyncio.wait([adding])
            if adding.exception() is None:
                add_event(replace(event, image=b"", image_part=adding.result()))
            raise
        except StorageError as error:
            self.report(error)
            return replace(event, image=b"")
        if image_part is None:
            add_event(Notice(notice(NoticeCode.IMAGE_NOT_KEPT)))
        return replace(event, image=b"", image_part=image_part)


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
            is_saved = reply.parts is saved_reply.parts and is_run_saved
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
