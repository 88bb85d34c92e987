"""Decompresses the RTF of Outlook's messages, as [MS-OXRTFCP] describes it."""

from __future__ import annotations

import struct
from typing import Final

_INITIAL_WINDOW: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW: Final = 4096
_COMPRESSED: Final = b"LZFu"
_PLAIN: Final = b"MELA"
_HEADER: Final = struct.Struct("<II4sI")


def decompress(data: bytes) -> bytes:
    """Decompress RTF.

    Raises:
        ValueError: it is of another kind, or ends too early.
    """
    if len(data) < _HEADER.size:
        raise ValueError("no compressed RTF")
    _, size, kind, _ = _HEADER.unpack_from(data)
    content = data[_HEADER.size :]
    if kind == _PLAIN:
        return content[:size]
    if kind != _COMPRESSED:
        raise ValueError("no compressed RTF")
    return _expand(content)


def _expand(content: bytes) -> bytes:
    window = bytearray(_INITIAL_WINDOW.ljust(_WINDOW, b"\0"))
    at, place = len(_INITIAL_WINDOW), 0
    out = bytearray()

    def put(byte: int) -> None:
        nonlocal at
        out.append(byte)
        window[at] = byte
        at = (at + 1) % _WINDOW

    while place < len(content):
        flags = content[place]
        place += 1
        for bit in range(8):
            if not flags >> bit & 1:
                if place >= len(content):
                    return bytes(out)
                put(content[place])
                place += 1
                continue
            if place + 1 >= len(content):
                return bytes(out)
            pair = content[place] << 8 | content[place + 1]
            place += 2
            start, length = pair >> 4, (pair & 15) + 2
            if start == at:  # the end marker
                return bytes(out)
            for step in range(length):
                put(window[(start + step) % _WINDOW])
    return bytes(out)
