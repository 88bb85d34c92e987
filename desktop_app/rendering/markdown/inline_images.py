"""Decides which images in `data:` URLs are drawn. Nothing is ever fetched.

A drawn image is a PNG, JPEG, GIF (its first frame) or WebP with few bytes, and few pixels according
to its header. All other images are shown as a name.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from functools import lru_cache
from typing import Final

from desktop_app.i18n.translation import tr
from desktop_app.rendering.block_model import PICTURE, Run

MAX_IMAGE_BYTES: Final = 16 * 1024
"""Maximum bytes of a drawn image."""

MAX_PIXELS: Final = 1_000_000
"""Maximum pixels of a drawn image: width times height."""

MAX_ADDRESS_LENGTH: Final = MAX_IMAGE_BYTES * 4 // 3 + 64
"""Characters: four for three bytes of the image, and 64 for the start of the URL."""

_ADDRESS: Final = re.compile(
    r"data:image/(?:png|jpeg|gif|webp);base64,(?P<data>[A-Za-z0-9+/]+={0,2})", re.IGNORECASE
)
_INCOMPLETE_ADDRESS: Final = re.compile(
    r"\]\(data:image/[a-z]{3,4};base64,[A-Za-z0-9+/]*+=*+\Z", re.IGNORECASE
)
_ADDRESS_REST: Final = re.compile(r"[A-Za-z0-9+/]*=*")
_ADDRESS_OPENING: Final = "](data:image/"
_MAX_NAME_LENGTH: Final = 400
"""Characters; an image is not split within its name unless the name is longer."""
_ADDRESS_START: Final = re.compile(
    r"\]\(data:image/[a-z]{3,4};base64,[A-Za-z0-9+/=]*", re.IGNORECASE
)
_AFTER_ADDRESS: Final = re.compile(r"[^A-Za-z0-9+/=]")
_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""The second bytes of the JPEG markers that begin a frame: its header has the image's size."""


def image_runs(words: str, target: str) -> tuple[Run, ...]:
    """Return the runs of a drawn image and its name; () if the image is not drawn."""
    if image_size_of(target) is None:
        return ()
    named = Run(words or tr("picture"), image=True, note=True, link=target)
    return Run(PICTURE, image=True, link=target), named


def is_drawn_image(run: Run) -> bool:
    """Return True if a run is a drawn image, not words."""
    return run.image and run.text == PICTURE


def is_image_name(run: Run) -> bool:
    """Return True if a run is the name of the image before it."""
    return run.image and run.note


def image_bytes_of(target: str) -> bytes | None:
    """Return the bytes in the address of an image, None for any other or too long address."""
    match = _ADDRESS.fullmatch(target) if len(target) <= MAX_ADDRESS_LENGTH else None
    if match is None:
        return None
    data = match["data"]
    return b64decode(data + "=" * (-len(data) % 4)) if len(data.rstrip("=")) % 4 != 1 else None


@lru_cache(maxsize=128)
def image_size_of(target: str) -> tuple[int, int] | None:
    """Return the width and height in pixels of the image in an address, None if it is not drawn."""
    data = image_bytes_of(target)
    size = _size(data) if data is not None and len(data) <= MAX_IMAGE_BYTES else None
    if size is None or min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
        return None
    return size


def _size(data: bytes) -> tuple[int, int] | None:
    """Read the size of an image from its header, by the formats' specifications."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            width, height = struct.unpack(">II", data[16:24])
        elif data[:6] in (b"GIF87a", b"GIF89a"):
            width, height = struct.unpack("<HH", data[6:10])
        elif data[:2] == b"\xff\xd8":
            return _size_of_jpeg(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _size_of_webp(data)
        else:
            return None
    except struct.error:
        return None
    return width, height


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _size_of_webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


def ends_in_address(source: str, added: int, *, did_before: bool) -> bool:
    """Return True if a source ends within the address of an image, which is not too long yet.

    Args:
        added: the number of characters at the end that have not been checked before.
        did_before: the source without them ended within an address.
    """
    begin = source.rfind(_ADDRESS_OPENING, max(0, len(source) - MAX_ADDRESS_LENGTH))
    if begin < 0 or source.find(")", begin) >= 0:
        return False
    old = len(source) - added
    if did_before and "," in source[begin:old]:
        return _ADDRESS_REST.fullmatch(source, old) is not None
    return _INCOMPLETE_ADDRESS.match(source, begin) is not None


def overlong_range(source: str, added: int) -> tuple[int, int] | None:
    """Return the range of an image's address beyond the maximum length, None if there is none.

    Args:
        added: the number of characters at the end that have not been checked before.
    """
    begin = source.find(_ADDRESS_OPENING, max(0, len(source) - added - MAX_ADDRESS_LENGTH))
    end = begin + MAX_ADDRESS_LENGTH
    if begin < 0 or end >= len(source):
        return None
    address = _ADDRESS_START.match(source, begin)
    return (end, address.end()) if address and address.end() > end else None


def after_address(text: str) -> str:
    """Return the text without its beginning, which is the rest of an image's address."""
    more = _AFTER_ADDRESS.search(text)
    return text[more.start() :] if more else ""


def outside_image(source: str, at: int) -> int:
    """Return `at`, or a position beside the image that a cut at `at` would split.

    An image is split nevertheless if its address is too long for a drawn image. One with a name
    longer than `_MAX_NAME_LENGTH` may be split within its name.
    """
    last = at + len(_ADDRESS_OPENING) - 1
    begin = source.rfind(_ADDRESS_OPENING, max(0, at - MAX_ADDRESS_LENGTH), last)
    if begin < 0 or 0 <= source.find(")", begin) < at:
        start = source.rfind("![", max(0, at - _MAX_NAME_LENGTH - 2), at + 1)
        begin = source.find("](", start) if start >= 0 else -1
        if begin < at or not source.startswith(_ADDRESS_OPENING, begin):
            return at
    end = source.find(")", begin)
    if end > begin + MAX_ADDRESS_LENGTH:
        return at
    if 0 < end < len(source) - 1:
        # A space after the image stays with it, so that the next text does not begin with a space.
        return end + 1 + source[end + 1].isspace()
    return max(0, source.rfind("![", 0, begin + 1))
