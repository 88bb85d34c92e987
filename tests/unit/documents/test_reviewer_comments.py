"""Comments of reviewers in documents: each is read with its author and its place."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment

from desktop_app.documents.spreadsheets import workbook
from desktop_app.documents.worker.protocol import Limits
from tests.unit.documents.test_office_parts import DATA, SPACES, read, relations, word
from tests.unit.documents.test_opendocument import cell, paragraph, row, table, text_of
from tests.unit.documents.test_page_annotations import CONTRACT
from tests.unit.documents.test_page_annotations import read as read_page
from tests.unit.documents.test_rtf import rtf

WORDS = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
ANNOTATION = (
    "<office:annotation><dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>Ann</dc:creator>"
    f"{paragraph('Too high.')}{paragraph('Ask.')}</office:annotation>"
)


def test_comments_in_a_word_document_are_read() -> None:
    reference = "<w:r><w:commentReference w:id='{}'/></w:r>"
    body = f"<w:p><w:r><w:t>900 euros</w:t></w:r>{reference.format(4)}{reference.format(9)}</w:p>"
    comments = (
        f"<w:comments {SPACES}>"
        f"<w:comment w:id='4' w:author='Ann  Smith'>{WORDS.format('Too high.')}"
        f"{WORDS.format('Ask.')}</w:comment>"
        f"<w:comment w:id='9' w:author='Bo'>{WORDS.format('')}</w:comment>"
        "</w:comments>"
    )
    assert read("x.docx", word(body, **{"word/comments.xml": comments})) == (
        "900 euros[^1]\n\n[^1]: Comment by Ann Smith: Too high. Ask."
    )


def test_comments_that_refer_to_each_other_are_read_once() -> None:
    reference = "<w:r><w:commentReference w:id='{}'/></w:r>"
    comments = "".join(
        f"<w:comment w:id='{number}'><w:p><w:r><w:t>C{number}</w:t></w:r>"
        f"{reference.format(number) * 2}{reference.format(number + 1) * 2}</w:p></w:comment>"
        for number in range(40)
    )
    body = f"<w:p><w:r><w:t>Text</w:t></w:r>{reference.format(0) * 2}</w:p>"
    part = f"<w:comments {SPACES}>{comments}</w:comments>"
    text = read("x.docx", word(body, **{"word/comments.xml": part}))
    assert text.startswith("Text[^40][^40]\n\n[^1]: Comment: C39\n[^2]: Comment: C38[^1][^1]\n")
    assert text.count("Comment") == 40


def test_comments_in_rich_text_are_read() -> None:
    first = rb"{\*\atnauthor Ann}\chatn{\*\annotation{\*\atndate 7}\pard Too high.\par Ask.}"
    assert rtf(rb"900" + first + rb" euros{\*\annotation Why?}.") == (
        "900[^1] euros[^2].\n\n[^1]: Comment by Ann: Too high. Ask.\n[^2]: Comment: Why?"
    )


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (
            "text",
            f"<text:p>900{ANNOTATION} euros</text:p>",
            "900[^1] euros\n\n[^1]: Comment by Ann: Too high. Ask.",
        ),
        (
            "spreadsheet",
            table(
                row(cell("a"), more='table:number-rows-repeated="2"'),
                row(
                    cell("b", 'table:number-columns-repeated="27"'),
                    f"<table:table-cell>{ANNOTATION}{paragraph('12')}</table:table-cell>",
                ),
                name="S",
            ),
            "AB3: Comment by Ann: Too high. Ask.",
        ),
        (
            "presentation",
            f"<draw:page>{paragraph('Rent')}{ANNOTATION}</draw:page>",
            "[slide 1]\n\nRent\n\nComment by Ann: Too high. Ask.",
        ),
    ],
)
def test_comments_in_opendocument_files_are_read(kind: str, body: str, expected: str) -> None:
    text = text_of(body, kind)
    assert text.endswith(expected)
    assert text.count("Too high.") == 1


def test_comments_on_a_slide_are_read() -> None:
    parts = {
        "ppt/presentation.xml": f'<p:presentation {SPACES}><p:sldId r:id="s"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(s="slides/slide1.xml"),
        "ppt/slides/slide1.xml": f"<p:sld {SPACES}/>",
        "ppt/slides/_rels/slide1.xml.rels": relations(
            a="../comments/comment1.xml", b="../comments/modernComment_1.xml"
        ),
        "ppt/commentAuthors.xml": '<l><a id="0" name="Ann"/></l>',
        "ppt/authors.xml": '<l><a id="{B0}" name="Bo"/></l>',
        "ppt/comments/comment1.xml": '<l><cm authorId="0"><pos/><text>Too high.</text></cm></l>',
        "ppt/comments/modernComment_1.xml": (
            f'<l {SPACES}><cm authorId="{{B0}}"><replyLst><reply authorId="?"><txBody><a:p><a:r>'
            "<a:t>Done.</a:t></a:r></a:p></txBody></reply></replyLst><txBody><a:p><a:r>"
            "<a:t>Ask.</a:t></a:r></a:p></txBody></cm></l>"
        ),
    }
    assert read("x.pptx", parts) == (
        "[slide 1]\n\nComment by Ann: Too high.\n\nComment by Bo: Ask.\n\nComment: Done."
    )


def test_notes_on_the_cells_of_a_workbook_are_read() -> None:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book["Sheet"]["B7"] = 12
    book["Sheet"]["B7"].comment = Comment("Ann:\nToo high.\nAsk.", "Ann")
    book.create_sheet("Empty")["C3"].comment = Comment("Why?", "")
    book.save(target)
    text = workbook.read("x.xlsx", target.getvalue(), Limits())
    first, second = text.split("\n\n## Empty\n\n")
    assert first.endswith("| 12 |\n| --- |\n\nB7: Comment by Ann: Too high. Ask.")
    assert second == "C3: Comment: Why?"


def test_a_conversation_on_a_cell_is_read_once() -> None:
    with zipfile.ZipFile(DATA / "figures.xlsx") as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts |= {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(
            n="../comments1.xml", c="../threadedComments/threadedComment1.xml"
        ),
        "xl/comments1.xml": (
            "<comments><authors><author>tc={1}</author></authors><commentList>"
            '<comment ref="A1" authorId="0"><text><t>[Threaded comment] Why?</t></text></comment>'
            '<comment ref="A2" authorId="7"><text><r><t>Too </t></r><r><t>high.</t></r></text>'
            "</comment></commentList></comments>"
        ),
        "xl/threadedComments/threadedComment1.xml": (
            '<ThreadedComments><threadedComment ref="A1" personId="{P}"><text>Why?</text>'
            '</threadedComment><threadedComment ref="A1"><text>Because.</text></threadedComment>'
            "</ThreadedComments>"
        ),
        "xl/persons/person.xml": '<personList><person id="{P}" displayName="Ann"/></personList>',
    }
    comments = read("x.xlsx", parts).split("\n\n## ")[0].partition("|\n\n")[2]
    assert comments == "A2: Comment: Too high.\n\nA1: Comment by Ann: Why?\n\nA1: Comment: Because."


QUAD = "/QuadPoints [60 802 140 802 60 786 140 786]"


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (["/Subtype /Text /T (Ann) /Contents (Too\rhigh.)"], "\nComment by Ann: Too high."),
        (["/Subtype /Text /Contents (Why?)", "/Subtype /Text"], "\nComment: Why?"),
        (
            [f"/Subtype /Highlight /T (Ann) /Contents (Which?) {QUAD}"],
            "\nComment by Ann on “The contract.”: Which?",
        ),
        ([f"/Subtype /Underline /Contents (The contract.) {QUAD}"], "\nComment: The contract."),
        ([f"/Subtype /Highlight {QUAD}", "/Subtype /Popup /Contents (Again)"], ""),
        (["/Subtype /Text /Contents (secret) /F 2"], ""),
    ],
)
def test_comments_on_a_page_follow_its_text(annotations: list[str], expected: str) -> None:
    assert read_page(CONTRACT, *annotations).text == f"[page 1]\nThe contract.{expected}"


def test_only_the_beginning_of_long_marked_words_is_quoted() -> None:
    line = f"BT /F 1 Tf 60 790 Td ({'word ' * 60}) Tj ET"
    quad = "/QuadPoints [0 802 590 802 0 786 590 786]"
    text = read_page(line, f"/Subtype /Highlight /Contents (Why?) {quad}").text
    quoted = text.partition("“")[2].partition("”")[0]
    assert quoted == f"{('word ' * 60)[:200]} …"
