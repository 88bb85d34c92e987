"""The same pieces in every kind of document and paste have one text each."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.text.web_page import convert_selection
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import drawn_pdf
from tests.helpers.office_files import docx, opendocument, packed, pptx
from tests.unit.documents.binary_workbooks import record, wide, xls

TEXTS: Mapping[str, str] = {
    "marks": "Cost 10⁶ EUR, H₂O, ~~100~~ ~~9~~ 80",
    "formula": "so 2 3/8 x^24 is",
    "tex": "then $E=mc^2$ once",
    "list": "- First\n  - Inner\n- Second",
    "link": "[the deed](https://example.org/deed)",
    "table": "| Head |  |\n| --- | --- |\n| left | right |",
    "frame": "\n\nframed | once\n\n",
    "chart": "|  | car | van |\n| --- | --- | --- |\n| Q1 | 320 | 201 |",
    "note": "kept[^1]",
    "direction": "שלום עולם",
    "date": "2026-03-01",
    "price": "12.5 €",
}
SECRET = "unseen"
"""A hidden word, in every document."""

MATH = (
    "<math><mn>2</mn><mfrac><mn>3</mn><mn>8</mn></mfrac><msup><mi>x</mi><mn>24</mn></msup></math>"
)
OFFICE_MATH = (
    '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
    "<m:r><m:t>2</m:t></m:r><m:f><m:num><m:r><m:t>3</m:t></m:r></m:num><m:den><m:r><m:t>8</m:t>"
    "</m:r></m:den></m:f><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>24</m:t></m:r>"
    "</m:sup></m:sSup></m:oMath>"
)
KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>E</mi></mrow>'
    '<annotation encoding="application/x-tex">E=mc^2</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span>E=mc2</span></span></span>'
)
CHART = (
    '<c:chartSpace xmlns:c="c"><c:barChart>'
    + "".join(
        f"<c:ser><c:tx><c:v>{name}</c:v></c:tx><c:cat><c:strLit><c:pt idx='0'><c:v>Q1</c:v></c:pt>"
        f"</c:strLit></c:cat><c:val><c:numLit><c:pt idx='0'><c:v>{value}</c:v></c:pt></c:numLit>"
        "</c:val></c:ser>"
        for name, value in (("car", 320), ("van", 201))
    )
    + "</c:barChart></c:chartSpace>"
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(**targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="{key}" Type="{RELATION}/{key}" Target="{target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if ':' in target else ''}/>"
        for key, target in targets.items()
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{rows}</Relationships>'


def with_parts(data: bytes, **parts: str) -> bytes:
    """Return a package with other or more parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    return packed(old | {name: text.encode() for name, text in parts.items()})


def word_document() -> bytes:
    def run(text: str, properties: str = "") -> str:
        return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'

    def item(text: str, level: int) -> str:
        number = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
        return f"<w:p><w:pPr>{number}</w:pPr>{run(text)}</w:p>"

    def cell(text: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p>{run(text)}</w:p></w:tc>"

    raised, struck = '<w:vertAlign w:val="superscript"/>', "<w:dstrike/>"
    levels = "".join(
        f'<w:lvl w:ilvl="{n}"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl>'
        for n in (0, 1)
    )
    numbering = (
        f'<w:abstractNum w:abstractNumId="1">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    )
    styles = (
        '<w:style w:type="character" w:styleId="Low"><w:rPr><w:position w:val="-6"/></w:rPr>'
        "</w:style>"
    )
    marks = (
        run("Cost 10")
        + run("6", raised)
        + run(" EUR, H")
        + run("2", '<w:rStyle w:val="Low"/>')
        + run("O, ")
        + run("1", struck)
        + run("00", struck)
        + run(" ")
        + run("9", "<w:strike/>")
        + run(" 80")
    )
    body = (
        f"<w:p>{marks}{run(SECRET, '<w:vanish/>')}</w:p>"
        f"<w:p>{run('so ')}{OFFICE_MATH}{run(' is')}</w:p>"
        + item("First", 0)
        + item("Inner", 1)
        + item("Second", 0)
        + f'<w:p><w:hyperlink r:id="hyperlink">{run("the deed")}</w:hyperlink></w:p>'
        f"<w:tbl><w:tr>{cell('Head', '<w:gridSpan w:val=' + chr(34) + '2' + chr(34) + '/>')}</w:tr>"
        f"<w:tr>{cell('left')}{cell('right')}</w:tr></w:tbl><w:p/>"
        f"<w:tbl><w:tr>{cell('framed | once')}</w:tr></w:tbl>"
        f'<w:p>{run("kept")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        f"<w:p>{run('שלום עולם', '<w:rtl/>')}</w:p>"
    )
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return with_parts(
        docx(body, styles=styles, numbering=numbering),
        **{
            "word/_rels/document.xml.rels": relations(
                styles="styles.xml",
                numbering="numbering.xml",
                footnotes="footnotes.xml",
                chart="chart.xml",
                hyperlink="https://example.org/deed",
            ),
            "word/chart.xml": CHART,
            "word/footnotes.xml": f'<w:footnotes xmlns:w="{w}"><w:footnote w:id="2"><w:p>'
            f"{run('noted')}</w:p></w:footnote></w:footnotes>",
        },
    )


def presentation() -> bytes:
    def run(text: str, properties: str = "", inner: str = "") -> str:
        return f"<a:r><a:rPr {properties}>{inner}</a:rPr><a:t>{text}</a:t></a:r>"

    def box(paragraphs: str, hidden: str = "") -> str:
        return (
            f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="t" {hidden}/></p:nvSpPr><p:txBody>'
            f"{paragraphs}</p:txBody></p:sp>"
        )

    def cell(text: str) -> str:
        return f"<a:tc><a:txBody><a:p>{run(text)}</a:p></a:txBody></a:tc>"

    def table(*rows: str) -> str:
        inner = "".join(f"<a:tr>{row}</a:tr>" for row in rows)
        return (
            f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{inner}</a:tbl></a:graphicData>"
            "</a:graphic></p:graphicFrame>"
        )

    struck = 'strike="sngStrike"'
    marks = (
        run("Cost 10")
        + run("6", 'baseline="30000"')
        + run(" EUR, H")
        + run("2", 'baseline="-25000"')
        + run("O, ")
        + run("1", struck)
        + run("00", struck)
        + run(" ")
        + run("9", 'strike="dblStrike"')
        + run(" 80")
    )
    link = run("the deed", inner='<a:hlinkClick r:id="hyperlink"/>')
    slide = (
        box(f"<a:p>{marks}</a:p><a:p>{run('so ')}<m>{OFFICE_MATH}</m>{run(' is')}</a:p>")
        + box(f"<a:p>{link}</a:p><a:p>{run('שלום עולם')}</a:p>")
        + box(f"<a:p>{run(SECRET)}</a:p>", 'hidden="1"')
        + table(cell("Head") + cell(""), cell("left") + cell("right"))
        + table(cell("framed | once"))
    )
    return with_parts(
        pptx(slide),
        **{
            "ppt/slides/_rels/slide1.xml.rels": relations(
                chart="../chart.xml", hyperlink="https://example.org/deed"
            ),
            "ppt/chart.xml": CHART,
        },
    )


ODF_STYLES = "".join(
    f'<style:style style:name="{name}" style:family="{family}"><style:text-properties {look}/>'
    "</style:style>"
    for name, family, look in (
        ("up", "text", 'style:text-position="super 58%"'),
        ("low", "text", 'style:text-position="-33% 58%"'),
        ("gone", "text", 'style:text-line-through-style="solid"'),
        ("twice", "text", 'style:text-line-through-type="double"'),
        ("unseen", "text", 'text:display="none"'),
    )
)


def opendocument_text(kind: str) -> bytes:
    def span(text: str, style: str) -> str:
        return f'<text:span text:style-name="{style}">{text}</text:span>'

    def item(text: str, inner: str = "") -> str:
        return f"<text:list-item><text:p>{text}</text:p>{inner}</text:list-item>"

    def cell(text: str, attributes: str = "") -> str:
        return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"

    def table(*rows: str) -> str:
        inner = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
        return f"<table:table>{inner}</table:table>"

    def shown(name: str) -> str:
        return f'<draw:frame><draw:object x:href="./{name}"/></draw:frame>'

    marks = (
        f"Cost 10{span('6', 'up')} EUR, H{span('2', 'low')}O, {span('1', 'gone')}"
        f"{span('00', 'gone')} {span('9', 'twice')} 80{span(SECRET, 'unseen')}"
    )
    chart = table(cell("") + cell("car") + cell("van"), cell("Q1") + cell("320") + cell("201"))
    body = (
        f"<text:p>{marks}</text:p><text:p>so {shown('Formula')} is</text:p>"
        f"<text:p>{shown('Chart')}</text:p>"
        "<text:list>"
        + item("First", f"<text:list>{item('Inner')}</text:list>")
        + item("Second")
        + '</text:list><text:p><text:a x:href="https://example.org/deed">the deed</text:a></text:p>'
        + table(
            cell("Head", 'table:number-columns-spanned="2"') + "<table:covered-table-cell/>",
            cell("left") + cell("right"),
        )
        + "<text:p>and</text:p>"
        + table(cell("framed | once"))
        + "<text:p>kept<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>noted</text:p></text:note-body></text:note></text:p><text:p>שלום עולם</text:p>"
    )
    if kind == "presentation":
        body = (
            f"<draw:page><draw:frame><draw:text-box>{body}</draw:text-box></draw:frame></draw:page>"
        )
    data = opendocument(kind, body, ODF_STYLES)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read("content.xml").decode()
    content = content.replace(" ", ' xmlns:x="http://www.w3.org/1999/xlink" ', 1)
    return with_parts(
        data,
        **{
            "content.xml": content,
            "Formula/content.xml": MATH.replace(
                "<math>", '<math xmlns="http://www.w3.org/1998/Math/MathML">'
            ),
            "Chart/content.xml": (
                '<office xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
                f'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">{chart}</office>'
            ),
        },
    )


def sheet_of_opendocument() -> bytes:
    data = opendocument_text("text")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read("content.xml").decode()
    start = content.index("<text:p>Cost")
    marks = content[start : content.index("</text:p>", start)] + "</text:p>"
    day = (
        '<table:table-cell office:value-type="date" office:date-value="2026-03-01">'
        "<text:p>2026-03-01</text:p></table:table-cell>"
    )
    price = '<table:table-cell office:value-type="float"><text:p>12.5 €</text:p></table:table-cell>'
    link = (
        '<text:p><text:a xmlns:x="http://www.w3.org/1999/xlink" x:href="https://example.org/deed">'
        "the deed</text:a></text:p>"
    )
    cells = f"<table:table-cell>{marks}</table:table-cell>{day}{price}"
    more = (
        f"<table:table-cell>{link}</table:table-cell><table:table-cell><text:p>שלום עולם</text:p>"
    )
    return opendocument(
        "spreadsheet",
        f'<table:table table:name="S"><table:table-row>{cells}</table:table-row><table:table-row>'
        f"{more}</table:table-cell></table:table-row></table:table>",
        ODF_STYLES,
    )


def workbook() -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    struck = InlineFont(strike=True)
    sheet["A1"] = CellRichText(
        "Cost 10",
        TextBlock(InlineFont(vertAlign="superscript"), "6"),
        " EUR, H",
        TextBlock(InlineFont(vertAlign="subscript"), "2"),
        "O, ",
        TextBlock(struck, "1"),
        TextBlock(struck, "00"),
        " ",
        TextBlock(struck, "9"),
        " 80",
    )
    sheet["A2"] = 7
    sheet["A2"].font = Font(strike=True)
    sheet["B2"] = 46082
    sheet["B2"].number_format = "yyyy-mm-dd"
    sheet["C2"] = 12.5
    sheet["C2"].number_format = '0.00\\ "€"'
    sheet["D2"] = "the deed"
    sheet["D2"].hyperlink = "https://example.org/deed"
    sheet["E2"] = "שלום עולם"
    sheet["A3"] = SECRET
    sheet.row_dimensions[3].hidden = True
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def old_workbook() -> bytes:
    fonts = [(0, 0), (0, 1), (0, 2), (8, 0)]  # plain, raised, lowered, struck
    head = b"".join(
        record(0x31, "5H4B", 200, flags, 0, 400, place, 0, 0, 0, 0, text=b"\5\0Arial")
        for flags, place in fonts
    )
    text = "Cost 106 EUR, H2O, 100 9 80"
    starts = [(7, 1), (8, 0), (15, 2), (16, 0), (19, 3), (22, 0), (23, 3), (24, 0)]
    runs = struct.pack(f"<{1 + 2 * len(starts)}H", len(starts), *sum(starts, ()))
    return xls({"S": record(0xD6, "3H", 0, 0, 0, text=wide(text) + runs)}, head=head)


def page_of_pdf() -> bytes:
    def shown(text: str, x: float, size: int = 12, raised: int = 0) -> str:
        return f"BT /F1 {size} Tf {x} 700 Td {raised} Ts ({text}) Tj ET "

    texts = (
        shown("Cost 10", 50)
        + shown("6", 90.7, 8, 5)
        + shown(" EUR, H", 95.2)
        + shown("2", 137, 8, -3)
        + shown("O, 100 9 80", 141.5)
    )
    return drawn_pdf([f"{texts} 157.5 704 m 177.5 704 l S 181 704 m 187.5 704 l S"])


RICH_TEXT = rb"""{\rtf1\ansi\deff0 Cost 10{\super 6} EUR, H{\dn6 2}O, {\strike 1}{\strike 00}
 {\striked1 9} 80{\v unseen}\par
{\listtext\'b7\tab}\ls1\ilvl0 First\par{\listtext o\tab}\ls1\ilvl1 Inner\par
{\listtext\'b7\tab}\ls1\ilvl0 Second\par\pard
{\field{\*\fldinst HYPERLINK "https://example.org/deed"}{\fldrslt the deed}}\par
\trowd\cellx900\cellx1800 Head\cell \cell\row\trowd\cellx900\cellx1800 left\cell right\cell\row\pard
and\par\trowd\cellx900 framed | once\cell\row\pard
kept{\super\chftn}{\footnote\pard\plain noted}\par
\u1513?\u1500?\u1493?\u1501? \u1506?\u1493?\u1500?\u1501?\par}"""

MARKED = (
    'H<span style="vertical-align:sub">2</span>O, <s>1</s><s>00</s> <span class="gone">9</span> 80'
)
PAGE = f"""<html><head><style>.gone {{ text-decoration: line-through red }}
.u {{ display: none }}</style></head><body><p>Cost 10<sup>6</sup> EUR, {MARKED}
<span class="u">{SECRET}</span></p><p>so {MATH} is</p>
<p>then {KATEX} once</p>
<ul><li>First<ul><li>Inner</li></ul></li><li>Second</li></ul>
<p><a href="https://example.org/deed">the deed</a></p>
<table><tr><th colspan="2">Head</th></tr><tr><td>left</td><td>right</td></tr></table>
<p>and</p><table><tr><td>framed | once</td></tr></table><p dir="rtl">שלום עולם</p></body></html>"""


def book() -> bytes:
    chapter = PAGE.replace("<html>", '<html xmlns="http://www.w3.org/1999/xhtml">')
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:'
            'container"><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
            "a.opf": '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" '
            'href="c.xhtml"/></manifest><spine><itemref idref="c"/></spine></package>',
            "c.xhtml": chapter,
        }
    )


def mail() -> bytes:
    content = base64.encodebytes(PAGE.encode()).decode()
    return (
        "From: a@example.org\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n"
        f"Content-Transfer-Encoding: base64\n\n{content}"
    ).encode()


def notebook() -> bytes:
    output = {"output_type": "display_data", "data": {"text/html": PAGE}, "metadata": {}}
    cell = {"cell_type": "code", "source": "show()", "outputs": [output], "metadata": {}}
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


ON_PAGES = "marks formula tex list link table frame direction"
IN_CELLS = "marks link direction date price"
DOCUMENTS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "a.docx": (word_document, "marks formula list link table frame chart note direction"),
    "a.pptx": (presentation, "marks formula link table frame chart direction"),
    "a.odt": (
        lambda: opendocument_text("text"),
        "marks formula list link table frame chart note direction",
    ),
    "a.odp": (
        lambda: opendocument_text("presentation"),
        "marks formula list link table frame chart note direction",
    ),
    "a.ods": (sheet_of_opendocument, IN_CELLS),
    "a.xlsx": (workbook, IN_CELLS),
    "a.xls": (old_workbook, "marks"),
    "a.pdf": (page_of_pdf, "marks"),
    "a.rtf": (lambda: RICH_TEXT, "marks list link table frame note direction"),
    "a.html": (PAGE.encode, ON_PAGES),
    "a.epub": (book, ON_PAGES),
    "a.eml": (mail, ON_PAGES),
    "a.ipynb": (notebook, ON_PAGES),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_piece_has_the_same_text_in_each_document(name: str) -> None:
    make, pieces = DOCUMENTS[name]
    text = extract_bytes(name, make(), Limits(), lambda _: None).text
    for piece in pieces.split():
        assert TEXTS[piece] in f"\n\n{text}\n\n".replace("\n```\n", "\n\n"), piece
    assert SECRET not in text
    assert name != "a.xlsx" or "~~7~~" in text


def word_item(text: str, level: int, sign: str = "·") -> str:
    return (
        f"<p class=MsoListParagraph style='text-indent:-.25in;mso-list:l0 level{level} lfo1'>"
        f"<![if !supportLists]><span style='mso-list:Ignore'>{sign}<span>&nbsp;&nbsp; </span>"
        f"</span><![endif]>{text}</p>\n"
    )


WORD_MARKS = (
    "<p class=MsoNormal>Cost 10<sup>6</sup> EUR, H<sub>2</sub>O, <s>100</s> "
    "<span style='text-decoration:line-through'>9</span> 80</p>"
)
WORD_MATH = (
    "<p>so <!--[if gte msEquation 12]><m:oMath><m:r>2</m:r><m:f><m:num><i><span><m:r>3</m:r>"
    "</span></i></m:num><m:den><m:r>8</m:r></m:den></m:f><m:sSup><m:e><m:r>x</m:r></m:e><m:sup>"
    "<m:r>24</m:r></m:sup></m:sSup></m:oMath><![endif]--><![if !msEquation]><img src=a.png>"
    "<![endif]> is</p>"
)
WORD = WORD_MARKS + word_item("First", 1) + word_item("Inner", 2, "o") + word_item("Second", 1)
PASTES: Mapping[str, tuple[str, str]] = {
    "browser": (PAGE, ON_PAGES),
    "Word": (WORD + WORD_MATH, "marks formula list"),
    "Outlook": (f"<div>{WORD}</div>", "marks list"),
    "Calc": (
        "<table><tr><td>Cost 10<sup>6</sup> EUR, H<sub>2</sub>O, <strike>100</strike> "
        "<font><s>9</s></font> 80</td><td></td></tr></table>",
        "marks",
    ),
    "Excel": (
        "<style>.x{text-decoration:line-through;}</style><table><tr><td colspan=2>Head</td></tr>"
        "<tr><td>left</td><td>right</td></tr><tr><td>Cost 10<font><sup>6</sup></font> EUR, "
        "H<font><sub>2</sub></font>O, <font class=x>100</font> <s>9</s> 80</td></tr></table>",
        "marks table",
    ),
    "one cell": ("<table><tr><td>framed | once</td></tr></table>", "frame"),
    "ChatGPT": (f"<p>then {KATEX} once</p>", "tex"),
}


@pytest.mark.parametrize("source", PASTES)
def test_a_piece_has_the_same_text_in_each_paste(source: str) -> None:
    html, pieces = PASTES[source]
    text = convert_selection(html)
    for piece in pieces.split():
        assert TEXTS[piece] in f"\n\n{text}\n\n", piece
