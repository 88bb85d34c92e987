"""Documents of which only the beginning is sent, because tools read the rest."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.services.chat.prompt_assembly import document_block
from desktop_app.services.documents.document_beginnings import (
    FIRST_CHARACTERS,
    FIRST_ROWS,
    can_send_beginning,
    require_reading_tools,
)
from desktop_app.services.fence import SAMPLE

CSV = DocumentPart("0" * 64, "sales.csv", "text/csv", 9, by_tools=True)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEETS = replace(CSV, name="t.xlsx", media_type=XLSX)
PDF = replace(CSV, name="a.pdf", media_type="application/pdf", pages=300)
MODEL = ModelInfo("m", "M")


def sent(part: DocumentPart, text: str) -> str:
    return document_block(part, text, SAMPLE)


def test_a_table_is_described() -> None:
    rows = "".join(f'{n},"x {n}",{n}.5\n' for n in range(100_000))
    found = sent(CSV, f"id,name,amount\n{rows}")
    assert "Only the beginning of a large document." in found
    assert "query_table" in found
    assert "Table “sales”: about 100,000 rows." in found
    assert "Columns: id (number); name (text); amount (number)\n" in found
    assert "\n19 | x 19 | 19.5\n" in found
    assert "x 20" not in found


def test_the_head_of_a_table_is_read_as_excel_writes_it() -> None:
    found = sent(CSV, f'sep=;\n"a, b, c";d\n1;"{"x" * 150_000}"\n2;y\n')
    assert "Columns: a, b, c (number); d (text)\n" in found
    assert "\n2 | y" in found


def test_a_limit_that_another_reader_has_set_stays() -> None:
    before = csv.field_size_limit(1 << 22)
    try:
        sent(CSV, "a,b\n1,2\n")
        assert csv.field_size_limit() == 1 << 22
    finally:
        csv.field_size_limit(before)


def test_each_sheet_is_described() -> None:
    row = "| {n} | a |\n"
    rows = "".join(row.format(n=n) for n in range(5000))
    text = f"## One\n\n| n | t |\n| --- | --- |\n{rows}\n## Two\n\n| z |\n| --- |\n| 2 |\n"
    found = sent(SHEETS, text)
    assert "Table “One”: 5,000 rows. Columns: n (number); t (text)" in found
    assert f"\n{FIRST_ROWS - 1} | a\n" in found
    assert f"\n{FIRST_ROWS} | a" not in found
    assert "Table “Two”: 1 rows. Columns: z (number)\nFirst rows:\n2" in found


def test_of_other_documents_it_is_the_first_text() -> None:
    found = sent(PDF, "a" * 100_000)
    assert "read_pages" in found
    assert "query_table" not in found
    assert found.count("a" * FIRST_CHARACTERS) == 1
    assert len(found) < FIRST_CHARACTERS + 500


@pytest.mark.parametrize(
    ("part", "tools", "can"),
    [
        (CSV, ("query_table",), True),
        (CSV, ("calculator",), False),
        (PDF, ("query_table",), False),
        (PDF, ("read_pages",), True),
        (SHEETS, ("search_documents",), True),
    ],
)
def test_only_what_a_chosen_tool_reads_can_be_left_to_it(
    part: DocumentPart, tools: tuple[str, ...], can: bool
) -> None:
    whole = replace(part, by_tools=False)
    assert can_send_beginning(whole, tools, MODEL) is can
    assert not can_send_beginning(whole, tools, replace(MODEL, takes_tools=False))
    if can:
        require_reading_tools([part], tools)
    else:
        with pytest.raises(IllegalChoiceError, match="only the beginning of"):
            require_reading_tools([part], tools)
