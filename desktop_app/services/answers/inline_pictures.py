"""Moves large images from the text of an answer to images of the answer.

Some servers write an image into the Markdown, as `![words](data:image/png;base64,…)`. Small ones
are drawn within the text (`rendering/markdown/inline_images`); a photo would be megabytes of
text. Invalid images, and those that cannot be stored, stay text.
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
"""The largest image, in bytes, that stays in the text and is drawn there."""
MAX_IMAGE_BYTES: Final = 12 * 1024 * 1024
"""The largest image, in bytes, that is moved out of the text; a larger one stays text."""

_ALT_TEXT: Final = r"!\[[^\[\]\n]{0,500}"
_IMAGE_HEAD: Final = re.compile(
    rf"{_ALT_TEXT}\]\(data:image/(?:png|jpeg|jpg|webp);base64,", re.IGNORECASE
)
# The beginning of a head at the end of the text, which the next delta may complete.
_PARTIAL_HEAD: Final = re.compile(
    r"!(?:\[[^\[\]\n]{0,500}(?:\](?:\([a-z0-9:/;,]{0,24})?)?)?\Z", re.IGNORECASE
)
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
            else:
                if not isinstance(event, StatusChanged | Notice) and (held_text := parser.end()):
                    yield TextDelta(held_text)
                yield event
    if held_text := parser.end():
        yield TextDelta(held_text)


async def _events_of(picture: _Picture, store_image: StoreImage) -> list[StreamEvent]:
    image = await asyncio.to_thread(picture.decode)
    image_part = await store_image(image) if image else None
    if image_part is None:
        return [TextDelta(picture.text)]
    arrived = ImageArrived(b"", image_part)
    return [TextDelta(picture.alt_text), arrived] if picture.alt_text else [arrived]


class _Picture(NamedTuple):
    """An image in the text: its whole source, and the part before the data."""

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
        self._held_text = ""  # perhaps the beginning of an image
        self._image_head = ""
        self._image_data: list[
            str
        ] = []  # joined once, because an image arrives in thousands of pieces
        self._data_length = 0

    def feed(self, text: str) -> Iterator[str | _Picture]:
        """Yield the text and the images that are complete with this piece."""
        text, position = self._held_text + text, 0
        while position < len(text):
            pieces, position = (
                self._read_data(text, position)
                if self._image_head
                else self._read_text(text, position)
            )
            yield from pieces

    def end(self) -> str:
        """Return and forget the text that was still waiting."""
        remaining_text = self._held_text + self._image_head + "".join(self._image_data)
        self._held_text, self._image_head, self._image_data, self._data_length = "", "", [], 0
        return remaining_text

    def _read_text(self, text: str, position: int) -> tuple[list[str | _Picture], int]:
        """Return the text from `position` to the next image, and the end of that image's head.

        Without an image, a possible beginning of one is held back.
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

        Data that is no large image, or too long for an image, stays text. Otherwise nothing is
        returned before the data has ended.
        """
        data_end = _NOT_DATA.search(text, position)
        end = data_end.start() if data_end else len(text)
        is_closed = data_end is not None and data_end[0] == ")"
        end += is_closed
        self._image_data.append(text[position:end])
        self._data_length += end - position
        is_too_long = self._data_length > MAX_IMAGE_BYTES * 4 // 3
        if data_end is None and not is_too_long:
            return [], end
        is_picture = is_closed and not is_too_long and self._data_length > MAX_INLINE_BYTES * 4 // 3
        head, source = self._image_head, self.end()
        return [_Picture(source, head) if is_picture else source], end
