"""What is kept of each format beside its words: tables, lists, notes, links, limits."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pptx
import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.text.web_page import convert_selection, read, to_markdown
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from desktop_app.domain.documents.document_sections import find_sections
from tests.helpers.extraction import extract_file

CORPUS = Path(__file__).parents[2] / "data" / "corpus"


def corpus_text(name: str) -> str:
    return extract_file(CORPUS / name, Limits(), lambda _: None).text


def text_of(name: str, data: bytes) -> str:
    return extract_bytes(name, data, Limits(), lambda _: None).text


@pytest.mark.parametrize("name", ["house-rules.docx", "house-rules.odt", "house-rules.rtf"])
def test_a_letter_keeps_table_note_and_comment(name: str) -> None:
    text = corpus_text(name)
    assert "| Room | Warden | Remark |\n| --- | --- | --- |\n| 1 | Ines" in text
    assert "Except on market days." in text
    assert "Except on Fridays" in text


@pytest.mark.parametrize("name", ["house-rules.docx", "house-rules.odt"])
def test_a_letter_keeps_headings_numbers_and_links(name: str) -> None:
    text = corpus_text(name)
    assert "\n## Keys\n" in text
    assert "1. Take the key.\n2. Sign the book.\n   1. With name," in text
    assert "- A loose point with a [link](https://example.org/keys)" in text


def test_slides_are_sections_with_notes_tables_and_links() -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[5])
    first.shapes.title.text = "The quarter"
    table = first.shapes.add_table(2, 2, 0, 0, 100, 100).table
    for number, cell in enumerate(table.iter_cells()):
        cell.text = f"cell {number}"
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    second = deck.slides.add_slide(deck.slide_layouts[1])
    run = second.placeholders[1].text_frame.paragraphs[0].add_run()
    run.text = "the plan"
    run.hyperlink.address = "https://example.org/plan"
    target = io.BytesIO()
    deck.save(target)
    text = text_of("x.pptx", target.getvalue())
    assert [section.number for section in find_sections(text, "slide")] == [1, 2]
    assert "# The quarter" in text
    assert "| cell 0 | cell 1 |\n| --- | --- |\n| cell 2 | cell 3 |" in text
    assert "Notes: Say it slowly." in text
    assert "[the plan](https://example.org/plan)" in text


def test_slides_of_opendocument_are_sections() -> None:
    text = corpus_text("slides.odp")
    assert len(find_sections(text, "slide")) == 2
    assert "| Depot | Pallets |\n| --- | --- |\n| Harrow | 21,500 |" in text


def test_headers_of_pages_follow_the_text() -> None:
    document = docx.Document()
    document.add_paragraph("The words.")
    document.sections[0].header.paragraphs[0].text = "Draft of May"
    target = io.BytesIO()
    document.save(target)
    assert text_of("x.docx", target.getvalue()) == "The words.\n\nPage header: Draft of May"


def test_a_book_has_chapters() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="b/book.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "b/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
            '<item id="1" href="one.xhtml"/><item id="2" href="two.xhtml"/></manifest>'
            '<spine><itemref idref="2"/><itemref idref="1"/></spine></package>',
        )
        archive.writestr("b/one.xhtml", "<html><body><p>The end.</p></body></html>")
        archive.writestr("b/two.xhtml", "<html><body><h1>Start</h1></body></html>")
    expected = "[chapter 1]\n\n# Start\n\n[chapter 2]\n\nThe end."
    assert text_of("x.epub", target.getvalue()) == expected


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        ("<h2>News</h2><p>Of <b>May</b></p>", "## News\n\nOf **May**"),
        ("<p>a<script>x()</script></p><nav>menu</nav><p hidden>b</p>", "a"),
        ('<p style="display: none">a</p>b', "b"),
        ('<a href="https://e.org/">there</a>', "[there](https://e.org/)"),
        ('<a href="/here">here</a>', "here"),
        ('<img src="x.png" alt="a map">', "a map"),
        ("10<sup>6</sup> H<sub>2</sub>O", "10⁶ H₂O"),
        ("<ul><li>a<ul><li>b</ul></ul>", "- a\n  - b"),
        ('<pre><code class="language-py">a = 1\n</code></pre>', "```py\na = 1\n```"),
        (
            "<table><tr><th>a<th>b|c</tr><tr><td rowspan=2>1<td>2</tr><tr><td>3</tr></table>",
            "| a | b\\|c |\n| --- | --- |\n| 1 | 2 |\n|  | 3 |",
        ),
        ("<table><tr><td><table><tr><th>x</tr></table></td></tr></table>", "| x |\n| --- |"),
        ("a *b* _c_ [d] # e", "a *b* _c_ [d] # e"),
    ],
)
def test_a_web_page_becomes_markdown(page: str, markdown: str) -> None:
    assert to_markdown(page) == markdown


def test_a_selection_of_only_code_is_left_to_the_plain_text() -> None:
    assert convert_selection("<pre>a = 1</pre>") == ""
    assert convert_selection('<b style="font-weight:normal">a <b>c</b></b>') == "a **c**"


def test_a_page_is_decoded_as_it_states() -> None:
    page = '<meta charset="windows-1251"><p>Привет'.encode("cp1251")
    decoded = read(page)
    assert decoded is not None
    assert decoded.text == "Привет"


@pytest.mark.parametrize("name", ["house-rules.docx", "slides.odp", "house-rules.odt"])
def test_a_document_that_unpacks_too_far_is_refused(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    with pytest.raises(errors.DocumentTooLargeError, match="unpacks to more than"):
        extract_bytes(name, data, Limits(unpacked_bytes=1000), lambda _: None)


BOMB = (
    b'<!DOCTYPE a [<!ENTITY e0 "words">'
    + b"".join(b'<!ENTITY e%d "%b">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><a>&e9;</a>"
)


@pytest.mark.parametrize("name", ["house-rules.docx", "slides.odp", "house-rules.odt"])
def test_entities_that_grow_without_end_are_refused(name: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(CORPUS / name) as source, zipfile.ZipFile(target, "w") as archive:
        for member in source.namelist():
            content = source.read(member)
            if member in ("word/document.xml", "content.xml"):
                content = BOMB
            archive.writestr(member, content)
    with pytest.raises(errors.DocumentDamagedError):
        text_of(name, target.getvalue())


def test_text_in_rich_text_beyond_latin_letters_is_read() -> None:
    data = rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0 \u8364? 1\'a0000\par\u-10179?\u-8704?}"
    assert text_of("x.rtf", data) == "Пр € 1\xa0000\n😀"
