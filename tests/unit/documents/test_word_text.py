"""Word documents as texts that are written back: all else stays as it was."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.documents.office.word_markdown import split_chunks
from desktop_app.documents.office.word_text import read_text, with_text
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.errors import DocumentDamagedError
from tests.helpers.examples import examples

LIMITS = Limits()
FILES = sorted(Path("tests/data").rglob("*.docx"))
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
REFERENCES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
BODY = (
    '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Lease</w:t></w:r></w:p>'
    '<w:p w:rsidR="7"><w:r><w:t xml:space="preserve">The tenant </w:t></w:r><w:r><w:rPr><w:b/>'
    '<w:color w:val="FF0000"/></w:rPr><w:t>pays</w:t></w:r><w:bookmarkStart w:id="1" w:name="n"/>'
    '<w:r><w:t xml:space="preserve"> rent </w:t></w:r><w:commentRangeStart w:id="0"/><w:r><w:t>'
    'monthly</w:t></w:r><w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>'
    '<w:r><w:footnoteReference w:id="2"/></w:r><w:ins w:id="9" w:author="A"><w:r><w:t> ahead'
    '</w:t></w:r></w:ins><w:del w:id="8" w:author="A"><w:r><w:delText> late</w:delText></w:r>'
    "</w:del><w:r><w:t>.</w:t></w:r></w:p>"
    '<w:p><w:pPr><w:pStyle w:val="Quote"/></w:pPr><w:r><w:t>2 *3* &lt; 7 # no_t</w:t></w:r></w:p>'
    "<w:p><w:r><w:drawing/></w:r></w:p>"
    "<w:tbl><w:tblPr><w:tblW/></w:tblPr><w:tr><w:tc><w:p><w:r><w:t>Item</w:t></w:r></w:p></w:tc>"
    "<w:tc><w:p/></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>a|b</w:t></w:r></w:p></w:tc><w:tc>"
    "<w:p><w:r><w:t>3</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:sectPr/>"
)
TEXT = (
    "# Lease\n\nThe tenant **pays** rent monthly[^2] ahead.\n\n> 2 \\*3\\* < 7 # no_t\n\n"
    "| Item |  |\n| --- | --- |\n| a\\|b | 3 |\n\n[^2]: By the third."
)


def a_document(body: str = BODY, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    """Return a Word document with styles, a footnote and a comment."""
    made = io.BytesIO()
    docx.Document().save(made)
    parts = {
        "word/document.xml": f'{head}<w:document xmlns:w="{WORD}" xmlns:r="{REFERENCES}"><w:body>'
        f"{body}</w:body></w:document>",
        "word/footnotes.xml": f'<w:footnotes xmlns:w="{WORD}"><w:footnote w:id="2"><w:p><w:r><w:t>'
        "By the third.</w:t></w:r></w:p></w:footnote></w:footnotes>",
        "word/comments.xml": f'<w:comments xmlns:w="{WORD}"><w:comment w:id="0"/></w:comments>',
    }
    target = io.BytesIO()
    with ZipFile(made) as old, ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/_rels/document.xml.rels":
                kind = f"{REFERENCES}/footnotes"
                link = f'<Relationship Id="rIdF" Type="{kind}" Target="footnotes.xml"/>'
                data = data.replace(b"</Relationships>", f"{link}</Relationships>".encode())
            new.writestr(name, parts.pop(name, data))
        for name, text in parts.items():
            new.writestr(name, text)
    return target.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_document_is_read_without_what_stays_in_the_file() -> None:
    read = read_text("a.docx", a_document(), LIMITS)
    assert read.text == TEXT
    assert read.hidden == {"comments": 1, "changes": 2, "pictures": 1}


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("tenant", "lodger", "tenant", "lodger"),
        ("monthly", "weekly", "monthly", "weekly"),
        ("**pays**", "**now pays**", ">pays<", ">now pays<"),
        ("a\\|b", "a\\|c", "a|b", "a|c"),
        ("By the third.", "By the fifth.", "By the third.", "By the fifth."),
        ("> 2 ", "> 4 ", ">2 *3", ">4 *3"),
    ],
)
def test_only_the_change_differs(old: str, new: str, removed: str, added: str) -> None:
    data = a_document()
    changed = with_text("a.docx", data, TEXT.replace(old, new, 1), LIMITS)
    before, after = parts_of(data), parts_of(changed)
    (part,) = [name for name in before if before[name] != after[name]]
    plain = [text.replace(b' xml:space="preserve"', b"") for text in (before[part], after[part])]
    assert plain[0].replace(removed.encode(), added.encode(), 1) == plain[1]
    docx.Document(io.BytesIO(changed))


@pytest.mark.parametrize(
    "new",
    [
        TEXT.replace("rent", "*all* ~~rent~~ [here](https://a.org/?a=1&b=2)"),
        TEXT.replace("# Lease", "## Lease of 1 < 2"),
        TEXT.replace("# Lease\n\n", ""),
        TEXT.replace("> 2 \\*3\\* < 7 # no_t\n\n", ""),
        TEXT.replace("monthly[^2]", "monthly").replace("ahead.", "ahead[^2]."),
        TEXT.replace("> 2", "A new one\\\nin two lines.\n\n- first\n- second\n\n> 2"),
        TEXT.replace("| a\\|b | 3 |", "| a\\|b | 4 |\n| **c** | 5 |"),
        TEXT.replace("| a\\|b | 3 |\n", "| x | 1 |\n"),
        f"First\n\n{TEXT}",
    ],
)
def test_a_changed_text_is_read_again_as_it_was_written(new: str) -> None:
    data = a_document()
    changed = with_text("a.docx", data, new, LIMITS)
    assert read_text("a.docx", changed, LIMITS).text == new
    (body,) = [parts_of(changed)["word/document.xml"].decode()]
    for kept in ("<w:drawing/>", "<w:sectPr/>", 'w:name="n"', "<w:delText> late", "<w:commentRef"):
        assert kept in body, kept


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_text_that_is_the_same_changes_nothing(file: Path) -> None:
    data = file.read_bytes()
    text = read_text(file.name, data, LIMITS).text
    assert text is not None
    assert parts_of(with_text(file.name, data, text, LIMITS)) == parts_of(data)


@settings(max_examples=examples(10))
@given(st.text("ab*_#1.-|[^2]\\\n <&>~$", max_size=60))
def test_any_text_is_written_into_a_document_that_opens(words: str) -> None:
    changed = with_text("a.docx", a_document(), TEXT.replace("rent", words), LIMITS)
    docx.Document(io.BytesIO(changed))
    again = read_text("a.docx", changed, LIMITS).text
    if again is not None:
        assert split_chunks(again)
        assert parts_of(with_text("a.docx", changed, again, LIMITS)) == parts_of(changed)


@pytest.mark.parametrize(
    "data",
    [
        a_document(head='<?xml version="1.0" encoding="ISO-8859-1"?>'),
        a_document(head='<!DOCTYPE x [<!ENTITY e "eeee">]>'),
        a_document("<w:p><w:r>"),
        b"PK",
    ],
)
def test_a_document_of_another_form_is_not_written_back(data: bytes) -> None:
    with suppress(DocumentDamagedError):
        assert read_text("a.docx", data, LIMITS).text is None
    with pytest.raises(DocumentDamagedError):
        with_text("a.docx", data, "x", LIMITS)
