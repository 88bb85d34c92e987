"""The scaling and decoding of images in the documents worker, with a cache of those to send.

With the cache, every turn of a conversation sends the same bytes without scaling again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from desktop_app.domain.answering.chat_request import ImageData
from desktop_app.domain.errors import DocumentEncryptedError
from desktop_app.domain.models.token_counts import LARGEST_SIDE, ImageTokens, Size, sent_size
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.documents.worker.document_worker import DocumentWorker, ScaledImage
    from desktop_app.documents.worker.protocol import Pixels
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
    from desktop_app.providers.ports import AttachmentSource

MAX_CACHE_BYTES: Final = 48 << 20


class ImageScaler:
    """Scaler of stored images."""

    def __init__(self, originals: AttachmentSource, worker: DocumentWorker) -> None:
        self._originals = originals
        self._worker = worker
        self._cache: OrderedDict[tuple[str, Size], ScaledImage] = OrderedDict()

    async def scaled_image(self, part: ImagePart, rule: ImageTokens | None) -> ImageData:
        """Return an image without metadata, at the size that the pricing rule charges for.

        The bytes are the same on every call.

        Raises:
            StorageError: the original is gone.
            DocumentError: it can no longer be decoded.
        """
        size = sent_size(part.dimensions or (LARGEST_SIDE, LARGEST_SIDE), part.detail, rule)
        scaled = await self.image_within(part, size)
        return ImageData(scaled.media_type, scaled.data, part.detail)

    async def image_within(self, part: ImagePart, size: Size) -> ScaledImage:
        """Return an image that fits into `size` pixels. Raises as `scaled_image`."""
        key = (part.sha256, size)
        scaled = self._cache.get(key)
        if scaled is None:
            original = await self._originals.bytes(part.sha256)
            scaled = await self._worker.scale(part.name, original, part.media_type, size)
            self._cache[key] = scaled
        self._cache.move_to_end(key)
        self._evict_oldest()
        return scaled

    async def thumbnail(self, part: ImagePart, size: Size) -> Pixels:
        """Decode an image for the screen, to fit into `size` pixels. Raises as `scaled_image`."""
        original = await self._originals.bytes(part.sha256)
        return await self._worker.decode(part.name, original, part.media_type, size)

    async def decode(
        self, data: bytes, media_type: str, size: Size = (LARGEST_SIDE, LARGEST_SIDE)
    ) -> Pixels:
        """Decode the bytes of an image for the screen, to fit into `size` pixels.

        Raises:
            DocumentError: it cannot be decoded.
        """
        return await self._worker.decode("image", data, media_type, size)

    async def page_images(self, part: DocumentPart, rule: ImageTokens | None) -> list[ImageData]:
        """Return the pages of a document that are sent as images.

        Raises as `scaled_image`, and DocumentEncryptedError if they need the password again.
        """
        keys = [
            (
                f"{part.sha256} {page.number}",
                sent_size((page.width, page.height), part.detail, rule),
            )
            for page in part.image_pages
        ]
        missing_pages = [
            (page.number, size)
            for page, (key, size) in zip(part.image_pages, keys, strict=True)
            if (key, size) not in self._cache
        ]
        scaled = {key: self._cache[key] for key in keys if key in self._cache}
        if missing_pages:
            original = await self._originals.bytes(part.sha256)
            password = self._worker.passwords.get(part.sha256, "")
            try:
                rendered = await self._worker.render_pages(
                    part.name, original, missing_pages, password=password
                )
            except DocumentEncryptedError as error:
                raise DocumentEncryptedError(
                    N_("Showing the pages of “{name}” requires its password."),
                    hint=N_("Enter it, or choose text only in the attachment’s menu."),
                    name=part.name,
                    details=error.details,
                    takes_password=error.takes_password,
                    sha256=part.sha256,
                ) from error
            for (number, size), image in zip(missing_pages, rendered, strict=True):
                scaled[f"{part.sha256} {number}", size] = image
        self._cache |= scaled
        for key in keys:
            self._cache.move_to_end(key)
        self._evict_oldest()
        return [ImageData(scaled[key].media_type, scaled[key].data, part.detail) for key in keys]

    def _evict_oldest(self) -> None:
        while (
            len(self._cache) > 1
            and sum(len(image.data) for image in self._cache.values()) > MAX_CACHE_BYTES
        ):
            self._cache.popitem(last=False)
