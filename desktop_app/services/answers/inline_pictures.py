"""Moves large images from the text of an answer to images of the answer.

Some servers write an image into the Markdown, as `![words](data:image/png;base64,…)`. A small image
stays in the text and is drawn there (`rendering/markdown/inline_images`). A large image would be
megabytes of text, so it is stored as an attachment. Images that are invalid or cannot be stored
stay text.

In names, a picture is the text of a large image: Markdown with Base64. An image is its bytes.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Final, NamedTuple

from desktop_app.domain.answering.stream_events import (
    ImageArrived,
    Notice,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.message_parts import ImagePart

MAX_INLINE_BYTES: Final = 16 * 1024
"""The largest image, in bytes, that stays in the text and is drawn there.

This is also the limit of `rendering/markdown/inline_images`.
"""
MAX_IMAGE_BYTES: Final = 12 * 1024 * 1024
"""The largest image, in bytes, that is moved out of the text; a larger one stays text.

The number is arbitrary.
"""

_ALT_TEXT: Final = r"!\[[^\[\]\n]{0,500}"
_IMAGE_HEAD: Final = re.compile(
    rf"{_ALT_TEXT}\]\(data:image/(?:png|jpeg|jpg|webp);base64,", re.IGNORECASE
)
# The beginning of a head at the end of the text, which the next delta may complete.
_PARTIAL_HEAD: Final = re.compile(
    r"!(?:\[[^\[\]\n]{0,500}(?:\](?:\([a-z0-9:/;,]{0,24})?)?)?\Z", re.IGNORECASE
)
# Base64 writes three bytes as four characters.
_MAX_INLINE_LENGTH: Final = MAX_INLINE_BYTES * 4 // 3
_MAX_DATA_LENGTH: Final = MAX_IMAGE_BYTES * 4 // 3
_NOT_DATA: Final = re.compile(r"[^A-Za-z0-9+/=]")

StoreImage = Callable[[bytes], Awaitable[ImagePart | None]]


async def with_pictures(
    stream: AsyncGenerator[StreamEvent, None], store_image: StoreImage, parser: PictureParser
) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events of an answer, with its large images as `ImageArrived`.

    Args:
        store_image: stores an image; returns None if it cannot.
        parser: buffers a possible beginning of an image. If the stream is closed early,
            `parser.end` returns it.
    """
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                for piece in parser.feed(event.text):
                    if isinstance(piece, str):
                        yield TextDelta(piece)
                    else:
                        for picture_event in await _events_of(piece, store_image):
                            yield picture_event
            elif isinstance(event, StatusChanged | Notice):  # the text goes on afterwards
                yield event
            else:
                if held_text := parser.end():
                    yield TextDelta(held_text)
                yield event
    if held_text := parser.end():
        yield TextDelta(held_text)


async def _events_of(picture: _Picture, store_image: StoreImage) -> list[StreamEvent]:
    image = await asyncio.to_thread(picture.decode)
    image_part = await store_image(image) if image else None
    if image_part is None:
        return [TextDelta(picture.text)]
    arrived = ImageArrived(b"", image_part)  # without the bytes, which are stored already
    if not picture.alt_text:
        return [arrived]
    return [TextDelta(picture.alt_text), arrived]


class _Picture(NamedTuple):
    """The Markdown source of a large image.

    Attributes:
        text: the whole source, from "![" to ")".
        head: the part before the data.
    """

    text: str
    head: str

    @property
    def alt_text(self) -> str:
        """Return the alternative text."""
        return self.head[2 : self.head.rindex("](")]

    def decode(self) -> bytes:
        """Return the bytes of the image; b"" if its data is not Base64."""
        data = self.text[len(self.head) : -1].rstrip("=")
        try:
            return b64decode(data + "=" * (-len(data) % 4), validate=True)
        except NotBase64:
            return b""


class PictureParser:
    """Parser of a text that arrives in pieces of any size and may contain images."""

    def __init__(self) -> None:
        self._held_text = ""  # perhaps the beginning of a head
        self._image_head = ""  # not empty while the data of an image is read
        # Joined once at the end, because an image arrives in thousands of pieces.
        self._image_data: list[str] = []
        self._data_length = 0

    def feed(self, text: str) -> Iterator[str | _Picture]:
        """Yield the text and the images that are complete with this piece."""
        text = self._held_text + text
        position = 0
        while position < len(text):
            if self._image_head:
                pieces, position = self._read_data(text, position)
            else:
                pieces, position = self._read_text(text, position)
            yield from pieces

    def end(self) -> str:
        """Return and forget the text that was held back for the rest of an image."""
        remaining_text = self._held_text + self._image_head + "".join(self._image_data)
        self._held_text = ""
        self._image_head = ""
        self._image_data = []
        self._data_length = 0
        return remaining_text

    def _read_text(self, text: str, position: int) -> tuple[list[str | _Picture], int]:
        """Return the text from `position` to the next image, and the end of that image's head.

        Without a complete head, a possible beginning of a head is held back.
        """
        self._held_text = ""
        if head := _IMAGE_HEAD.search(text, position):
            self._image_head = head[0]
            text_before = text[position : head.start()]
            return [text_before] if text_before else [], head.end()
        partial_head = _PARTIAL_HEAD.search(text, position)
        end = partial_head.start() if partial_head else len(text)
        self._held_text = text[end:]
        return [text[position:end]] if end > position else [], len(text)

    def _read_data(self, text: str, position: int) -> tuple[list[str | _Picture], int]:
        """Return the image whose data ends in `text` after `position`, and the end of its data.

        Nothing is returned while the data continues. An image that is small, too large, or not
        closed by ")" is returned as text.
        """
        data_end = _NOT_DATA.search(text, position)
        end = data_end.start() if data_end else len(text)
        is_closed = data_end is not None and data_end[0] == ")"
        if is_closed:
            end += 1  # the source of the image includes the bracket
        self._image_data.append(text[position:end])
        self._data_length += end - position
        is_too_long = self._data_length > _MAX_DATA_LENGTH
        if data_end is None and not is_too_long:
            return [], end  # the data may continue in the next piece
        is_picture = is_closed and not is_too_long and self._data_length > _MAX_INLINE_LENGTH
        head = self._image_head
        source = self.end()
        return [_Picture(source, head) if is_picture else source], end
