"""Printed conversations: page contents, and the text that a PDF reader finds."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PySide6.QtGui import QImage, QPageSize, QPdfWriter

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, PassagesPart
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.exchange.ui.printing.pages import Pages, column_groups
from desktop_app.exchange.ui.printing.paper_html import PaperHtml
from desktop_app.exchange.ui.printing.print_job import paint, set_paper
from desktop_app.markdown.parsing.inline_images import image_bytes_of
from desktop_app.markdown.processes.highlight import ColoredSpan, file_spans
from desktop_app.markdown.processes.math_typesetting import Formula, typeset
from desktop_app.widgets.look.theme import light
from tests.helpers.messages import answer, question
from tests.helpers.pipe_trap import PipeTrap
from tests.unit.markdown.test_inline_images import address

if TYPE_CHECKING:
    from collections.abc import Iterator


PICTURE = ImagePart("a" * 64, "sun.png", "image/png", 3, 400, 300)


class LocalReaders:
    """Readers of formulas, code and images in this process."""

    def find(self, tex: str, *, display: bool) -> Formula | None:
        return typeset(tex, display=display)

    def forget(self) -> None:
        """Do nothing."""

    def spans(self, code: str, language: str) -> list[ColoredSpan]:
        return list(file_spans(code, language))

    def diagram(self, language: str, source: str) -> None:
        """Keep diagrams as code."""

    def picture(self, _part: ImagePart) -> QImage:
        image = QImage(400, 300, QImage.Format.Format_RGB32)
        image.fill(0xFF3366)
        return image

    def inline_image(self, address: str) -> QImage:
        return QImage.fromData(image_bytes_of(address) or b"")


def printed(file: Path, *messages: Message, title: str = "A title") -> pypdfium2.PdfDocument:
    device = QPdfWriter(str(file))
    device.setResolution(1200)
    set_paper(device, QPageSize.PageSizeId.A4)
    readers = LocalReaders()
    pages = Pages(title, light(), device, readers)
    html = PaperHtml(str, readers, pages)
    for message in messages:
        for part in html.parts(message):
            pages.add(part)
    paint(pages, device, range(pages.count))
    return pypdfium2.PdfDocument(file)


def page_texts(document: pypdfium2.PdfDocument) -> list[str]:
    return [str(page.get_textpage().get_text_range()) for page in document]


def link_count(page: pypdfium2.PdfPage) -> int:
    return len(list(links_on(page)))


def links_on(page: pypdfium2.PdfPage) -> Iterator[pdfium.FPDF_LINK]:
    at, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    while pdfium.FPDFLink_Enumerate(page, ctypes.byref(at), ctypes.byref(link)):
        yield link


def link_targets(document: pypdfium2.PdfDocument) -> list[tuple[int, float]]:
    """Return the target page and height from below of each internal link."""
    found = []
    for page in document:
        for link in links_on(page):
            target = pdfium.FPDFLink_GetDest(document, link)
            x, y, zoom = (ctypes.c_float() for _ in range(3))
            has = [pdfium.FPDF_BOOL() for _ in range(3)]
            assert pdfium.FPDFDest_GetLocationInPage(target, *has, x, y, zoom)
            found.append((pdfium.FPDFDest_GetDestPageIndex(document, target), y.value))
    return found


def box_of(page: pypdfium2.PdfPage, text: str) -> tuple[float, float, float, float]:
    """Return the left, bottom, right and top of words on their page."""
    read = page.get_textpage()
    left, bottom, right, top = read.get_charbox(read.search(text).get_next()[0])
    return float(left), float(bottom), float(right), float(top)


def test_text_page_numbers_and_links_are_in_the_pdf(tmp_path: Path) -> None:
    said = answer(
        "Some **bold** [link](https://a.b) $x^2$\n\n```py\nx = 1\n```\n\n|a|b|\n|-|-|\n|1|2|"
        f"\n\nSee ![a small chart]({address('PNG')})."
    )
    document = printed(tmp_path / "x.pdf", question("<What>\n  now?", PICTURE), said)
    (text,) = page_texts(document)
    for expected in (
        "<What>",
        "now?",
        "sun.png",
        "Some bold link",
        "x = 1",
        "1 / 1",
        "a small chart",
    ):
        assert expected in text, expected
    assert link_count(document[0]) == 1


def test_formulas_have_their_place(tmp_path: Path) -> None:
    said = "One $a$.\n\n$$\\frac{\\frac{a}{b}}{c}$$\n\nTwo.\n\nThree."
    page = printed(tmp_path / "x.pdf", answer(said))[0]
    tops = [box_of(page, words)[3] for words in ("One", "Two", "Three")]
    assert tops[0] - tops[1] > 2.5 * (tops[1] - tops[2])


def test_right_to_left_tables_begin_at_the_right(tmp_path: Path) -> None:
    turned = "| أحمد | b |\n|------|--:|\n| second | third |\n"
    plain = "| first | ليلى |\n|-------|------|\n| fourth | fifth |\n"
    page = printed(tmp_path / "x.pdf", answer(f"{turned}\n{plain}"))[0]

    def left(words: str) -> float:
        return box_of(page, words)[0]

    assert page.get_width() / 2 < left("third") < left("second")
    assert left("fourth") < left("fifth") < page.get_width() / 2
    # Latin words show where the lines begin, whatever fonts there are.
    said = answer("- واحد second\n- اثنان\n\nنص third")
    items = printed(tmp_path / "y.pdf", question("سؤال first"), said)[0]
    for words in ("first", "second", "third"):
        assert box_of(items, words)[0] > items.get_width() / 2, words


def test_the_header_of_a_long_table_repeats_on_every_page(tmp_path: Path) -> None:
    table = "| Head | b |\n|---|---|\n" + "".join(f"| row {n} | x |\n" for n in range(120))
    pages = page_texts(printed(tmp_path / "x.pdf", question("q"), answer(table)))
    assert len(pages) > 2
    assert all("Head" in page for page in pages if "row " in page)
    assert [n for n in range(120) if sum(f"row {n} " in page for page in pages) != 1] == []


def test_footnote_links_lead_to_the_notes_of_their_own_text(tmp_path: Path) -> None:
    said = "One[^1] and[^long] again[^1]." + "\n\nfiller" * 40
    said += "\n\n[^1]: First note.\n\n[^long]: Second note."
    document = printed(tmp_path / "x.pdf", answer(said), answer("Other[^1].\n\n[^1]: Third note."))
    led = link_targets(document)
    assert len(led) == 4
    for (number, height), note in zip(led, ("First", "Second", "First", "Third"), strict=True):
        bottom, top = box_of(document[number], f"{note} note.")[1::2]
        assert bottom < height < top + (top - bottom), note


def test_a_question_lists_the_passages_sent_with_it(tmp_path: Path) -> None:
    passage = Passage(3, "c", "a" * 64, "lease.pdf", 2, "page 2", 0, 4, "Rent")
    asked = question("How much?")
    asked = replace(asked, parts=(*asked.parts, PassagesPart("c", "Contracts", (passage,))))
    with printed(tmp_path / "it.pdf", asked, answer("So much [3].")) as document:
        text = "\n".join(page_texts(document))
    assert "[3] lease.pdf, page 2" in text
    assert "So much [3]." in text


def test_columns_that_do_not_fit_are_printed_below(tmp_path: Path) -> None:
    """Check that all columns are printed, the first with each part of the table."""
    assert column_groups([["a", "b"]], 2, len, 10) == [[0, 1]]
    rows = [["name", *("word" for _ in range(6))]]
    assert column_groups(rows, 7, len, 13) == [[0, 1, 2], [0, 3, 4], [0, 5, 6]]
    assert column_groups([["a" * 40, "b" * 40]], 2, len, 10) == [[0, 1]]
    cells = "|".join(f"long cell text {n}.end" for n in range(50))
    table = f"|{'|'.join(f'Column {n}' for n in range(50))}|\n|{'---|' * 50}\n|{cells}|\n"
    pages = printed(tmp_path / "wide.pdf", answer(table))
    text = "".join(page.get_textpage().get_text_range() for page in pages)
    assert all(f"{n}.end" in text for n in range(50))


@pytest.mark.attack("links")
def test_links_keep_their_targets_on_paper(tmp_path: Path) -> None:
    [page] = page_texts(
        printed(tmp_path / "a.pdf", answer("[“bank.example”](https://evil.example/x)"))
    )
    assert "“bank.example” (evil.example)" in page


@pytest.mark.attack("plain-text")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("<img src={pipe}><b>x</b>", "<img src={pipe}><b>x</b>"),
        ("<link rel=stylesheet href={pipe}>x", "<link rel=stylesheet href={pipe}>x"),
        ("<img src=/dev/zero>", "<img src=/dev/zero>"),
        ("![a](/dev/zero) ![b](file://{pipe}) ![c]({pipe})", "{pipe}"),
        ("a &amp; b", "a & b"),
        ("invoice\u202efdp.exe", "U+202E"),  # in angle brackets, if a font has them
    ],
)
def test_foreign_markup_is_printed_as_text(tmp_path: Path, given: str, expected: str) -> None:
    with PipeTrap() as trap:
        text, shown = (one.replace("{pipe}", str(trap.path)) for one in (given, expected))
        asked = question(text, DocumentPart("b" * 64, text, "text/plain", 3))
        error = ErrorNote(text, text, text)
        printed_words = page_texts(printed(tmp_path / "x.pdf", asked, answer(text, error=error)))
        assert shown in " ".join(" ".join(printed_words).split())
        assert "\u202e" not in "".join(printed_words)
        assert not trap.was_opened()


@pytest.mark.attack("plain-text")
def test_a_long_text_without_a_blank_is_printed(tmp_path: Path) -> None:
    length = 100_000
    document = printed(tmp_path / "x.pdf", question("m" * length))
    assert sum(page.count("m") for page in page_texts(document)) >= length
