"""Positions of passages on PDF pages, checked by reading the text at the marked place."""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.pdf.pdf_view import PdfView
from desktop_app.documents.worker.protocol import Box, Limits, Strip
from desktop_app.domain.documents.passage_matching import letters_of
from desktop_app.domain.errors import DocumentDamagedError, DocumentEncryptedError
from tests.data.long_pdf import drawn_pdf, form_pdf, long_pdf, pdf_of

DATA = Path(__file__).parents[2] / "data"
FILES = (
    "report.pdf",
    "rotated.pdf",
    "two-columns.pdf",
    "corpus/interleaved.pdf",
    "corpus/interleaved-words.pdf",
    "corpus/interleaved-head.pdf",
    "corpus/interleaved-kerning.pdf",
    "corpus/interleaved-strings.pdf",
    "corpus/arabic.pdf",
    "corpus/hebrew.pdf",
    "corpus/cjk.pdf",
    "corpus/turned.pdf",
    "corpus/prices.pdf",
    "corpus/rows-plain.pdf",
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


@pytest.mark.parametrize(
    ("across", "up", "count"), [(30, 0, 1), (30, 4, 1), (30, 9, 2), (70, 0, 2)]
)
def test_adjacent_words_share_a_box(across: int, up: int, count: int) -> None:
    words = f"BT /F 10 Tf 60 700 Td (left) Tj {across} {up} Td (right) Tj ET"
    view = PdfView("it", drawn_pdf([words]))
    boxes = view.find_boxes(1, "left right", "")
    assert len(boxes) == count
    assert boxes[0].left == pytest.approx(60 / 595, abs=0.002)
    assert max(box.right for box in boxes) > (60 + across) / 595
    view.close()


def test_boxes_on_a_cropped_page_cover_the_words() -> None:
    with pdfium.PdfDocument(pdf_of([["above", "the words", "below"]])) as document:
        document[0].set_cropbox(40, 700, 300, 800)
        document[0].set_rotation(90)
        target = BytesIO()
        document.save(target)
    data = target.getvalue()
    view = PdfView("it", data)
    assert view.page_sizes() == [(100, 260)]
    boxes = view.find_boxes(1, "the words", "above\n")
    assert read_back(data, 1, boxes) == "thewords"
    dark = ink(view, boxes[0])
    assert dark > 20
    with pdfium.PdfDocument(data) as document:
        document[0].set_cropbox(40, 100, 300, 200)
        target = BytesIO()
        document.save(target)
    assert PdfView("it", target.getvalue()).find_boxes(1, "the words", "above\n") == []


def ink(view: PdfView, box: Box) -> int:
    """Count the dark pixels in a box of the rendered page."""
    width, height = 400, 1040
    pixels = view.render_strip(Strip(1, width, height, 0, height))
    rows = range(int(box.top * height), int(box.bottom * height))
    across = range(int(box.left * width), int(box.right * width))
    return sum(pixels[4 * (y * width + x)] < 128 for y in rows for x in across)


def test_text_that_is_not_on_the_page_has_no_boxes() -> None:
    view = PdfView("report.pdf", (DATA / "report.pdf").read_bytes())
    assert view.find_boxes(1, "words that nobody wrote on any page of it", "") == []
    assert view.find_boxes(1, "?!", "") == []


def test_strips_join_to_the_page() -> None:
    view = PdfView("it", long_pdf(3))
    whole = view.render_strip(Strip(2, 300, 424, 0, 424))
    parts = [
        view.render_strip(Strip(2, 300, 424, top, min(100, 424 - top)))
        for top in range(0, 424, 100)
    ]
    assert b"".join(parts) == whole
    assert len(whole) == 300 * 424 * 4
    assert len(set(whole)) > 10


def test_other_files_and_missing_pages_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pdf"
    empty.touch()
    with pytest.raises(DocumentDamagedError, match="Couldn’t show the pages"):
        PdfView("it", b"no PDF")
    with pytest.raises(DocumentDamagedError):
        PdfView("it", os.open(empty, os.O_RDONLY))
    with pytest.raises(DocumentDamagedError):
        PdfView("it", long_pdf(1)).render_strip(Strip(2, 10, 10, 0, 10))


def test_an_oversized_page_is_limited_to_the_maximum_size() -> None:
    data = pdf_of([["words"]]).replace(b"[0 0 595 842]", b"[0 0 9e8 421]")
    (size,) = PdfView("it", data).page_sizes()
    assert max(size) <= 14_400
    assert min(size) >= 1


def test_a_password_opens_a_protected_pdf() -> None:
    data = (DATA / "encrypted.pdf").read_bytes()
    with pytest.raises(DocumentEncryptedError, match="password-protected"):
        PdfView("encrypted.pdf", data)
    with pytest.raises(DocumentEncryptedError):
        PdfView("encrypted.pdf", data, "wrong")
    assert len(PdfView("encrypted.pdf", data, "alder").page_sizes()) >= 1


def test_filled_form_fields_are_shown() -> None:
    pixels = PdfView("it", form_pdf()).render_strip(Strip(1, 100, 100, 50, 1))
    assert (pixels[4 * 5], pixels[4 * 50]) == (255, 0)
