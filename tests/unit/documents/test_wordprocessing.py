"""Word documents, feature by feature: list numbers, headings, formats, tables, alternatives."""

from __future__ import annotations

import pytest

from tests.unit.documents.test_office_parts import SPACES, read, word


def value(name: str, given: object) -> str:
    return f"<w:{name} w:val='{given}'/>"


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    given = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    look = f"<w:rPr>{run}</w:rPr>" if run else ""
    return f"<w:p>{given}<w:r>{look}<w:t>{text}</w:t></w:r></w:p>"


def numbered(number: object, level: object = 0) -> str:
    return f"<w:numPr>{value('ilvl', level)}{value('numId', number)}</w:numPr>"


def item(text: str, number: object, level: object = 0) -> str:
    return paragraph(text, numbered(number, level))


def level(at: int, kind: str, text: str = "", start: str = "") -> str:
    more = "".join(value(n, v) for n, v in (("lvlText", text), ("start", start)) if v)
    return f"<w:lvl w:ilvl='{at}'>{value('numFmt', kind)}{more}</w:lvl>"


def num(key: int, kind: int, more: str = "") -> str:
    return f"<w:num w:numId='{key}'>{value('abstractNumId', kind)}{more}</w:num>"


def cell(text: str, properties: str = "") -> str:
    given = f"<w:tcPr>{properties}</w:tcPr>" if properties else ""
    return f"<w:tc>{given}{paragraph(text)}</w:tc>"


def table(*rows: list[str]) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows) + "</w:tbl>"


def box(content: str) -> str:
    inside = f"<w:drawing><w:txbxContent>{content}</w:txbxContent></w:drawing>"
    return (
        f"<w:p><w:r><w:AlternateContent><w:Choice>{inside}</w:Choice>"
        f"<w:Fallback>{inside}</w:Fallback></w:AlternateContent></w:r></w:p>"
    )


LETTERS = level(1, "lowerLetter", "%2)") + level(2, "upperRoman", "%1.%2.%3", "4")
LEGAL = (
    level(0, "upperRoman", "Article %1.")
    + level(1, "decimalZero", "Section %1.%2").replace("<w:numFmt", "<w:isLgl/><w:numFmt")
    + level(2, "decimal", "(%3)").replace("<w:numFmt", "<w:lvlRestart w:val='0'/><w:numFmt")
)
BULLETS = level(0, "bullet") + level(1, "none") + level(2, "decimal")
COLORS = value("listEntry", "red") + value("listEntry", "blue")
ANEW = f"<w:lvlOverride w:ilvl='0'>{value('startOverride', 7)}</w:lvlOverride>"
OWN_LEVEL = f"<w:lvlOverride w:ilvl='1'>{level(1, 'upperLetter', '%2.')}</w:lvlOverride>"
NUMBERING = (
    f"<w:abstractNum w:abstractNumId='0'>{level(0, 'decimal', '%1.')}{LETTERS}</w:abstractNum>"
    f"<w:abstractNum w:abstractNumId='1'>{BULLETS}</w:abstractNum>"
    f"<w:abstractNum w:abstractNumId='2'>{value('styleLink', 'L')}"
    f"{level(0, 'decimal', '%1)')}</w:abstractNum>"
    f"<w:abstractNum w:abstractNumId='3'>{value('numStyleLink', 'L')}</w:abstractNum>"
    f"<w:abstractNum w:abstractNumId='4'>{value('numStyleLink', 'X')}</w:abstractNum>"
    f"<w:abstractNum w:abstractNumId='5'>{LEGAL}</w:abstractNum>{num(10, 5)}"
    f"{num(6, 3)}{num(7, 4)}{num(8, 3, OWN_LEVEL)}"
    f"{num(1, 0)}{num(2, 1)}{num(3, 0, ANEW)}{num(4, 0)}{num(5, 9)}"
)
STYLES = (
    "<w:style w:styleId='N'><w:rPr><w:b/></w:rPr></w:style>"
    "<w:style w:styleId='C'><w:basedOn w:val='N'/></w:style>"
    "<w:style w:styleId='Greek'><w:rPr><w:rFonts w:ascii='Symbol'/></w:rPr></w:style>"
    "<w:style w:styleId='Power'><w:rPr><w:vertAlign w:val='superscript'/></w:rPr></w:style>"
    "<w:style w:styleId='P'><w:basedOn w:val='N'/><w:rPr><w:b w:val='0'/></w:rPr></w:style>"
)


def mark(kind: str, properties: str = "") -> str:
    return f"<w:r>{properties}<w:fldChar w:fldCharType='{kind}'/></w:r>"


def text_of(body: str) -> str:
    parts = word(body)
    parts["word/numbering.xml"] = f"<w:numbering {SPACES}>{NUMBERING}</w:numbering>"
    parts["word/styles.xml"] = f"<w:styles {SPACES}>{STYLES}</w:styles>"
    return read("x.docx", parts)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            item("a", 1)
            + item("b", 1)
            + item("c", 1, 1)
            + item("d", 1, 1)
            + item("e", 1, 2)
            + item("f", 1)
            + item("g", 1, 1),
            "1. a\n2. b\n   a) c\n   b) d\n      2.b.IV e\n3. f\n   a) g",
            id="numbers of a list",
        ),
        pytest.param(
            item("a", 10) + item("b", 10, 1) + item("c", 10, 2) + item("d", 10) + item("e", 10, 2),
            "Article I. a\n   Section 1.01 b\n      (1) c\nArticle II. d\n      (2) e",
            id="numbers of a contract",
        ),
        pytest.param(
            item("a", 2) + item("b", 2, 1) + item("c", 2, 2) + item("d", 2, 3),
            "- a\n\nb\n\n      1. c\n         - d",
            id="bullets, no label and no text of the label",
        ),
        pytest.param(
            paragraph("a", value("outlineLvl", 0) + numbered(1))
            + paragraph("b", value("outlineLvl", 1) + numbered(2)),
            "# 1. a\n\n## b",
            id="numbered headings",
        ),
        pytest.param(
            "".join(paragraph("a", value("outlineLvl", n)) for n in (0, 5, 8, 9, "x")),
            "# a\n\n###### a\n\n###### a\n\na\n\na",
            id="outline levels",
        ),
        pytest.param(
            paragraph("a", run="<w:b/>")
            + paragraph("b", run=value("b", "0"))
            + paragraph("c", run=value("b", "false"))
            + paragraph("d", run=value("b", "on"))
            + paragraph("e", run=value("rStyle", "C"))
            + paragraph("f", run=value("rStyle", "X"))
            + (
                "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>g</w:t></w:r>"
                "<w:r><w:rPr><w:b/></w:rPr><w:t>h</w:t></w:r></w:p>"
            ),
            "**a**\n\nb\n\nc\n\n**d**\n\n**e**\n\nf\n\n**gh**",
            id="bold words",
        ),
        pytest.param(
            paragraph("a", run="<w:vanish/>") + paragraph("b", run=value("vanish", "0")),
            "b",
            id="hidden words",
        ),
        pytest.param(
            paragraph("2", run=value("vertAlign", "superscript"))
            + paragraph("3", run=value("vertAlign", "subscript"))
            + paragraph("4", run=value("vertAlign", "baseline")),
            "²\n\n₃\n\n4",
            id="raised and lowered figures",
        ),
        pytest.param(
            table([cell("a"), cell("b")], [cell("c"), cell("d")]),
            "| a | b |\n| --- | --- |\n| c | d |",
            id="a table",
        ),
        pytest.param(
            table(
                [cell("a", "<w:vMerge w:val='restart'/>"), cell("b")],
                [cell("c", "<w:vMerge/>"), cell("d")],
            ),
            "| a | b |\n| --- | --- |\n|  | d |",
            id="cells that go on",
        ),
        pytest.param(
            table(
                [cell("a", value("gridSpan", 2)), cell("b")],
                [cell("c"), cell("d"), cell("e")],
                [cell("f", value("gridSpan", 1)), cell("g", value("gridSpan", 0))],
            ),
            "| a |  | b |\n| --- | --- | --- |\n| c | d | e |\n| f | g |  |",
            id="wide cells",
        ),
        pytest.param(
            "<w:p>"
            + "".join(
                f"<w:r><w:fldChar w:fldCharType='begin'><w:ffData>{field}</w:ffData></w:fldChar>"
                "<w:instrText>FORM</w:instrText><w:fldChar w:fldCharType='end'/></w:r>"
                for field in (
                    "<w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox>",
                    "<w:checkBox><w:default w:val='1'/><w:checked w:val='0'/></w:checkBox>",
                    "<w:checkBox><w:default w:val='1'/></w:checkBox>",
                    "<w:ddList><w:result w:val='1'/>" + COLORS + "</w:ddList>",
                    "<w:ddList>" + COLORS + "</w:ddList>",
                    "<w:ddList><w:result w:val='7'/>" + COLORS + "</w:ddList>",
                    "<w:textInput/>",
                )
            )
            + "</w:p>",
            "☒☐☒bluered",
            id="boxes and choices of a form",
        ),
        pytest.param(
            (
                "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t>"
                "<w:noBreakHyphen/><w:cr/><w:t>d</w:t></w:r></w:p>"
            ),
            "a\tb\nc‑\nd",
            id="characters",
        ),
        pytest.param(
            (
                "<w:p><w:ins><w:r><w:t>a</w:t></w:r></w:ins><w:del><w:r><w:delText>b</w:delText></w:r></w:del>"
                "<w:moveTo><w:r><w:t>c</w:t></w:r></w:moveTo>"
                "<w:moveFrom><w:r><w:t>d</w:t></w:r></w:moveFrom></w:p>"
            ),
            "ac",
            id="insertions and deletions",
        ),
        pytest.param(
            "<w:p><w:r><w:AlternateContent><w:Choice><w:txbxContent>"
            + paragraph("in it")
            + "</w:txbxContent></w:Choice><w:Fallback><w:txbxContent>"
            + paragraph("old")
            + "</w:txbxContent></w:Fallback></w:AlternateContent><w:t>a</w:t></w:r></w:p>",
            "a\n\nin it",
            id="a text box is read once",
        ),
        pytest.param(
            "<w:p><w:bookmarkStart/><w:r><w:footnoteReference w:id='7'/><w:t>a</w:t></w:r>"
            "<w:oMathPara xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'>"
            "<m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></w:oMathPara></w:p>",
            "ax=1",
            id="a formula, and a footnote that is missing",
        ),
    ],
)
def test_features_of_documents_are_read(body: str, expected: str) -> None:
    assert text_of(body) == expected
