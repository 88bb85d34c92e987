"""Packages whose parts have other names than those that refer to them, or lack parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.helpers.office_files import packed
from tests.unit.documents.binary_workbooks import cell, package_record, package_text, xlsb
from tests.unit.documents.test_workbook import relations

DATA = Path(__file__).parents[2] / "data"
BOOK = packed(
    {
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="O/c.opf"/></rootfiles></container>'
        ),
        "O/c.opf": (
            '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
            '<item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>'
        ),
        "O/a.xhtml": "<html><body><p>Keys are hung up.</p></body></html>",
    }
)
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
WORDS = packed(
    {
        "_rels/.rels": relations(f"{R}/officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": relations(
            f"{R}/worksheet", "worksheets/a.xml", "sharedStrings.xml"
        ),
        "xl/workbook.xml": (
            f'<workbook {MAIN} xmlns:r="{R}"><sheets>'
            '<sheet name="S" r:id="r1"/></sheets></workbook>'
        ),
        "xl/sharedStrings.xml": f"<sst {MAIN}><si><t>Walrus</t></si></sst>",
        "xl/worksheets/a.xml": (
            f'<worksheet {MAIN}><sheetFormatPr zeroHeight="1"/><sheetData><row r="1">'
            '<c t="s"><v>0</v></c><c><v>41</v></c></row></sheetData></worksheet>'
        ),
    }
)


def changed(data: bytes, parts: dict[str, bytes]) -> bytes:
    """Return a package with these parts in place of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return packed({name: package.read(name) for name in package.namelist()} | parts)


FILES = {
    "a.docx": (DATA / "corpus/house-rules.docx").read_bytes(),
    "a.xlsx": WORDS,
    "a.xlsb": changed(
        xlsb([cell(7, 0, 0, bytes(4))]),
        {"xl/sharedStrings.bin": package_record(19, b"\0" + package_text("Walrus"))},
    ),
    "a.pptx": (DATA / "slides.pptx").read_bytes(),
    "a.epub": BOOK,
}


def read(name: str, data: bytes) -> ExtractedDocument:
    return extract_bytes(name, data, Limits(), lambda _: None)


def renamed(data: bytes, change: Callable[[str], str]) -> bytes:
    """Return a package with other names of parts; those that become "" are left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = {change(name): package.read(name) for name in package.namelist()}
    return packed({name: part for name, part in parts.items() if name})


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "change",
    [str.upper, str.swapcase, lambda name: name.replace("/", "\\"), lambda name: f"/{name}"],
    ids=["upper case", "other case", "backslashes", "from the root"],
)
def test_parts_are_found_whatever_the_case_and_slashes(
    name: str, change: Callable[[str], str]
) -> None:
    data = FILES[name]
    assert read(name, renamed(data, change)).text == read(name, data).text


def without(name: str, missing: str) -> ExtractedDocument:
    return read(name, renamed(FILES[name], lambda part: "" if part == missing else part))


def test_rows_that_are_written_are_shown_although_absent_ones_are_hidden() -> None:
    assert read("a.xlsx", WORDS).text == "## S\n\n| Walrus | 41 |\n| --- | --- |"


@pytest.mark.parametrize(
    ("name", "missing", "said"),
    [
        ("a.docx", "word/footnotes.xml", "footnotes"),
        ("a.docx", "word/comments.xml", "comments"),
        ("a.pptx", "ppt/slides/slide1.xml", "ppt/slides/slide1.xml"),
        ("a.pptx", "ppt/notesSlides/notesSlide1.xml", "ppt/notesSlides/notesSlide1.xml"),
    ],
)
def test_a_missing_part_is_named(name: str, missing: str, said: str) -> None:
    assert str(without(name, missing).note) == f"Skipped: {said} (missing)."


def test_a_cell_whose_text_is_missing_is_named() -> None:
    for name, part, old, new in (
        ("a.xlsx", "xl/worksheets/a.xml", b"<v>0<", b"<v>7<"),
        ("a.xlsb", "xl/worksheets/sheet1.bin", bytes(12), bytes(8) + b"\7\0\0\0"),
    ):
        with zipfile.ZipFile(io.BytesIO(FILES[name])) as package:
            content = package.read(part)
        at = content.rindex(old)
        content = content[:at] + new + content[at + len(old) :]
        document = read(name, changed(FILES[name], {part: content}))
        assert "| [missing text] |" in document.text
        assert str(document.note) == "Skipped: S!A1 (missing)."


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("a.xlsx", "xl/sharedStrings.xml"),
        ("a.xlsx", "xl/worksheets/a.xml"),
        ("a.xlsb", "xl/sharedStrings.bin"),
        ("a.xlsb", "xl/worksheets/sheet1.bin"),
        ("a.epub", "O/a.xhtml"),
    ],
)
def test_a_document_that_lacks_its_words_is_damaged(name: str, missing: str) -> None:
    with pytest.raises(errors.DocumentDamagedError, match="damaged or incomplete"):
        without(name, missing)
