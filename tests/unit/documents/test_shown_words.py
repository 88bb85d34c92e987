"""Generated files of each Office format: every word that they show arrives, once and in order."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from tests.helpers.office_files import opendocument, packed, pptx, slide_text

_WORD = re.compile("q[^q]+q")
_WORDS = st.text("abcäßж&", min_size=1, max_size=6).map(lambda letters: f"q{letters}q")


def words_of(name: str, data: bytes) -> list[str]:
    return _WORD.findall(extract_bytes(name, data, Limits(), lambda _: None).text)


def nested(wrappers: tuple[str, ...], leaf: str) -> st.SearchStrategy[tuple[str, list[str]]]:
    """Return XML with words in wrappers at any depth, and the words in their order."""

    def wrap(
        inner: st.SearchStrategy[tuple[str, list[str]]],
    ) -> st.SearchStrategy[tuple[str, list[str]]]:
        def joined(pair: tuple[str, list[tuple[str, list[str]]]]) -> tuple[str, list[str]]:
            wrapper, parts = pair
            xml = wrapper.replace("{}", "".join(part for part, _ in parts))
            return xml, [word for _, words in parts for word in words]

        return st.tuples(st.sampled_from(wrappers), st.lists(inner, min_size=1, max_size=3)).map(
            joined
        )

    leaves = _WORDS.map(lambda word: (leaf.replace("{}", escape(word)), [word]))
    return st.recursive(leaves, wrap, max_leaves=8)


INLINE = (
    "<text:span>{}</text:span>",
    '<text:a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#x">{}</text:a>',
    "<text:ruby><text:ruby-base>{}</text:ruby-base><text:ruby-text>no</text:ruby-text></text:ruby>",
    "<text:future>{}</text:future>",
    "<text:bookmark-ref>{}</text:bookmark-ref>",
    "<text:user-field-get>{}</text:user-field-get>",
)
BLOCKS = (
    "<text:section>{}</text:section>",
    "<text:list><text:list-item>{}</text:list-item></text:list>",
    "<table:table><table:table-row><table:table-cell>{}</table:table-cell></table:table-row>"
    "</table:table>",
    "<text:index-body>{}</text:index-body>",
    "<text:p><draw:frame><draw:text-box>{}</draw:text-box></draw:frame></text:p>",
    "<draw:frame><draw:text-box>{}</draw:text-box></draw:frame>",
)


@given(nested(INLINE, "<text:span>{}</text:span>"))
def test_words_in_a_paragraph_of_opendocument(content: tuple[str, list[str]]) -> None:
    xml, words = content
    assert words_of("x.odt", opendocument("text", f"<text:p>{xml}</text:p>")) == words


@given(nested(BLOCKS, "<text:p>{}</text:p>"))
def test_words_in_blocks_of_opendocument(content: tuple[str, list[str]]) -> None:
    xml, words = content
    assert sorted(words_of("x.odt", opendocument("text", xml))) == sorted(words)


SHAPES = (
    "<p:grpSp>{}</p:grpSp>",
    "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback/></mc:AlternateContent>",
    "<p:future>{}</p:future>",
    "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>qtableq"
    "</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic>"
    "</p:graphicFrame>{}",
)


@given(nested(SHAPES, slide_text("{}")), st.integers(0, 3), st.integers(0, 3))
def test_words_on_a_slide(content: tuple[str, list[str]], x: int, y: int) -> None:
    xml, words = content
    tables = xml.count("qtableq")
    slide = xml + slide_text("qlastq", x, y)
    expected = sorted([*words, *["qtableq"] * tables, "qlastq"])
    assert sorted(words_of("x.pptx", pptx(slide))) == expected


_CELLS = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(0, 4)), _WORDS, min_size=1, max_size=12
)


@given(_CELLS, st.sets(st.integers(0, 6)), st.sets(st.integers(0, 4)))
def test_words_of_shown_cells(
    cells: dict[tuple[int, int], str], hidden_rows: set[int], hidden_columns: set[int]
) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    columns = "".join(f'<col min="{n + 1}" max="{n + 1}" hidden="1"/>' for n in hidden_columns)
    rows = ""
    for row in sorted({row for row, _ in cells}):
        hidden = 'hidden="1"' if row in hidden_rows else ""
        filled = "".join(
            f'<c r="{"ABCDE"[column]}{row + 1}" t="inlineStr"><is><t>{escape(word)}</t></is></c>'
            for (each, column), word in sorted(cells.items())
            if each == row
        )
        rows += f'<row r="{row + 1}" {hidden}>{filled}</row>'
    data = packed(
        {
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
            '<sheet name="S" r:id="a"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": "<Relationships xmlns="
            '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" '
            f'Type="{relations}/worksheet" Target="s.xml"/></Relationships>',
            "xl/s.xml": f'<worksheet xmlns="{main}"><cols>{columns}</cols>'
            f"<sheetData>{rows}</sheetData></worksheet>",
        }
    )
    shown = [
        word
        for (row, column), word in sorted(cells.items())
        if row not in hidden_rows and column not in hidden_columns
    ]
    if shown:
        assert words_of("x.xlsx", data) == shown
    full = extract_bytes("x.xlsx", data, Limits(), lambda _: None, takes_hidden=True)
    assert _WORD.findall(full.text) == [word for _, word in sorted(cells.items())]


@pytest.mark.parametrize("kind", ["odt", "pptx"])
def test_a_footer_alone_is_text(kind: str) -> None:
    data = {
        "odt": opendocument("text", "<text:p>qwordq</text:p>"),
        "pptx": pptx(slide_text("qwordq", place="ftr")),
    }
    assert words_of(f"x.{kind}", data[kind]) == ["qwordq"]
