"""PDF annotations: typed text, stamps and strokes."""

from __future__ import annotations

import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.pdf.pdf_reader import NO_TEXT, PdfText
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from tests.data.long_pdf import drawn_pdf


def read(page: str, annotation: str) -> PdfText:
    over = f"/Annots [<< /Type /Annot {annotation} /Rect [50 700 200 720] >>] /MediaBox".encode()
    return pdf_reader.read(
        "x.pdf", drawn_pdf([page]).replace(b"/MediaBox", over), Limits(), lambda _: None
    )


def test_what_is_typed_over_a_page_is_read_behind_it() -> None:
    found = read(
        "BT /F 10 Tf 60 790 Td (The contract.) Tj ET", "/Subtype /FreeText /Contents (Ines\rOkafor)"
    )
    assert found.text == "[page 1]\nThe contract.\n[typed over the page]\nInes\nOkafor"
    assert found.pictured == ()


def test_a_page_with_a_stamp_alone_is_looked_at() -> None:
    found = read("", "/Subtype /Stamp")
    assert found.text == f"[page 1]\n{NO_TEXT}"
    assert [page.number for page in found.pictured] == [1]


def test_what_is_hidden_stays_hidden() -> None:
    with pytest.raises(errors.DocumentEmptyError):
        read("", "/Subtype /FreeText /Contents (secret) /F 2")
