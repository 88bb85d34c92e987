"""Stores the images that arrive with an answer as attachments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from desktop_app.domain.answering.stream_events import HostedCall, ImageArrived, Notice, StreamEvent
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import StorageError
from desktop_app.services.answers.retried_writes import RetriedWrites
from desktop_app.services.ports import ChatAttachments


class AnswerImages:
    """The images of an answer.

    Args:
        writes: reports the errors of the store.
    """

    def __init__(self, images: ChatAttachments, answer: Message, writes: RetriedWrites) -> None:
        self._images = images
        self._answer = answer
        self._writes = writes

    async def store_arrived(
        self, event: StreamEvent, add_event: Callable[[StreamEvent], None]
    ) -> StreamEvent:
        """Store the generated image of an event, if any. Return the event without its bytes.

        If that fails, it is reported, and the event gets no `image_part`.

        Args:
            add_event: adds a notice to the answer, or the event if the task is canceled meanwhile.
        """
        if not isinstance(event, HostedCall | ImageArrived) or not event.image:
            return event
        adding = asyncio.ensure_future(self._images.add_image(self._answer, event.image))
        try:
            image_part = await asyncio.shield(adding)
        except asyncio.CancelledError:
            await asyncio.wait([adding])
            if adding.exception() is None:
                add_event(replace(event, image=b"", image_part=adding.result()))
            raise
        except StorageError as error:
            self._writes.report(error)
            return replace(event, image=b"")
        if image_part is None:
            add_event(Notice(notice(NoticeCode.IMAGE_NOT_KEPT)))
        return replace(event, image=b"", image_part=image_part)
