"""Find in the conversation: match counts and navigation, without blocking the window."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from desktop_app.child_processes import child_command
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.transcript.media.drawings import Typesetter
from desktop_app.transcript.segment_formulas import DRAWN
from desktop_app.transcript.view import TranscriptView
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message

SHIFT = Qt.KeyboardModifier.ShiftModifier
BLANK = "\u200b"  # ends the source of a drawn formula


def match_count(view: TranscriptView) -> str:
    label = view.find_in_transcript.bar.findChild(QLabel, "find-count")
    assert label is not None
    return str(label.text())


def look_for(qtbot: QtBot, view: TranscriptView, words: str, expected: str) -> None:
    view.find_in_transcript.open()
    view.find_in_transcript.bar.field.setText(words)
    qtbot.waitUntil(lambda: match_count(view).endswith(expected))


def marked(view: TranscriptView) -> list[str]:
    QApplication.processEvents()
    return [mark.cursor.selectedText() for mark in view.extraSelections()]


def is_marked(view: TranscriptView, words: str) -> bool:
    """Return True if exactly these words are marked."""
    return [mark.replace(BLANK, "") for mark in marked(view)] == [words]


def text_after_match(view: TranscriptView) -> str:
    """Return the text after the current match, which must be on screen."""
    QApplication.processEvents()
    accent = view.theme.accent
    (mark,) = [m for m in view.extraSelections() if m.format.background().color() == accent]
    found = mark.cursor
    assert view.viewport().rect().contains(view.cursorRect(found).center())
    return str(found.block().text()[found.selectionEnd() - found.block().position() :])


def conversation(count: int) -> list[Message]:
    messages: list[Message] = []
    for number in range(count):
        messages += [question(f"needle? {number}"), answer(f"No **ne**edle {number}.\n\n" * 3)]
    return messages


def test_the_way_to_the_end_is_offered_only_below_a_match(
    qtbot: QtBot, view: TranscriptView
) -> None:
    for count, is_offered in ((1, False), (30, True)):
        view.set_messages(conversation(count))
        look_for(qtbot, view, "needle? 0", "1")
        qtbot.waitUntil(lambda: is_marked(view, "needle? 0"))
        assert view.latest_button.isVisible() is is_offered


def test_matches_ignore_case_accents_and_markup(qtbot: QtBot, view: TranscriptView) -> None:
    text = (
        "A **caf**é at *the* `Café`.\n\n| Tea | CAFE |\n|--|--|\n"
        "| x | [cafés](https://cafe.example) |\n\n```\ncafe()\n```"
    )
    view.set_messages([question("café?"), answer(text)])
    look_for(qtbot, view, "cafe", "1 of 6")
    assert [word.lower().replace("é", "e") for word in marked(view)] == ["cafe"] * 6
    look_for(qtbot, view, "**", "No matches")
    assert marked(view) == []
    look_for(qtbot, view, "café at the c", "1 of 1")


def test_enter_and_shift_enter_step_through_all_matches_and_wrap_around(
    qtbot: QtBot, view: TranscriptView
) -> None:
    messages = conversation(50)
    view.set_messages(messages)
    assert view.messages.get(messages[0].id) is None  # not written
    look_for(qtbot, view, "needle", " of 200")
    field, first = view.find_in_transcript.bar.field, int(match_count(view).split()[0])
    assert 180 < first <= 200  # from where the reader is
    for number in (*range(first + 1, 201), 1):
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert match_count(view) == f"{number} of 200"
    assert text_after_match(view) == "? 0"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert text_after_match(view) == " 0."
    QTest.keyClick(field, Qt.Key.Key_Return, SHIFT)
    QTest.keyClick(field, Qt.Key.Key_Return, SHIFT)
    assert match_count(view) == "200 of 200"
    assert text_after_match(view) == " 49."


def test_a_match_in_folded_reasoning_unfolds_it(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), answer("text needle", reasoning="a *needle* there")])
    look_for(qtbot, view, "needle", "1 of 2")
    assert text_after_match(view) == " there"
    QTest.keyClick(view.find_in_transcript.bar.field, Qt.Key.Key_Return)
    assert (match_count(view), text_after_match(view)) == ("2 of 2", "")


def test_matches_in_streaming_text_are_counted(qtbot: QtBot, view: TranscriptView) -> None:
    arriving = streaming()
    view.set_messages([question("needle"), arriving])
    look_for(qtbot, view, "needle", "1 of 1")
    view.stream.append_text(arriving.id, "a needle, and another needle")
    qtbot.waitUntil(lambda: match_count(view) == "1 of 3")
    assert text_after_match(view) == ""


def test_arriving_text_does_not_scroll_the_current_match_away(
    qtbot: QtBot, view: TranscriptView
) -> None:
    arriving = streaming("A needle.\n\n" + "More.\n\n" * 20)
    view.set_messages([question("needle"), arriving])
    view.stream.append_text(arriving.id, "The last needle.")
    view.stream.flush()
    assert view.is_at_end
    look_for(qtbot, view, "last needle", "1 of 1")
    for _ in range(9):
        view.stream.append_text(arriving.id, "\n\nAnd more." * 9)
        view.stream.flush()
    assert text_after_match(view) == "."


def test_esc_closes_the_bar_and_returns_the_focus(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages(conversation(3))
    view.setFocus()
    look_for(qtbot, view, "needle", " of 12")
    field = view.find_in_transcript.bar.field
    qtbot.waitUntil(field.hasFocus)
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not view.find_in_transcript.is_open
    assert QApplication.focusWidget() is view
    assert marked(view) == []


@pytest.mark.slow
def test_thousands_of_messages_are_counted_without_blocking_the_window(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages(conversation(1_500))
    view.find_in_transcript.open()
    view.find_in_transcript.bar.field.setText("needle 1499")
    qtbot.waitUntil(lambda: match_count(view).startswith("1 of 3"))
    turns = 0  # of the event loop; a benchmark measures how long each takes

    def turn() -> None:
        nonlocal turns
        turns += 1

    timer = QTimer(view, interval=1)
    timer.timeout.connect(turn)
    timer.start()
    view.find_in_transcript.bar.field.setText("needle")
    qtbot.waitUntil(lambda: match_count(view).endswith("of 6,000"))
    assert turns > 20


def test_a_match_in_a_formula_marks_its_drawing(view: TranscriptView, qtbot: QtBot) -> None:
    typesetter = Typesetter(child_command("math"))
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer("\U0001f600 needle and $needle_1$, needle")])
    qtbot.waitUntil(lambda: DRAWN in view.toPlainText())
    look_for(qtbot, view, "needle", "of 3")
    assert marked(view) == ["needle", f"{DRAWN}needle", "needle"]
    for words, mark in (
        ("needle_1, n", f"{DRAWN}needle_1, n"),
        ("and needle_1", f"and {DRAWN}needle_1"),
    ):
        look_for(qtbot, view, words, "of 1")
        qtbot.waitUntil(partial(is_marked, view, mark))
    typesetter.close()


def test_a_match_replaces_the_selection(qtbot: QtBot, view: TranscriptView) -> None:
    """Check that a match replaces the selection, which would hide its mark.

    A screen reader continues from the text cursor.
    """
    view.set_messages(conversation(3))
    view.selection.select_all()
    look_for(qtbot, view, "needle 1", "1 of 3")
    assert not view.textCursor().hasSelection()
    assert view.textCursor().block().text().startswith("No needle 1")


def test_markers_and_names_of_languages_are_not_marked(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("1. python one\n2. two 1\n\n```python\nx = 1\n```")])
    for words, count in (("1", 2), ("python", 1)):
        look_for(qtbot, view, words, f"1 of {count}")
        assert marked(view) == [words] * count


def test_matches_in_reasoning_are_counted_while_it_streams(
    qtbot: QtBot, view: TranscriptView
) -> None:
    reply = streaming()
    view.set_messages([question("q"), reply])
    view.stream.append_reasoning(reply.id, "A needle, thought of.")
    view.commands.run(reply.id, "reasoning")
    look_for(qtbot, view, "needle", "1 of 1")
    view.stream.append_reasoning(reply.id, " A second needle, too.")
    qtbot.waitUntil(lambda: match_count(view) == "1 of 2")
    view.stream.append_text(reply.id, "The needle in the text.")
    qtbot.waitUntil(lambda: match_count(view) == "1 of 3")
    for text in (" in the text.", ", too."):
        view.find_in_transcript.step(-1)
        assert text_after_match(view).startswith(text)


def test_tool_calls_stand_above_the_answer_and_are_not_searched(
    qtbot: QtBot, view: TranscriptView
) -> None:
    call = ToolCallPart("1", "search_library", '{"words": "needle"}', state=ToolCallState.DONE)
    said = answer("A needle.", reasoning="**Topic**\n\nSome needle.")
    said = replace(said, parts=(*said.parts, call))
    view.set_messages([question("q"), said])
    shown = view.toPlainText()
    places = [shown.index(words) for words in ("Thought: Topic", "Searched your", "A needle.")]
    assert places == sorted(places)
    look_for(qtbot, view, "needle", "1 of 2")  # one in the folded reasoning
    QTest.keyClick(view.find_in_transcript.bar.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: match_count(view).endswith("2 of 2"))
    assert marked(view) == ["needle"] * 2
    view.commands.run(said.id, "tool-0")
    assert marked(view) == ["needle"] * 2
    plain = answer("A needle.")
    view.set_messages([question("q"), replace(plain, parts=(call, *plain.parts))])
    look_for(qtbot, view, "needle", "1 of 1")
    assert is_marked(view, "needle")


def test_reasoning_that_follows_a_tool_call_stands_above_it(view: TranscriptView) -> None:
    call = ToolCallPart("1", "search_library", '{"words": "rain"}', state=ToolCallState.DONE)
    said = replace(streaming(""), parts=(call,))
    view.set_messages([question("q"), said])
    view.stream.append_reasoning(said.id, "**Topic**\n\nSome words.")
    view.stream.append_text(said.id, "The answer.")
    view.stream.flush()
    shown = view.toPlainText()
    places = [shown.index(words) for words in ("Topic", "Searched your", "The answer.")]
    assert places == sorted(places)
