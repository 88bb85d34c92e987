"""The bytes of images: which parts they may consist of to be sent as they are."""

from __future__ import annotations

import struct

import pytest

from desktop_app.documents.plain_image import is_plain

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + b"sums"


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


HEAD, BODY, END = chunk(b"IHDR", b"h" * 13), chunk(b"IDAT", b"drawing"), chunk(b"IEND")
TABLE, FRAME, SCAN = segment(0xDB, b"t" * 65), segment(0xC0, b"f" * 15), segment(0xDA, b"s" * 10)
JFIF = segment(0xE0, b"JFIF\0" + b"j" * 9)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((HEAD, BODY, END), True),
        ((HEAD, BODY, BODY, END), True),
        *(((HEAD, chunk(kind.encode(), b"x"), BODY, END), True) for kind in ("PLTE", "tRNS")),
        *(((HEAD, chunk(kind.encode(), b"x"), BODY, END), True) for kind in ("gAMA", "sRGB")),
        *(((HEAD, chunk(kind.encode(), b"x"), BODY, END), True) for kind in ("cHRM", "pHYs")),
        *(((HEAD, chunk(kind.encode(), b"x"), BODY, END), False) for kind in ("tEXt", "eXIf")),
        ((HEAD, BODY, chunk(b"IEND", b"x")), False),
        ((HEAD, BODY, END, b"x"), False),
        ((HEAD, BODY, END, END), False),
        ((HEAD, BODY), False),
        ((HEAD, BODY, END[:-1]), False),
        ((HEAD, BODY, struct.pack(">I4s", 2**32 - 1, b"IDAT")), False),
        ((), False),
    ],
)
def test_only_allowed_parts_of_a_png_are_plain(parts: tuple[bytes, ...], expected: bool) -> None:
    assert is_plain("image/png", SIGNATURE + b"".join(parts)) is expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((JFIF, TABLE, FRAME, SCAN, b"drawing", EOI), True),
        *(((segment(marker, b"f"), SCAN, EOI), True) for marker in range(0xC0, 0xC5)),
        *(((segment(marker, b"f"), SCAN, EOI), False) for marker in (0xBF, 0xC5, 0xE1, 0xFE)),
        ((segment(0xDD, b"\0\1"), SCAN, b"drawing", EOI), True),
        ((segment(0xE0, b"JFXX\0" + b"j" * 9), SCAN, EOI), False),
        ((segment(0xE0, b"JFIF\0" + b"j" * 10), SCAN, EOI), False),
        ((segment(0xEE, b"a" * 12), SCAN, EOI), True),
        ((segment(0xEE, b"a" * 13), SCAN, EOI), False),
        ((SCAN, b"a\xff\0b", *(bytes((0xFF, n)) for n in range(0xD0, 0xD8)), b"c", EOI), True),
        ((SCAN, b"a\xff\1b", EOI), False),
        ((SCAN, b"a\xff\xcf", EOI), False),
        ((SCAN, b"a\xff\xd8", EOI), False),
        ((SCAN, b"one", segment(0xC4, b"t" * 30), SCAN, b"two", EOI), True),
        ((SCAN, b"one", segment(0xFE, b"words"), SCAN, b"two", EOI), False),
        ((SCAN, EOI, b"x"), False),
        ((SCAN, b"drawing", b"\xff"), False),
        ((SCAN, b"drawing"), False),
        ((TABLE[:3],), False),
        ((b"\xfe" + TABLE[1:], SCAN, EOI), False),
        ((), False),
    ],
)
def test_only_allowed_parts_of_a_jpeg_are_plain(parts: tuple[bytes, ...], expected: bool) -> None:
    assert is_plain("image/jpeg", SOI + b"".join(parts)) is expected


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/webp", SIGNATURE + HEAD + BODY + END),
        ("image/webp", SOI + SCAN + EOI),
        ("image/png", SOI + SCAN + EOI),
        ("image/jpeg", SIGNATURE + HEAD + BODY + END),
    ],
)
def test_other_formats_are_never_plain(kind: str, data: bytes) -> None:
    assert not is_plain(kind, data)
