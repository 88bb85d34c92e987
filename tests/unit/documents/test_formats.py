"""What is kept of each format beside its words: tables, lists, notes, links, limits."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from pptx import Presentation

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.text.web_page import convert_selection, read, to_markdown
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from desktop_app.domain.documents.document_sections import find_sections
from tests.helpers.extraction import extract_file
from tests.helpers.office_files import opendocument, packed, pptx, slide_text

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
    assert "1. Take the key.\n2. Sign the book.\n\na) With name,\n\nb) and time." in text
    assert "- A loose point with a [link](https://example.org/keys)" in text


def test_slides_are_sections_with_notes_tables_and_links() -> None:
    deck = Presentation()
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


def test_shapes_of_a_slide_are_in_reading_order_and_the_title_is_first() -> None:
    shapes = [
        slide_text("foot", 0, 6),
        slide_text("right below", 4, 2),
        slide_text("left", 0, 1),
        slide_text("right", 4, 1),
        slide_text("left below", 0, 2),
        slide_text("title", 0, 3, place="title"),
    ]
    text = text_of("x.pptx", pptx("".join(shapes)))
    order = ["title", "left", "left below", "right", "right below", "foot"]
    assert text.removeprefix("[slide 1]\n\n# ").split("\n\n") == order
    frames = "".join(
        f'<draw:frame svg:x="{x}cm" svg:y="{y}cm" svg:width="2cm" svg:height="1cm"><draw:text-box>'
        f"<text:p>{word}</text:p></draw:text-box></draw:frame>"
        for word, x, y in (("second", 0, 4), ("third", 5, 4), ("first", 0, 1))
    )
    page = opendocument("presentation", f"<draw:page>{frames}</draw:page>")
    assert text_of("x.odp", page) == "[slide 1]\n\nfirst\n\nsecond\n\nthird"


def test_alternative_texts_and_footers_of_slides_are_read() -> None:
    picture = '<p:pic><p:nvPicPr><p:cNvPr id="2" name="x" descr="a map"/></p:nvPicPr></p:pic>'
    footer = slide_text("Acme 2026", place="ftr")
    slides = [picture + footer, slide_text("words") + footer + slide_text("2", place="sldNum")]
    assert text_of("x.pptx", pptx(*slides)) == (
        "[slide 1]\n\na map\n\n[slide 2]\n\nwords\n\nSlide footer: Acme 2026"
    )


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


def note_of(name: str, data: bytes) -> str:
    return str(extract_bytes(name, data, Limits(), lambda _: None).note)


def test_frames_and_embedded_files_are_named() -> None:
    page = b"<p>words<iframe src='a.html' title='The map'></iframe><iframe src='ad'></iframe>"
    assert note_of("x.html", page) == "Skipped: The map (a link to elsewhere)."
    document = docx.Document()
    document.add_paragraph("words")
    workbook = Part(
        PackURI("/word/embeddings/fees.xlsx"), "application/x", b"", document.part.package
    )
    document.part.relate_to(workbook, RT.PACKAGE)
    target = io.BytesIO()
    document.save(target)
    assert note_of("x.docx", target.getvalue()) == "Skipped: fees.xlsx (embedded)."


def test_a_slide_with_thousands_of_shapes_is_read() -> None:
    shapes = "".join(slide_text(f"w{n}", n * n, n * n + n) for n in range(1200))
    assert text_of("x.pptx", pptx(shapes)).count("w") == 1200


def test_a_chapter_that_cannot_be_read_is_named() -> None:
    document = extract_bytes(
        "x.epub",
        packed(
            {
                "mimetype": "application/epub+zip",
                "META-INF/container.xml": (
                    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
                    '<rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'
                ),
                "book.opf": (
                    '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
                    '<item id="1" href="gone.xhtml"/><item id="2" href="map.svg"/>'
                    '<item id="3" href="end.xhtml"/></manifest><spine><itemref idref="1"/>'
                    '<itemref idref="2"/><itemref idref="3"/></spine></package>'
                ),
                "map.svg": '<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>',
                "end.xhtml": "<html><body>The end.</body></html>",
            }
        ),
        Limits(),
        lambda _: None,
    )
    assert document.text == "[chapter 1]\n\nThe end."
    assert str(document.note) == "Skipped: gone.xhtml (missing) and map.svg (an image)."


FORM_CONTROLS = (
    '<form:checkbox form:id="a" form:label="post" form:current-state="checked"/>'
    '<form:radio form:id="b" form:label="mail"/>'
    '<form:text form:id="c" form:current-value="Ines"/>'
    '<form:listbox form:id="d"><form:option form:label="small"/>'
    '<form:option form:label="large" form:current-selected="true"/></form:listbox>'
)


def test_a_form_of_opendocument_keeps_its_answers() -> None:
    controls = "".join(f'<text:p><draw:control draw:control="{key}"/></text:p>' for key in "abcd")
    data = opendocument(
        "text", f"<office:forms><form:form>{FORM_CONTROLS}</form:form></office:forms>{controls}"
    )
    assert text_of("x.odt", data) == "☒ post\n\n☐ mail\n\nInes\n\n☒ large"


def list_level(number: int, style: str, more: str) -> str:
    return (
        f'<text:list-level-style-number text:level="{number}" style:num-format="{style}" {more}/>'
    )


LISTS = (
    '<text:list-style style:name="L">'
    + list_level(1, "1", 'style:num-prefix="§ "')
    + list_level(2, "1", 'text:display-levels="2"')
    + list_level(3, "a", 'style:num-prefix="(" style:num-suffix=")"')
    + '</text:list-style><text:list-style style:name="M">'
    + list_level(1, "I", 'style:num-suffix="." text:start-value="3"')
    + '</text:list-style><text:outline-style><text:outline-level-style text:level="1" '
    'style:num-format="1" style:num-suffix="."/></text:outline-style>'
)


def odt_list(style: str, content: str, more: str = "") -> str:
    return f'<text:list text:style-name="{style}" {more}>{content}</text:list>'


def odt_item(text: str, content: str = "") -> str:
    return f"<text:list-item><text:p>{text}</text:p>{content}</text:list-item>"


def test_clauses_of_opendocument_have_their_numbers() -> None:
    inner = odt_list("L", odt_item("a", odt_list("L", odt_item("b"))) + odt_item("c"))
    body = (
        '<text:h text:outline-level="1">One</text:h>'
        + odt_list("L", odt_item("d", inner), 'xml:id="x"')
        + "<text:p>between</text:p>"
        + odt_list("L", odt_item("e"), 'text:continue-numbering="true"')
        + odt_list("L", odt_item("f"))
        + odt_list("M", odt_item("g"))
        + odt_list("L", odt_item("h"), 'text:continue-list="x"')
        + '<text:h text:outline-level="1">Two</text:h>'
    )
    text = text_of("x.odt", opendocument("text", body, LISTS))
    assert text.split("\n\n") == [
        *("# 1. One", "§ 1 d", "1.1 a", "(a) b", "1.2 c", "between"),
        *("§ 2 e", "§ 1 f", "III. g", "§ 3 h", "# 2. Two"),
    ]


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        ('<input type=checkbox checked>yes <input type="radio"> no', "☒ yes ☐ no"),
        ("Name <input value='Ines'>, <input type=password value=x>", "Name Ines,"),
        ("<select><option>a<option selected>b</select>", "☒ b"),
        ("<select><option>a<option>b</select>", "a"),
        ("<select multiple><option>a<option>b</select>c", "c"),
        ("<textarea>some words</textarea>", "some words"),
        ('<ol><li value="4">a<li value="7">b</ol>', "4. a\n7. b"),
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
        ("<table><tr><td><table><tr><th>x</tr></table></td></tr></table>", "x"),
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


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1 a{\pict\bin ffd8}b}", "ab"),
        (b"{\\rtf1 a{\\pict\\bin4 {}}{}b}", "ab"),
        (rb"{\rtf1 a \uc0\u8364\cell b}", "a €b"),
        (
            rb"{\rtf1{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}"
            rb"{\fldrslt }} a}",
            "☒ a",
        ),
        (
            rb'{\rtf1{\field{\*\fldinst{HYPERLINK "https://x.org/a_b" \\o "c"}}{\fldrslt{\b a}}}'
            rb'{\field{\*\fldinst HYPERLINK \\l "_Toc"}{\fldrslt b}} HYPERLINK}',
            "[a](https://x.org/a_b)b HYPERLINK",
        ),
        (
            rb"{\rtf1 a{\super\chftn{\footnote\chftn one\par two}} b{\*\atnid I}{\*\atnauthor Ines}"
            rb"\chatn{\*\annotation{\*\atndate 3}\chatn three} c}",
            "a[^1] b[^2] c\n\n[^1]: one two\n\n[^2]: Comment by Ines: three",
        ),
        (rb"{\rtf1 a{\footnote b{\*\annotation c}}}", "a[^2]\n\n[^1]: Comment: c\n\n[^2]: b[^1]"),
    ],
)
def test_binary_data_boxes_links_and_notes_of_rich_text(source: bytes, text: str) -> None:
    assert text_of("x.rtf", source) == text


def test_rich_text_that_the_library_refuses_is_damaged() -> None:
    with pytest.raises(errors.DocumentDamagedError, match="is damaged or incomplete"):
        text_of("x.rtf", rb"{\rtf1\uc a}")


def test_text_in_rich_text_beyond_latin_letters_is_read() -> None:
    data = rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0 \u8364? 1\'a0000\par\u-10179?\u-8704?}"
    assert text_of("x.rtf", data) == "Пр € 1\xa0000\n😀"
