"""Compressed RTF of Outlook messages: the examples of [MS-OXRTFCP], and broken streams."""

from __future__ import annotations

import pytest

from desktop_app.documents.office.compressed_rtf import decompress

SIMPLE = bytes.fromhex(
    "2d000000 2b000000 4c5a4675 f1c5c7a7 03000a00 72637067 31323542 320af320 68656c09 00206277"
    "05b06c64 7d0a800f a0"
)
CROSSING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def test_the_examples_of_the_specification_are_decompressed() -> None:
    assert decompress(SIMPLE) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress(CROSSING) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_uncompressed_data_are_returned_as_they_are() -> None:
    plain = b"{\\rtf1 words}"
    head = (len(plain) + 12).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
    assert decompress(head + b"MELA" + bytes(4) + plain + b"behind it") == plain


def test_a_cut_or_damaged_stream_yields_its_readable_text() -> None:
    assert decompress(SIMPLE[:-8]) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello w"
    assert decompress(CROSSING[:24]) == b"{\\rtf1 WXYZ"  # within a reference
    wrong_sum = SIMPLE[:12] + bytes(4) + SIMPLE[16:]
    assert decompress(wrong_sum) == decompress(SIMPLE)


@pytest.mark.parametrize("data", [b"", SIMPLE[:15], SIMPLE.replace(b"LZFu", b"LZFv")])
def test_other_data_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not compressed RTF"):
        decompress(data)
