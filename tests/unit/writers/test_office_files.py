"""Conversations as office files, read back by other libraries and as XML."""

from __future__ import annotations

import csv
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import odfdo
import openpyxl
import pytest
from docx.enum.table import WD_TABLE_DIRECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.enum.text import PP_ALIGN

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.processes.math_typesetting import CannotTypesetError, office_math
from desktop_app.writers.html_page import text_page
from desktop_app.writers.office.docx_file import write_docx
from desktop_app.writers.office.odt_file import write_odt
from desktop_app.writers.office.office_content import (
    OfficeMessage,
    OfficeTable,
    messages_of,
    tables_of,
    to_office_text,
)
from desktop_app.writers.office.pptx_outline import write_pptx
from desktop_app.writers.office.table_files import write_csv, write_xlsx
from tests.helpers.examples import examples

ANSWER = """\
# Plan

Do **this** with `code` and [a link](https://example.org).

- first
  - deeper
1. one

> a quote

```python
print("a < b")
```

| Item | Price |
|------|------:|
| Tea  | 12.50 |
| =1+1 | 007   |

## Costs

Some $x^2$.
"""
FROM_RIGHT = """\
# כותרת

שלום **עולם** עם `code()`.

- פריט

Plain English.

| שם | סכום |
|----|-----:|
| אבג | 12 |

```python
print("שלום")
```
"""
AT = datetime(2026, 11, 22, tzinfo=UTC)


def message(role: Role, text: str) -> Message:
    return Message("m", "c", None, role, MessageStatus.COMPLETE, (TextPart(text),), AT)


def conversation(answer: str = ANSWER) -> list[OfficeMessage]:
    path = [message(Role.USER, "What now?"), message(Role.ASSISTANT, answer)]
    return list(messages_of(path, lambda model: model))


def tables(text: str) -> list[OfficeTable]:
    return list(tables_of(render(text)))


def test_word_keeps_styles_indents_and_links(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "Title", conversation())
    document = docx.Document(str(tmp_path / "a.docx"))
    by_text: dict[str, Any] = {p.text: p for p in document.paragraphs}
    styles = {text: paragraph.style.name for text, paragraph in by_text.items()}
    assert (styles["Title"], styles["a quote"]) == ("Title", "Quote")
    assert (styles["Plan"], styles["Costs"]) == ("Heading 2", "Heading 3")
    indents = [by_text[text].paragraph_format.left_indent for text in ("•\tfirst", "◦\tdeeper")]
    assert indents[0] < indents[1]
    linked = by_text["Do this with code and a link."]
    (link,) = linked.hyperlinks
    assert (link.text, link.address) == ("a link", "https://example.org")
    runs = {run.text: run for run in linked.runs}
    assert runs["this"].bold
    assert runs["code"].font.name == by_text['print("a < b")'].runs[0].font.name == "Courier New"
    cells = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert cells == [["Item", "Price"], ["Tea", "12.50"], ["=1+1", "007"]]
    aligned = [cell.paragraphs[0].alignment for cell in document.tables[0].rows[1].cells]
    assert aligned == [None, WD_ALIGN_PARAGRAPH.RIGHT]


def test_nested_quotes_are_indented_and_blocks_of_code_are_apart(tmp_path: Path) -> None:
    said = conversation("> one\n>\n> > two\n\n```\na\nb\n```\n\n```\nc\n```\n")
    write_docx(tmp_path / "a.docx", "Title", said)
    shapes = {
        p.text: p.paragraph_format for p in docx.Document(str(tmp_path / "a.docx")).paragraphs
    }
    assert 0 < shapes["one"].left_indent < shapes["two"].left_indent
    assert [shapes[line].space_after for line in "abc"] == [0, None, None]
    write_odt(tmp_path / "a.odt", "Title", said)
    body = odfdo.Document(str(tmp_path / "a.odt")).body
    styles = {p.inner_text: p.style for p in body.get_paragraphs()}
    assert styles["a"] != styles["b"] == styles["c"]


def test_a_question_is_written_as_it_was_typed(tmp_path: Path) -> None:
    asked = [message(Role.USER, "What does __init__ do?\n\n* 2 * 3")]
    said = list(messages_of(asked, lambda model: model))
    write_docx(tmp_path / "a.docx", "Title", said)
    lines = [p.text for p in docx.Document(str(tmp_path / "a.docx")).paragraphs]
    assert lines[2:] == ["What does __init__ do?", "", "* 2 * 3"]
    write_odt(tmp_path / "a.odt", "Title", said)
    body = odfdo.Document(str(tmp_path / "a.odt")).body
    assert [p.inner_text for p in body.get_paragraphs()] == lines[2:]


def test_items_that_begin_with_a_heading_or_a_rule_keep_their_markers(tmp_path: Path) -> None:
    said = conversation("7. # Plan\n8. ***\n9. End")
    write_docx(tmp_path / "a.docx", "Title", said)
    document = docx.Document(str(tmp_path / "a.docx"))
    assert [p.text for p in document.paragraphs][4:] == ["7. Plan", "8.\t", "⁂", "9.\tEnd"]
    write_odt(tmp_path / "a.odt", "Title", said)
    body = odfdo.Document(str(tmp_path / "a.odt")).body
    headings: list[Any] = body.get_headers()
    assert headings[-1].text == "7. Plan"
    words = [paragraph.inner_text.strip() for paragraph in body.get_paragraphs()]
    assert words[-3:] == ["8.", "⁂", "9. End"]


def test_opendocument_keeps_headings_and_text(tmp_path: Path) -> None:
    write_odt(tmp_path / "a.odt", "Title", conversation())
    body = odfdo.Document(str(tmp_path / "a.odt")).body
    headings: list[Any] = body.get_headers()
    assert [(h.level, h.text) for h in headings] == [
        ("1", "Title"),
        *(("2", message.heading) for message in conversation()),
        ("3", "Plan"),
        ("4", "Costs"),
    ]
    text = "\n".join(paragraph.inner_text for paragraph in body.get_paragraphs())
    for words in ("• first", "◦ deeper", "a quote", 'print("a < b")', "Do this with code"):
        assert words in text
    shown: Any = body
    (link,) = shown.get_links()
    assert (link.inner_text, link.url) == ("a link", "https://example.org")
    styles: Any = odfdo.Document(str(tmp_path / "a.odt")).get_part("styles")
    levels = styles.get_elements("//text:outline-level-style")
    assert {level.get_attribute("style:num-format") for level in levels} == {""}
    (table,) = body.get_tables()
    assert [[c or "" for c in row] for row in table.get_values()][1][0] == "Tea"


def test_tool_calls_json_tables_and_refusals_are_written(tmp_path: Path) -> None:
    call = ToolCallPart("c", "look", '{"at": "x"}', result="It is red.", state=ToolCallState.DONE)
    made = message(Role.ASSISTANT, '[{"name": "Ann"}]')
    form = (notice(NoticeCode.SCHEMA_USED, name="people"),)
    made = replace(made, parts=(call, *made.parts), notices=form)
    declined = replace(message(Role.ASSISTANT, "No."), status=MessageStatus.REFUSED)
    shown = list(messages_of((made, declined), lambda model: model))
    write_docx(tmp_path / "a.docx", "T", shown)
    document = docx.Document(str(tmp_path / "a.docx"))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert document.tables[0].rows[1].cells[0].text == "Ann"
    write_odt(tmp_path / "a.odt", "T", shown)
    body = odfdo.Document(str(tmp_path / "a.odt")).body
    said = "\n".join(paragraph.inner_text for paragraph in body.get_paragraphs())
    write_pptx(tmp_path / "a.pptx", "T", shown)
    slides = list(Presentation(str(tmp_path / "a.pptx")).slides)[1:]
    outline = "\n".join(slide.placeholders[1].text_frame.text for slide in slides)
    for words in (text, said, outline):
        assert "look · Done" in words
        assert "Declined by the model" in words
    for words in (text, said):
        assert "It is red." in words
    write_csv(tmp_path / "a.csv", list(tables_of(shown[0].blocks)))
    assert "Ann" in (tmp_path / "a.csv").read_text("utf-8-sig")


def test_word_states_the_direction_of_text_from_right_to_left(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "שם", conversation(FROM_RIGHT))
    document = docx.Document(str(tmp_path / "a.docx"))
    from_right = {
        paragraph.text
        for paragraph in document.paragraphs
        if paragraph.paragraph_format.element.xpath("w:pPr/w:bidi")
    }
    assert from_right == {"שם", "כותרת", "שלום עולם עם code().", "•\tפריט"}
    (mixed,) = [p for p in document.paragraphs if "code()" in p.text]
    runs = {run.text: run.font for run in mixed.runs}
    assert [runs[text].rtl for text in ("שלום ", "עולם", "code()")] == [True, True, None]
    assert runs["עולם"].cs_bold
    (table,) = document.tables
    assert table.table_direction == WD_TABLE_DIRECTION.RTL
    sides = {cell.text: cell.paragraphs[0].alignment for row in table.rows for cell in row.cells}
    # Text from right to left starts at the right without it. Only “12” needs an alignment.
    assert sides == {"שם": None, "סכום": None, "אבג": None, "12": WD_ALIGN_PARAGRAPH.RIGHT}
    item = next(p for p in document.paragraphs if "פריט" in p.text)
    order = [child.tag.rpartition("}")[2] for child in item.paragraph_format.element.pPr]
    assert order.index("tabs") < order.index("bidi") < order.index("ind")


def test_formulas_are_equations_in_word(tmp_path: Path) -> None:
    said = (
        "# On $x$\n\nSo $\\frac{a}{b}$ and $\\foo$:\n\n$$\\sum_i c_i$$\n\n|**a**|\n|---|\n|$d$ `e`|"
    )
    write_docx(tmp_path / "a.docx", "T", conversation(said), write_formula=equation)
    document = docx.Document(str(tmp_path / "a.docx"))
    body = document.element.body
    assert len(body.xpath("//m:oMath")) == 4
    assert ["".join(e.itertext()) for e in body.xpath("//m:oMathPara")] == ["ici"]
    (paragraph,) = [p for p in document.paragraphs if "and" in p.text]
    assert paragraph.text == "So  and $\\foo$:"
    (table,) = document.tables
    assert len(table._tbl.xpath(".//w:tr[2]//m:oMath")) == 1
    assert [run.bold for run in table.cell(0, 0).paragraphs[0].runs] == [True]
    write_docx(tmp_path / "b.docx", "T", conversation(said))
    texts = [p.text for p in docx.Document(str(tmp_path / "b.docx")).paragraphs]
    assert {"On $x$", "So $\\frac{a}{b}$ and $\\foo$:", "$$\\sum_i c_i$$"} <= set(texts)


def equation(tex: str, *, display: bool) -> str | None:
    try:
        return office_math(tex, display=display)
    except CannotTypesetError:
        return None


MIXED_LIST = "1. הפקודה\n2. Alibaba היא\n   - `ls` מציגה\n\nEnd\n\n- one\n- שלום"


def test_items_have_the_direction_of_their_list(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "T", conversation(MIXED_LIST))
    write_odt(tmp_path / "a.odt", "T", conversation(MIXED_LIST))
    expected = {"הפקודה": True, "Alibaba היא": True, "ls מציגה": True, "one": False, "שלום": False}
    word = {
        p.text.partition("\t")[2]: bool(p.paragraph_format.element.xpath("w:pPr/w:bidi"))
        for p in docx.Document(str(tmp_path / "a.docx")).paragraphs
        if "\t" in p.text
    }
    assert word == expected
    document = odfdo.Document(str(tmp_path / "a.odt"))
    body: Any = document.body
    for paragraph in body.get_paragraphs():
        words = paragraph.inner_text.partition(" ")[2]
        if words in expected:
            style: Any = document.get_style("paragraph", paragraph.style)
            assert ("rl-tb" in style.serialize()) is expected[words], words
    page = to_html(render(MIXED_LIST))
    assert [page.count(f'<li dir="{side}"') for side in ("rtl", "ltr")] == [3, 2]
    page = text_page("T", MIXED_LIST)
    assert [page.count(f'{kind} dir="{side}"') for kind, side in LISTS_OF_PAGE] == [1, 1, 1]


LISTS_OF_PAGE = (("<ol", "rtl"), ("<ul", "rtl"), ("<ul", "ltr"))


def test_opendocument_states_the_direction_of_text_from_right_to_left(tmp_path: Path) -> None:
    write_odt(tmp_path / "a.odt", "שם", conversation(FROM_RIGHT))
    document = odfdo.Document(str(tmp_path / "a.odt"))

    def is_from_right(family: str, element: Any) -> bool:
        style: Any = document.get_style(family, element.get_attribute("text:style-name"))
        return style is not None and "rl-tb" in style.serialize()

    body: Any = document.body
    shown = [*body.get_headers(), *body.get_paragraphs()]
    from_right = {e.inner_text for e in shown if is_from_right("paragraph", e)}
    texts = {"שם", "כותרת", "שלום עולם עם code().", "• פריט"}
    assert from_right == texts | {"סכום", "אבג"}
    table_style: Any = document.get_style("table", body.get_tables()[0].style)
    assert "rl-tb" in table_style.serialize()
    (number,) = [e for e in shown if e.inner_text == "12"]
    number_style: Any = document.get_style("paragraph", number.get_attribute("text:style-name"))
    assert 'fo:text-align="right"' in number_style.serialize()


def test_slides_state_the_direction_of_text_from_right_to_left(tmp_path: Path) -> None:
    write_pptx(tmp_path / "a.pptx", "שם", conversation(FROM_RIGHT))
    slides = list(Presentation(str(tmp_path / "a.pptx")).slides)
    paragraphs = [
        paragraph
        for slide in slides
        for shape in slide.placeholders
        for paragraph in shape.text_frame.paragraphs
    ]
    from_left = {p.text for p in paragraphs if not p._p.xpath("a:pPr[@rtl='1']")}
    assert from_left - {""} == {"Plain English.", 'print("שלום")'}
    (point,) = [p for p in paragraphs if p.text == "פריט"]
    assert point.alignment == PP_ALIGN.RIGHT


def test_slides_follow_headings_and_split_long_lists(tmp_path: Path) -> None:
    points = "\n".join(f"- point {number}" for number in range(25))
    write_pptx(tmp_path / "a.pptx", "Title", conversation(f"{ANSWER}\n# Many\n\n{points}\n"))
    slides = list(Presentation(str(tmp_path / "a.pptx")).slides)
    titles = [slide.shapes.title.text for slide in slides]
    assert titles == ["Title", "Plan", "Plan", "Costs", *["Many"] * 4]
    shown = slides[1].placeholders[1].text_frame.paragraphs
    assert [(p.level, p.text) for p in shown][1:3] == [(0, "first"), (1, "deeper")]
    assert "Tea · 12.50" in [p.text for p in shown]
    assert slides[2].placeholders[1].text_frame.text == "=1+1 · 007"


def test_lines_of_code_on_slides_have_no_bullets_and_keep_their_indents(tmp_path: Path) -> None:
    lines = ["def f():", "    if x:", "", "        return 1"]
    text = "# Code\n\n- point\n\n```python\n" + "\n".join(lines) + "\n```\n\nEnd.\n"
    write_pptx(tmp_path / "a.pptx", "Title", conversation(text))
    slide = list(Presentation(str(tmp_path / "a.pptx")).slides)[1]
    paragraphs = slide.placeholders[1].text_frame.paragraphs
    assert [p.text for p in paragraphs] == ["point", *lines, "End."]
    unmarked = {
        p.text for p in paragraphs if p._p.xpath("a:pPr[@marL='0' and @indent='0']/a:buNone")
    }
    assert unmarked == set(lines)
    fonts = {run.font.name for p in paragraphs[1:-1] for run in p.runs}
    assert fonts == {"Courier New"}
    assert not [run for run in paragraphs[0].runs if run.font.name]


def test_slides_have_room_for_their_points(tmp_path: Path) -> None:
    long = "\n".join(f"- {number} {'word ' * 30}" for number in range(4))
    write_pptx(tmp_path / "a.pptx", "Title", conversation(f"# Long\n\n{long}\n"))
    slides = list(Presentation(str(tmp_path / "a.pptx")).slides)[1:]
    assert [len(slide.placeholders[1].text_frame.paragraphs) for slide in slides] == [1, 1, 1, 1]


def test_a_workbook_has_a_sheet_for_each_table(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", tables(f"{ANSWER}\n| a |\n|---|\n| -3 |\n"))
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["Table 1", "Table 2"]
    rows = [[cell.value for cell in row] for row in book["Table 1"].rows]
    assert rows == [["Item", "Price"], ["Tea", 12.5], ["=1+1", "007"]]
    assert book["Table 1"]["A3"].data_type == "s"
    assert book["Table 1"]["A1"].font.bold
    assert book["Table 1"]["B2"].number_format == "0.00"
    assert book["Table 2"]["A2"].value == -3


@pytest.mark.parametrize(
    ("text", "value", "number_format"),
    [
        ("1.10", 1.1, "0.00"),
        ("-0.5", -0.5, "0.0"),
        ("123456789012345", 123456789012345, "0"),
        ("1234567890123456", "1234567890123456", "General"),
        ("12345678901.23456", "12345678901.23456", "General"),
        ("-0", "-0", "General"),
        ("-0.00", "-0.00", "General"),
        ("1\u0663", "1\u0663", "General"),
    ],
)
def test_numbers_in_a_workbook_look_as_written(
    tmp_path: Path, text: str, value: object, number_format: str
) -> None:
    write_xlsx(tmp_path / "a.xlsx", tables(f"| a |\n|---|\n| {text} |\n"))
    cell = openpyxl.load_workbook(tmp_path / "a.xlsx")["Table 1"]["A2"]
    assert (cell.value, cell.number_format) == (value, number_format)


def test_csv_escapes_formulas_and_separates_tables(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", tables(f"{ANSWER}\n| ä |\n|---|\n| b |\n"))
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[2] == ["'=1+1", "007"]
    assert rows[3:] == [[], ["ä"], ["b"]]


def test_a_long_table_is_one_table() -> None:
    body = "\n".join(f"| {number} | x |" for number in range(300))
    (table,) = tables(f"| a | b |\n|---|---|\n{body}\n")
    assert len(table.rows) == 301
    assert table.rows[-1] == ("299", "x")


@pytest.mark.parametrize("suffix", ["docx", "odt", "pptx", "xlsx"])
@given(text=st.text(max_size=300))
@example(text="a" * 300)
@settings(max_examples=examples(30))
def test_any_text_makes_a_file_that_opens(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, text: str
) -> None:
    file = tmp_path_factory.mktemp("office") / f"a.{suffix}"
    messages = [
        OfficeMessage(to_office_text(text), tuple(render(text)), (to_office_text(text),), True)
    ]
    if suffix == "docx":
        write_docx(file, text, messages)
    elif suffix == "odt":
        write_odt(file, text, messages)
    elif suffix == "pptx":
        write_pptx(file, text, messages)
    else:
        write_xlsx(file, [OfficeTable(((to_office_text(text), "b"), ("c",)))])
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            # odfdo's template has an empty accelerator/current.xml.
            if name.endswith(".xml") and (content := archive.read(name)):
                ElementTree.fromstring(content)
