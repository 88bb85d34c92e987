"""Answers that are too long for their message: the window opens the file that has all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desktop_app.domain.answering import shown_length
from desktop_app.domain.answering.shown_length import NOT_ALL_SHOWN
from desktop_app.domain.answering.stream_events import TextDelta
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.paths import folders
from desktop_app.services.chat import chat_service
from desktop_app.storage.documents import answer_files
from desktop_app.ui.transcript.message_items import OPEN_DOCUMENT
from desktop_app.ui.viewer.document_viewer import DocumentViewer
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    from PySide6.QtCore import QUrl

STEP = 64 * 1024
WORD = "zanzibarquix"
TOLD = str(notice(NoticeCode.WHOLE_IN_FILE, name="answer.md"))


@pytest.fixture(autouse=True)
def _small_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_service, "MAX_MESSAGE_BYTES", 2 * STEP)
    monkeypatch.setattr(chat_service, "MIN_SHARE_BYTES", STEP)


async def ask_for_much(app: AppHarness, text: str = "") -> DocumentPart:
    """Receive an answer that is longer than a message. Return its file."""
    turn = await app.ask("Why?")
    turn.give(*[TextDelta("a" * STEP)] * 3)
    turn.end(text or f"\n\nThe end is {WORD}.")
    await app.settled()
    answer = app.state.current.path[-1]
    assert len(answer.text) == 2 * STEP
    (file,) = answer.attachments
    assert isinstance(file, DocumentPart)
    return file


async def opened(app: AppHarness, file: DocumentPart) -> DocumentViewer:
    """Open a file from the answer's line in the transcript."""
    app.act(f"{OPEN_DOCUMENT}{file.sha256}")
    viewer = app.controllers.conversation.viewer.window
    assert viewer is not None
    await until(lambda: viewer.message != "Opening…")
    return viewer


async def go_to_end(viewer: DocumentViewer) -> None:
    """Scroll to the end of the text, and wait until its last word is shown."""
    QTest.keyClick(viewer.text, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: WORD in viewer.text.toPlainText())


async def test_the_file_is_named_under_the_answer_and_opens(opened_files: list[QUrl]) -> None:
    async with AppHarness() as app:
        file = await ask_for_much(app)
        await until(lambda: TOLD in app.transcript)
        assert "answer.md" in app.transcript.replace(TOLD, "")
        assert WORD not in app.transcript
        viewer = await opened(app, file)
        await go_to_end(viewer)
        viewer.original_requested.emit()
        await until(lambda: opened_files)
        text = "a" * (3 * STEP) + f"\n\nThe end is {WORD}."
        assert Path(opened_files[0].toLocalFile()).read_text() == text
        assert opened_files[0].toLocalFile().endswith(".md")
        turn = await app.ask("And?")
        sent = [part for message in turn.request.messages for part in message.parts]
        assert [len(str(part)) > STEP for part in sent] == [False, True, False]
        assert WORD not in str(sent), "the next question is sent without the file"
        turn.end("So.")
        await app.settled()


async def test_a_long_temporary_answer_is_not_on_the_disk() -> None:
    async with AppHarness() as app:
        app.controllers.conversation.temporary.open()
        file = await ask_for_much(app)
        await go_to_end(await opened(app, file))
        home = folders().data.parent
        files = [path for path in home.rglob("*") if path.is_file()]
        assert [path for path in files if WORD.encode() in path.read_bytes()] == []
        assert not (folders().attachments / answer_files.ANSWERS_FOLDER).exists()


# Receives an answer that is longer than a message, and is killed in the middle.


@pytest.mark.attack("reply-bounds")
async def test_a_long_answer_is_stored_and_copied_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_length, "MAX_SHOWN_LINES", 200)
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        text = "a\n" * 300
        turn.give(TextDelta(text))
        await until(lambda: str(NOT_ALL_SHOWN) in app.transcript)
        turn.end()
        await app.settled()
        assert app.messages()[1][1:] == ("complete", text)
        (shown,) = app.state.current.path[1:]
        assert shown.text == text, "the next question is sent with all of it"
        assert app.transcript.count(str(NOT_ALL_SHOWN)) == 1
        assert app.transcript.count("a\n") <= 200

        app.window.transcript.commands.copy_last_answer()
        await until(lambda: not app.window.transcript.copies.is_building)
        assert copied() == text
        assert not QGuiApplication.clipboard().mimeData().hasHtml(), "it would be incomplete"

        QGuiApplication.clipboard().clear()
        app.controllers.conversation.export.copy()
        await until(lambda: app.said == "Conversation copied.")
        assert text.strip() in copied()


def copied() -> str:
    return QGuiApplication.clipboard().text()
