"""Decompresses the RTF of Outlook's messages ([MS-OXRTFCP]), even if the data are cut."""

from __future__ import annotations

import struct
from typing import Final

import compressed_rtf
from compressed_rtf.crc32 import crc32

_HEADER: Final = struct.Struct("<II4sI")


def decompress(data: bytes) -> bytes:
    """Decompress RTF; if the data are cut, return the text before the cut.

    Raises:
        ValueError: the data are not compressed RTF.
    """
    if len(data) < _HEADER.size or data[8:12] not in (b"LZFu", b"MELA"):
        raise ValueError("not compressed RTF")
    _, size, kind, _ = _HEADER.unpack_from(data)
    content = data[_HEADER.size :]
    try:
        return _expand(content, size, kind)
    except struct.error:  # cut within a reference
        return _expand(content[:-1], size, kind)


def _expand(content: bytes, size: int, kind: bytes) -> bytes:
    # The library returns no text if the checksum is wrong, so it gets the right one.
    checksum = crc32(content) if kind == b"LZFu" else 0
    # The compressed size includes the header after the size itself.
    compressed_size = len(content) + _HEADER.size - 4
    header = _HEADER.pack(compressed_size, size, kind, checksum)
    result: bytes = compressed_rtf.decompress(header + content)
    return result
