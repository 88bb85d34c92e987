"""Images in the transcript: thumbnails, and the original opened on a click.

Only the document worker decodes images. The thumbnails that it returns are small and safe. They are
made when they come into view, and a few dozen are cached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from desktop_app.app.attachments.image_chips import ImageChips
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.storage.database.temporary_files import TemporaryCopies
from desktop_app.ui.transcript.media.message_images import OPEN_IMAGE
from desktop_app.ui.widgets.external_open import open_path

if TYPE_CHECKING:
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.documents.attachment_store import AttachmentStore
    from desktop_app.ui.transcript.view import TranscriptView

_SUFFIXES: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
}


MessageSource = Callable[[], Iterable[Message]]


class ImagesController(QObject):
    """Connection of stored images with transcripts."""

    def __init__(
        self,
        transcript: TranscriptView,
        chips: ImageChips,
        copies: TemporaryCopies,
        *,
        current: OpenConversation,
        tasks: Tasks,
        attachment_store: AttachmentStore,
    ) -> None:
        super().__init__(transcript)
        self._current, self._tasks, self._attachment_store = current, tasks, attachment_store
        self._transcripts: list[TranscriptView] = []
        self._chips = chips
        self._copies = copies
        self.show_images_in(transcript, lambda: current.path)
        chips.thumbnail_made.connect(self._show_thumbnail)

    def show_images_in(self, transcript: TranscriptView, messages: MessageSource) -> None:
        """Show the images of these messages in a transcript."""
        self._transcripts.append(transcript)
        transcript.destroyed.connect(lambda: self._transcripts.remove(transcript))
        transcript.image_requested.connect(partial(self._request_thumbnail, messages))
        transcript.action_requested.connect(partial(self._run_action, messages))

    def _request_thumbnail(self, messages: MessageSource, sha256: str) -> None:
        part = _part(messages(), sha256)
        if part is not None and self._chips.thumbnail(part) is not None:
            self._show_thumbnail(sha256)

    def _show_thumbnail(self, sha256: str) -> None:
        if (image := self._chips.cached(sha256)) is not None:
            for transcript in self._transcripts:
                transcript.images.show(sha256, image)

    # -------------------------------------------------------------- originals

    def _run_action(self, messages: MessageSource, _message_id: str, action: str) -> None:
        opens_image = action.startswith(OPEN_IMAGE)
        part = _part(messages(), action.removeprefix(OPEN_IMAGE)) if opens_image else None
        if part is not None:
            self._tasks.start(self._open(part))

    async def _open(self, part: ImagePart) -> None:
        """Open a read-only copy of the original with the system's viewer."""
        if self._current.is_temporary:
            raise IllegalChoiceError(Reason.TEMPORARY_IMAGE_STAYS)
        data = await self._attachment_store.bytes(part.sha256)
        # Not the name of the attached file, which may contain anything. The suffix selects the
        # program.
        name = f"{part.sha256[:16]}{_SUFFIXES.get(part.media_type, '.png')}"
        copy = await asyncio.to_thread(self._copies.make, data, part.sha256, name)
        open_path(copy)


def _part(messages: Iterable[Message], sha256: str) -> ImagePart | None:
    parts = (part for message in messages for part in message.attachments)
    return next((p for p in parts if isinstance(p, ImagePart) and p.sha256 == sha256), None)
