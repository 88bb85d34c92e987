"""Fuzz target: rich text from files, and its compressed form in Outlook messages."""

from __future__ import annotations

import struct
from contextlib import suppress

from desktop_app.documents.office import rtf
from desktop_app.documents.office.compressed_rtf import decompress
from tests.fuzz import files

_PACKED = struct.Struct("<II4sI")
_MOST_GROWTH = 17
"""Largest growth per compressed byte: 16 references of 17 bytes each take 33 bytes."""
_BODIES = (
    rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0}",
    rb"{\rtf1\ansi 5 \u8364?, \u-10179?\u-8704?, {\uc2 \u8364EU x}{\uc0\u233 n}}",
    rb"{\rtf1{\stylesheet{\s3 heading 2;}{\s5\outlinelevel0 M;}}\pard\s3 B\b0\par\pard\s5 O\par}",
    rb"{\rtf1{\listtext\f0 1.\tab}\ls1\ilvl0 one\par{\listtext a)\tab}\ilvl1 deep\par}",
    rb"{\rtf1\trowd\clvmgf\cellx1000\cellx2000\intbl a\cell b\cell\row\trowd\cellx10 \cell\row}",
    rb'{\rtf1 W{\footnote Said {\b x}.}{\field{\*\fldinst{HYPERLINK "h"}}{\fldrslt{\ul e}}}}',
    rb"{\rtf1{\*\unknown x}{\pict 89}{\shp{\*\shpinst{\shptxt box\par}}}\bin4 {}}}{\v h}H\~i\_s}",
    rb"{\rtf1{\fonttbl{\f1\fcharset204 A;}{\f2\fcharset128 M;}}{\f1 \'cf}{\f2 \'83e\'83X}\super 2}",
)


def seeds() -> list[bytes]:
    """Return the rich text of the test data, a body per construct, and two compressed bodies."""
    packed = [
        _PACKED.pack(len(body) + 12, len(body), kind, 0) + body
        for kind, body in ((b"LZFu", b"\x00{\\rtf1 a\x03\x01\x00\x20\x10b"), (b"MELA", _BODIES[0]))
    ]
    return [*files(".rtf"), *_BODIES, *packed]


def one_input(data: bytes) -> None:
    """Check that the text can be encoded and that decompression is bounded."""
    with suppress(RecursionError):
        rtf.read(data).encode()
    try:
        body = decompress(data)
    except ValueError:
        return
    assert len(body) <= _MOST_GROWTH * len(data)
