"""Malicious images may end the worker process, but are reported, and the next image is read."""

from __future__ import annotations

import pytest

from desktop_app.documents.worker.document_worker import DocumentWorker, Limits, ScaledImage
from desktop_app.domain import errors
from tests.helpers.blocking import blocking
from tests.helpers.pictures import (
    bomb,
    drawing,
    exif,
    long_animation,
    packed,
    photo,
    png_claiming,
    unpacked,
)

LIMITS = Limits(seconds=20, memory_bytes=1 << 30)


@blocking
async def outcomes(pictures: list[bytes], limits: Limits = LIMITS) -> list[str | ScaledImage]:
    """Return the scaled image or the message to the user for each image.

    Check that the worker can still read a harmless image afterwards.
    """
    worker, results = DocumentWorker(limits), list[str | ScaledImage]()
    try:
        for data in pictures:
            try:
                found = await worker.extract_bytes("a.png", data)
                sent = await worker.scale("a.png", data, found.media_type, (1536, 1024))
                results.append(sent)
            except errors.DocumentError as error:
                results.append(error.sentences)
        good = await worker.extract_bytes("good.png", packed(drawing(), "PNG"))
        assert (good.width, good.height) == (64, 48)
    finally:
        await worker.aclose()
    return results


@pytest.mark.slow
def test_bombs_are_refused_or_fit_into_the_memory_limit() -> None:
    huge, claimed, large, frames = outcomes(
        [bomb(12_000), png_claiming(2**31 - 1, 2**31 - 1), bomb(9_000), long_animation(10_000)]
    )
    assert isinstance(huge, str)
    assert "12,000 × 12,000 pixels, more than 120 million" in huge
    assert isinstance(claimed, str)
    assert isinstance(large, ScaledImage)
    assert (large.width, large.height) == (1024, 1024)
    assert isinstance(frames, ScaledImage)


def test_a_photo_from_a_phone_is_scaled_and_rotated_and_loses_its_metadata() -> None:
    image = photo(1, 1).resize((4000, 3000))
    (sent,) = outcomes([packed(image, "JPEG", exif=exif(6))])
    assert isinstance(sent, ScaledImage)
    assert (sent.width, sent.height) == (768, 1024)
    assert not unpacked(sent.data).getexif()
