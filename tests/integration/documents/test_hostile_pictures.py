"""Malicious images may end the worker process, but are reported, and the next image is read."""

from __future__ import annotations

import io
import random

from PIL import Image

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


def test_too_little_memory_is_reported() -> None:
    (said,) = outcomes([bomb(9_000)], Limits(memory_bytes=120 << 20))
    assert isinstance(said, str)
    assert "memory" in said or "damaged" in said


def test_a_photo_from_a_phone_is_scaled_and_rotated_and_loses_its_metadata() -> None:
    image = photo(1, 1).resize((4000, 3000))
    (sent,) = outcomes([packed(image, "JPEG", exif=exif(6))])
    assert isinstance(sent, ScaledImage)
    assert (sent.width, sent.height) == (768, 1024)
    assert not unpacked(sent.data).getexif()


async def test_a_picture_of_four_megabytes_is_returned_whole() -> None:
    worker = DocumentWorker(LIMITS)
    data = packed(photo(1400, 1000), "PNG")
    try:
        assert (await worker.scale("a", data, "image/png", (2048, 2048))).data == data
    finally:
        await worker.aclose()


def test_broken_pictures_are_scaled_or_refused() -> None:
    chance, made = random.Random(20_261_120), []
    for number in range(120):
        kind = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")[number % 6]
        data = bytearray(packed(photo(80, 60) if number % 2 else drawing(), kind))
        for _ in range(chance.randint(1, 10)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        made.append(bytes(data[: chance.randint(len(data) // 2, len(data))]))
    for result in outcomes(made):
        if isinstance(result, ScaledImage):
            Image.open(io.BytesIO(result.data)).load()
        else:
            assert result
