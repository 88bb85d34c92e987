"""Charts, diagrams and text boxes of Office files, unusual part names, strict files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits

DATA = Path(__file__).parents[2] / "data"
_OFFICE = "http://schemas.openxmlformats.org"
_MAIN = f"{_OFFICE}/officeDocument/2006/relationships"
SPACES = (
    f'xmlns:w="{_OFFICE}/wordprocessingml/2006/main" xmlns:a="{_OFFICE}/drawingml/2006/main" '
    f'xmlns:c="{_OFFICE}/drawingml/2006/chart" xmlns:r="{_MAIN}" '
    f'xmlns:p="{_OFFICE}/presentationml/2006/main" xmlns:dgm="{_OFFICE}/drawingml/2006/diagram" '
    f'xmlns:xdr="{_OFFICE}/drawingml/2006/spreadsheetDrawing" '
    f'xmlns="{_OFFICE}/spreadsheetml/2006/main"'
)


def series(name: str, values: str, style: str = "General") -> str:
    names = "".join(
        f'<c:pt idx="{n}"><c:v>{month}</c:v></c:pt>' for n, month in enumerate(("May", "June"))
    )
    points = "".join(
        f'<c:pt idx="{n}"><c:v>{value}</c:v></c:pt>' for n, value in enumerate(values.split())
    )
    return (
        f"<c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>{name}</c:v></c:pt></c:strCache>"
        f"</c:strRef></c:tx><c:cat><c:strRef><c:strCache>{names}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache><c:formatCode>{style}</c:formatCode>{points}</c:numCache>"
        "</c:numRef></c:val></c:ser>"
    )


def titled(words: str) -> str:
    return (
        f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{words}</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    )


CHART = (
    f"<c:chartSpace {SPACES}><c:chart>{titled('Geese &amp; swans')}<c:plotArea><c:barChart>"
    f"{series('Geese', '1200 0.30000000000000004')}{series('Share', '0.25 0.5', '0%')}</c:barChart>"
    f"<c:valAx>{titled('Birds')}</c:valAx></c:plotArea></c:chart></c:chartSpace>"
)
CHART_TEXT = (
    "Chart: Geese & swans\n\nAxes: Birds\n\n|  | Geese | Share |\n| --- | --- | --- |\n"
    "| May | 1200 | 25% |\n| June | 0.3 | 50% |"
)
DRAWN = (
    "<w:drawing><a:graphic><a:graphicData><c:chart "
    'r:id="one"/></a:graphicData></a:graphic></w:drawing>'
)


def relations(**targets: str) -> str:
    rows = "".join(f'<Relationship Id="{key}" Target="{part}"/>' for key, part in targets.items())
    return f"<Relationships>{rows}</Relationships>"


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return target.getvalue()


def read(name: str, parts: Mapping[str, str]) -> str:
    return extract_bytes(name, packed(parts), Limits(), lambda _: None).text


def word(body: str, **more: str) -> dict[str, str]:
    document = f"<w:document {SPACES}><w:body>{body}</w:body></w:document>"
    return {"word/document.xml": document, **more}


def read_chart(part: str) -> str:
    """Return the text of a document with a line and the chart in `part`."""
    parts = word(f"<w:p><w:r><w:t>Before.</w:t></w:r><w:r>{DRAWN}</w:r></w:p>")
    parts["word/_rels/document.xml.rels"] = relations(one="charts/chart1.xml")
    parts["word/charts/chart1.xml"] = part
    return read("x.docx", parts)


def chart(area: str, title: str = "") -> str:
    """Return the text of a chart."""
    space = f"<c:chartSpace {SPACES}><c:chart>{title}{area}</c:chart></c:chartSpace>"
    return read_chart(space).removeprefix("Before.").strip()


def bars(content: str) -> str:
    return f"<c:plotArea><c:barChart>{content}</c:barChart></c:plotArea>"


def test_a_chart_in_a_document_becomes_a_table() -> None:
    assert read_chart(CHART) == f"Before.\n\n{CHART_TEXT}"


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        ("45000", "yyyy-mm-dd", "2023-03-15"),
        ("45000.5", "d.m.", "2023-03-15 12:00"),
        ("1", "d", "1899-12-31"),
        ("0", "d", "0"),
        ("2900000", "yyyy", "2900000"),
        ("12", "#,##0 &quot;days&quot;", "12"),
        ("0.125", "0.0%", "12.5%"),
        ("1e20", "General", "1e20"),
        ("many", "0%", "many"),
        ("2", "mmm yyyy", "1900-01-01"),
        ("-1", "d", "-1"),
        ("2899999", "d", "9839-12-04"),
        ("45000", "General d", "45000"),
        ("45000", "m:ss", "45000"),
        ("0.12345678", "0.00%", "12.345678%"),
        ("0.123456789", "0.00%", "12.345679%"),
        ("0.1234567890123456", "0.0", "0.123456789012346"),
        ("123456789012345", "0", "123456789012345"),
    ],
)
def test_chart_values_are_formatted_by_their_style(value: str, style: str, shown: str) -> None:
    assert chart(bars(series("", value, style))) == (
        f"Chart:\n\n|  | Series 1 |\n| --- | --- |\n| May | {shown} |\n| June |  |"
    )


def test_drawings_on_a_sheet_are_read_with_it() -> None:
    drawing = (
        f"<xdr:wsDr {SPACES}><xdr:sp><xdr:txBody><a:p><a:r><a:t>Counted at dawn.</a:t></a:r></a:p>"
        "</xdr:txBody></xdr:sp><xdr:graphicFrame><c:chart "
        'r:id="one"/></xdr:graphicFrame></xdr:wsDr>'
    )
    with zipfile.ZipFile(DATA / "figures.xlsx") as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts |= {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(d="../drawings/drawing1.xml"),
        "xl/drawings/drawing1.xml": drawing,
        "xl/drawings/_rels/drawing1.xml.rels": relations(one="../charts/chart1.xml"),
        "xl/charts/chart1.xml": CHART,
    }
    text = read("x.xlsx", parts)
    before, after = text.split(f"|\n\nCounted at dawn.\n\n{CHART_TEXT}\n\n## ")
    assert before.count("## ") == 1
    assert "|" in after


def test_a_strict_document_keeps_its_heading() -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    body = '<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Doors</w:t></w:r></w:p>'
    document = f'<w:document xmlns:w="{strict}"><w:body>{body}</w:body></w:document>'
    assert read("x.docx", {"word/document.xml": document}) == "## Doors"


@pytest.mark.parametrize(
    ("part", "content", "expected"),
    [
        (
            "a.mht",
            "MIME-Version: 1.0\nContent-Type: text/html\n\n<p>They <b>hang</b>.",
            "They **hang**.",
        ),
        ("a.rtf", r"{\rtf1\ansi {\b They} hang.\par}", "**They** hang."),
        ("a.txt", "They hang.", "They hang."),
        ("a.bin", "\0\1\2", ""),
    ],
)
def test_embedded_documents_are_read(part: str, content: str, expected: str) -> None:
    parts = word("<w:p><w:r><w:t>Keys</w:t></w:r></w:p><w:altChunk r:id='one'/>")
    parts["word/_rels/document.xml.rels"] = relations(one=part)
    parts[f"word/{part}"] = content
    assert read("x.docx", parts) == f"Keys\n\n{expected}".strip()


def test_a_damaged_chart_is_left_out_alone() -> None:
    assert read_chart("<!DOCTYPE chart><chart/>") == "Before."


def slide(shapes: str, attributes: str = "") -> str:
    parts = {
        "ppt/presentation.xml": f'<p:presentation {SPACES}><p:sldId r:id="s"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(s="slides/slide1.xml"),
        "ppt/slides/slide1.xml": (
            f"<p:sld {SPACES} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        ),
        "ppt/slides/_rels/slide1.xml.rels": (
            '<r><r Id="w" TargetMode="External" Target="https://a.example/"/>'
            '<r Id="i" Target="slide2.xml"/></r>'
        ),
    }
    return read("x.pptx", parts).removeprefix("[slide 1]\n\n")


def shape(*paragraphs: str, kind: str = "") -> str:
    given = f"<p:nvSpPr><p:nvPr><p:ph {kind}/></p:nvPr></p:nvSpPr>" if kind else ""
    return (
        f"<p:sp>{given}<p:txBody>{''.join(f'<a:p>{p}</a:p>' for p in paragraphs)}</p:txBody></p:sp>"
    )


def numbered(text: str, level: int = 0, kind: str = "arabicPeriod", start: str = "1") -> str:
    number = f'<a:buAutoNum type="{kind}" startAt="{start}"/>'
    return f'<a:pPr lvl="{level}">{number}</a:pPr>{run(text)}'


_MATH = f'xmlns:m="{_OFFICE}/officeDocument/2006/math"'


def run(text: str, look: str = "", link: str = "") -> str:
    target = f'<a:hlinkClick r:id="{link}"/>' if link else ""
    return f"<a:r><a:rPr {look}>{target}</a:rPr><a:t>{text}</a:t></a:r>"


def in_font(kind: str, text: str, font: str = "Wingdings") -> str:
    return f'<a:r><a:rPr><a:{kind} typeface="{font}"/></a:rPr><a:t>{text}</a:t></a:r>'


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('show="0"', "(hidden)\n\na"),
        ('show="false"', "(hidden)\n\na"),
        ('show="1"', "a"),
        ("", "a"),
    ],
)
def test_hidden_slides_are_marked(attributes: str, expected: str) -> None:
    assert slide(shape(run("a")), attributes) == expected


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (shape(run("a"), run("b"), kind='type="title"') + shape(run("c")), "# a b\n\nc"),
        (shape(run("a"), kind='type="ctrTitle"') + shape(run("b"), kind='type="body"'), "# a\n\nb"),
        (shape(run("a"), kind='type="sldNum"') + shape(run("b"), kind='idx="1"'), "b"),
        (
            shape(*(f'<a:pPr lvl="{level}"/>{run("a")}' for level in (0, 1, 2, 8, 9, -1))),
            f"a\n- a\n   - a\n{'   ' * 7}- a\n{'   ' * 7}- a\na",
        ),
        (
            shape(*(f'<a:pPr lvl="{level}"/>{run("a")}' for level in ("x", "²", "", "9" * 5000))),
            "\n".join("aaaa"),
        ),
        (shape(run("a"), run(" "), run("b")), "a\nb"),
        (
            shape(
                run("a ") + run("b", link="w") + run("c", link="i"),
                run("https://a.example/", link="w"),
            ),
            "a [b](https://a.example/)c\nhttps://a.example/",
        ),
        (
            shape(
                numbered("a"),
                numbered("b", level=1, kind="alphaLcParenR"),
                run(" "),
                numbered("c", level=1, kind="alphaLcParenR"),
                numbered("d"),
                numbered("e", level=1, kind="alphaLcParenR"),
                f'<a:pPr lvl="1"/>{run("f")}',
                run("g"),
                numbered("h"),
            ),
            "1. a\n   a) b\n   b) c\n2. d\n   a) e\n   - f\ng\n1. h",
        ),
        (
            shape(
                numbered("a", kind="romanUcParenBoth", start="4"),
                numbered("b", kind="romanUcParenBoth", start="4"),
                numbered("c", kind="arabicPlain"),
                numbered("d", kind="circleNumDbPlain"),
                numbered("e", kind=""),
            ),
            "(IV) a\n(V) b\n1 c\n1. d\n1. e",
        ),
        (shape(run("a") + "<a:br/>" + run("b")), "a\nb"),
        (
            shape(
                run("a ") + in_font("sym", "b \uf0e0 \uf0fc") + in_font("latin", "\uf0a7\xfc"),
                in_font("sym", "c \uf0e0", "Other"),
            ),
            "a b → ✓▪✓\nc \uf0e0",
        ),
        (shape(run("x") + run("2", 'baseline="30000"') + run("3", 'baseline="-25000"')), "x²₃"),
        (shape(run("4", 'baseline="0"') + run("5", 'baseline="0%"') + run("6")), "456"),
        (f"<p:AlternateContent><p:Choice>{shape(run('a'))}</p:Choice></p:AlternateContent>", "a"),
        (
            f"<p:AlternateContent><p:Choice>{shape(run('a'))}</p:Choice>"
            f"<p:Fallback>{shape(run('b'))}</p:Fallback></p:AlternateContent>",
            "a",
        ),
        (
            shape(
                f"{run('x')}<a:m><m:oMath {_MATH}><m:r><m:t>=y</m:t></m:r></m:oMath></a:m>"
                f"<p:AlternateContent><p:Choice>{run('z')}</p:Choice>"
                f"<p:Fallback>{run('old')}</p:Fallback></p:AlternateContent><p:AlternateContent/>"
            ),
            "x=yz",
        ),
        (
            "<p:graphicFrame><a:tbl>"
            f"<a:tr><a:tc><a:p>{run('a')}</a:p></a:tc><a:tc><a:p>{run('b')}</a:p></a:tc></a:tr>"
            "</a:tbl></p:graphicFrame>",
            "| a | b |\n| --- | --- |",
        ),
    ],
)
def test_parts_of_a_slide_are_read(shapes: str, expected: str) -> None:
    assert slide(shapes) == expected
