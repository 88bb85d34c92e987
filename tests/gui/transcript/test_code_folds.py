"""Long blocks of code, folded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLabel

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.ui.look.theme import dark
from desktop_app.ui.transcript.media.code_folds import (
    MAX_UNFOLDED_LINES,
    TOGGLE_CODE,
    VISIBLE_LINES,
    FoldLines,
    with_fold_lines,
)
from tests.gui.transcript.test_streaming import finished
from tests.helpers.examples import examples
from tests.helpers.menus import entry_text
from tests.helpers.messages import answer, question, streaming
from tests.helpers.transcript_views import is_writing
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.ui.transcript.media.json_process import JsonProcess
    from desktop_app.ui.transcript.message_items import Item
    from desktop_app.ui.transcript.view import TranscriptView

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
    view.navigator.scroll_to_top()
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


def body_of(view: TranscriptView, message: Message) -> list[Item]:
    entry = view.messages.get(message.id)
    assert entry is not None
    return entry.layout.items[entry.head_count : len(entry.layout.items) - entry.foot_count]


PIECES = [
    code(MAX_UNFOLDED_LINES + 2), code(MAX_UNFOLDED_LINES), "```\n" + "x\n" * 40, "x\n" * 3,
    "``", "`", "\n", "\n\n", "words ",
    "- item\n", "  ```\n" + "  y\n" * 40 + "  ```\n", "[late]: /url\n\n", "[late] ", "# Head\n",
    "> ", "    indented\n" * 32, "| a |\n|---|\n| b |\n", "fold",
]  # fmt: skip


@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(PIECES), max_size=9), st.sampled_from((31, 200, 900)))
@example(["[late]\n\n", PIECES[0], "words [late]\n\n", PIECES[10], "\n[late]: /url\n"], 31)
@example([PIECES[0], "``", PIECES[10]], 1)
def test_a_fold_line_is_added_with_the_block_that_follows_the_code(
    view: TranscriptView, pieces: list[str], length: int
) -> None:
    text, arriving = "".join(pieces).replace("fold", "f"), streaming()
    view.set_messages([question("q"), arriving])
    folded_by_hand: set[int] = set()
    for at in range(0, len(text), length):
        view.stream.append_text(arriving.id, text[at : at + length])
        view.stream.flush()
        entry = view.messages.get(arriving.id)
        assert entry is not None
        body = body_of(view, arriving)
        unfolded = set(range(100)) - folded_by_hand
        due = list(with_fold_lines(entry._stream.blocks, unfolded, is_growing=True))
        # A fold line stays, even if the incomplete line below it is not shown any more.
        assert due == (body if len(body) == len(due) else body[:-1])
        assert entry.folds._foldable == FoldLines(body)._foldable
        if "fold" in pieces and "Show fewer lines" in shown(view) and not folded_by_hand:
            view.commands.run(arriving.id, f"{TOGGLE_CODE}0")
            folded_by_hand.add(0)
    view.stream.update_message(finished(arriving, text))
    unfolded = set(range(100)) - folded_by_hand
    assert body_of(view, arriving) == list(with_fold_lines(render(text), unfolded))


def test_adding_a_fold_line_moves_no_text(view: TranscriptView) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, code(LINES))
    view.stream.flush()
    assert "Show fewer lines" not in shown(view)
    line = view.document().find(f"line_{LINES - 1} =")
    view.verticalScrollBar().setValue(view.verticalScrollBar().value() - 200)
    before = view.cursorRect(line).top()
    view.stream.append_text(arriving.id, "\nAnd more.")
    view.stream.flush()
    assert shown(view)[-4:-2] == ["Show fewer lines", "And more."]
    assert view.cursorRect(line).top() == before
    view.stream.update_message(finished(arriving, code(LINES) + "\nAnd more."))
    assert view.cursorRect(line).top() == before


def test_code_at_the_end_of_an_answer_gets_its_fold_line_once_it_is_complete(
    view: TranscriptView,
) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, "Before\n\n" + code(LINES))
    view.stream.flush()
    assert "Show fewer lines" not in shown(view)
    view.stream.update_message(finished(arriving, "Before\n\n" + code(LINES)))
    assert shown(view).count("Show fewer lines") == 1
    assert f"line_{LINES - 1} = {LINES - 1}" in shown(view)
    view.commands.run(arriving.id, f"{TOGGLE_CODE}0")
    assert f"Show {LINES - VISIBLE_LINES} more lines" in shown(view)
    assert f"line_{LINES - 1} = {LINES - 1}" not in shown(view)


@pytest.mark.parametrize("lines", [LINES, 1500])
def test_a_clicked_fold_line_stays_in_place(qtbot: QtBot, view: TranscriptView, lines: int) -> None:
    arriving = streaming()
    text = "Before.\n\n" * 30 + code(lines) + "\nAnd more."
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, text)
    view.stream.flush()
    view.stream.update_message(finished(arriving, text))
    view.navigator.scroll_to_bottom()
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
    view.navigator.scroll_to_top()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setTextCursor(view.document().find(f"line_{VISIBLE_LINES - 1} ="))
    view.focusNextPrevChild(True)
    button = QApplication.focusWidget()
    assert button is not None
    assert button.accessibleName() == f"Show {LINES - VISIBLE_LINES} more lines"
    qtbot.keyClick(button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: button.accessibleName() == "Show fewer lines")
    assert button.hasFocus()
    qtbot.waitUntil(lambda: view.viewport().rect().contains(button.geometry()))
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert f"Show {LINES - VISIBLE_LINES} more lines" in shown(view)


def test_folded_code_of_a_partly_materialized_message_can_be_read(
    qtbot: QtBot, view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    said = answer("".join(f"Line {n}.\n\n{code(120)}\n" for n in range(8)) + code(1200))
    view.set_messages([question("q"), said])
    qtbot.waitUntil(lambda: not is_writing(view) and view.messages.is_fully_materialized)

    def are_read() -> bool:
        text = view.toPlainText()
        return text.count("line_119 =") == 9 and "line_1199 =" in text

    assert are_read()
    view.set_theme(dark())  # rewrites the screen, then the rest
    qtbot.waitUntil(
        lambda: view.messages.is_fully_materialized and not view._reader_loader.is_waiting
    )
    assert are_read()
    assert shown(view).count("line_119 = 119") == 0
    for _ in range(2):
        view.commands.run(said.id, f"{TOGGLE_CODE}8")
        qtbot.waitUntil(are_read)
    assert shown(view).count("line_1199 = 1199") == 0


def test_code_can_be_folded_by_keyboard_while_text_arrives(
    qtbot: QtBot, view: TranscriptView
) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, code(LINES) + "\nAnd more.")
    view.stream.flush()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    cursor = view.document().find(f"line_{LINES - 1} =")
    view.setTextCursor(cursor)
    view.focusNextPrevChild(True)
    button = QApplication.focusWidget()
    assert button is not None
    assert button.accessibleName() == "Show fewer lines"
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert f"Show {LINES - VISIBLE_LINES} more lines" in shown(view)
    view.stream.append_text(arriving.id, " Still more.")
    view.stream.flush()
    assert "And more. Still more." in shown(view)
    view.stream.update_message(finished(arriving, code(LINES) + "\nAnd more. Still more."))
    assert f"Show {LINES - VISIBLE_LINES} more lines" in shown(view)


def test_folded_code_is_copied_and_found(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), long_answer()])
    view.selectAll()
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


def test_a_fold_line_is_not_found(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), long_answer()])
    view.find_in_transcript.open()
    view.find_in_transcript.bar.field.setText("more lines")
    qtbot.waitUntil(
        lambda: find(view.find_in_transcript.bar, QLabel, "find-count").text() == "No matches"
    )


def test_a_tool_call_unfolds_its_arguments(view: TranscriptView) -> None:
    said = answer("Sunny.")
    call = ToolCallPart("1", "get_weather\u202e", '{"city": "Paris"}')
    said = replace(said, parts=(call, *said.parts))
    view.set_messages([question("q"), said])
    assert "›  get_weather⟨U+202E⟩(city: Paris) · Not run" in [
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


def test_the_menu_has_the_actions_of_code_and_conversation(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([question("q"), answer("```\nx = 1\n```\n")])
    cursor = view.document().find("x = 1")
    menu = view.context_menu.menu_at(view.cursorRect(cursor).center())
    names = [entry_text(action) for action in menu.actions()]
    assert "Copy code block" in names
    assert names[-1] == "Print conversation…"
    with qtbot.waitSignal(view.command_requested) as asked:
        menu.actions()[-1].trigger()
    assert asked.args == ["conversation.print"]


def test_a_tool_call_may_fold_while_its_arguments_are_lexed(
    view: TranscriptView, qtbot: QtBot, lexer: JsonProcess
) -> None:
    call = ToolCallPart("1", "get_weather", '{"city": "Paris", "days": [1, 2, 3]}')
    reply = replace(answer("Fine."), parts=(call, TextPart("Fine.")))
    view.highlighter.set_lexer(lexer)
    view.set_messages([reply])
    view.commands.run(reply.id, "tool-0")
    view.set_theme(dark())  # rewrites and highlights
    qtbot.waitUntil(lambda: lexer.is_busy)
    view.commands.run(reply.id, "tool-0")
    qtbot.waitUntil(lambda: not view.highlighter.is_busy)


def test_unfolded_arguments_of_a_tool_call_are_highlighted(
    view: TranscriptView, qtbot: QtBot, lexer: JsonProcess
) -> None:
    call = ToolCallPart("1", "get_weather", '{"city": "Paris"}')
    reply = replace(answer("Fine."), parts=(call, TextPart("Fine.")))
    view.highlighter.set_lexer(lexer)
    view.set_messages([reply])
    view.commands.run(reply.id, "tool-0")
    line = view.document().find('  "city"').block()
    qtbot.waitUntil(lambda: bool(line.layout().formats()))
