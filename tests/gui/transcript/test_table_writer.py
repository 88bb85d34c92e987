"""Tables are lines with tab stops if the cells fit, else Qt tables that look alike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QTextCursor, QWheelEvent
from PySide6.QtWidgets import QApplication

from desktop_app.child_processes import child_command
from desktop_app.transcript.media.drawings import Typesetter
from desktop_app.transcript.segment import Place
from desktop_app.transcript.segment_formulas import DRAWN
from desktop_app.transcript.view import TranscriptView
from tests.gui.transcript.test_streaming import finished, look, stream_into
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


HEAD = "| first | second | n |\n|---|:-:|--:|\n"
ROW = "| a cell | another *cell* | 12 |\n"
LONG_ROW = f"| {'many words that wrap ' * 12} | b | 3 |\n"


def test_a_streamed_table_changes_between_text_blocks_and_cells(view: TranscriptView) -> None:
    chance = random.Random(3)
    for _ in range(5):
        rows = [chance.choice((ROW, ROW, LONG_ROW, "| [x] | y | [x] |\n")) for _ in range(15)]
        ends = ["", "\n[x]: https://example.com/a\n", "\nend", f"\n[x]: /{'long' * 90}\n"]
        text = HEAD + "".join(rows) + chance.choice(ends)
        view.set_messages([asked := question("Why?")])
        step = chance.choice((15, 40, 300))
        message = streaming()
        stream_into(view, message, [text[i : i + step] for i in range(0, len(text), step)])
        arrived = look(view.document())
        view.set_messages([asked, finished(message, text)])
        view.stream.flush()
        view.scroll_to_start()
        assert arrived == look(view.document())


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
    view.selection.select_all()
    html = view.createMimeDataFromSelection().html()
    assert html.count("<table ") == 1
    assert html.count("<tr>") == 42


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
    view.set_messages([answer(f"Words above\n\n| {heads} |\n|{'---|' * columns}\n| {body} |\n")])
    view.stream.flush()
    above = view.rect_of(Place(view.messages.key_at(0), 0))
    bar = view.horizontalScrollBar()
    assert bar.maximum() > 4_000
    last = view.document().find("2.49")
    at, shift = QPointF(50, 50), Qt.KeyboardModifier.ShiftModifier
    phase, none = Qt.ScrollPhase.NoScrollPhase, Qt.MouseButton.NoButton
    turned = QWheelEvent(at, at, QPoint(), QPoint(0, -120), none, shift, phase, False)
    QApplication.sendEvent(view.viewport(), turned)
    assert 0 < bar.value() < view.viewport().width()
    assert view.verticalScrollBar().value() == 0
    bar.setValue(bar.maximum())
    assert view.rect_of(Place(view.messages.key_at(0), 0)) == above  # only the table moves
    assert 0 < view.cursorRect(last).right() <= view.viewport().width()
    block = view.document().find("Column 49").block()
    assert block.layout().lineCount() == 1
    view.selection.select_all()
    copied = view.createMimeDataFromSelection()
    assert max(line.count("\t") for line in copied.text().split("\n")) == columns - 1
    assert copied.html().count("<th") == columns
