"""Reads the format and the size of an image from its header, by the formats' specifications.

Only formats that the window decodes are known: PNG, JPEG, GIF and WebP.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_FRAME_MARKERS: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""The second bytes of JPEG's SOF markers. They begin a frame, whose header has the image's size."""

_BARE_MARKERS: Final = {0x01, *range(0xD0, 0xDA)}
"""The second bytes of the JPEG markers that no length follows: TEM, RST, SOI and EOI."""


class ImageHeader(NamedTuple):
    """The format of an image, and its size in pixels."""

    media_type: str
    width: int
    height: int


def read_image_header(data: bytes) -> ImageHeader | None:
    """Return the header of an image; None if it is damaged or of another format."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return ImageHeader("image/png", *struct.unpack(">II", data[16:24]))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return ImageHeader("image/gif", *struct.unpack("<HH", data[6:10]))
        if data[:2] == b"\xff\xd8":
            return _header_of_jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _header_of_webp(data)
    except struct.error:
        pass
    return None


def _header_of_jpeg(data: bytes) -> ImageHeader | None:
    offset = 2
    while offset + 9 <= len(data) and data[offset] == 0xFF:
        kind = data[offset + 1]
        if kind in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[offset + 5 : offset + 9])
            return ImageHeader("image/jpeg", width, height)
        if kind in _BARE_MARKERS:  # none of them stands before the frame
            return None
        # 0xFF fills the space before a marker.
        offset += 1 if kind == 0xFF else 2 + struct.unpack(">H", data[offset + 2 : offset + 4])[0]
    return None


def _header_of_webp(data: bytes) -> ImageHeader | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return ImageHeader("image/webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return ImageHeader("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X" and len(data) >= 30:
        width, height = (
            int.from_bytes(data[offset : offset + 3], "little") + 1 for offset in (24, 27)
        )
        return ImageHeader("image/webp", width, height)
    return None
