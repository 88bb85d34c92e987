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
            item("a", 1, 2) + item("b", 1, 2) + item("c", 1, 1) + item("d", 1, 2),
            "      1.a.IV a\n      1.a.V b\n   b) c\n      1.b.IV d",
            id="a list without its upper levels",
        ),
        pytest.param(
            item("a", 2) + item("b", 2, 1) + item("c", 2, 2) + item("d", 2, 3),
            "- a\n\nb\n\n      1. c\n         - d",
            id="bullets, no label and no text of the label",
        ),
        pytest.param(
            item("a", 1) + item("b", 3) + item("c", 3) + item("d", 4) + item("e", 1),
            "1. a\n7. b\n8. c\n2. d\n3. e",
            id="a list that starts anew, once",
        ),
        pytest.param(
            item("a", 5) + item("b", 99) + item("c", 0) + item("d", ""),
            "- a\n- b\n\nc\n\nd",
            id="lists that are not defined",
        ),
        pytest.param(
            item("a", 6) + item("b", 6) + item("c", 8) + item("d", 8, 1) + item("e", 7),
            "1) a\n2) b\n3) c\n   A. d\n- e",
            id="lists of a list style, with a level of their own",
        ),
        pytest.param(
            item("a", 2, -5) + item("b", 2, 12) + item("c", 2, "x"),
            "- a\n                           - b\n- c",
            id="levels beyond measure",
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
            paragraph("5", run=value("rStyle", "Power"))
            + paragraph("6", run=value("vertAlign", "baseline") + value("rStyle", "Power")),
            "⁵\n\n6",
            id="figures that a style raises",
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
            table([cell("a"), cell("b"), cell("c")]).replace(
                "</w:tbl>", "<w:tr><w:trPr><w:gridBefore w:val='2'/></w:trPr>"
            )
            + f"{cell('d')}</w:tr></w:tbl>",
            "| a | b | c |\n| --- | --- | --- |\n|  |  | d |",
            id="a row that begins further right",
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
            "<w:p><w:r><w:t>a</w:t></w:r>"
            + mark("begin")
            + "<w:r><w:instrText>IF </w:instrText></w:r>"
            + mark("begin")
            + "<w:r><w:instrText>REF x</w:instrText></w:r>"
            + "<w:fldSimple w:instr='REF y'><w:r><w:t>SIMPLE</w:t></w:r></w:fldSimple>"
            + mark("separate")
            + "<w:r><w:t>INNER</w:t></w:r>"
            + mark("end")
            + "<w:fldSimple w:instr='REF z'><w:r><w:t>SIMPLE</w:t></w:r></w:fldSimple>"
            + mark("separate", "<w:rPr><w:vanish/></w:rPr>")
            + "<w:r><w:t>b</w:t></w:r>"
            + mark("begin")
            + mark("separate")
            + "<w:r><w:t>c</w:t></w:r>"
            + mark("end")
            + mark("end")
            + mark("end")
            + "<w:r><w:t>d</w:t></w:r>"
            + mark("begin")
            + "</w:p><w:p>"
            + mark("begin")
            + mark("separate")
            + "<w:r><w:t>e</w:t></w:r>"
            + "<w:fldSimple w:instr='REF z'><w:r><w:t>f</w:t></w:r></w:fldSimple></w:p>",
            "abcd\n\nef",
            id="a field in the code of another, and fields without ends",
        ),
        pytest.param(
            "<w:p><w:AlternateContent><w:Choice><w:r><w:t>a</w:t></w:r></w:Choice><w:Fallback>"
            "<w:r><w:t>b</w:t></w:r></w:Fallback></w:AlternateContent><w:r><w:AlternateContent>"
            "<w:Choice><w:symEx w:char='1F60A'/></w:Choice><w:Fallback><w:t>😊</w:t></w:Fallback>"
            "</w:AlternateContent></w:r></w:p>",
            "a😊",
            id="alternatives in a line, and an emoji",
        ),
        pytest.param(
            table([cell("a")]) + table([cell("b")], [cell("c")]),
            "a\n\n| b |\n| --- |\n| c |",
            id="a frame",
        ),
        pytest.param(
            "<w:tbl><w:sdt><w:sdtContent><w:tr><w:ins>"
            + cell("a")
            + "</w:ins>"
            + cell("b")
            + "</w:tr></w:sdtContent></w:sdt></w:tbl>",
            "| a | b |\n| --- | --- |",
            id="rows and cells in controls",
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
            "<w:p><w:r>"
            + "".join(
                f"<w:sym w:font='{font}' w:char='{char}'/>"
                for font, char in (
                    ("Symbol", "F061"),
                    ("Symbol", "f0A3"),
                    ("Symbol", "F0FE"),
                    ("Wingdings", "F0FC"),
                    ("Wingdings", "F021"),
                    ("Webdings", "F061"),
                    ("MS Gothic", "2611"),
                    ("MS Gothic", "D800"),
                    ("MS Gothic", "FFFE"),
                    ("MS Gothic", "1"),
                    ("MS Gothic", "one"),
                    ("MS Gothic", ""),
                )
            )
            + "</w:r></w:p>",
            "α≤⎭✓☑",
            id="characters of symbol fonts",
        ),
        pytest.param(
            "<w:p>"
            + "".join(
                f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"
                for properties, text in (
                    ("<w:rFonts w:ascii='Symbol' w:hAnsi='Symbol'/>", "a\uf0a3 3*é\u4e2d"),
                    ("<w:rFonts w:ascii='wingdings'/>", "\u00fc!"),
                    ("<w:rStyle w:val='Greek'/>", "b"),
                    ("<w:rFonts w:hint='cs'/><w:rStyle w:val='Greek'/>", "g"),
                    ("<w:rFonts w:ascii='Arial'/><w:rStyle w:val='Greek'/>", "c"),
                    ("<w:rFonts w:ascii='Webdings'/>", "d"),
                    ("", "e"),
                )
            )
            + "</w:p>",
            "α≤ 3∗⎡\u4e2d✓βγcde",
            id="letters in symbol fonts",
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
            box(paragraph("outer") + box(paragraph("inner"))) + paragraph("a"),
            "outer\n\ninner\n\na",
            id="a text box in a text box is read once",
        ),
        pytest.param(
            "<w:AlternateContent><w:Choice>"
            + paragraph("a")
            + "</w:Choice><w:Fallback>"
            + paragraph("b")
            + "</w:Fallback></w:AlternateContent><w:AlternateContent/>",
            "a",
            id="alternatives of blocks",
        ),
        pytest.param(
            "".join(paragraph("a", value("outlineLvl", n)) for n in ("²", "--5", "0000000001"))
            + item("b", 1, "²"),
            "a\n\na\n\na\n\n1. b",
            id="a number that is none",
        ),
        pytest.param(
            "".join(paragraph("a", value("outlineLvl", n)) for n in (8, 9)),
            "###### a\n\na",
            id="a paragraph below all outline levels",
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


def test_a_large_first_letter_belongs_to_its_word() -> None:
    initial = paragraph("D", '<w:framePr w:dropCap="drop"/>')
    frame = paragraph("F", '<w:framePr w:dropCap="none"/>')
    rest = paragraph("oors", numbered(1))
    assert text_of(initial + rest + frame + initial) == "1. Doors\n\nF\n\nD"


def test_a_cell_spans_a_limited_number_of_columns() -> None:
    text = text_of(table([cell("a", value("gridSpan", 99_999)), cell("b")], [cell("c")]))
    assert text.split("\n")[0] == f"| a |{'  |' * 64} b |"


def test_a_footnote_of_hidden_text_is_left_out() -> None:
    hidden = "<w:rPr><w:vanish/></w:rPr><w:footnoteReference w:id='1'/>"
    notes = f"<w:n {SPACES}><w:footnote w:id='1'>{paragraph('secret')}</w:footnote></w:n>"
    body = paragraph("shown") + f"<w:p><w:r>{hidden}</w:r></w:p>"
    assert read("x.docx", word(body, **{"word/footnotes.xml": notes})) == "shown"


def test_asterisks_of_the_text_are_kept() -> None:
    heading = paragraph("2**3", value("outlineLvl", 0))
    masked = paragraph("Card **** 1234")
    bold = "".join(f"<w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r>" for text in ("a*", "b"))
    body = f"{heading}{masked}<w:p>{bold}</w:p>{table([cell('2**3'), cell('x')])}"
    found = text_of(body)
    assert found == "# 2**3\n\nCard **** 1234\n\n**a*b**\n\n| 2**3 | x |\n| --- | --- |"


def test_a_run_can_switch_off_the_bold_type_of_its_style() -> None:
    bold, plain = value("rStyle", "N"), value("b", 0)
    runs = (("a", bold), ("b", bold + plain), ("c", value("rStyle", "P")))
    body = "".join(paragraph(text, run=run) for text, run in runs)
    assert text_of(body) == "**a**\n\nb\n\nc"
