"""Outlook's messages: header, text, attachments and messages within them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentDamagedError
from tests.helpers.compound_file import compound_file

# Tags of times, and of the text properties in the tests (MS-OXPROPS):
# _0037 subject, _1000 text, _1013 HTML; _0C1A and _0042 name of the sender, _5D01 and _0C1F address
# of the sender; _0E04 To, _0E03 Cc; _3707 and _3704 long and short name of a file.
SENT, DELIVERED, CREATED = 0x0039, 0x0E06, 0x3007
AT = datetime(2025, 3, 9, 14, 5, 7, tzinfo=UTC)


def filetime(at: datetime) -> int:
    """Return a time in units of 100 ns since 1601."""
    return int((at - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def properties(*times: tuple[int, int], header: int = 32) -> bytes:
    rows = [struct.pack("<HHLQ", 0x40, key, 6, value) for key, value in times]
    return bytes(header) + b"".join(rows)


def texts(**by_key: str) -> Iterator[tuple[str, bytes]]:
    for key, text in by_key.items():
        yield f"__substg1.0_{key[1:]}001F", text.encode("utf-16-le")


def message(streams: Mapping[str, bytes] | None = None, **by_key: str) -> dict[str, bytes]:
    """Return the streams of a message with text properties, which are named by tag."""
    start = {"__properties_version1.0": properties(), "__substg1.0_001A001F": b"I\0P\0"}
    return {**start, **dict(texts(**by_key)), **(streams or {})}


def attached(number: int, streams: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"__attach_version1.0_#{number:08}/{path}": data for path, data in streams.items()}


def inside(number: int, streams: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the streams of a message as those of an attached message."""
    return attached(
        number, {f"__substg1.0_3701000D/{path}": data for path, data in streams.items()}
    )


def read(streams: Mapping[str, bytes]) -> ExtractedDocument:
    return extract_bytes("m.msg", compound_file(streams), Limits(), lambda _: None)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        (message(_0037="Keys", _1000="They hang.\r\nHere."), "Subject: Keys\n\nThey hang.\nHere."),
        (
            message(_0C1A="Ines", _0042="Ida", _5D01="i@a.b", _0E04="Jo", _0E03="Al", _1000="x"),
            "From: Ines <i@a.b>\nTo: Jo\nCc: Al\n\nx",
        ),
        (message(_0042="Ida", _5D01="/o=x", _0C1F="i@a.b", _1000="x"), "From: Ida <i@a.b>\n\nx"),
        (message(_0C1A="i@a.b", _5D01="i@a.b", _1000="x"), "From: i@a.b\n\nx"),
        (message(_5D01="i@a.b", _1000="x"), "From: <i@a.b>\n\nx"),
        (message(_0C1A="Ines", _5D01="/o=x", _1000="x"), "From: Ines\n\nx"),
        (message(_0037="Keys"), "Subject: Keys"),
        (message(_0037="a", _1013="<p>b <b>c</b></p>"), "Subject: a\n\nb **c**"),
        (
            message({"__substg1.0_10130102": b"<p>b</p>"}, _0037="a", _1013="<p>c</p>"),
            "Subject: a\n\nb",
        ),
        (message({"__substg1.0_0037001E": b"Gr\xf6\xdfe\0"}, _1000="x"), "Subject: Größe\n\nx"),
    ],
)
def test_header_and_text_are_read(streams: dict[str, bytes], expected: str) -> None:
    assert read(streams).text == expected


@pytest.mark.parametrize(
    ("pages", "subject", "shown"),
    [
        ([(0x3FDE, 950)], "計劃".encode("big5"), "計劃"),
        ([(0x3FFD, 1251), (0x3FDE, 1252)], "Ключ".encode("cp1251"), "Ключ"),
        ([(0x3FDE, 0x3_0000_0000 + 1251)], "Ключ".encode("cp1251"), "Ключ"),
        ([(0x3FDE, 1252)], "計劃".encode(), "計劃"),
        ([(0x3FDE, 20127)], "Größe".encode("cp1252"), "Größe"),
        ([(0x3FDE, 1252)], "鍵".encode("iso2022_jp"), "鍵"),
    ],
)
def test_texts_are_in_the_code_page_of_the_message(
    pages: list[tuple[int, int]], subject: bytes, shown: str
) -> None:
    streams = {"__properties_version1.0": properties(*pages), "__substg1.0_0037001E": subject}
    assert read(message(streams, _1000="x")).text == f"Subject: {shown}\n\nx"


def test_a_page_is_in_the_code_page_of_the_message_unless_it_states_another() -> None:
    page = "<p>Ключ</p>".encode("cp1251")
    streams = {"__properties_version1.0": properties((0x3FDE, 1251)), "__substg1.0_10130102": page}
    assert read(message(streams, _0037="a")).text == "Subject: a\n\nКлюч"
    streams["__substg1.0_10130102"] = b"<meta charset=koi8-r>" + "<p>Ключ</p>".encode("koi8-r")
    assert read(message(streams, _0037="a")).text == "Subject: a\n\nКлюч"


def test_attached_files_follow_their_names() -> None:
    data = "__substg1.0_37010102"
    streams = message(_0037="Plans", _1000="See below.")
    streams |= attached(0, {data: b"first", **dict(texts(_3707="one.txt", _3704="ONE~1.TXT"))})
    streams |= attached(1, {data: b"second", **dict(texts(_3704="two.txt"))})
    streams |= attached(2, {data: b"third"})
    streams |= attached(3, dict(texts(_3707="empty.txt")))
    document = read(streams)
    assert document.text == (
        "Subject: Plans\nAttachments: one.txt, two.txt, without a name\n"
        "Attachments (not included): empty.txt (without text)\n\nSee below.\n\n"
        "# one.txt\n\nfirst\n\n# two.txt\n\nsecond\n\n# without a name\n\nthird"
    )
    assert document.note is not None


def test_an_attached_message_keeps_its_files_and_date() -> None:
    inner = message(_0037="Keys", _1000="They hang.")
    inner["__properties_version1.0"] = properties((SENT, filetime(AT)), header=24)
    inner |= attached(0, {"__substg1.0_37010102": b"deep", **dict(texts(_3707="deep.txt"))})
    outer = message(_0037="Fwd", _1000="Below.") | inside(1, inner)
    outer |= attached(0, {"__substg1.0_37010102": b"top", **dict(texts(_3707="top.txt"))})
    assert read(outer).text == (
        "Subject: Fwd\nAttachments: top.txt\n\nBelow.\n\nAttached message:\n\n"
        "Date: Sun, 09 Mar 2025 14:05:07 +0000\nSubject: Keys\nAttachments: deep.txt\n\n"
        "They hang.\n\n# deep.txt\n\ndeep\n\n# top.txt\n\ntop"
    )


@pytest.mark.parametrize(
    ("times", "date"),
    [
        ([(SENT, 0), (DELIVERED, filetime(AT))], "Date: Sun, 09 Mar 2025 14:05:07 +0000"),
        ([(DELIVERED, filetime(AT))], "Date: Sun, 09 Mar 2025 14:05:07 +0000"),
        ([(CREATED, filetime(AT))], ""),
    ],
)
def test_a_message_that_was_not_sent_has_the_date_of_its_delivery(
    times: list[tuple[int, int]], date: str
) -> None:
    streams = message({"__properties_version1.0": properties(*times)}, _1000="x")
    assert read(streams).text == f"{date}\n\nx"


def test_a_damaged_message_is_refused() -> None:
    streams = message(_0037="a")
    del streams["__properties_version1.0"]
    with pytest.raises(DocumentDamagedError):
        read(streams)
