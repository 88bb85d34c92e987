"""Comments of reviewers in documents: each is read with its author and its place."""

from __future__ import annotations

import io

import openpyxl
import pytest
from openpyxl.comments import Comment

from desktop_app.documents.spreadsheets import workbook
from desktop_app.documents.worker.protocol import Limits
from tests.unit.documents.test_office_parts import SPACES, read, relations, word
from tests.unit.documents.test_page_annotations import CONTRACT
from tests.unit.documents.test_page_annotations import read as read_page

WORDS = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"


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
