"""Images in the transcript: thumbnails, and the original opened on a click.

Only the document worker decodes images, also those within the text of an answer. It returns small
thumbnails as pixels. They are made when they come into view, and a few dozen are cached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desktop_app.app.attachments.image_chips import ImageChips, to_qimage
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.domain.documents.document_types import IMAGE_SUFFIXES
from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n.translation import N_
from desktop_app.rendering.markdown.inline_images import image_bytes_of
from desktop_app.storage.database.temporary_files import TemporaryCopies
from desktop_app.ui.transcript.media.message_images import OPEN_IMAGE, THUMBNAIL_BOX
from desktop_app.ui.transcript.view import TranscriptView
from desktop_app.ui.widgets.external_open import open_path
from desktop_app.ui.window.main_window import MainWindow

MessageSource = Callable[[], Iterable[Message]]


class ImagesController(QObject):
    """Connection of stored images with transcripts."""

    def __init__(
        self, window: MainWindow, state: WindowState, chips: ImageChips, copies: TemporaryCopies
    ) -> None:
        super().__init__(window.transcript)
        self._current = state.current
        self._tasks = state.tasks
        self._attachment_store = state.backend.attachments
        self._scaler = state.backend.image_scaler
        self._transcripts: list[TranscriptView] = []
        self._chips = chips
        self._copies = copies
        self.show_images_in(window.transcript, lambda: state.current.path)
        chips.thumbnail_made.connect(self._show_thumbnail)

    def show_images_in(self, transcript: TranscriptView, messages: MessageSource) -> None:
        """Show the images of these messages in a transcript."""
        self._transcripts.append(transcript)
        transcript.destroyed.connect(lambda: self._transcripts.remove(transcript))
        transcript.image_requested.connect(partial(self._request_image, messages))
        transcript.action_requested.connect(partial(self._run_action, messages))

    def _request_image(self, messages: MessageSource, key: str) -> None:
        data = image_bytes_of(key)
        if data is not None:
            self._tasks.start(self._show_embedded(key, data))
            return
        part = _find_image(messages(), key)
        if part is not None and self._chips.thumbnail(part) is not None:
            self._show_thumbnail(key)

    async def _show_embedded(self, address: str, data: bytes) -> None:
        header = read_image_header(data)
        if header is None:
            return
        try:
            pixels = await self._scaler.decode(data, header.media_type, THUMBNAIL_BOX)
        except UserFacingError:
            return  # the placeholder stays
        self._show(address, to_qimage(pixels))

    def _show_thumbnail(self, sha256: str) -> None:
        if (image := self._chips.cached(sha256)) is not None:
            self._show(sha256, image)

    def _show(self, key: str, image: QImage) -> None:
        for transcript in self._transcripts:
            transcript.images.show(key, image)

    # -------------------------------------------------------------- originals

    def _run_action(self, messages: MessageSource, _message_id: str, action: str) -> None:
        if not action.startswith(OPEN_IMAGE):
            return
        part = _find_image(messages(), action.removeprefix(OPEN_IMAGE))
        if part is not None:
            self._tasks.start(self._open(part))

    async def _open(self, part: ImagePart) -> None:
        """Open a read-only copy of the original with the system's viewer."""
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_(
                    "Other apps can’t open images of temporary conversations, since "
                    "that saves them."
                ),
                hint=hints.USE_REGULAR,
            )
        data = await self._attachment_store.bytes(part.sha256)
        # Not the name of the attached file, which may contain anything. The suffix selects the
        # program.
        name = f"{part.sha256[:16]}{IMAGE_SUFFIXES.get(part.media_type, '.png')}"
        copy = await asyncio.to_thread(self._copies.make, data, part.sha256, name)
        open_path(copy)


def _find_image(messages: Iterable[Message], sha256: str) -> ImagePart | None:
    parts = (part for message in messages for part in message.attachments)
    return next((p for p in parts if isinstance(p, ImagePart) and p.sha256 == sha256), None)
