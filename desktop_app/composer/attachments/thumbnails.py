"""Small images of attachments, for chips and transcripts."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop_app.app.session import Session
from desktop_app.documents.worker.protocol import Pixels
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.domain.errors import UserFacingError
from desktop_app.transcript.media.message_images import THUMBNAIL_BOX

MAX_CACHED_THUMBNAILS: Final = 48


def to_qimage(pixels: Pixels) -> QImage:
    """Return a decoded image for painting. Qt never decodes a foreign image in this process."""
    formats = QImage.Format
    stride = 4 * pixels.width  # bytes a row, in RGBA
    image = QImage(pixels.data, pixels.width, pixels.height, stride, formats.Format_RGBA8888)
    # Qt paints this format faster. The converted image owns its bytes, unlike the first one.
    return image.convertToFormat(formats.Format_ARGB32_Premultiplied)


class Thumbnails(QObject):
    """Thumbnails of stored images.

    Signals:
        made(str): the thumbnail of the image with this SHA-256.
    """

    made = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._tasks = session.tasks
        self._scaler = session.backend.image_scaler
        self._cache: OrderedDict[str, QImage] = OrderedDict()
        self._requested_hashes: set[str] = set()

    def get(self, part: ImagePart) -> QImage | None:
        """Return the thumbnail; start making a missing one, and return None until it is made."""
        image = self._cache.get(part.sha256)
        if image is not None:
            self._cache.move_to_end(part.sha256)
        elif part.sha256 not in self._requested_hashes:
            self._requested_hashes.add(part.sha256)
            self._tasks.start(self._make(part))
        return image

    def cached(self, sha256: str) -> QImage | None:
        """Return a thumbnail, None if it is not in memory."""
        return self._cache.get(sha256)

    async def _make(self, part: ImagePart) -> None:
        try:
            pixels = await self._scaler.thumbnail(part, THUMBNAIL_BOX)
        except UserFacingError:
            return  # not tried again; opening the image reports the error
        self._requested_hashes.discard(part.sha256)
        self._cache[part.sha256] = to_qimage(pixels)
        while len(self._cache) > MAX_CACHED_THUMBNAILS:
            self._cache.popitem(last=False)
        self.made.emit(part.sha256)
