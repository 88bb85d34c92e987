"""Only part of a long conversation is loaded: its end, or around a jump target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest

from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart
from tests.gui.transcript.test_streaming import finished
from tests.helpers.messages import answer, streaming
from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.view import TranscriptView

pytestmark = pytest.mark.usefixtures("long_slices")

CTRL = Qt.KeyboardModifier.ControlModifier


def many(count: int) -> list[Message]:
    return [answer(f"Message {n}.\n\n" + "Words and words.\n\n" * 10) for n in range(count)]


def test_a_jump_materializes_nothing_in_between(view: TranscriptView) -> None:
    messages = many(5000)
    view.set_messages(messages)
    for number in (2500, 10, 4990, 0):
        view.scroll_to_message(messages[number].id)
        assert view.scroll_state() == (messages[number].id, 0)
        assert f"Message {number}." in on_screen(view)
        assert len(view.loaded_text()) < 60_000


def test_the_latest_button_returns_to_the_end(view: TranscriptView) -> None:
    messages = many(500)
    view.set_messages(messages)
    view.scroll_to_message(messages[100].id)
    assert view.latest_button.isVisible()
    view.latest_button.click()
    assert "Message 499." in view.loaded_text()
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert not view.latest_button.isVisible()


@pytest.mark.parametrize("width", [320, 640, 1000, 1600])
def test_the_latest_button_covers_no_words(view: TranscriptView, width: int) -> None:
    view.set_messages(many(50))
    view.resize(width, 400)
    view.scroll_to_message(view.messages.messages[3].id)
    button = view.latest_button
    assert button.isVisible()
    assert not button.geometry().intersects(view.viewport().geometry())
    assert view.rect().contains(button.geometry())


def test_scrolling_shows_the_messages_in_both_directions(view: TranscriptView) -> None:
    messages = many(100)
    view.set_messages(messages)
    view.scroll_to_message(messages[50].id)
    bar = view.verticalScrollBar()
    for end, number in ((bar.minimum, 0), (bar.maximum, 99)):
        while bar.value() != end():
            bar.triggerAction(
                bar.SliderAction.SliderPageStepSub
                if number == 0
                else bar.SliderAction.SliderPageStepAdd
            )
            assert view.is_filled()
        assert f"Message {number}." in on_screen(view)


def test_an_answer_streams_outside_the_document(view: TranscriptView) -> None:
    messages = many(400)
    view.set_messages(messages)
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_text(message.id, "One **two")
    view.scroll_to_message(messages[10].id)
    assert "One two" not in on_screen(view)
    view.stream.append_text(message.id, "** three")
    view.stream.flush()
    assert "three" not in on_screen(view)
    view.scroll_to_end()
    assert "One two three" in on_screen(view)
    view.stream.append_text(message.id, " four")
    view.stream.flush()
    view.scroll_to_message(messages[10].id)
    view.stream.update_message(finished(message, "One **two** three four five"))
    view.commands.copy_last_answer()
    assert QGuiApplication.clipboard().text() == "One **two** three four five"
    view.scroll_to_end()
    assert "four five" in on_screen(view)


def test_a_resize_keeps_the_scroll_position_between_missing_messages(view: TranscriptView) -> None:
    messages = many(400)
    view.set_messages(messages)
    view.scroll_to_message(messages[100].id)
    for size in ((600, 500), (1000, 700), (900, 600)):
        view.resize(*size)
        assert view.scroll_state()[0] == messages[100].id


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


def away_and_back(view: TranscriptView, message: Message) -> None:
    """Have the text of a message forgotten, and parsed again."""
    view.scroll_to_end()
    view.messages.close_distant(())
    view.scroll_to_message(message.id)


def test_unfolded_sections_stay_unfolded_when_their_message_returns(
    view: TranscriptView, qtbot: QtBot
) -> None:
    call = ToolCallPart("call", "get_weather", '{"city": "Oslo"}')
    thoughtful = answer("Said.", reasoning="**Ways**\n\n" + "A thought.\n\n" * 1000 + "The last.")
    used = replace(answer("Fine."), parts=(call, TextPart("Fine.")))
    view.set_messages([thoughtful, used, *many(300)])
    view.scroll_to_message(thoughtful.id)
    view.commands.run(thoughtful.id, "reasoning")
    view.commands.run(used.id, "tool-0")
    away_and_back(view, thoughtful)
    qtbot.waitUntil(lambda: not is_writing(view))
    text = view.toPlainText()
    assert "The last." in text
    assert '"Oslo"' in text
    assert text.count("A thought.") == 1000
    view.commands.run(thoughtful.id, "reasoning")
    away_and_back(view, thoughtful)
    assert "A thought." not in view.toPlainText()


@pytest.mark.slow
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
        view.scroll_to_end()
        view.scroll_to_message(said.id, words)
        qtbot.waitUntil(lambda words=words: words in on_screen(view).lower())  # type: ignore[misc]
    view.scroll_to_message(said.id, "nowhere")
    assert view.scroll_state() == (said.id, 0)


def on_screen(view: TranscriptView) -> str:
    """Return the text between the upper and the lower edge."""
    return view.on_screen()


def test_select_all_includes_missing_messages(view: TranscriptView, qtbot: QtBot) -> None:
    """Check that a copy of everything includes messages that are not materialized."""
    view.set_messages(many(300))
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    QTest.keyClick(view, Qt.Key.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    assert [n for n in range(300) if f"Message {n}." not in text] == []
    view.verticalScrollBar().setValue(0)
    assert view.selection.is_all, "messages that are loaded now are selected, too"
    view.set_messages(many(2))
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    QTest.keyClick(view, Qt.Key.Key_C, CTRL)
    copied = QGuiApplication.clipboard().mimeData()
    assert "Message 0." in copied.text()
    assert copied.hasHtml()


@pytest.mark.parametrize(("scale", "count"), [(1.0, 5), (0.95, 2), (1.3, 1)])
def test_text_stays_under_the_mouse_while_it_is_selected(
    view: TranscriptView, scale: float, count: int
) -> None:
    view.set_theme(replace(view.theme, scale=scale))  # lines begin at whole and at half pixels
    said = streaming()
    view.set_messages([*many(count), said])
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
