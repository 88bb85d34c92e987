"""Find in the conversation: match counts and navigation, without blocking the window."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from desktop_app.child_processes import child_command
from desktop_app.ui.transcript.media.drawn_formulas import DRAWN
from desktop_app.ui.transcript.media.typesetter import Typesetter
from desktop_app.ui.transcript.search import find_bar
from desktop_app.ui.transcript.view import TranscriptView
from tests.helpers.messages import answer, question, streaming
from tests.helpers.widgets import timer_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.ui.look.theme import Theme

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


def test_a_reopened_bar_shows_no_old_count(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages(conversation(2))
    look_for(qtbot, view, "needle", "of 8")
    view.find_in_transcript.close()
    view.find_in_transcript.open()
    assert match_count(view) == ""
    qtbot.waitUntil(lambda: match_count(view).endswith("of 8"))


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
    messages = conversation(200)
    view.set_messages(messages)
    assert view.messages.get(messages[0].id) is None  # not written
    look_for(qtbot, view, "needle", " of 800")
    field, first = view.find_in_transcript.bar.field, int(match_count(view).split()[0])
    assert 780 < first <= 800  # from where the reader is
    for number in (*range(first + 1, 801), 1):
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert match_count(view) == f"{number} of 800"
    assert text_after_match(view) == "? 0"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert text_after_match(view) == " 0."
    QTest.keyClick(field, Qt.Key.Key_Return, SHIFT)
    QTest.keyClick(field, Qt.Key.Key_Return, SHIFT)
    assert match_count(view) == "800 of 800"
    assert text_after_match(view) == " 199."


def test_a_step_right_after_typing_finds_the_typed_text(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("alpha"), answer("beta")])
    look_for(qtbot, view, "alpha", "1 of 1")
    bar, searched = view.find_in_transcript.bar, list[str]()
    bar.changed.connect(searched.append)
    bar.field.setText("beta")
    view.find_in_transcript.step(+1)
    assert searched == ["beta"]


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
    assert view.navigator.is_at_end
    look_for(qtbot, view, "last needle", "1 of 1")
    for _ in range(9):
        view.stream.append_text(arriving.id, "\n\nAnd more." * 9)
        view.stream.flush()
    assert text_after_match(view) == "."


def test_a_match_above_is_shown_once_its_long_message_is_written(
    qtbot: QtBot, view: TranscriptView
) -> None:
    long, below = answer("Words.\n\n" * 2_500 + "A needle."), answer("Below.\n\n" * 200)
    view.set_messages([question("q"), long, question("q"), below])
    view.navigator.scroll_to_message(below.id)
    assert view.stream.has_more(long.id)
    look_for(qtbot, view, "needle", "1 of 1")
    qtbot.waitUntil(lambda: not view.stream.is_writing_text)
    assert text_after_match(view) == "."


def test_a_match_in_a_message_that_replaces_the_end_stays_on_screen(
    qtbot: QtBot, view: TranscriptView
) -> None:
    words = "Words and words. " * 12 + "\n\n"
    first, last = answer(words * 3 + "A needle."), answer("More and more.\n\n" * 14_000)
    view.set_messages([first, answer(words * 55), last])
    assert view.messages.get(first.id) is None  # not written
    look_for(qtbot, view, "needle", "1 of 1")
    qtbot.waitUntil(lambda: not view.stream.is_writing_text)
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
    view.selectAll()
    look_for(qtbot, view, "needle 1", "1 of 3")
    assert not view.textCursor().hasSelection()
    assert view.textCursor().block().text().startswith("No needle 1")


def test_a_new_message_is_not_part_of_select_all(view: TranscriptView) -> None:
    view.set_messages(conversation(1))
    view.selectAll()
    view.stream.append_message(question("more"))
    assert not view.textCursor().hasSelection()


def test_a_text_typed_just_before_closing_starts_no_search(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages(conversation(3))
    view.find_in_transcript.open()
    bar = view.find_in_transcript.bar
    with qtbot.assertNotEmitted(bar.changed, wait=3 * find_bar._TYPING_PAUSE_MS):
        QTest.keyClicks(bar.field, "needle")
        QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not timer_of(view.find_in_transcript.finder.marks).isActive())
    assert not view.extraSelections()


def test_a_recount_does_not_end_the_count_of_all_messages(
    qtbot: QtBot, view: TranscriptView
) -> None:
    messages = conversation(500)
    view.set_messages(messages)
    finder, counts = view.find_in_transcript.finder, []
    finder._recount_timer.setInterval(0)
    finder.counted.connect(lambda _number, total, is_final: counts.append((total, is_final)))
    finder.search("needle")
    finder.recount(messages[-1].id)
    qtbot.waitUntil(lambda: bool(counts) and counts[-1] == (2_000, True))
    assert all(total == 2_000 for total, is_final in counts if is_final)


def test_another_conversation_ends_the_unfolding_of_code(
    qtbot: QtBot, view: TranscriptView
) -> None:
    """Check that the delayed unfolding raises no error when its message is gone."""
    lines = "".join(f"line {number}\n" for number in range(40))
    view.set_messages([answer(f"```\n{lines}needle\n```")])
    finder, turns = view.find_in_transcript.finder, []

    def show_another() -> None:
        finder.counted.disconnect(show_another)
        view.set_messages(conversation(1))
        QTimer.singleShot(20, lambda: turns.append("after the unfolding"))

    finder.counted.connect(show_another)
    finder.search("needle")
    qtbot.waitUntil(lambda: bool(turns))


def test_a_view_can_be_deleted_while_matches_are_counted(light_theme: Theme) -> None:
    view = TranscriptView(light_theme)
    view.set_messages(conversation(500))
    view.find_in_transcript.finder.search("needle")
    shiboken6.delete(view)
    for thread in threading.enumerate():
        if thread.name == "find":
            thread.join()


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
