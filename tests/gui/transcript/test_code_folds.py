"""Long blocks of code, folded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from desktop_app.domain.conversation import MessageStatus
from desktop_app.domain.parts import ToolCallPart
from desktop_app.ui.theme import dark
from desktop_app.ui.transcript.code_folds import FOLD, LONG, SHOWN
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversation import Message
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
    return answer(f"Before\n\n{code(LINES)}\nBetween\n\n{code(LONG)}\nAfter")


def test_a_long_block_shows_its_beginning_and_says_how_much_there_is(view: TranscriptView) -> None:
    said = long_answer()
    view.set_messages([question("q"), said])
    lines = shown(view)
    assert f"Show {LINES - SHOWN} more lines" in lines
    assert lines.count(f"line_{SHOWN - 1} = {SHOWN - 1}") == 2  # one block is short enough
    assert lines.count(f"line_{SHOWN} = {SHOWN}") == 1
    height = view.document().size().height()
    view._act(said.id, f"{FOLD}0")
    lines = shown(view)
    assert "Show fewer lines" in lines
    assert f"line_{LINES - 1} = {LINES - 1}" in lines
    assert view.document().size().height() > height + 1000
    view._act(said.id, f"{FOLD}0")
    assert view.document().size().height() == height


def test_the_fold_is_remembered_when_everything_is_written_anew(view: TranscriptView) -> None:
    said = long_answer()
    view.set_messages([question("q"), said])
    view._act(said.id, f"{FOLD}0")
    view.set_theme(dark())
    assert "Show fewer lines" in shown(view)
    view._act(said.id, f"{FOLD}0")
    view.set_theme(dark(1.2))
    assert f"Show {LINES - SHOWN} more lines" in shown(view)


def test_what_arrives_before_the_reader_stays_as_it_came(view: TranscriptView) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.append_text(arriving.id, code(LINES))
    view.flush()
    before = shown(view)
    whole = replace(answer(code(LINES)), id=arriving.id, status=MessageStatus.COMPLETE)
    view.update_message(whole)
    assert [line for line in shown(view) if line.startswith("line_")] == [
        line for line in before if line.startswith("line_")
    ]
    view.set_theme(dark())
    assert f"line_{LINES - 1} = {LINES - 1}" in shown(view)


def test_what_is_folded_is_copied_and_found(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), long_answer()])
    view.selectAll()
    copied: QMimeData = view.createMimeDataFromSelection()
    assert (
        f"line_{LINES - 1} = {LINES - 1}\n```"
        in bytes(copied.data("text/markdown").data()).decode()
    )
    assert "more lines" not in copied.text()
    view.find_in_it.open()
    view.find_in_it.bar.field.setText("LINE_150")
    qtbot.waitUntil(lambda: "line_150 = 150" in shown(view))
    QApplication.processEvents()
    (mark,) = view.extraSelections()
    assert view.viewport().rect().contains(view.cursorRect(mark.cursor).center())


def test_the_line_that_folds_is_not_what_a_message_says(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), long_answer()])
    view.find_in_it.open()
    view.find_in_it.bar.field.setText("more lines")
    qtbot.waitUntil(lambda: view.find_in_it.bar._count.text() == "No matches")


def test_a_tool_shows_its_name_and_its_arguments_when_asked(view: TranscriptView) -> None:
    said = answer("Sunny.")
    call = ToolCallPart("1", "get_weather\u202e", '{"city": "Paris"}')
    said = replace(said, parts=(call, *said.parts))
    view.set_messages([question("q"), said])
    assert "›  Used get_weather⟨U+202E⟩" in [line.replace("\u2063", "") for line in shown(view)]
    assert '  "city": "Paris"' not in shown(view)
    view._act(said.id, "tool-0")
    assert '  "city": "Paris"' in shown(view)
    view._act(said.id, "tool-0")
    assert '  "city": "Paris"' not in shown(view)


def test_long_lines_go_on_below_or_to_the_side(view: TranscriptView) -> None:
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


def test_the_menu_has_what_can_be_done_with_the_code_and_the_conversation(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([question("q"), answer("```\nx = 1\n```\n")])
    cursor = view.document().find("x = 1")
    menu = view.menu_at(view.cursorRect(cursor).center())
    names = [action.text() for action in menu.actions()]
    assert "Copy the block of code" in names
    assert names[-1] == "Print the conversation…"
    with qtbot.waitSignal(view.command_requested) as asked:
        menu.actions()[-1].trigger()
    assert asked.args == ["conversation.print"]
