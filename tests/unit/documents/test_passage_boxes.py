"""Positions of passages on PDF pages, checked by reading the text at the marked place."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.pdf.pdf_view import PdfView
from desktop_app.documents.worker.protocol import Box, Limits, Strip
from desktop_app.domain.documents.passage_matching import letters_of
from desktop_app.domain.errors import DocumentDamagedError, DocumentEncryptedError
from tests.data.long_pdf import long_pdf, pdf_of

DATA = Path(__file__).parents[2] / "data"
FILES = (
    "report.pdf",
    "rotated.pdf",
    "two-columns.pdf",
    "corpus/interleaved.pdf",
    "corpus/arabic.pdf",
    "corpus/hebrew.pdf",
    "corpus/turned.pdf",
    "corpus/rows-ruled.pdf",
)


def pages_of(data: bytes) -> dict[int, str]:
    """Return the text of each page as it was read."""
    text = pdf_reader.read("it", data, Limits(), lambda _: None).text
    parts = re.split(r"^\[page (\d+)\]\n", text, flags=re.M)
    return {int(number): words for number, words in zip(parts[1::2], parts[2::2], strict=True)}


def read_back(data: bytes, number: int, boxes: list[Box]) -> str:
    """Return the page's letters whose centers lie in the boxes, in the order of the stream."""
    with pdfium.PdfDocument(data) as document:
        page = document[number - 1]
        textpage = page.get_textpage()
        found = []
        for index in range(textpage.count_chars()):
            left, bottom, right, top = textpage.get_charbox(index)
            x, y = shown(page, (left + right) / 2, (bottom + top) / 2)
            if any(b.left <= x <= b.right and b.top <= y <= b.bottom for b in boxes):
                found.append(textpage.get_text_range(index, 1))
        return letters_of("".join(found))


def shown(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    """Convert a point of the file to the shown page, using only the page's box and rotation."""
    left, bottom, right, top = page.get_cropbox()
    across, down = (x - left) / (right - left), (top - y) / (top - bottom)
    turns = {0: (across, down), 90: (1 - down, across), 180: (1 - across, 1 - down)}
    return turns.get(page.get_rotation(), (down, 1 - across))


@pytest.mark.parametrize("name", FILES)
def test_boxes_cover_the_passage(name: str) -> None:
    data = (DATA / name).read_bytes()
    view = PdfView(name, data)
    tried = 0
    for number, text in pages_of(data).items():
        for start in range(0, len(text), 60):
            passage = text[start : start + 150]
            if "[no text" in text or "[links]" in passage:
                continue
            boxes = view.find_boxes(number, passage, text[:start])
            assert sorted(read_back(data, number, boxes)) == sorted(letters_of(passage))
            tried += 1
    view.close()
    assert tried


def test_the_text_before_a_passage_selects_among_repetitions() -> None:
    data = pdf_of([["the same words again", "other words", "the same words again", "an end"]])
    text = pages_of(data)[1]
    view = PdfView("it", data)
    first, second = (m.start() for m in re.finditer("the same", text))
    tops = [view.find_boxes(1, "the same words again", text[:at])[0].top for at in (first, second)]
    assert tops[0] < tops[1]


def test_text_that_is_not_on_the_page_has_no_boxes() -> None:
    view = PdfView("report.pdf", (DATA / "report.pdf").read_bytes())
    assert view.find_boxes(1, "words that nobody wrote on any page of it", "") == []
    assert view.find_boxes(1, "?!", "") == []


def test_other_files_and_missing_pages_are_refused() -> None:
    with pytest.raises(DocumentDamagedError, match="is damaged or incomplete"):
        PdfView("it", b"no PDF")
    with pytest.raises(DocumentDamagedError):
        PdfView("it", long_pdf(1)).render_strip(Strip(2, 10, 10, 0, 10))


def test_a_password_opens_a_protected_pdf() -> None:
    data = (DATA / "encrypted.pdf").read_bytes()
    with pytest.raises(DocumentEncryptedError, match="password-protected"):
        PdfView("encrypted.pdf", data)
    with pytest.raises(DocumentEncryptedError):
        PdfView("encrypted.pdf", data, "wrong")
    assert len(PdfView("encrypted.pdf", data, "alder").page_sizes()) >= 1
