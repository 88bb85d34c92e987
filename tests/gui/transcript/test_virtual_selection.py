"""A selection includes messages of the conversation that are not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from tests.gui.transcript.test_message_navigator import many, mouse
from tests.helpers.messages import answer, streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.view import TranscriptView

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
MANY = 300


def put_caret(view: TranscriptView, words: str) -> None:
    """Put the caret after these words."""
    found = view.document().find(words)
    assert not found.isNull()
    found.clearSelection()
    view.setTextCursor(found)


def copied(view: TranscriptView) -> str:
    """Return the plain text on the clipboard after a copy."""
    QTest.keyClick(view, Qt.Key.Key_C, CTRL)
    return QGuiApplication.clipboard().mimeData().text()


def numbers_in(text: str) -> list[int]:
    """Return the numbers of the messages whose beginnings are in a text."""
    return [int(line[8:-1]) for line in text.splitlines() if line.startswith("Message ")]


@pytest.mark.slow
def test_keys_select_to_the_start_of_the_conversation(view: TranscriptView, qtbot: QtBot) -> None:
    view.set_messages(many(MANY))
    put_caret(view, "Message 298.")
    QTest.keyClick(view, Qt.Key.Key_Home, CTRL | SHIFT)
    assert view.toPlainText().startswith("Message 0."), "the beginning is on screen"
    assert view.verticalScrollBar().value() == 0
    text = copied(view)
    assert numbers_in(text) == list(range(299))
    assert text.endswith("Message 298.")
    mime = QGuiApplication.clipboard().mimeData()
    assert "<p>Message 150.</p>" in mime.html()
    assert b"Message 150." in bytes(mime.data("text/markdown").data())


def test_shift_and_click_select_from_a_message_no_longer_materialized(
    view: TranscriptView, qtbot: QtBot
) -> None:
    messages = many(MANY)
    view.set_messages(messages)
    put_caret(view, "Message 298.")
    view.scroll_to_message(messages[20].id)
    top = view.cursorForPosition(QPoint(0, 3))
    assert top.block().text() == "Message 20."
    place = view.cursorRect(top).center()
    mouse(view, QEvent.Type.MouseButtonPress, place, SHIFT)
    mouse(view, QEvent.Type.MouseButtonRelease, place, SHIFT)
    text = copied(view)
    assert numbers_in(text) == list(range(20, 299))
    assert text.endswith("Message 298.")
    mouse(view, QEvent.Type.MouseButtonPress, place)
    mouse(view, QEvent.Type.MouseButtonRelease, place)
    assert view.selection.is_empty, "a click without Shift selects nothing"


@pytest.mark.slow
def test_select_all_survives_scrolling(view: TranscriptView, qtbot: QtBot) -> None:
    messages = many(MANY)
    view.set_messages(messages)
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    for number in (0, 150, 299):
        view.scroll_to_message(messages[number].id)
        assert view.selection.is_all
    QTest.keyClick(view, Qt.Key.Key_Left, SHIFT)
    assert not view.selection.is_all
    assert numbers_in(copied(view)) == list(range(MANY))


def test_another_conversation_starts_without_a_selection(view: TranscriptView) -> None:
    messages: list[Message] = many(MANY)
    view.set_messages(messages)
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    view.set_messages(many(3))
    assert view.selection.is_empty
    view.set_messages([])
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    assert view.selection.is_empty


def test_a_copy_has_the_text_so_far_of_an_answer_that_is_not_materialized(
    view: TranscriptView,
) -> None:
    older, reply = [answer("words " * 900) for _ in range(60)], streaming()
    view.set_messages([*older, reply])
    view.stream.append_text(reply.id, "One sentence.")
    view.stream.flush()
    view.scroll_to_message(older[0].id)
    view.selection.select_all()
    assert "One sentence." in view.createMimeDataFromSelection().text()
