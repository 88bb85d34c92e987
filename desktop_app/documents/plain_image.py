"""Checks that the bytes of an image contain the image and nothing else.

Metadata hides in more places than a library lists: text chunks, comments between the scans of a
JPEG, anything after the end. So every part is checked, and only parts that are needed for drawing
are allowed. Only PNG and JPEG are checked: other formats are always re-encoded before sending,
because not every server reads them.
"""

from __future__ import annotations

import struct
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS: Final = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"sRGB",
    b"cHRM",
    b"pHYs",
}
_START_OF_SCAN: Final = 0xDA
_END: Final = 0xD9
# JFIF and Adobe's color transform; tables; restarts; frames and Huffman tables.
_JPEG_PARTS: Final = {0xE0, 0xEE, 0xDB, 0xDD, _START_OF_SCAN, *range(0xC0, 0xC5)}


def is_plain(media_type: str, data: bytes) -> bool:
    """Return True if `data` may be sent unchanged."""
    if media_type == "image/png":
        return _is_plain_png(data)
    return media_type == "image/jpeg" and _is_plain_jpeg(data)


def _is_plain_png(data: bytes) -> bool:
    at = len(_PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PNG_PARTS:
            return False
        at += 12 + length
        if kind == b"IEND":
            return bool(length == 0 and at == len(data))
    return False


def _is_plain_jpeg(data: bytes) -> bool:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] in _JPEG_PARTS:
        marker = data[at + 1]
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xE0 and (length != 16 or data[at + 4 : at + 9] != b"JFIF\0"):
            return False  # it contains a thumbnail, or is not of JFIF
        if marker == 0xEE and length != 14:
            return False
        at += 2 + length
        if marker == _START_OF_SCAN:
            at = _end_of_scan(data, at)
    return data[at:] == bytes((0xFF, _END))


def _end_of_scan(data: bytes, at: int) -> int:
    """Return the offset of the next marker: FF 00 is data, FF D0 to D7 are restarts."""
    while (at := data.find(b"\xff", at)) >= 0:
        following = data[at + 1] if at + 1 < len(data) else _END
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return at
        at += 2
    return len(data)
