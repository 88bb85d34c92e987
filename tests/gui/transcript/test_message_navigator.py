"""Only part of a long conversation is materialized: its end, or around a jump target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QTextCursor
from PySide6.QtTest import QTest

from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.viewport import viewport_filler
from tests.gui.transcript.test_streaming import finished
from tests.helpers.messages import answer, question, streaming
from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.ui.transcript.view import TranscriptView

pytestmark = pytest.mark.usefixtures("long_slices")

CTRL = Qt.KeyboardModifier.ControlModifier


def many(count: int) -> list[Message]:
    return [answer(f"Message {n}.\n\n" + "Words and words.\n\n" * 10) for n in range(count)]


def test_a_jump_materializes_nothing_in_between(view: TranscriptView) -> None:
    messages = many(5000)
    view.set_messages(messages)
    for number in (2500, 10, 4990, 0):
        view.scroll_to_message(messages[number].id)
        assert view.navigator.scroll_state() == (messages[number].id, 0)
        assert f"Message {number}." in view.toPlainText()
        assert view.document().characterCount() < 60_000


VERY_LONG = "Some words.\n\n" * 15_000  # longer than the limit of the document


def test_a_jump_reaches_a_message_below_a_very_long_one(view: TranscriptView) -> None:
    target = answer("Other words.\n\n" * 2_000)
    view.set_messages([answer(VERY_LONG), target, *many(300)])
    view.scroll_to_message(target.id)
    assert view.navigator.scroll_state() == (target.id, 0)


def test_the_newest_message_is_shown_below_a_very_long_one(view: TranscriptView) -> None:
    view.set_messages([answer(VERY_LONG), question("Thank you.")])
    assert "Thank you." in view.toPlainText()
    assert view.navigator.is_at_end


def test_text_on_screen_stays_when_a_very_long_message_is_materialized_above(
    view: TranscriptView, qtbot: QtBot
) -> None:
    long, asked, reply = answer(VERY_LONG), question("Q"), answer("Other words.\n\n" * 4_000)
    view.set_messages([*many(3), long, asked, reply, *many(300)])
    view.scroll_to_message(asked.id)
    for _ in range(2):
        assert view.navigator.scroll_state() == (asked.id, 0)
        assert "Other words." in on_screen(view)
        qtbot.waitUntil(lambda: view.messages.get(long.id) is not None)


def test_the_latest_button_returns_to_the_end(view: TranscriptView) -> None:
    messages = many(500)
    view.set_messages(messages)
    view.scroll_to_message(messages[100].id)
    assert view.latest_button.isVisible()
    view.latest_button.click()
    assert "Message 499." in view.toPlainText()
    assert "Message 100." not in view.toPlainText()
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert not view.latest_button.isVisible()


def test_the_latest_button_is_hidden_if_everything_is_on_screen(view: TranscriptView) -> None:
    long = many(500)
    view.set_messages(long)
    view.scroll_to_message(long[100].id)
    short = [question("Short?"), answer("Yes.")]
    view.set_messages(short)
    view.scroll_to_message(short[1].id)
    QGuiApplication.processEvents()
    assert not view.latest_button.isVisible()


def wait_for_more(view: TranscriptView, qtbot: QtBot, shown: int) -> None:
    qtbot.waitUntil(lambda: view.document().characterCount() > shown)


def test_scrolling_materializes_messages_in_both_directions(
    view: TranscriptView, qtbot: QtBot
) -> None:
    messages = many(300)
    view.set_messages(messages)
    view.scroll_to_message(messages[150].id)
    bar = view.verticalScrollBar()
    for end in (bar.minimum, bar.maximum):
        for _ in range(4):
            shown = view.document().characterCount()
            bar.setValue(end())
            wait_for_more(view, qtbot, shown)
    text = view.toPlainText()
    numbers = [n for n in range(300) if f"Message {n}." in text]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] < 140
    assert numbers[-1] > 160


def test_the_end_of_the_document_is_not_followed_if_messages_are_missing_below(
    view: TranscriptView,
) -> None:
    messages = many(300)
    view.set_messages(messages)
    view.scroll_to_message(messages[100].id)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    assert view.latest_button.isVisible()


def test_an_answer_streams_outside_the_document(view: TranscriptView) -> None:
    messages = many(400)
    view.set_messages(messages)
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_text(message.id, "One **two")
    view.scroll_to_message(messages[10].id)
    assert "One two" not in view.toPlainText()
    view.stream.append_text(message.id, "** three")
    view.stream.flush()
    assert "three" not in view.toPlainText()
    view.navigator.scroll_to_bottom()
    assert "One two three" in view.toPlainText()
    view.stream.append_text(message.id, " four")
    view.stream.flush()
    view.scroll_to_message(messages[10].id)
    view.stream.update_message(finished(message, "One **two** three four five"))
    view.commands.copy_last_answer()
    assert QGuiApplication.clipboard().text() == "One **two** three four five"
    view.navigator.scroll_to_bottom()
    assert "four five" in view.toPlainText()


def test_a_new_question_is_at_the_end_after_a_jump(view: TranscriptView) -> None:
    messages = many(400)
    view.set_messages(messages)
    view.scroll_to_message(messages[10].id)
    view.stream.append_message(question("Here?"))
    view.stream.append_message(reply := streaming())
    view.stream.append_text(reply.id, "Here.")
    view.navigator.scroll_to_bottom()
    assert "Here?" in view.toPlainText()
    assert "Here." in view.toPlainText()


def test_distant_messages_are_removed(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewport_filler, "MATERIALIZED_CHARACTERS", 40_000)
    messages = many(400)
    view.set_messages(messages)
    bar = view.verticalScrollBar()
    for _ in range(20):
        bar.setValue(10)
        state = view.navigator.scroll_state()
        view.navigator.load_more()
        assert view.navigator.scroll_state() == state
        assert view.document().characterCount() < 60_000
    assert "Message 399." not in view.toPlainText()
    while view.messages.newer:
        bar.setValue(bar.maximum())
        view.navigator.load_more()
        assert view.document().characterCount() < 60_000
    assert "Message 399." in view.toPlainText()


def test_selected_messages_are_not_removed(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewport_filler, "MATERIALIZED_CHARACTERS", 40_000)
    messages = many(900)
    view.set_messages(messages)
    view.moveCursor(QTextCursor.MoveOperation.End)
    view.moveCursor(QTextCursor.MoveOperation.PreviousBlock, QTextCursor.MoveMode.KeepAnchor)
    for _ in range(6):
        view.verticalScrollBar().setValue(10)
        view.navigator.load_more()
    assert "Message 899." in view.toPlainText()
    cursor = view.textCursor()
    cursor.clearSelection()
    view.setTextCursor(cursor)
    view.verticalScrollBar().setValue(10)
    view.navigator.load_more()
    assert view.document().characterCount() < 60_000


def test_a_resize_keeps_the_scroll_position_between_missing_messages(view: TranscriptView) -> None:
    messages = many(400)
    view.set_messages(messages)
    view.scroll_to_message(messages[100].id)
    for size in ((600, 500), (1000, 700), (900, 600)):
        view.resize(*size)
        assert view.navigator.scroll_state()[0] == messages[100].id


def test_long_arriving_text_is_written_in_slices(view: TranscriptView, qtbot: QtBot) -> None:
    text = "A paragraph of **words** and `code`.\n\n" * 1500
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_text(message.id, text)
    view.stream.update_message(finished(message, text + "The end."))
    assert "The end." not in view.toPlainText()
    qtbot.waitUntil(lambda: "The end." in view.toPlainText())
    entry = view.messages.get(message.id)
    assert entry is not None
    assert not entry.is_streaming


def test_a_screen_reader_gets_the_whole_conversation(qtbot: QtBot, view: TranscriptView) -> None:
    messages = [question(f"Question {number} " + "word " * 60) for number in range(120)]
    view.speech.has_screen_reader = lambda: True  # type: ignore[method-assign]
    view.set_messages(messages)
    assert "Question 0 " not in view.toPlainText()
    bottom = view.navigator.is_at_end
    qtbot.waitUntil(lambda: "Question 0 " in view.toPlainText())
    assert view.navigator.is_at_end is bottom is True


def test_a_new_theme_keeps_the_screen_and_removes_distant_text(view: TranscriptView) -> None:
    """Check with much text: the viewport keeps its content, and the rest follows on scrolling."""
    messages = [answer(f"Answer {n}.\n\n" + "Some words.\n\n" * 200) for n in range(60)]
    view.set_messages(messages)
    while view.messages.older:
        view.materializer.write_more(50_000, (), above=True)
    view.stream.flush()
    view.scroll_to_message(messages[30].id)
    state = view.navigator.scroll_state()
    view.set_theme(theme.dark())
    assert view.navigator.scroll_state() == state
    assert view.document().characterCount() < 100_000
    order = [message.id for message in view.messages.all()]
    assert order == [message.id for message in messages]
    view.scroll_to_message(messages[0].id)
    assert view.navigator.scroll_state()[0] == messages[0].id


def away_and_back(view: TranscriptView, message: Message) -> None:
    """Have a message removed from the document, and written again."""
    view.navigator.scroll_to_bottom()
    assert view.messages.get(message.id) is None
    view.scroll_to_message(message.id)


def test_unfolded_sections_stay_unfolded_when_their_message_returns(
    view: TranscriptView, qtbot: QtBot
) -> None:
    call = ToolCallPart("call", "get_weather", '{"city": "Oslo"}')
    thoughtful = answer("Said.", reasoning="**Ways**\n\n" + "A thought.\n\n" * 3000 + "The last.")
    used = replace(answer("Fine."), parts=(call, TextPart("Fine.")))
    view.set_messages([thoughtful, used, *many(300)])
    view.scroll_to_message(thoughtful.id)
    view.commands.run(thoughtful.id, "reasoning")
    view.commands.run(used.id, "tool-0")
    away_and_back(view, thoughtful)
    qtbot.waitUntil(lambda: "The last." in view.toPlainText())
    assert '"Oslo"' in view.toPlainText()
    assert view.toPlainText().count("A thought.") == 3000
    view.commands.run(thoughtful.id, "reasoning")
    away_and_back(view, thoughtful)
    assert "A thought." not in view.toPlainText()


def test_a_search_result_is_shown_anywhere_in_its_message(
    view: TranscriptView, qtbot: QtBot
) -> None:
    code = "".join(f"line_{number} = {number}\n" for number in range(60))
    said = answer(
        "Words.\n\n" * 5000 + f"```py\n{code}```\n\nThe *Harbour* end.",
        reasoning="**Ways**\n\nA lighthouse of a thought.",
    )
    view.set_messages([said, *many(300)])
    for words in ("harbour", "line_55", "lighthouse"):
        view.navigator.scroll_to_bottom()
        view.scroll_to_message(said.id, words)
        qtbot.waitUntil(lambda words=words: words in on_screen(view).lower())  # type: ignore[misc]
    view.scroll_to_message(said.id, "nowhere")
    assert view.navigator.scroll_state() == (said.id, 0)


def on_screen(view: TranscriptView) -> str:
    """Return the text between the upper and the lower edge."""
    cursor = view.cursorForPosition(view.viewport().rect().topLeft())
    end = view.cursorForPosition(view.viewport().rect().bottomRight())
    cursor.setPosition(end.position(), QTextCursor.MoveMode.KeepAnchor)
    return cursor.selectedText()


def test_select_all_includes_missing_messages(view: TranscriptView, qtbot: QtBot) -> None:
    """Check that a copy of everything includes messages that are not materialized."""
    view.set_messages(many(300))
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    with qtbot.waitSignal(view.command_requested) as told:
        QTest.keyClick(view, Qt.Key.Key_C, CTRL)
    assert told.args == ["conversation.copy"]
    written = view.document().characterCount()
    view.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: view.document().characterCount() > written)
    assert view.selection.is_all, "messages materialized above are selected, too"
    view.set_messages(many(2))
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    with qtbot.assertNotEmitted(view.command_requested):
        QTest.keyClick(view, Qt.Key.Key_C, CTRL)
    copied = QGuiApplication.clipboard().mimeData()
    assert "Message 0." in copied.text()
    assert copied.hasHtml()


def test_a_new_width_is_applied_in_slices(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that the viewport is first: a full reflow at once would block the window."""
    row = "| Some words that take room | and more of them in another cell | and in a third |\n"
    table = "| a | b | c |\n|---|---|---|\n" + row * 12
    text = (table + "\n" + "Words and `code` that go on. " * 120 + "\n\n") * 30
    view.set_messages([answer(text)])
    qtbot.waitUntil(lambda: not is_writing(view))
    monkeypatch.setattr(viewport_filler, "_REFLOW_SLICE_S", 0.002)
    view.resize(560, 500)
    assert view.writer.has_outdated_items
    qtbot.waitUntil(lambda: not view.writer.has_outdated_items)
    layout = view.messages.layouts[0]
    shapes, counts = list(layout.shapes), list(layout.counts)
    assert any(shapes)
    view.set_theme(theme.light())
    qtbot.waitUntil(lambda: not is_writing(view))
    layout = view.messages.layouts[0]
    for shape, count, *before in zip(layout.shapes, layout.counts, shapes, counts, strict=True):
        assert not (count and before[1]) or [shape, count] == before
    view.resize(540, 500)
    view.set_messages([])  # drops the outdated items
    assert not view.writer.has_outdated_items


def test_text_stays_under_the_mouse_while_it_is_selected(view: TranscriptView) -> None:
    said = streaming()
    view.set_messages([*many(5), said])
    view.stream.append_text(said.id, "Words and words.\n\n" * 40)
    view.stream.flush()
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    mouse(view, QEvent.Type.MouseButtonPress, QPoint(30, 200))
    mouse(view, QEvent.Type.MouseMove, QPoint(60, 300))
    was = bar.value()
    view.stream.append_text(said.id, "More words.\n\n" * 10)
    view.stream.flush()
    assert bar.value() == was < bar.maximum()
    assert view.latest_button.isVisible()
    mouse(view, QEvent.Type.MouseButtonRelease, QPoint(60, 300))
    view.latest_button.click()
    view.stream.append_text(said.id, "More words.\n\n" * 10)
    view.stream.flush()
    assert bar.value() == bar.maximum()


def line_on_top(view: TranscriptView) -> tuple[str, int, int]:
    """Return the topmost paragraph, the start of the line in it, and the y of the line."""
    cursor = view.cursorForPosition(QPoint(0, 0))
    return cursor.block().text(), cursor.positionInBlock(), view.cursorRect(cursor).top()


def test_a_notice_above_the_screen_moves_nothing(view: TranscriptView) -> None:
    said = answer("Words")
    view.set_messages([said, *many(6)])
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() - view.viewport().height())
    line = line_on_top(view)
    view.stream.update_message(replace(said, notices=("One.", "Two.")))
    QGuiApplication.processEvents()
    assert line_on_top(view) == line


def test_a_late_definition_above_the_screen_moves_nothing(view: TranscriptView) -> None:
    said = streaming()
    view.set_messages([*many(2), said])
    text = (
        "[a long word or two][late] [a long word or two][late] " * 20 + "\n\n" + "Words.\n\n" * 60
    )
    view.stream.append_text(said.id, text)
    view.stream.flush()
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() - view.viewport().height())
    line, height = line_on_top(view), view.document().size().height()
    view.stream.append_text(said.id, "[late]: https://example.org/\n\n")
    view.stream.flush()
    assert view.document().size().height() < height
    assert line_on_top(view) == line


def mouse(
    view: TranscriptView,
    what: QEvent.Type,
    to: QPoint,
    held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Send a mouse event with the left button held down."""
    whole, left = QPointF(view.viewport().mapToGlobal(to)), Qt.MouseButton.LeftButton
    buttons = Qt.MouseButton.NoButton if what == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(what, QPointF(to), whole, left, buttons, held)
    QGuiApplication.sendEvent(view.viewport(), event)
