"""The cache of scaled images has the last used ones, up to a number of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desktop_app.chat.attachments import image_scaling
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import ScaledImage
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, PageImage
from desktop_app.domain.models.token_counts import Size

if TYPE_CHECKING:
    import pytest


class Originals:
    async def text(self, sha256: str) -> str:
        return ""

    async def bytes(self, sha256: str) -> bytes:
        return sha256.encode()


class CountingWorker(DocumentWorker):
    """Makes images of 10 bytes and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    async def scale(self, name: str, data: bytes, media_type: str, size: Size) -> ScaledImage:
        self.made.append(name)
        return ScaledImage("image/png", *size, b"0123456789")

    async def render_pages(
        self, name: str, data: bytes, pages: Sequence[tuple[int, Size]], *, password: str = ""
    ) -> list[ScaledImage]:
        self.made += [f"{name} {number}" for number, _ in pages]
        return [ScaledImage("image/png", *size, b"0123456789") for _, size in pages]


def picture(name: str) -> ImagePart:
    return ImagePart(name, name, "image/png", 9, 20, 30)


async def test_the_last_used_images_stay_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_scaling, "MAX_CACHE_BYTES", 20)
    worker = CountingWorker()
    scaler = ImageScaler(Originals(), worker)
    for name in ("a", "b", "a", "c", "a", "b"):
        await scaler.scaled_image(picture(name), None)
    assert worker.made == ["a", "b", "c", "b"]


async def test_only_pages_that_are_missing_are_rendered() -> None:
    worker = CountingWorker()
    scaler = ImageScaler(Originals(), worker)
    pages = tuple(PageImage(number, 100, 200) for number in (1, 2, 3))
    for count in (2, 2, 3):
        part = DocumentPart("d", "d", "application/pdf", 9, 3, pictured=pages[:count])
        assert len(await scaler.page_images(part, None)) == count
    assert worker.made == ["d 1", "d 2", "d 3"]
