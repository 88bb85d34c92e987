"""Large images in the text of an answer become images; nothing of the text is lost."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator

import pytest

from desktop_app.domain.answering.stream_events import (
    Completed,
    ImageArrived,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.rendering.markdown import inline_images
from desktop_app.services.answers.inline_pictures import (
    MAX_IMAGE_BYTES,
    MAX_INLINE_BYTES,
    PictureParser,
    with_pictures,
)

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100
DATA = b64encode(PHOTO).decode()
PICTURE = f"![a cat](data:image/png;base64,{DATA})"


async def said(*events: StreamEvent, keeps: bool = True) -> tuple[str, list[bytes]]:
    """Return the text of a stream, with « » in place of each image, and the images."""
    kept: list[bytes] = []

    async def stream() -> AsyncGenerator[StreamEvent, None]:
        for event in events:
            yield event

    async def keep(image: bytes) -> ImagePart | None:
        kept.append(image)
        return ImagePart("0" * 64, "image.png", "image/png", len(image)) if keeps else None

    text = ""
    async for event in with_pictures(stream(), keep, PictureParser()):
        match event:
            case TextDelta(more):
                text += more
            case ImageArrived():
                text += "« »"
    return text, kept


def pieces(text: str, size: int) -> list[StreamEvent]:
    return [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 29, 100_000])
async def test_a_large_image_leaves_the_text_at_any_boundary(size: int) -> None:
    text = f"Wow! Here [it](x) is: {PICTURE} and ![again{PICTURE[7:]}!"
    found = await said(*pieces(text, size), Completed())
    assert found == ("Wow! Here [it](x) is: a cat« » and again« »!", [PHOTO, PHOTO])


@pytest.mark.parametrize(
    "text",
    [
        "Hi!",
        PICTURE[:-1],
        PICTURE.replace("png", "svg+xml"),
        PICTURE.replace("![", "["),
        f"![a cat](data:image/png;base64,{DATA}A)",  # no Base64
        f"![small](data:image/png;base64,{b64encode(b'x' * 100).decode()})",
        f"`![a]` ![[b](c) {'!' * 600}",
    ],
)
@pytest.mark.parametrize("size", [29, 100_000])
async def test_small_or_invalid_images_stay_in_the_text(text: str, size: int) -> None:
    assert await said(*pieces(text, size), Completed()) == (text, [])
    assert await said(*pieces(text, size)) == (text, [])


async def test_an_image_that_cannot_be_stored_stays_in_the_text() -> None:
    assert await said(TextDelta(PICTURE), Completed(), keeps=False) == (PICTURE, [PHOTO])


async def test_waiting_within_an_image_does_not_break_it() -> None:
    text, kept = await said(TextDelta(PICTURE[:90]), StatusChanged(), TextDelta(PICTURE[90:]))
    assert (text, kept) == ("a cat« »", [PHOTO])


def test_images_are_taken_out_above_the_size_that_is_drawn_in_the_text() -> None:
    assert MAX_INLINE_BYTES == inline_images.MAX_IMAGE_BYTES


@pytest.mark.parametrize(
    ("letters", "is_image"),
    [
        (MAX_INLINE_BYTES * 4 // 3 - 1, False),  # the bracket behind it counts
        (MAX_INLINE_BYTES * 4 // 3, True),
        (MAX_IMAGE_BYTES * 4 // 3 - 1, True),
        (MAX_IMAGE_BYTES * 4 // 3, False),
    ],
)
def test_an_image_has_a_size_between_two_limits(letters: int, is_image: bool) -> None:
    text = f"![a](data:image/png;base64,{'A' * letters})"
    found = "".join("« »" if not isinstance(x, str) else x for x in PictureParser().feed(text))
    assert found == ("« »" if is_image else text)
