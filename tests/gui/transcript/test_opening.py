"""A long answer that is stored is written in slices, and is whole in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.transcript.entry import AT_ONCE
from tests.helpers.messages import answer, question

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.transcript.view import TranscriptView

SOURCE = "".join(f"## Part {n}\n\nSome **words** of part {n}.\n\n" for n in range(900)) + "The end."


def test_the_beginning_is_there_at_once_and_the_rest_soon(
    view: TranscriptView, qtbot: QtBot
) -> None:
    assert len(SOURCE) > 2 * AT_ONCE
    view.set_messages([question("Why?"), answer(SOURCE)])
    assert "Part 0" in view.toPlainText()
    assert "The end." not in view.toPlainText()
    qtbot.waitUntil(lambda: not view.is_writing, timeout=30_000)
    assert view.is_at_end
    assert "Some words of part 899." in view.toPlainText()


def test_what_is_on_screen_stays_while_it_grows_above(view: TranscriptView, qtbot: QtBot) -> None:
    last = answer("\n\n".join(f"Line {n}" for n in range(60)))
    view.set_messages([answer(SOURCE), last])
    view.scroll_to_message(last.id)
    state = view.scroll_state()
    assert view.is_writing
    qtbot.waitUntil(lambda: not view.is_writing, timeout=30_000)
    assert view.scroll_state() == state


def test_a_copy_made_meanwhile_is_whole(view: TranscriptView) -> None:
    view.set_messages([stored := answer(SOURCE)])
    entry = view._messages.get(stored.id)
    assert entry is not None
    assert entry.grows
    assert entry.blocks()[-1].text == "The end."


def test_another_conversation_ends_it(view: TranscriptView, qtbot: QtBot) -> None:
    view.set_messages([answer(SOURCE)])
    view.set_messages([answer("Short.")])
    qtbot.waitUntil(lambda: not view.is_writing, timeout=30_000)
    assert "Part" not in view.toPlainText()
