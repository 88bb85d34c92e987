"""Long blocks of code, folded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.transcript.message_items import MAX_UNFOLDED_LINES, TOGGLE_CODE, VISIBLE_LINES
from desktop_app.widgets.look.theme import dark
from tests.gui.transcript.test_streaming import finished
from tests.helpers.messages import answer, question, streaming
from tests.helpers.transcript_views import focused_name, focused_rect

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.view import TranscriptView

LINES = 200


def code(lines: int) -> str:
    return "```py\n" + "".join(f"line_{n} = {n}\n" for n in range(lines)) + "```\n"


def shown(view: TranscriptView) -> list[str]:
    block, lines = view.document().begin(), []
    while block.isValid():
        if block.isVisible():
            lines.append(block.text())
        block = block.next()
    return lines


def long_answer() -> Message:
    return answer(f"Before\n\n{code(LINES)}\nBetween\n\n{code(MAX_UNFOLDED_LINES)}\nAfter")


def test_long_code_shows_its_beginning_and_the_number_of_hidden_lines(view: TranscriptView) -> None:
    said = long_answer()
    view.set_messages([question("q"), said])
    lines = shown(view)
    assert f"Show {LINES - VISIBLE_LINES} more lines" in lines
    # The other block is short enough to be shown whole.
    assert lines.count(f"line_{VISIBLE_LINES - 1} = {VISIBLE_LINES - 1}") == 2
    assert lines.count(f"line_{VISIBLE_LINES} = {VISIBLE_LINES}") == 1
    height = view.document().size().height()
    view.commands.run(said.id, f"{TOGGLE_CODE}0")
    lines = shown(view)
    assert "Show fewer lines" in lines
    assert f"line_{LINES - 1} = {LINES - 1}" in lines
    assert view.document().size().height() > height + 1000
    view.commands.run(said.id, f"{TOGGLE_CODE}0")
    assert view.document().size().height() == height


def test_a_fold_survives_a_rewrite_of_the_document(view: TranscriptView) -> None:
    said = long_answer()
    view.set_messages([question("q"), said])
    view.commands.run(said.id, f"{TOGGLE_CODE}0")
    view.set_theme(dark())
    assert "Show fewer lines" in shown(view)
    view.commands.run(said.id, f"{TOGGLE_CODE}0")
    view.set_theme(dark(1.2))
    view.scroll_to_start()
    assert f"Show {LINES - VISIBLE_LINES} more lines" in shown(view)


def test_streamed_code_stays_unfolded(view: TranscriptView) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, code(LINES))
    view.stream.flush()
    before = shown(view)
    whole = replace(answer(code(LINES)), id=arriving.id, status=MessageStatus.COMPLETE)
    view.stream.update_message(whole)
    assert [line for line in shown(view) if line.startswith("line_")] == [
        line for line in before if line.startswith("line_")
    ]
    view.set_theme(dark())
    assert f"line_{LINES - 1} = {LINES - 1}" in shown(view)


@pytest.mark.parametrize("lines", [LINES, 1500])
def test_a_clicked_fold_line_stays_in_place(qtbot: QtBot, view: TranscriptView, lines: int) -> None:
    arriving = streaming()
    text = "Before.\n\n" * 30 + code(lines) + "\nAnd more."
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, text)
    view.stream.flush()
    view.stream.update_message(finished(arriving, text))
    view.scroll_to_end()
    assert view.anchor.is_following

    def place(words: str) -> QPoint:
        found = view.document().find(words)
        return QPoint(view.cursorRect(found).left() - 20, view.cursorRect(found).center().y())

    before = place("fewer lines")
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=before)
    # Qt rounds the end of the document, which is on screen, to a whole pixel.
    assert abs(place("more lines").y() - before.y()) <= 1
    above = place(f"line_{VISIBLE_LINES - 1} ")
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place("more lines"))
    assert place(f"line_{VISIBLE_LINES - 1} ").y() == above.y()  # the unfolded lines are below
    assert f"line_{VISIBLE_LINES} = {VISIBLE_LINES}" in shown(view)
    assert not view.anchor.is_following


def test_unfolding_code_by_keyboard_keeps_the_focus_on_screen(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([question("q"), long_answer()])
    view.scroll_to_start()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setTextCursor(view.document().find(f"line_{VISIBLE_LINES - 1} ="))
    view.focusNextPrevChild(True)
    assert focused_name(view) == f"Show {LINES - VISIBLE_LINES} more lines"
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert focused_name(view) == "Show fewer lines"
    assert view.viewport().rect().contains(focused_rect(view))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert f"Show {LINES - VISIBLE_LINES} more lines" in shown(view)


def test_folded_code_is_copied_and_found(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), long_answer()])
    view.selection.select_all()
    copied: QMimeData = view.createMimeDataFromSelection()
    assert (
        f"line_{LINES - 1} = {LINES - 1}\n```"
        in bytes(copied.data("text/markdown").data()).decode()
    )
    assert "more lines" not in copied.text()
    view.find_in_transcript.open()
    view.find_in_transcript.bar.field.setText("LINE_150")
    qtbot.waitUntil(lambda: "line_150 = 150" in shown(view))
    QApplication.processEvents()
    (mark,) = view.extraSelections()
    assert view.viewport().rect().contains(view.cursorRect(mark.cursor).center())


def test_a_tool_call_unfolds_its_arguments(view: TranscriptView) -> None:
    said = answer("Sunny.")
    call = ToolCallPart("1", "get_weather\u202e", '{"city": "Paris"}')
    said = replace(said, parts=(call, *said.parts))
    view.set_messages([question("q"), said])
    assert "›  Use “get_weather\\u202e” (city: Paris) · Not run" in [
        line.replace("\u2063", "") for line in shown(view)
    ]
    assert '  "city": "Paris"' not in shown(view)
    view.commands.run(said.id, "tool-0")
    assert '  "city": "Paris"' in shown(view)
    view.commands.run(said.id, "tool-0")
    assert '  "city": "Paris"' not in shown(view)


def test_long_lines_of_code_wrap_or_scroll(view: TranscriptView) -> None:
    view.set_messages([question("q"), answer("```\n" + "word " * 200 + "\n```\n" + "prose " * 200)])
    bar = view.horizontalScrollBar()
    assert bar.maximum() == 0
    tall = view.document().size().height()
    view.wrap_code(False)
    assert bar.maximum() > 1000
    assert view.document().size().height() < tall - 50
    bar.setValue(300)
    view.grab()
    view.wrap_code(True)
    assert (bar.maximum(), view.document().size().height()) == (0, tall)
