"""PDF pages: which are sent as images, and the note about them; limits, and odd page sizes."""

from __future__ import annotations

import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.pdf.pdf_view import PdfView
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.errors import DocumentTooLargeError
from tests.data.long_pdf import drawn_pdf, long_pdf

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


@pytest.mark.parametrize(
    ("pictured", "params"),
    [
        (1, {"count": 1, "total": 2, "pages": "1"}),
        (8, {"count": 8, "total": 9, "pages": "1, 2, 3, 4, 5, 6, 7, 8"}),
        (9, {"count": 9, "total": 10, "pages": "1, 2, 3, 4, 5, 6, 7, 8 …"}),
    ],
)
def test_the_note_names_at_most_eight_pages(pictured: int, params: dict[str, str | int]) -> None:
    found = read(*[LINE] * pictured, words("The contract."))
    assert found.note is not None
    assert found.note.params == params


def test_the_note_of_pages_that_are_all_images_names_none() -> None:
    assert str(read(LINE).note).startswith("Its only page")
    assert str(read(LINE, LINE).note).startswith("All 2 pages")
    assert read(words("The contract.")).note is None


def test_a_damaged_page_keeps_its_place() -> None:
    data = long_pdf(3).replace(b"/Type /Page /Parent", b"/Type /Lost /Parent", 1)
    view = PdfView("it", data)
    assert len(view.page_sizes()) == 3
    view.close()
