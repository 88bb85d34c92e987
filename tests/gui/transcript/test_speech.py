"""Announcements of an answer to a screen reader, and copying by keyboard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QGuiApplication, QTextCursor

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.transcript import speech
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.view import TranscriptView


class Heard:
    """A screen reader that records the announcements of a view while it listens."""

    def __init__(self, view: TranscriptView) -> None:
        self.listens = True
        self.words: list[str] = []
        view.speech.has_screen_reader = lambda: self.listens  # type: ignore[method-assign]

    def announce(self, _widget: object, words: str) -> None:
        if words:
            self.words.append(words)


@pytest.fixture
def heard(view: TranscriptView, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Return a screen reader that listens to the view."""
    reader = Heard(view)
    monkeypatch.setattr(speech, "announce", reader.announce)
    return reader


def whole(message: Message, text: str) -> Message:
    return replace(answer(text), id=message.id, status=MessageStatus.COMPLETE)


def test_sentences_are_announced_once_as_they_arrive(
    qtbot: QtBot, view: TranscriptView, heard: Heard
) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, "The *first* one. The second ")
    qtbot.waitUntil(lambda: heard.words == ["The first one."])
    view.stream.append_text(arriving.id, "one.\n\n```py\nx\n```\n")
    view.stream.update_message(
        whole(arriving, "The *first* one. The second one.\n\n```py\nx\n```\n")
    )
    said = "The first one. The second one. py code, 1 line"
    qtbot.waitUntil(lambda: " ".join(heard.words) == said)


def test_a_piece_that_is_no_sentence_ends_with_a_pause(view: TranscriptView, heard: Heard) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    text = "# Head\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThe end."
    view.stream.append_text(arriving.id, text)
    view.stream.update_message(whole(arriving, text))
    assert " ".join(heard.words) == "Head; one; two; a, b; 1, 2; The end."


def test_a_screen_reader_started_late_hears_the_whole_answer(
    view: TranscriptView, heard: Heard
) -> None:
    arriving = streaming()
    heard.listens = False
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, "One. Two.")
    view.stream.flush()
    heard.listens = True
    view.stream.update_message(whole(arriving, "One. Two."))
    assert heard.words == ["One. Two."]


def test_code_is_copied_by_the_keyboard(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), answer("No code.")])
    with qtbot.waitSignal(view.notice_raised) as raised:
        view.commands.copy_nearest_code()
    assert raised.args == ["There is no code block here or above."]
    view.set_messages(
        [question("q"), answer("```\nfirst\n```\n\ntext\n\n```py\nsecond\n  more\n```\n\nend")]
    )
    view.commands.copy_nearest_code()
    assert QGuiApplication.clipboard().text() == "second\n  more"
    found = view.document().find("first")
    view.setTextCursor(QTextCursor(found))
    view.commands.copy_nearest_code()
    assert QGuiApplication.clipboard().text() == "first"


def test_the_end_is_announced_after_the_last_sentence(
    qtbot: QtBot, view: TranscriptView, heard: Heard
) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    text = "A sentence of it. " * 3000
    view.message_updated.connect(
        lambda message_id: heard.words.append(f"ended {message_id == arriving.id}")
    )
    view.stream.append_text(arriving.id, text)
    view.stream.update_message(whole(arriving, text))
    qtbot.waitUntil(lambda: "ended True" in heard.words)
    assert heard.words[-1] == "ended True"
    assert " ".join(heard.words[:-1]).count("sentence") == 3000


def test_an_answer_outside_the_document_is_announced_completely(
    qtbot: QtBot, view: TranscriptView, heard: Heard
) -> None:
    arriving = streaming()
    many = [answer("words " * 900) for _ in range(60)]
    view.set_messages([*many, arriving])
    view.stream.append_text(arriving.id, "One sentence. The last")
    view.stream.flush()
    view.scroll_to_message(many[0].id)
    view.stream.append_text(arriving.id, " words")
    view.stream.update_message(whole(arriving, "One sentence. The last words"))
    qtbot.waitUntil(lambda: " ".join(heard.words) == "One sentence. The last words")
