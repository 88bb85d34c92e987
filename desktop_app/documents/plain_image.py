"""Checks that the bytes of an image contain the image and nothing else.

Metadata hides in more places than a library lists: text chunks, comments between the scans of a
JPEG, anything after the end. So every part is checked, and only parts that are needed for drawing
are allowed. Only PNG and JPEG are checked: other formats are always re-encoded before sending,
because not every server reads them.
"""

from __future__ import annotations

import struct
from typing import Final

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK_KINDS: Final = {
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
_JFIF: Final = 0xE0
_ADOBE: Final = 0xEE  # Adobe's color transform
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
# Besides these: tables; restarts; frames and Huffman tables.
_JPEG_MARKERS: Final = {_JFIF, _ADOBE, 0xDB, 0xDD, _START_OF_SCAN, *range(0xC0, 0xC5)}


def is_plain(media_type: str, data: bytes) -> bool:
    """Return True if `data` may be sent unchanged."""
    if media_type == "image/png":
        return _is_plain_png(data)
    return media_type == "image/jpeg" and _is_plain_jpeg(data)


def _is_plain_png(data: bytes) -> bool:
    offset = len(_PNG_SIGNATURE)
    while offset + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        if kind not in _PNG_CHUNK_KINDS:
            return False
        offset += 12 + length
        if kind == b"IEND":
            return bool(length == 0 and offset == len(data))
    return False


def _is_plain_jpeg(data: bytes) -> bool:
    offset = 2
    while offset + 4 <= len(data) and data[offset] == 0xFF and data[offset + 1] in _JPEG_MARKERS:
        marker = data[offset + 1]
        length = int.from_bytes(data[offset + 2 : offset + 4], "big")
        if marker == _JFIF and (length != 16 or data[offset + 4 : offset + 9] != b"JFIF\0"):
            return False  # it contains a thumbnail, or is not of JFIF
        if marker == _ADOBE and length != 14:
            return False
        offset += 2 + length
        if marker == _START_OF_SCAN:
            offset = _end_of_scan(data, offset)
    return data[offset:] == bytes((0xFF, _END_OF_IMAGE))


def _end_of_scan(data: bytes, offset: int) -> int:
    """Return the offset of the next marker: FF 00 is data, FF D0 to D7 are restarts."""
    while (offset := data.find(b"\xff", offset)) >= 0:
        following = data[offset + 1] if offset + 1 < len(data) else _END_OF_IMAGE
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return offset
        offset += 2
    return len(data)
