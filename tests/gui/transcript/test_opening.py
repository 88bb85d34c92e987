"""A long stored text is written in slices until it is complete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.conversations.message_parts import ReasoningPart
from desktop_app.ui.transcript.immediate_length import IMMEDIATE_CHARACTERS
from tests.helpers.messages import answer, question
from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.transcript.view import TranscriptView

SOURCE = "".join(f"## Part {n}\n\nSome **words** of part {n}.\n\n" for n in range(900)) + "The end."


def test_the_beginning_of_a_long_answer_is_shown_immediately_and_the_rest_soon(
    view: TranscriptView, qtbot: QtBot
) -> None:
    assert len(SOURCE) > 2 * IMMEDIATE_CHARACTERS
    view.set_messages([question("Why?"), answer(SOURCE)])
    assert "Part 0" in view.toPlainText()
    assert "The end." not in view.toPlainText()
    qtbot.waitUntil(lambda: not is_writing(view))
    assert view.navigator.is_at_end
    assert "Some words of part 899." in view.toPlainText()


def test_text_on_screen_stays_while_a_message_above_grows(
    view: TranscriptView, qtbot: QtBot
) -> None:
    last = answer("\n\n".join(f"Line {n}" for n in range(60)))
    view.set_messages([answer(SOURCE), last])
    view.scroll_to_message(last.id)
    state = view.navigator.scroll_state()
    assert is_writing(view)
    qtbot.waitUntil(lambda: not is_writing(view))
    assert view.navigator.scroll_state() == state


def test_a_definition_at_the_end_applies_to_all_its_references(
    view: TranscriptView, qtbot: QtBot
) -> None:
    code = "```\n" + "line\n" * 90 + "```\n\n"
    stored = answer(code + "See [there] and on.\n\n" * 800 + "[there]: https://example.com/\n")
    view.set_messages([stored])
    qtbot.waitUntil(lambda: not is_writing(view))
    runs = [item.runs for item in view.messages.layout_of(stored.id).items]
    links = [run for item in runs for run in item if run.link == "https://example.com/"]
    assert len([run for run in links if run.text == "there"]) == 800
    texts = [run.text for item in runs for run in item]
    assert texts.count("line") == 90
    assert texts.count("Show 72 more lines") == 1


def test_the_blocks_to_copy_are_complete_while_an_answer_is_written(view: TranscriptView) -> None:
    view.set_messages([stored := answer(SOURCE)])
    entry = view.messages.get(stored.id)
    assert entry is not None
    assert entry.is_growing
    assert entry.block_maker()()[-1].text == "The end."


def test_a_long_answer_still_being_written_is_copied_completely_in_a_thread(
    view: TranscriptView, qtbot: QtBot
) -> None:
    view.set_messages([answer(SOURCE)])
    view.commands.copy_last_answer()
    assert view.copies.is_building, "made in a thread, not within the key press"
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == SOURCE
    assert bytes(data.data("text/markdown").data()).decode() == SOURCE
    qtbot.waitUntil(lambda: not view.copies.is_building)
    assert "The end." in QGuiApplication.clipboard().mimeData().html()


def test_another_conversation_ends_the_writing_of_a_long_answer(
    view: TranscriptView, qtbot: QtBot
) -> None:
    view.set_messages([answer(SOURCE)])
    view.set_messages([answer("Short.")])
    qtbot.waitUntil(lambda: not is_writing(view))
    assert "Part" not in view.toPlainText()


LINES = "".join(f"{n}: what was *asked*\n" for n in range(2500)) + "\nThe end."
ONE_LINE = LINES.replace("\n", " ")


@pytest.mark.parametrize("text", [LINES, ONE_LINE], ids=["lines", "one line"])
def test_a_long_question_is_written_in_slices(
    view: TranscriptView, qtbot: QtBot, text: str
) -> None:
    view.set_messages([asked := question(text)])
    assert view.toPlainText().replace("\u00a0", " ").startswith(text[:200])
    assert "The end." not in view.toPlainText()
    entry = view.messages.get(asked.id)
    assert entry is not None
    assert "The end." in entry.block_maker()()[-1].text, "a copy is complete"
    qtbot.waitUntil(lambda: not is_writing(view))
    assert "".join(text.split()) in "".join(view.toPlainText().split())
    assert view.toPlainText().endswith("The end.\n")
    shown = list(entry.layout.items)
    view.set_messages([asked])
    view.stream.flush()
    again = view.messages.get(asked.id)
    assert again is not None
    assert again.layout.items == shown
    assert shown == again.rebuild_items()


def test_long_reasoning_is_written_in_slices_once_it_is_unfolded(
    view: TranscriptView, qtbot: QtBot
) -> None:
    stored = answer("Yes.")
    stored = replace(stored, parts=(ReasoningPart(SOURCE), *stored.parts))
    view.set_messages([stored])
    view.commands.run(stored.id, "reasoning")
    assert "Some words of part 0." in view.toPlainText()
    assert "The end." not in view.toPlainText()
    qtbot.waitUntil(lambda: not is_writing(view))
    assert "Some words of part 899." in view.toPlainText()
    assert view.toPlainText().index("The end.") < view.toPlainText().index("Yes.")
    view.commands.run(stored.id, "reasoning")
    assert "Some words of part 0." not in view.toPlainText()
    view.commands.run(stored.id, "reasoning")
    view.stream.flush()
    assert "The end." in view.toPlainText()


@pytest.mark.parametrize("references", [190, 400], ids=["shown at once", "shown in slices"])
def test_a_definition_at_the_end_of_unfolded_reasoning_applies_to_all_its_references(
    view: TranscriptView, qtbot: QtBot, references: int
) -> None:
    reasoning = "Some words of a thought, then see [there] and on.\n\n" * references
    stored = answer("Yes.", reasoning=reasoning + "[there]: https://example.com/\n\nThe end.\n")
    view.set_messages([stored])
    view.commands.run(stored.id, "reasoning")

    def linked() -> int:
        runs = (run for item in view.messages.layout_of(stored.id).items for run in item.runs)
        return sum(run.link == "https://example.com/" for run in runs)

    qtbot.waitUntil(lambda: linked() == references)


@pytest.mark.parametrize("control", [False, True])
def test_home_and_end_go_to_the_ends_of_the_conversation(
    view: TranscriptView, qtbot: QtBot, *, control: bool
) -> None:
    """Check this for messages that are not materialized. With Ctrl, the cursor goes along."""
    said = [answer(f"Said {number}. {'words ' * 200}") for number in range(200)]
    view.set_messages(said)
    assert "Said 0." not in view.toPlainText()
    keys = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(view, Qt.Key.Key_Home, keys)
    assert view.verticalScrollBar().value() == 0
    assert view.navigator.scroll_state()[0] == said[0].id
    assert view.textCursor().atStart() is control
    qtbot.keyClick(view, Qt.Key.Key_End, keys)
    assert view.navigator.is_at_end
    assert view.textCursor().atEnd()
