"""PDF pages: which are sent as images, and the note about them; limits, and odd page sizes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.pdf.pdf_view import PdfView
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits, Strip
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import DocumentDamagedError, DocumentTooLargeError
from tests.data.long_pdf import drawn_pdf, long_pdf, pdf_of

LINE = "60 700 m 90 700 l S "


def read(*pages: str, most: int = 100) -> ReaderResult:
    return pdf_reader.read("x.pdf", drawn_pdf([*pages]), Limits(pages=most), lambda _: None)


def words(text: str) -> str:
    return f"BT /F 10 Tf 60 790 Td ({text}) Tj ET "


def image(width: float, height: float) -> str:
    data = "BI /W 1 /H 1 /CS /G /BPC 8 ID U EI"
    return f"q {width:g} 0 0 {height:g} 40 40 cm {data} Q "


def test_a_document_may_have_as_many_pages_as_the_limit() -> None:
    assert read(words("a"), words("b"), most=2).pages == 2
    with pytest.raises(DocumentTooLargeError):
        read(words("a"), words("b"), most=1)


@pytest.mark.parametrize(
    ("page", "is_pictured"),
    [
        (LINE, True),
        (words("a" * 40) + image(595, 500), True),
        (words("a" * 41) + image(595, 500), False),
        (words("Page 3") + image(595, 420), False),  # half of the page is 595 × 421
        (words("Page 3") + image(595, 422), True),
        (words("Page 3") + image(297, 842), False),
        (words("Page 3") + image(298, 842), True),
        (words("Page 3") + image(100, 100), False),
        (words("Page 3") + "0 0 595 842 re f ", False),
    ],
)
def test_a_page_is_sent_as_an_image_if_its_text_lacks_what_it_shows(
    page: str, is_pictured: bool
) -> None:
    assert bool(read(page, words("The contract.")).pictured) == is_pictured


@pytest.mark.parametrize(("lost", "is_pictured"), [(48, False), (49, True)])
def test_a_page_whose_text_pdfium_leaves_out_is_sent_as_an_image(
    lost: int, is_pictured: bool
) -> None:
    """pdfium leaves out texts without width, such as those in a font that is not installed."""
    found = read("BT /F 10 Tf 0 Tz 60 700 Td " + "(x) Tj " * lost + "100 Tz (No. 17) Tj ET")
    assert found.text == "[page 1]\nNo. 17"
    assert bool(found.pictured) == is_pictured


def test_glyphs_without_a_character_are_left_out() -> None:
    text = words("Copyright \\015c 2022 \\017 three\\011words\\177")
    assert read(text).text == "[page 1]\nCopyright c 2022  three\twords"


def test_a_page_of_glyphs_without_characters_is_sent_as_an_image() -> None:
    found = read(words("\\001\\002 \\003\\015\\004 a"), words("The contract."))
    assert [page.number for page in found.pictured] == [1]
    assert found.text == f"[page 1]\n{pdf_reader.NO_TEXT}\n\n[page 2]\nThe contract."


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("7KHTXLFNEURZQGRJMXPSVRYHUWKH\\024", False),
        ("7KHTXLFNEURZQGRJMXPSVRYHUWKH", True),
        ("The quick brown dog\\024 jumps over the lazy dog", True),
    ],
)
def test_a_page_in_a_font_without_characters_is_sent_as_an_image(text: str, is_read: bool) -> None:
    found = read(words(text), words("The contract."))
    assert (pdf_reader.NO_TEXT not in found.text, not found.pictured) == (is_read, is_read)


@pytest.mark.parametrize(
    ("pictured", "reason", "params"),
    [
        (1, Reason.NOTE_SOME_IMAGE_PAGES, {"count": 1, "total": 2, "pages": "1"}),
        (
            8,
            Reason.NOTE_SOME_IMAGE_PAGES,
            {"count": 8, "total": 9, "pages": "1, 2, 3, 4, 5, 6, 7, 8"},
        ),
        (
            9,
            Reason.NOTE_SOME_IMAGE_PAGES,
            {"count": 9, "total": 10, "pages": "1, 2, 3, 4, 5, 6, 7, 8 …"},
        ),
    ],
)
def test_the_note_names_at_most_eight_pages(
    pictured: int, reason: Reason, params: dict[str, str | int]
) -> None:
    found = read(*[LINE] * pictured, words("The contract."))
    assert found.note == DocumentNote(reason, params)


def test_the_note_of_pages_that_are_all_images_names_none() -> None:
    assert read(LINE).note == DocumentNote(Reason.NOTE_IMAGE_PAGE, {"count": 1})
    assert read(LINE, LINE).note == DocumentNote(Reason.NOTE_IMAGE_PAGES, {"count": 2})
    assert read(words("The contract.")).note is None


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("0 0 1 1", (1, 1)),
        ("0 0 0.5 300", (612, 792)),
        ("0 0 300 0.5", (612, 792)),
        ("0 0 14400 300", (14_400, 300)),
        ("0 0 28800 300", (14_400, 150)),
        ("0 0 300 28800", (150, 14_400)),
        ("0 0 28800 1", (14_400, 1)),
        ("0 0 1 28800", (1, 14_400)),
    ],
)
def test_pages_of_odd_sizes_are_shown(box: str, size: tuple[float, float]) -> None:
    data = pdf_of([["words"]]).replace(b"0 0 595 842", box.encode())
    view = PdfView("it", data)
    assert view.page_sizes() == [pytest.approx(size)]
    view.close()


def test_a_damaged_page_keeps_its_place() -> None:
    data = long_pdf(3).replace(b"/Type /Page /Parent", b"/Type /Lost /Parent", 1)
    view = PdfView("it", data)
    assert len(view.page_sizes()) == 3
    view.close()


def test_a_file_and_its_bytes_are_rendered_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(long_pdf(2))
    from_file = PdfView("x.pdf", os.open(path, os.O_RDONLY))
    from_bytes = PdfView("x.pdf", long_pdf(2))
    assert from_file.page_sizes() == from_bytes.page_sizes() == [(595, 842)] * 2
    strip = Strip(2, 120, 170, 0, 170)
    assert from_file.render_strip(strip) == from_bytes.render_strip(strip)
    from_file.close()
    from_bytes.close()


def test_a_strip_is_white_beside_drawings() -> None:
    view = PdfView("x.pdf", drawn_pdf(["0 0 595 421 re f "]))
    pixels = view.render_strip(Strip(1, 20, 40, 10, 20))
    rows = [pixels[at : at + 80 : 4] for at in range(0, len(pixels), 80)]
    assert rows == [b"\xff" * 20] * 10 + [b"\0" * 20] * 10
    view.close()


def test_pages_rendered_in_turn_are_not_mixed_up() -> None:
    view = PdfView("x.pdf", drawn_pdf(["0 0 595 842 re f ", ""]))
    strips = [view.render_strip(Strip(number, 2, 2, 0, 2))[:3] for number in (1, 2, 2, 1)]
    assert strips == [b"\0\0\0", b"\xff\xff\xff", b"\xff\xff\xff", b"\0\0\0"]
    with pytest.raises(DocumentDamagedError):
        view.render_strip(Strip(3, 2, 2, 0, 2))
    view.close()
