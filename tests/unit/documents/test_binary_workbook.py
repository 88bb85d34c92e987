"""Binary workbooks as text: numbers, dates, errors, results of formulas, charts, passwords."""

from __future__ import annotations

import struct

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from desktop_app.domain.documents import document_types
from tests.unit.documents.binary_workbooks import (
    cell,
    formula,
    label,
    number,
    package_text,
    record,
    wide,
    xls,
    xlsb,
)

TEXT, EMPTY_TEXT = b"\0\0\0\0\0\0\xff\xff", b"\3\0\0\0\0\0\xff\xff"
TRUE, NOT_AVAILABLE = b"\1\0\1\0\0\0\xff\xff", b"\2\0\x2a\0\0\0\xff\xff"


def text_of(data: bytes, name: str = "x.xls") -> str:
    return extract_bytes(name, data, Limits(), lambda _: None).text


def first_row(data: bytes, name: str = "x.xls") -> str:
    return text_of(data, name).split("\n")[2]


class TestXls:
    def test_sheets_are_read_although_a_name_or_another_sheet_is_not(self) -> None:
        name = record(0x18, "HBBHHH4B", 0, 0, 1, 9, 0, 0, 0, 0, 0, 0, text=b"\0N\x2d" + bytes(8))
        note = record(0x1C, "4H", 0, 0, 0, 1, text=b"\x09\0\0")
        assert first_row(xls({"S": label(0, 0, "Walrus") + note}, head=name)) == "| Walrus |"
        data = xls({"S": label(0, 0, "Walrus"), "T": record(0x204, "H", 0)})
        document = extract_bytes("x.xls", data, Limits(), lambda _: None)
        assert document.text == "## S\n\n| Walrus |\n| --- |"
        assert str(document.note) == "Skipped: T (damaged)."

    def test_values_and_results_of_formulas_are_read(self) -> None:
        records = (
            number(0, 0, 0.1 + 0.2)
            + record(0x27E, "3Hl", 0, 1, 0, 7 << 2 | 2)
            + record(0xBD, "2HHlHlH", 0, 2, 0, 150 << 2 | 3, 0, 0x3FF00000, 3)
            + label(0, 4, " a | b\nR&D ")
            + record(0x205, "3HBB", 0, 5, 0, 0, 0)
            + record(0x205, "3HBB", 0, 6, 0, 7, 1)
            + formula(0, 7, 1.25)
            + formula(0, 8, TEXT)
            + record(0x207, text=wide("sum"))
            + formula(0, 9, TRUE)
            + formula(0, 10, NOT_AVAILABLE)
            + formula(0, 11, EMPTY_TEXT)
            + number(0, 12, 1)
        )
        assert first_row(xls({"S": records})) == (
            "| 0.3 | 7 | 1.5 | 1 | a \\| b R&D | FALSE | #DIV/0! | 1.25 | sum | TRUE | #N/A |  "
            "| 1 |"
        )

    def test_numbers_are_shown_in_their_formats(self) -> None:
        records = (
            number(0, 0, 46085, 1)
            + formula(0, 1, 46085.25, 1)
            + number(0, 2, 0.978, 2)
            + record(0xBD, "2HHlHlH", 0, 3, 2, 50 << 2 | 3, 3, 2134 << 2 | 2, 4)
            + record(0x27E, "3Hl", 0, 5, 3, 7 << 2 | 2)
            + formula(0, 6, -0.5, 2)
            + number(0, 7, 1.25, 4)
            + number(0, 8, 1764300000, 4)
            + number(0, 9, -0.25, 5)
            + record(0x27E, "3Hl", 0, 10, 1, -3 << 2 | 2)
        )
        codes = {170: wide("00000"), 171: wide("[h]:mm")}
        data = xls({"S": records}, codes, (0, 14, 10, 170, 171, 20))
        assert first_row(data) == (
            "| 2026-03-04 | 2026-03-04 06:00:00 | 97.8% | 50% | 02134 | 00007 | -50% | 30:00:00 "
            "| 1764300000 | -6:00:00 | -3 |"
        )

    def test_sheets_are_named_and_marked(self) -> None:
        sheets = {"Seen": number(0, 0, 1), "Unseen": number(0, 0, 2), "Chart": number(0, 0, 3)}
        data = xls(sheets | {"Empty": b""}, states=(0, 1, 0, 0), kinds=(0, 0, 2, 0))
        document = extract_bytes("x", data, Limits(), lambda _: None)
        assert document.media_type == document_types.XLS
        assert document.text == ("## Seen\n\n| 1 |\n| --- |\n\n## Empty")

    @pytest.mark.parametrize("method", [0, 1])
    def test_a_workbook_with_a_password_is_refused(self, method: int) -> None:
        data = xls({"S": number(0, 0, 1)}, head=record(0x2F, "H52x", method))
        with pytest.raises(errors.DocumentEncryptedError, match="is password-protected"):
            text_of(data)


class TestXlsb:
    def test_values_and_results_of_formulas_are_read(self) -> None:
        real, parsed = struct.pack("<d", 1.25), struct.pack("<HLL", 0, 0, 0)
        row = (
            cell(2, 1, 0, struct.pack("<l", 7 << 2 | 2))
            + cell(3, 2, 0, b"\7")
            + cell(4, 3, 0, b"\1")
            + cell(5, 4, 0, real)
            + cell(6, 5, 0, package_text("a | b"))
            + cell(8, 6, 0, package_text("sum") + parsed)
            + cell(9, 7, 0, real + parsed)
            + cell(10, 8, 0, b"\0" + parsed)
            + cell(11, 9, 0, b"\x2a" + parsed)
        )
        assert first_row(xlsb([row]), "x.xlsb") == (
            "| 7 | #DIV/0! | TRUE | 1.25 | a \\| b | sum | 1.25 | FALSE | #N/A |"
        )

    def test_numbers_are_shown_in_their_formats(self) -> None:
        row = (
            cell(2, 0, 1, struct.pack("<l", 46085 << 2 | 2))
            + cell(2, 1, 2, struct.pack("<l", 50 << 2 | 3))
            + cell(5, 2, 3, struct.pack("<d", 2134))
            + cell(9, 3, 2, struct.pack("<dHLL", 0.978, 0, 0, 0))
            + cell(5, 4, 3, struct.pack("<d", 0.5))
        )
        data = xlsb([row], {170: "00000"}, (0, 14, 10, 170))
        assert first_row(data, "x.xlsb") == "| 2026-03-04 | 50% | 02134 | 97.8% | 0.5 |"

    def test_content_that_unpacks_too_far_is_refused(self) -> None:
        data = xlsb([cell(6, 0, 0, package_text("x" * 3000))])
        with pytest.raises(errors.DocumentTooLargeError, match="unpacks to more than"):
            extract_bytes("x.xlsb", data, Limits(unpacked_bytes=2000), lambda _: None)
