"""OpenDocument files, feature by feature: lists, formats, notes, tables, sheets, slides."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits

OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = " ".join(
    f'xmlns:{name}="{OASIS}{name}:1.0"'
    for name in ("text", "table", "style", "office", "presentation")
) + (
    f' xmlns:svg="{OASIS}svg-compatible:1.0"'
    f' xmlns:fo="{OASIS}xsl-fo-compatible:1.0" xmlns:draw="{OASIS}drawing:1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
)
LOOKS = {
    "B": 'fo:font-weight="bold"',
    "U": 'style:text-position="super 58%"',
    "D": 'style:text-position="-33% 58%"',
    "F": 'style:text-position="0% 100%"',
    "S1": 'style:font-name="Symbol1"',
    "S2": 'fo:font-family="Wingdings"',
    "S3": 'style:font-name="Arial"',
}
PARENTS = {"T1": "Title", "S4": "S1"} | {f"T{n}": f"T{n - 1}" for n in range(2, 11)}
STYLES = (
    """<style:font-face style:name="Symbol1" svg:font-family="'Symbol'"/>"""
    + "".join(
        f'<style:style style:name="{name}"><style:text-properties {look}/></style:style>'
        for name, look in LOOKS.items()
    )
    + "".join(
        f'<style:style style:name="{name}" style:parent-style-name="{parent}"/>'
        for name, parent in PARENTS.items()
    )
    + '<text:list-style style:name="N"><text:list-level-style-number text:level="1" '
    'style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" '
    'style:num-format="a" style:num-prefix="(" style:num-suffix=")" text:display-levels="2"/>'
    '<text:list-level-style-number text:level="3" style:num-format=""/>'
    '<text:list-level-style-number text:level="4" style:num-format="I" text:display-levels="3"/>'
    '</text:list-style><text:list-style style:name="L"><text:list-level-style-number '
    'text:level="1" style:num-format="1" style:num-suffix=")" text:start-value="5"/>'
    '</text:list-style><text:list-style style:name="M"><text:list-level-style-bullet '
    'text:level="1"/></text:list-style>'
)


def text_of(body: str, kind: str = "text", parts: Mapping[str, str] = MappingProxyType({})) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:automatic-styles>{STYLES}"
            f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
            "</office:body></office:document-content>",
        )
    return extract_bytes("x", target.getvalue(), Limits(), lambda _: None).text


def paragraph(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def heading(text: str, level: int = 1, more: str = "") -> str:
    return f'<text:h text:outline-level="{level}" {more}>{text}</text:h>'


def span(text: str, style: str) -> str:
    return f'<text:span text:style-name="{style}">{text}</text:span>'


def item(*content: str, start: str = "") -> str:
    given = f' text:start-value="{start}"' if start else ""
    return f"<text:list-item{given}>{''.join(content)}</text:list-item>"


def list_of(*items: str, style: str = "", more: str = "") -> str:
    given = f' text:style-name="{style}"' if style else ""
    return f"<text:list{given}{more}>{''.join(items)}</text:list>"


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}>{paragraph(text)}</table:table-cell>"


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def table(*rows: str, name: str = "", more: str = "") -> str:
    return f'<table:table table:name="{name}" {more}>{"".join(rows)}</table:table>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            paragraph(
                f"a{span('a', 'S1')}a{span('ü!', 'S2')}{span('b', 'S3')}"
                + span("\uf067*" + span("b", "S3") + span("d", "B") + "e", "S1")
            )
            + paragraph("ab", "S4"),
            "aαa✓bγ∗b**δ**ε\n\nαβ",
            id="letters in symbol fonts",
        ),
        pytest.param(
            (
                '<text:h text:outline-level="2">a</text:h><text:h>b</text:h>'
                '<text:h text:outline-level="²">c</text:h>'
            )
            + paragraph("d", "Title")
            + paragraph("e", "T9")
            + paragraph("f", "T10")
            + paragraph("", "Title"),
            "## a\n\n# b\n\n# c\n\n# d\n\n# e\n\nf",
            id="headings",
        ),
        pytest.param(
            paragraph("a" + span("b", "B") + span("c", "B") + "d") + paragraph(span(" e ", "B")),
            "a**bc**d\n\n**e**",
            id="bold words",
        ),
        pytest.param(
            paragraph("x" + span("2", "U") + span("3", "D") + span("4", "F") + span("5", "X")),
            "x²₃45",
            id="raised and lowered figures",
        ),
        pytest.param(
            paragraph('a<text:s/>b<text:s text:c="3"/>c<text:tab/>d<text:line-break/>e  f\n g'),
            "a b   c\td\ne f g",
            id="spaces",
        ),
        pytest.param(
            paragraph('<text:a xlink:href="https://a.b">c</text:a><text:a>d</text:a>'),
            "[c](https://a.b)d",
            id="links",
        ),
        pytest.param(
            paragraph(
                "a<text:note><text:note-citation>1</text:note-citation><text:note-body>"
                "<text:p>b</text:p><text:p>c</text:p></text:note-body></text:note>d<text:note/>e"
            ),
            "a[^1]de\n\n[^1]: b c",
            id="notes",
        ),
        pytest.param(
            list_of(
                item(
                    paragraph("a"),
                    list_of(
                        item(paragraph("b")), item(paragraph("c"), list_of(item(paragraph("d"))))
                    ),
                ),
                item(paragraph("e"), paragraph("f")),
                style="N",
            ),
            "1. a\n   (1.a) b\n   (1.b) c\n      - d\n2. e\n\nf",
            id="numbered lists",
        ),
        pytest.param(
            list_of(item(paragraph("a")), style="M")
            + list_of(item(paragraph("b")))
            + list_of(
                "<text:list-header>" + paragraph("h") + "</text:list-header>",
                item(paragraph("c")),
                style="N",
            ),
            "- a\n- b\n\nh\n\n1. c",
            id="bullets",
        ),
        pytest.param(
            list_of(item('<text:h text:outline-level="1">a</text:h>', paragraph("b")), style="N"),
            "# 1. a\n\nb",
            id="a heading in a list",
        ),
        pytest.param(
            table(row(cell("a"), cell("b")), row(cell("c"), cell("d"), cell(""), cell(""))),
            "| a | b |\n| --- | --- |\n| c | d |",
            id="a table",
        ),
        pytest.param(
            table(
                row(cell("a", 'table:number-columns-repeated="3"'), cell("b")),
                row(cell("c"), more='table:number-rows-repeated="2"'),
                row(cell(""), more='table:number-rows-repeated="99"'),
            ),
            "| a | a | a | b |\n| --- | --- | --- | --- |\n| c |  |  |  |\n| c |  |  |  |",
            id="repeated cells and rows",
        ),
        pytest.param(
            paragraph(
                "a<draw:frame><draw:text-box><text:p>b</text:p></draw:text-box></draw:frame>c"
            ),
            "ac\n\nb",
            id="frames",
        ),
        pytest.param(
            "<text:section><text:p>a</text:p></text:section><text:tracked-changes>"
            "<text:p>b</text:p></text:tracked-changes>",
            "a",
            id="sections",
        ),
    ],
)
def test_features_of_text_documents_are_read(body: str, expected: str) -> None:
    assert text_of(body) == expected


def test_hidden_sheets_and_slides_are_marked() -> None:
    hidden = (
        '<style:style style:name="H"><style:table-properties table:display="false"/>'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    parts = {"styles.xml": f"<office:s {SPACES}>{hidden}</office:s>"}
    sheets = table(row(cell("a")), name="One") + table(
        row(cell("b")), name="Two", more='table:style-name="H"'
    )
    assert text_of(sheets, "spreadsheet", parts) == (
        "## One\n\n| a |\n| --- |\n\n## Two (hidden)\n\n| b |\n| --- |"
    )
    slides = (
        f'<draw:page>{paragraph("a")}</draw:page><draw:page draw:style-name="H">{paragraph("b")}'
    )
    assert text_of(f"{slides}</draw:page>", "presentation", parts) == (
        "[slide 1]\n\na\n\n[slide 2]\n\n(hidden)\n\nb"
    )


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (
            "spreadsheet",
            table(row(cell("a"), cell("b")), name="One")
            + table(name="Two")
            + table(row(cell("c")), name=""),
            "## One\n\n| a | b |\n| --- | --- |\n\n## Two\n\n| c |\n| --- |",
        ),
        (
            "spreadsheet",
            table("<table:shapes><draw:frame><text:p>a</text:p></draw:frame></table:shapes>")
            + table(
                row(
                    '<table:table-cell office:value-type="float" office:value="0.5"/>',
                    '<table:table-cell office:value="1"><text:p/></table:table-cell>',
                    '<table:table-cell office:date-value="2026-02-28"/>',
                    '<table:table-cell office:string-value="b"/>',
                ),
                name="Values",
            ),
            "a\n\n## Values\n\n| 0.5 |  | 2026-02-28 | b |\n| --- | --- | --- | --- |",
        ),
        (
            "presentation",
            '<draw:page><draw:frame presentation:class="title"><draw:text-box>'
            "<text:p>a</text:p><text:p>b</text:p></draw:text-box></draw:frame><draw:frame>"
            "<draw:text-box><text:p>c</text:p></draw:text-box></draw:frame>"
            "<presentation:notes><draw:frame><draw:text-box><text:p>d</text:p>"
            "</draw:text-box></draw:frame></presentation:notes></draw:page><draw:page/>"
            "<draw:page><presentation:notes/><text:p>e</text:p></draw:page>",
            "[slide 1]\n\n# a b\n\nc\n\nNotes: d\n\n[slide 2]\n\n[slide 3]\n\ne",
        ),
    ],
)
def test_sheets_and_slides_are_read(kind: str, body: str, expected: str) -> None:
    assert text_of(body, kind) == expected


def test_a_formula_is_part_of_its_line() -> None:
    formula = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow><mi>x</mi><mo>=</mo><mn>1</mn>'
        "</mrow></math>"
    )
    line = 'a <draw:frame><draw:object xlink:href="./One"/></draw:frame> b'
    assert text_of(paragraph(line), parts={"One/content.xml": formula}) == "a x = 1 b"
