"""What its owner hid or deleted is left out, counted, and read only if that is wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from tests.helpers.office_files import docx, opendocument, pptx, slide_text

_HIDDEN_STYLE = (
    '<w:style w:type="character" w:styleId="base"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="mine"><w:basedOn w:val="base"/></w:style>'
)
_ODF_STYLE = (
    '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/>'
    '</style:style><style:style style:name="H2" style:family="text" style:parent-style-name="H"/>'
    '<style:style style:name="S" style:family="table">'
    '<style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="D" style:family="drawing-page">'
    '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
)


def word(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(runs)}</w:p>"


def cell(text: str) -> str:
    return f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"


def mail(text: str, status: int = 1) -> str:
    return (
        f"From - Mon Mar 02 10:00:00 2026\nX-Mozilla-Status: {status:04x}\n"
        f"From: a@example.org\nSubject: s\n\n{text}\n\n"
    )


def page(body: str, sheet: str) -> bytes:
    return f"<html><head><style>{sheet}</style></head><body>{body}</body></html>".encode()


DELETION = (
    '<text:tracked-changes><text:changed-region text:id="c"><text:deletion><text:p>SECRET</text:p>'
    "</text:deletion></text:changed-region></text:tracked-changes>"
)
FILES = {
    "run.docx": docx(paragraph(word("shown"), word("SECRET", "<w:vanish/>"), word("shown"))),
    "split-run.docx": docx(
        paragraph(word("shown"), word("SEC", "<w:vanish/>"), word("RET", "<w:vanish/>"))
    ),
    "style.docx": docx(
        paragraph(word("shown"), word("SECRET", '<w:rStyle w:val="mine"/>')), styles=_HIDDEN_STYLE
    ),
    "deletion.docx": docx(
        paragraph(word("shown"), "<w:del><w:r><w:delText>SECRET</w:delText></w:r></w:del>")
    ),
    "row.docx": docx(
        f"<w:tbl><w:tr><w:tc>{paragraph(word('shown'))}</w:tc></w:tr><w:tr><w:trPr><w:hidden/>"
        f"</w:trPr><w:tc>{paragraph(word('SECRET'))}</w:tc></w:tr></w:tbl>"
    ),
    "drawing.docx": docx(
        paragraph(word("shown"))
        + paragraph(
            f'<w:r><w:drawing><w:docPr hidden="1"/>{paragraph(word("SECRET"))}</w:drawing></w:r>'
        )
    ),
    "footer.docx": docx(
        paragraph(word("shown")), footer=paragraph(word("f"), word("SECRET", "<w:vanish/>"))
    ),
    "span.odt": opendocument(
        "text",
        '<text:p>shown <text:span text:style-name="H2">SECRET</text:span></text:p>',
        _ODF_STYLE,
    ),
    "section.odt": opendocument(
        "text",
        '<text:p>shown</text:p><text:section text:display="none"><text:p>SECRET</text:p>'
        "</text:section>",
    ),
    "field.odt": opendocument(
        "text",
        '<text:p>shown <text:hidden-text text:is-hidden="true" text:string-value="SECRET">'
        "SECRET</text:hidden-text></text:p>",
    ),
    "deletion.odt": opendocument(
        "text", f'{DELETION}<text:p>shown <text:change text:change-id="c"/></text:p>'
    ),
    "row.ods": opendocument(
        "spreadsheet",
        f'<table:table table:name="T"><table:table-row>{cell("shown")}</table:table-row>'
        f'<table:table-row table:visibility="collapse">{cell("SECRET")}</table:table-row>'
        "</table:table>",
    ),
    "column.ods": opendocument(
        "spreadsheet",
        '<table:table table:name="T"><table:table-column/>'
        '<table:table-column table:visibility="collapse"/>'
        f"<table:table-row>{cell('shown')}{cell('SECRET')}</table:table-row></table:table>",
    ),
    "sheet.ods": opendocument(
        "spreadsheet",
        f'<table:table table:name="T"><table:table-row>{cell("shown")}</table:table-row>'
        '</table:table><table:table table:name="U" table:style-name="S"><table:table-row>'
        f"{cell('SECRET')}</table:table-row></table:table>",
        _ODF_STYLE,
    ),
    "slide.odp": opendocument(
        "presentation",
        "<draw:page><draw:frame><draw:text-box><text:p>shown</text:p></draw:text-box></draw:frame>"
        '</draw:page><draw:page draw:style-name="D"><draw:frame><draw:text-box><text:p>SECRET'
        "</text:p></draw:text-box></draw:frame></draw:page>",
        _ODF_STYLE,
    ),
    "slide.pptx": pptx(slide_text("shown"), slide_text("SECRET"), attributes='show="0"'),
    "shape.pptx": pptx(
        slide_text("shown") + slide_text("SECRET").replace('name="t"', 'name="t" hidden="1"')
    ),
    "text.rtf": rb"{\rtf1 shown {\v SECRET\par }shown}",
    "deletion.rtf": rb"{\rtf1 shown {\deleted SECRET}shown}",
    "toggled.rtf": rb"{\rtf1 shown \v SECRET\v0 shown}",
    "style.html": b"<html><p>shown<p style='display: none'>SECRET</html>",
    "class.html": page("<p>shown<p class='a x'>SECRET", "p.x, .y { display: none }"),
    "id.html": page("<p>shown<p id=x>SECRET", "@charset 'x'; /* } */ #x{visibility:hidden;}"),
    "element.html": page("<p>shown<aside>SECRET</aside>", "<!-- ASIDE{mso-hide:all} -->"),
    "later.html": page("<p>shown<p class='x y'>SECRET", ".y{display:block} .x{display:none}"),
    "important.html": page(
        "<p>shown<p class=x>SECRET", ".x{display:none!important} p.x{display:flex}"
    ),
    "screen.html": page("<p>shown<p class=x>SECRET", "@media screen, print {.x{display:none}}"),
    "around.html": page("<p>shown<div class=x><p hidden>SECRET</div>", ".x{display:none}"),
    "attribute.html": b"<html><p>shown<div hidden><p>SECRET <b hidden>SECRET</b></div></html>",
    "folder": (mail("shown") + mail("SECRET", status=9) + mail("shown")).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hidden_part_is_left_out_and_counted(name: str) -> None:
    document = extract_bytes(name, FILES[name], Limits(), lambda _: None)
    assert "shown" in document.text
    assert "SEC" not in document.text
    assert document.note is not None
    assert document.note.hidden == 1


@pytest.mark.parametrize("name", FILES)
def test_a_hidden_part_is_read_if_that_is_wanted(name: str) -> None:
    document = extract_bytes(name, FILES[name], Limits(), lambda _: None, takes_hidden=True)
    assert "SECRET" in document.text
    assert document.note is None


@pytest.mark.parametrize(
    "data",
    [
        page("<p class='x y'>words", ".x{display:none} .y{display:block}"),
        page("<p class=x>words", "p.x{display:block} .x{display:none}"),
        page("<p id=x class=x>words", "#x{display:flex} p.x{display:none}"),
        page("<p class=x style='display:block'>words", ".x{display:none}"),
        page("<p class=x>words", "@media print {.x{display:none}}"),
        page("<p class=x>words", "@media (max-width: 600px) {.x{display:none}}"),
        page("<p>words", "body{display:none!important} html{visibility:hidden}"),
        page(
            "<p>words",
            "p::after, p:hover, a:b( {display:none} p::before{content:'}p{display:none}'}",
        ),
        page("<noscript><style>p{display:none}</style></noscript><p>words", ""),
        page("<style media=print>p{display:none}</style><p>words", ""),
        page("<p>words", "{}}{;p{{display:none"),
    ],
)
def test_text_of_a_page_that_no_style_sheet_hides_is_read(data: bytes) -> None:
    assert extract_bytes("x.html", data, Limits(), lambda _: None).text == "words"


@given(
    st.lists(
        st.sampled_from(
            ["p", ".a", "#a", ":not(", "[a=", "]", ")", "{", "}", "display:none", ";", ",", " > ",
             "@media screen", "@layer a", "/*", "*/", '"', "\\", "::after", "!important", "*"]
        )
    )
)  # fmt: skip
def test_a_page_with_any_style_sheet_is_read(pieces: list[str]) -> None:
    data = page("<h1>words</h1><p class=a id=a>more", "".join(pieces))
    text = extract_bytes("x.html", data, Limits(), lambda _: None, takes_hidden=True).text
    assert text == "# words\n\nmore"


def test_text_that_a_style_hides_and_the_run_shows_is_read() -> None:
    run = word("words", '<w:rStyle w:val="mine"/><w:vanish w:val="0"/>')
    data = docx(paragraph(run), styles=_HIDDEN_STYLE)
    assert extract_bytes("x.docx", data, Limits(), lambda _: None).text == "words"


def test_hidden_parts_of_attachments_are_counted_and_read_with_the_mail() -> None:
    page = "<p>shown<p hidden>SECRET"
    data = (
        "From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        f"--x\nContent-Type: text/html\n\n{page}\n"
        '--x\nContent-Type: text/html\nContent-Disposition: attachment; filename="a.html"\n\n'
        f"{page}\n--x--\n"
    ).encode()
    document = extract_bytes("x.eml", data, Limits(), lambda _: None)
    assert "SECRET" not in document.text
    assert document.note is not None
    assert document.note.hidden == 2
    full = extract_bytes("x.eml", data, Limits(), lambda _: None, takes_hidden=True)
    assert full.text.count("SECRET") == 2
