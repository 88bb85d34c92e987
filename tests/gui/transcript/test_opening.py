"""A long stored text is written in slices until it is complete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.conversations.message_parts import ReasoningPart
from desktop_app.transcript.shown_message import IMMEDIATE_CHARACTERS
from tests.helpers.messages import answer, question
from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

SOURCE = "".join(f"## Part {n}\n\nSome **words** of part {n}.\n\n" for n in range(900)) + "The end."


def test_the_beginning_of_a_long_answer_is_shown_immediately_and_the_rest_soon(
    view: TranscriptView, qtbot: QtBot
) -> None:
    assert len(SOURCE) > 2 * IMMEDIATE_CHARACTERS
    view.set_messages([question("Why?"), answer(SOURCE)])
    assert "Part 0" in view.toPlainText()
    assert "The end." not in view.toPlainText()
    qtbot.waitUntil(lambda: not is_writing(view))
    assert view.is_at_end
    assert "Some words of part 899." in view.toPlainText()


def test_text_on_screen_stays_while_a_message_above_grows(
    view: TranscriptView, qtbot: QtBot
) -> None:
    last = answer("\n\n".join(f"Line {n}" for n in range(60)))
    view.set_messages([answer(SOURCE), last])
    view.scroll_to_message(last.id)
    state = view.scroll_state()
    assert is_writing(view)
    qtbot.waitUntil(lambda: not is_writing(view))
    assert view.scroll_state() == state


def test_a_long_answer_still_being_written_is_copied_completely(view: TranscriptView) -> None:
    view.set_messages([answer(SOURCE)])
    view.commands.copy_last_answer()
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == SOURCE
    assert bytes(data.data("text/markdown").data()).decode() == SOURCE


def test_another_conversation_ends_the_writing_of_a_long_answer(
    view: TranscriptView, qtbot: QtBot
) -> None:
    view.set_messages([answer(SOURCE)])
    view.set_messages([answer("Short.")])
    qtbot.waitUntil(lambda: not is_writing(view))
    assert "Part" not in view.toPlainText()


@pytest.mark.slow
def test_long_reasoning_is_shown_once_it_is_unfolded(view: TranscriptView) -> None:
    stored = answer("Yes.")
    stored = replace(stored, parts=(ReasoningPart(SOURCE), *stored.parts))
    view.set_messages([stored])
    view.commands.run(stored.id, "reasoning")
    assert "Some words of part 0." in view.toPlainText()
    assert view.toPlainText().index("The end.") < view.toPlainText().index("Yes.")
    view.commands.run(stored.id, "reasoning")
    assert "Some words of part 0." not in view.toPlainText()
    view.commands.run(stored.id, "reasoning")
    assert "The end." in view.toPlainText()


@pytest.mark.parametrize("control", [False, True])
def test_home_and_end_go_to_the_ends_of_the_conversation(
    view: TranscriptView, qtbot: QtBot, *, control: bool
) -> None:
    """Check this for messages that are not materialized. With Ctrl, the cursor goes along."""
    said = [answer(f"Said {number}. {'words ' * 200}") for number in range(200)]
    view.set_messages(said)
    assert "Said 0." not in view.loaded_text()
    keys = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(view, Qt.Key.Key_Home, keys)
    assert view.verticalScrollBar().value() == 0
    assert view.scroll_state()[0] == said[0].id
    assert view.textCursor().atStart() is control
    qtbot.keyClick(view, Qt.Key.Key_End, keys)
    assert view.is_at_end
    assert view.textCursor().position() >= view.document().characterCount() - 2
