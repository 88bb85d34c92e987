"""Archives: the encoding of names, members that are not opened, and limits of each level."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors

CORPUS = Path(__file__).parents[2] / "data" / "corpus"


def archive(*names: str, content: bytes = b"words") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in names:
            packed.writestr(name, content)
    return target.getvalue()


def text_of(data: bytes, limits: Limits | None = None) -> str:
    return extract_bytes("a.zip", data, limits or Limits(), lambda _: None).text


def within(data: bytes, levels: int) -> bytes:
    for level in range(levels):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w") as packed:
            packed.writestr(f"{level}.zip", data)
        data = outer.getvalue()
    return data


@pytest.mark.parametrize(
    ("packed", "shown"),
    [
        (b"Gr????e.txt", "Gr????e.txt"),
        (b"Gr\xc3\xb6\xc3\x9fe.txt", "Größe.txt"),  # UTF-8, not marked as such
        (b"Gr\x94\xe1e12.txt", "Größe12.txt"),  # code page 437
        (b"Gr\xf6\xdfe12.txt", "Größe12.txt"),  # Windows-1252
    ],
)
def test_names_are_read_in_their_encoding(packed: bytes, shown: str) -> None:
    data = archive("b.txt", "Gr????e.txt").replace(b"Gr????e.txt", packed)
    assert text_of(data) == f"# b.txt\n\nwords\n\n# {shown}\n\nwords"


def packed_with_unicode_path(path: str, packed: str, checked: bytes) -> zipfile.ZipInfo:
    field = struct.pack("<BL", 1, zlib.crc32(checked)) + path.encode()
    member = zipfile.ZipInfo(packed)
    other = struct.pack("<HHB", 0x5455, 1, 0)
    member.extra = other + struct.pack("<HH", 0x7075, len(field)) + field
    return member


def test_a_name_in_utf_8_may_be_in_an_extra_field() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr(packed_with_unicode_path("Отчёт.txt", "??????.txt", b"??????.txt"), "1")
        packed.writestr(packed_with_unicode_path("Товары.txt", "123456.txt", b"??????.txt"), "2")
        packed.writestr(packed_with_unicode_path("x.txt", "renamed.txt", b"old.txt"), "3")
    data = target.getvalue().replace(b"123456.txt", b"??????.txt")
    assert text_of(data) == "# renamed.txt\n\n3\n\n# Отчёт.txt\n\n1\n\n# Товары.txt\n\n2"


def test_a_line_break_in_a_name_does_not_shift_the_other_names() -> None:
    first, second = (name.encode("cp866") for name in ("Отчёт\rо складе.txt", "Товары.txt"))
    data = archive("1" * len(first), "2" * len(second))
    data = data.replace(b"1" * len(first), first).replace(b"2" * len(second), second)
    assert text_of(data) == "# Отчёт о складе.txt\n\nwords\n\n# Товары.txt\n\nwords"


def test_a_name_that_is_marked_as_utf_8_is_not_guessed() -> None:
    assert text_of(archive("÷½.txt")) == "# ÷½.txt\n\nwords"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/b.txt", "an unsafe name"),
        ("a/../b.txt", "an unsafe name"),
        ("c:/b.txt", "an unsafe name"),
        ("c.:/b.txt", ""),
        ("..b/c.txt", "hidden"),
        ("a/.b.txt", "hidden"),
    ],
)
def test_unsafe_and_hidden_members_are_not_opened(name: str, reason: str) -> None:
    text = text_of(archive("a.txt", name))
    read, left_out = f"# {name}\n\nwords" in text, f"{name} (an unsafe name)" in text
    assert (read, left_out) == (not reason, reason == "an unsafe name")


def test_a_file_that_is_read_in_part_counts_once() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("a.txt", "words")
        packed.write(CORPUS / "partly-scanned.pdf", "b.pdf")
    found = extract_bytes("a.zip", target.getvalue(), Limits(), lambda _: None)
    assert "The letter is attached below" in found.text
    assert found.text.endswith("[not included: b.pdf (pages with pictures)]")
    assert str(found.note) == "Files read: 1. Skipped: b.pdf (image pages)."


def test_archives_are_read_to_a_depth() -> None:
    inner = archive("b.txt")
    assert text_of(within(inner, 2)) == "# 1.zip\n\n# 0.zip\n\n# b.txt\n\nwords"
    with pytest.raises(errors.DocumentEmptyError):
        text_of(within(inner, 3))


def test_an_archive_has_a_limit() -> None:
    limits = Limits(unpacked_bytes=100)
    assert text_of(archive("a.txt", content=b"x" * 100), limits) == f"# a.txt\n\n{'x' * 100}"
    with pytest.raises(errors.DocumentTooLargeError):
        text_of(archive("a.txt", content=b"x" * 101), limits)


def test_an_inner_archive_may_unpack_to_a_quarter_of_the_limit() -> None:
    limits = Limits(unpacked_bytes=1000)
    found = text_of(within(archive("a.txt", content=b"x" * 250), 1), limits)
    assert found == f"# 0.zip\n\n# a.txt\n\n{'x' * 250}"
    with pytest.raises(errors.DocumentEmptyError):
        text_of(within(archive("a.txt", content=b"x" * 251), 1), limits)


def test_an_archive_has_a_limited_number_of_members() -> None:
    assert text_of(archive("a.txt", "b.txt"), Limits(pages=2)).count("words") == 2
    with pytest.raises(errors.DocumentTooLargeError):
        text_of(archive("a.txt", "b.txt", "c.txt"), Limits(pages=2))


def test_a_damaged_archive_is_refused_and_a_damaged_member_left_out() -> None:
    with pytest.raises(errors.DocumentDamagedError):
        text_of(b"PK\3\4" + bytes(40))
    data = archive("a.txt", "b.txt").replace(b"words", b"sword", 1)
    assert text_of(data) == "# b.txt\n\nwords\n\n[not included: a.txt (damaged)]"


def test_only_hidden_members_left_out_add_no_list_to_the_text() -> None:
    assert text_of(archive("a.txt", "__MACOSX/a.txt")) == "# a.txt\n\nwords"


def test_the_list_of_members_left_out_ends_with_the_number_of_the_rest() -> None:
    hidden, unsafe = ([f"{folder}{n:03}" for n in range(202)] for folder in (".", "../"))
    text = text_of(archive("a.txt", *hidden, *unsafe))
    assert text.count("(an unsafe name)") == 200
    assert text.endswith("../199 (an unsafe name), and 2 more]")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_archive_with_damaged_compressed_data_is_refused(method: int) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as packed:
        packed.writestr("mimetype", "words" * 9)
    data = bytearray(target.getvalue())
    start = data.index(b"mimetype") + len("mimetype")
    data[start : start + 8] = b"\xff" * 8
    with pytest.raises(errors.DocumentDamagedError):
        text_of(bytes(data))
