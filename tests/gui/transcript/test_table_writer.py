"""Tables are lines with tab stops if the cells fit, else Qt tables that look alike."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible, QTextCursor

from desktop_app.child_processes import child_command
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.media.drawn_formulas import DRAWN
from desktop_app.ui.transcript.media.typesetter import Typesetter
from desktop_app.ui.transcript.view import TranscriptView
from tests.gui.transcript.test_streaming import finished, look, stream_into
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme

HEAD = "| first | second | n |\n|---|:-:|--:|\n"
ROW = "| a cell | another *cell* | 12 |\n"
LONG_ROW = f"| {'many words that wrap ' * 12} | b | 3 |\n"


def frames(view: TranscriptView) -> int:
    """Return the number of Qt tables."""
    return len(view.document().rootFrame().childFrames())


def test_rows_that_fit_are_text_blocks(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + ROW * 40)])
    assert frames(view) == 0
    row = view.document().find("a cell").block()
    assert row.text() == "a cell\tanother cell\t12"


def test_rows_that_wrap_are_table_cells(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + ROW + LONG_ROW)])
    assert frames(view) == 1


@pytest.mark.parametrize("cell", ["$x$", "a &#9; b", "שלום", "![a](b)"])
def test_text_unsuited_to_tab_stops_is_in_table_cells(view: TranscriptView, cell: str) -> None:
    view.set_messages([answer(HEAD + f"| a | {cell} | 3 |\n")])
    assert frames(view) == 1


def test_row_blocks_and_table_cells_have_the_same_columns_and_no_gap(view: TranscriptView) -> None:
    """Check two parts of a table: the second has a row that wraps, then the first."""
    view.resize(900, 3000)
    for text in (HEAD + ROW * 7 + LONG_ROW + ROW * 8, HEAD + LONG_ROW + ROW * 14):
        view.set_messages([answer(text + "\nend")])
        assert frames(view) == 1
        view.grab()
        lefts, tops = set(), []
        cursor = view.document().find("a cell")
        while not cursor.isNull():
            start = QTextCursor(view.document())
            start.setPosition(cursor.selectionStart())
            lefts.add(view.cursorRect(start).left())
            tops.append(view.cursorRect(start).top())
            cursor = view.document().find("a cell", cursor)
        assert len(lefts) == 1
        steps = {b - a for a, b in pairwise(tops)}
        assert max(steps - {max(steps)} or steps) - min(steps) <= 2


@pytest.mark.parametrize("width", [900, 280])
def test_columns_follow_the_width(qtbot: QtBot, view: TranscriptView, width: int) -> None:
    """Check that a resized table equals a table written for the new width."""
    text = HEAD + "| a cell of words | another longer one | 12 |\n" * 12
    view.set_messages([answer(text)])
    view.resize(width, 600)
    qtbot.waitUntil(lambda: not view.writer.has_outdated_items)  # reflows in slices
    resized = look(view.document())
    view.set_messages([answer(text)])
    assert look(view.document()) == resized
    assert (frames(view) > 0) is (width == 280)


def test_a_streamed_table_changes_between_text_blocks_and_cells(view: TranscriptView) -> None:
    chance = random.Random(3)
    for _ in range(20):
        rows = [chance.choice((ROW, ROW, LONG_ROW, "| [x] | y | [x] |\n")) for _ in range(30)]
        ends = ["", "\n[x]: https://example.com/a\n", "\nend", f"\n[x]: /{'long' * 90}\n"]
        text = HEAD + "".join(rows) + chance.choice(ends)
        view.set_messages([asked := question("Why?")])
        step = chance.choice((5, 40, 300))
        message = streaming()
        stream_into(view, message, [text[i : i + step] for i in range(0, len(text), step)])
        arrived = look(view.document())
        view.set_messages([asked, finished(message, text)])
        view.navigator.scroll_to_top()
        assert arrived == look(view.document())


def test_a_long_table_keeps_its_columns(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + ROW * 1800 + "| z | y | x |\n")])
    stops = {
        tuple(tab.position for tab in block.blockFormat().tabPositions())
        for block in blocks(view)
        if "\t" in block.text()
    }
    assert len(stops) == 1


def blocks(view: TranscriptView) -> Iterator[QTextBlock]:
    block = view.document().begin()
    while block.isValid():
        yield block
        block = block.next()


def test_selected_rows_are_copied_as_a_table(view: TranscriptView) -> None:
    for row in (ROW, LONG_ROW):
        view.set_messages([answer("before\n\n" + HEAD + row + "| c | d | 4 |\n| e | f | 5 |\n")])
        last = view.document().find("4")
        first = view.document().find("another" if row is ROW else "many")
        first.setPosition(first.selectionStart())
        first.setPosition(last.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
        view.setTextCursor(first)
        data = view.createMimeDataFromSelection()
        assert data.html().count("<tr>") == 2
        assert data.html().startswith('<meta charset="utf-8"><table ')
        assert data.text().endswith("c\td\t4")


def test_right_to_left_words_follow_the_alignment_of_their_column(view: TranscriptView) -> None:
    view.set_messages([answer("| a | b |\n|:--|--:|\n| שלום | עולם |\n")])
    edges = []
    for words in ("שלום", "עולם"):
        line = view.document().find(words).block().layout().lineAt(0)
        edges.append((line.naturalTextRect().left(), line.width() - line.naturalTextRect().right()))
    assert edges[0][0] < 1 < edges[0][1]
    assert edges[1][1] < 1 < edges[1][0]


FROM_RIGHT = "| שם | הערה | n |\n|---|:-:|---|\n"
PLAIN_ROW = "| one | two | 3 |\n"


def lefts(view: TranscriptView, *words: str) -> list[int]:
    """Return the left edges of words on screen, in pixels."""
    found = (view.document().find(word) for word in words)
    return [view.cursorRect(cursor).left() for cursor in found]


def test_the_first_column_of_a_right_to_left_table_is_on_the_right(view: TranscriptView) -> None:
    """Check this for a second part with only Latin letters, too."""
    view.set_messages([answer(FROM_RIGHT + PLAIN_ROW * 8 + "| last | row | 4 |\n")])
    name, note, number = lefts(view, "שם", "הערה", "n")
    assert number < 450 < name
    assert number < note < name
    one, two, three = lefts(view, "one", "two", "3")
    last, row, four = lefts(view, "last", "row", "4")
    assert three < two < one
    assert four == three < row < last
    view.set_messages([answer("| a | שם |\n|---|---|\n| one | two |\n")])
    one, two = lefts(view, "one", "two")
    assert one < two


@pytest.mark.parametrize("step", [3, 40, 300])
def test_a_streamed_right_to_left_table_equals_one_shown_at_once(
    view: TranscriptView, step: int
) -> None:
    rows = PLAIN_ROW * 5 + "| [x] | שורה | [x] |\n" + LONG_ROW + PLAIN_ROW * 9
    text = FROM_RIGHT.replace("שם", "[שם][x]") + rows + "\n[x]: https://example.com/a\n"
    view.set_messages([asked := question("Why?")])
    message = streaming()
    stream_into(view, message, [text[at : at + step] for at in range(0, len(text), step)])
    arrived = look(view.document())
    view.set_messages([asked, finished(message, text)])
    assert arrived == look(view.document())


def test_a_right_to_left_table_is_copied_in_reading_order(view: TranscriptView) -> None:
    view.set_messages([answer(FROM_RIGHT + PLAIN_ROW + "| *four* | five | 6 |\n")])
    view.setTextCursor(view.document().find("four"))
    data = view.createMimeDataFromSelection()
    assert data.text() == "four"
    rows, end = view.document().find("3"), view.document().find("four")
    rows.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(rows)
    data = view.createMimeDataFromSelection()
    assert data.text() == "one\ttwo\t3\nfour\tfive\t6"
    assert '<table dir="rtl"' in data.html()


def test_a_screen_reader_reads_a_right_to_left_table_in_reading_order(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    view.set_messages([answer(FROM_RIGHT + "| אחת | שתיים | 3 |\n" + PLAIN_ROW)])
    text = view.toPlainText()
    for row in (("שם", "הערה", "n"), ("אחת", "שתיים", "3"), ("one", "two")):
        places = [text.index(cell) for cell in row]
        assert places == sorted(places)


def test_text_of_one_cell_is_copied_as_plain_text(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + ROW)])
    view.setTextCursor(view.document().find("another"))
    data = view.createMimeDataFromSelection()
    assert data.text() == "another"
    assert "table" not in data.html()


def test_a_formula_in_one_cell_is_copied_as_its_source(view: TranscriptView, qtbot: QtBot) -> None:
    typesetter = Typesetter(child_command("math"))
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer(HEAD + "| a | pay $x^2$ now | 3 |\n")])
    qtbot.waitUntil(lambda: DRAWN in view.toPlainText())
    begin, end = view.document().find("pay"), view.document().find("now")
    begin.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(begin)
    assert view.createMimeDataFromSelection().text() == "pay $x^2$ now"
    typesetter.close()


def test_a_long_table_is_copied_as_one_table(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + ROW * 20 + LONG_ROW + ROW * 20)])
    view.selectAll()
    html = view.createMimeDataFromSelection().html()
    assert html.count("<table ") == 1
    assert html.count("<tr>") == 42


@pytest.mark.parametrize("letters", ["word " * 60, "`a` **b** " * 60, "W" * 500 + " i" * 300])
def test_column_widths_ignore_how_far_a_cell_exceeds_a_line(
    view: TranscriptView, letters: str
) -> None:
    columns = view.writer._item_writer.tables.columns
    short, long = (
        columns.widths(render(HEAD + f"| {letters * times} | b | 3 |\n")[0], is_complete=True)
        for times in (1, 40)
    )
    assert short == long


def test_a_theme_changes_the_columns(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + ROW * 3)])
    view.set_theme(theme.dark(2.0))
    larger = look(view.document())
    view.set_messages([answer(HEAD + ROW * 3)])
    assert look(view.document()) == larger


def test_a_word_is_not_broken_if_other_columns_can_shrink(view: TranscriptView) -> None:
    long = "a long description that takes several lines in its cell " * 3
    head = "| Option | For | Against |\n|---|---|---|\n"
    view.set_messages([answer(f"{head}| **PostgreSQL** | {long} | {long} |")])
    block = view.document().find("PostgreSQL").block()
    view.document().documentLayout().blockBoundingRect(block)
    assert block.layout().lineCount() == 1


def test_a_table_whose_words_do_not_fit_scrolls_sideways(view: TranscriptView) -> None:
    """Check that no word is broken and every word can be reached."""
    columns = 50
    rows = [" | ".join(f"long cell text {row}.{n}" for n in range(columns)) for row in range(3)]
    heads = " | ".join(f"Column {n}" for n in range(columns))
    body = " |\n| ".join(rows)
    view.set_messages([answer(f"| {heads} |\n|{'---|' * columns}\n| {body} |\n")])
    bar = view.horizontalScrollBar()
    assert bar.maximum() > 4_000
    last = view.document().find("2.49")
    bar.setValue(bar.maximum())
    assert 0 < view.cursorRect(last).right() <= view.viewport().width()
    block = view.document().find("Column 49").block()
    assert block.layout().lineCount() == 1
    view.selectAll()
    copied = view.createMimeDataFromSelection()
    assert copied.text().split("\n")[0].count("\t") == columns - 1
    assert copied.html().count("<th") == columns


def test_a_table_of_narrow_columns_does_not_scroll(view: TranscriptView) -> None:
    view.set_messages([answer("|" + "1|" * 14 + "\n|" + "--|" * 14 + "\n|" + "2|" * 14 + "\n")])
    assert view.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("row", [ROW, LONG_ROW])
def test_the_background_of_code_does_not_touch_the_table_above(
    view: TranscriptView, light_theme: Theme, row: str
) -> None:
    code = "```\ncode\n```\n"
    stream_into(view, streaming(), [HEAD + row, "\n", code])
    for _ in range(2):
        gap = _plain_above_the_ground(view, light_theme)
        assert 8 <= gap <= 14
        view.set_theme(light_theme)  # rewrites everything


def test_a_rule_is_below_the_table_above(view: TranscriptView) -> None:
    view.set_messages([answer(HEAD + LONG_ROW + "\n---\n\nend")])
    layout = view.document().documentLayout()
    rule = view.document().find("end").block().previous()
    cell = view.document().find("many words").block()
    bottom = layout.blockBoundingRect(cell).bottom()
    assert layout.blockBoundingRect(rule).top() > bottom + 7


@pytest.mark.parametrize("row", ["| 1 | 2 |\n", LONG_ROW])
def test_notes_have_a_gap_to_the_table_above(
    view: TranscriptView, light_theme: Theme, row: str
) -> None:
    view.set_messages([answer(HEAD + row)])
    for _ in range(2):
        image = view.viewport().grab().toImage()
        top = view.cursorRect(view.document().find("Thinking")).top()
        hairline = max(y for y in range(top) if image.pixelColor(30, y) == light_theme.line)
        assert 16 <= top - hairline <= 22
        view.set_theme(light_theme)  # rewrites everything


def _plain_above_the_ground(view: TranscriptView, theme: Theme) -> int:
    """Return the pixels between the last hairline and the code background below."""
    image = view.viewport().grab().toImage()
    bottom = view.cursorRect(QTextCursor(view.document().find("code"))).top()
    column = [image.pixelColor(30, y) for y in range(bottom)]
    first = bottom - 1
    while column[first] == theme.code_ground:
        first -= 1
    last = max(y for y in range(first + 1) if column[y] == theme.line)
    return first - last
