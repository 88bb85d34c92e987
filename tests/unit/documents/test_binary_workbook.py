"""Binary workbooks as text: numbers, dates, errors, results of formulas, charts, passwords."""

from __future__ import annotations

import struct

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from desktop_app.domain.documents import document_types
from desktop_app.domain.error_reasons import Reason
from tests.helpers.binary_workbooks import (
    CHART,
    EOF,
    EXCEL_95,
    begin,
    cell,
    formula,
    label,
    number,
    package_record,
    package_text,
    record,
    wide,
    xls,
    xlsb,
)
from tests.helpers.compound_file import compound_file

TEXT, EMPTY_TEXT = b"\0\0\0\0\0\0\xff\xff", b"\3\0\0\0\0\0\xff\xff"
TRUE, NOT_AVAILABLE = b"\1\0\1\0\0\0\xff\xff", b"\2\0\x2a\0\0\0\xff\xff"
UNKNOWN_NAME = record(0x18, "B", 0)


def text_of(data: bytes, name: str = "x.xls") -> str:
    return extract_bytes(name, data, Limits(), lambda _: None).text


def first_row(data: bytes, name: str = "x.xls") -> str:
    return text_of(data, name).split("\n")[2]


class TestXls:
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

    def test_texts_and_formats_of_excel_95_are_read(self) -> None:
        codes = {170: b'\x0b"SFr. "#,##0', 171: b"\6[h]:mm", 172: b"\0", 173: b'\5"\xa3"00'}
        records = (
            record(0xD6, "4H", 0, 0, 0, 5, text="Größe".encode("cp1252") + b"\1\0\1")
            + number(0, 1, 1200, 1)
            + number(0, 2, 1.25, 2)
            + number(0, 3, 7, 4)
        )
        head = record(0x42, "H", 1252)
        data = xls({"S": records}, codes, (0, 170, 171, 172, 173), version=EXCEL_95, head=head)
        assert first_row(data) == "| Größe | 1200 | 30:00:00 | £07 |"

    def test_cells_of_embedded_charts_are_no_cells_of_the_sheet(self) -> None:
        chart = begin(CHART) + number(0, 0, 99) + record(0x205, "3HBB", 1, 0, 0, 7, 1) + EOF
        records = label(0, 0, "title") + chart + number(1, 0, 5)
        assert text_of(xls({"S": records})) == "## S\n\n| title |\n| --- |\n| 5 |"

    def test_sheets_are_named_and_marked(self) -> None:
        sheets = {"Seen": number(0, 0, 1), "Unseen": number(0, 0, 2), "Chart": number(0, 0, 3)}
        data = xls(sheets | {"Empty": b""}, states=(0, 1, 0, 0), kinds=(0, 0, 2, 0))
        document = extract_bytes("x", data, Limits(), lambda _: None)
        assert document.media_type == document_types.XLS
        assert document.text == (
            "## Seen\n\n| 1 |\n| --- |\n\n## Unseen (hidden)\n\n| 2 |\n| --- |\n\n## Chart\n\n"
            "## Empty"
        )

    def test_formulas_names_and_sizes_that_are_nonsense_do_no_harm(self) -> None:
        size = record(0x200, "IIHHH", 5, 0xFFFFFFFF, 0, 256, 0)
        broken = formula(0, 0, 1, parsed=b"\x1f\0") + formula(0, 1, TEXT, parsed=b"\x1f\0")
        records = size + broken + record(0x207, text=wide("t"))
        assert first_row(xls({"S": records}, head=UNKNOWN_NAME)) == "| 1 | t |"

    @pytest.mark.parametrize("method", [0, 1])
    def test_a_workbook_with_a_password_is_refused(self, method: int) -> None:
        data = xls({"S": number(0, 0, 1)}, head=record(0x2F, "H52x", method))
        with pytest.raises(errors.DocumentEncryptedError, match="is password-protected"):
            text_of(data)

    @pytest.mark.parametrize(
        "records",
        [record(0x205, "3HBB", 0, 0, 0, 99, 1), record(0x203, "3H", 0, 0, 0), b"\6\2\x0e"],
        ids=["unknown error", "short number", "cut"],
    )
    def test_a_damaged_sheet_is_refused(self, records: bytes) -> None:
        with pytest.raises(errors.DocumentDamagedError, match="is damaged"):
            text_of(xls({"S": records}))


class TestCompoundFiles:
    def test_a_document_that_embeds_a_workbook_is_no_workbook(self) -> None:
        data = compound_file({"WordDocument": b"x", "ObjectPool/_1/Workbook": b"x"})
        with pytest.raises(errors.DocumentUnsupportedError) as caught:
            text_of(data, "x.doc")
        assert caught.value.reason is Reason.OLD_OFFICE_FORMAT

    def test_a_workbook_that_embeds_a_message_is_a_workbook(self) -> None:
        stream = "__substg1.0_001A001E".encode("utf-16-le").decode("latin-1")
        data = xls({"S": label(0, 0, "word") + record(0x5D, text=stream.encode("latin-1"))})
        assert text_of(data, "x.msg") == "## S\n\n| word |\n| --- |"

    def test_another_or_broken_compound_file_is_no_valid_xls_file(self) -> None:
        for data in (compound_file({"WordDocument": b"x"}), xls({"S": b""})[:600]):
            with pytest.raises(errors.DocumentDamagedError, match=r"isn’t a valid \.xls file"):
                text_of(data, "x.XLS")

    def test_a_web_page_or_text_named_xls_is_read(self) -> None:
        assert text_of(b"<html><b>Depot</b></html>") == "**Depot**"
        assert text_of(b"Depot\tRooms\nHarrow\t7\n") == "Depot\tRooms\nHarrow\t7\n"


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

    def test_short_cells_follow_the_cell_at_their_left(self) -> None:
        row = (
            cell(6, 2, 0, package_text("first"))
            + cell(13, None, 0, struct.pack("<l", 7 << 2 | 2))
            + cell(12, None, 0, b"")
            + cell(14, None, 0, b"\x2a")
            + cell(15, None, 0, b"\1")
            + cell(16, None, 1, struct.pack("<d", 0.5))
            + cell(17, None, 0, package_text("last" * 40))
        )
        assert first_row(xlsb([row], styles=(0, 9)), "x.xlsb") == (
            f"| first | 7 |  | #N/A | TRUE | 50% | {'last' * 40} |"
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

    def test_unknown_formulas_of_names_do_no_harm(self) -> None:
        name = bytes(9) + package_text("n") + struct.pack("<L", 1) + b"\xff"
        data = xlsb([cell(4, 0, 0, b"\1")], names=package_record(39, name))
        assert text_of(data, "x.xlsb") == "## S\n\n| TRUE |\n| --- |"

    def test_content_that_unpacks_too_far_is_refused(self) -> None:
        data = xlsb([cell(6, 0, 0, package_text("x" * 3000))])
        with pytest.raises(errors.DocumentTooLargeError, match="unpacks to more than"):
            extract_bytes("x.xlsb", data, Limits(unpacked_bytes=2000), lambda _: None)

    @pytest.mark.parametrize(
        "row",
        [cell(3, 0, 0, b"\x63"), package_record(2, bytes(3)), b"\x05\xff"],
        ids=["unknown error", "short number", "cut"],
    )
    def test_a_damaged_sheet_is_refused(self, row: bytes) -> None:
        with pytest.raises(errors.DocumentDamagedError, match="is damaged"):
            text_of(xlsb([row]), "x.xlsb")
