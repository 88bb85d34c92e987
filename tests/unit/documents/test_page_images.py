"""Pages of a PDF as images: the size in pixels, and what cannot be rendered."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from desktop_app.documents.pdf.pdf_view import natural_size, render
from desktop_app.domain.errors import DocumentDamagedError
from tests.data.long_pdf import drawn_pdf, form_pdf, pdf_of

PDF = drawn_pdf(["0 0 595 842 re f", "0 421 595 421 re f"])


@pytest.mark.parametrize(
    ("points", "pixels"),
    [
        ((595, 842), (1240, 1754)),  # 150 dots per inch
        ((842, 1684), (1024, 2048)),
        ((4000, 1), (2048, 1)),
        ((0.2, 0), (1, 1)),
    ],
)
def test_a_page_is_rendered_at_a_legible_size(
    points: tuple[float, float], pixels: tuple[int, int]
) -> None:
    assert natural_size(points) == pixels


@pytest.mark.parametrize(
    ("size", "rendered"), [((119, 842), (119, 169)), ((595, 100), (71, 100)), ((60, 85), (60, 85))]
)
def test_pages_are_rendered_within_a_size(size: tuple[int, int], rendered: tuple[int, int]) -> None:
    half, black = render("x.pdf", PDF, [(2, size), (1, size)])
    images = [Image.open(io.BytesIO(page.data)).convert("L") for page in (half, black)]
    assert [image.size for image in images] == [rendered, rendered]
    assert images[0].getpixel((5, 5)) == images[1].getpixel((5, 5)) == 0
    assert [image.getpixel((5, rendered[1] - 5)) for image in images] == [255, 0]


def test_filled_form_fields_are_rendered() -> None:
    (page,) = render("x.pdf", form_pdf(), [(1, (100, 100))])
    image = Image.open(io.BytesIO(page.data)).convert("L")
    assert (image.getpixel((50, 50)), image.getpixel((5, 5))) == (0, 255)


@pytest.mark.parametrize("number", [2, 9])
def test_a_page_that_is_missing_is_refused(number: int) -> None:
    with pytest.raises(DocumentDamagedError):
        render("x.pdf", pdf_of([["The contract."]]), [(number, (100, 100))])
