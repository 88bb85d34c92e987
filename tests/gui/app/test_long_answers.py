"""Answers that are too long for the window or for the store."""

from __future__ import annotations

import time
from functools import partial
from types import SimpleNamespace

import pytest
from PySide6.QtGui import QGuiApplication

from desktop_app.app import running_answers
from desktop_app.chat.answers import answer_measures
from desktop_app.domain.answering import shown_length
from desktop_app.domain.answering.shown_length import NOT_ALL_SHOWN
from desktop_app.domain.answering.stream_events import TextDelta
from desktop_app.exchange.ui.transfer_controller import TransferController
from tests.gui.app.app_harness import AppHarness, until


@pytest.mark.attack("reply-bounds")
async def test_a_long_answer_is_shown_in_frames_stored_whole_and_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        # A long answer is stored and copied whole.
        monkeypatch.setattr(shown_length, "MAX_SHOWN_LINES", 200)
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
        assert copied() == text
        assert not QGuiApplication.clipboard().mimeData().hasHtml(), "it would be incomplete"

        QGuiApplication.clipboard().clear()
        app.controllers.of(TransferController).copy()
        await until(lambda: app.said == "Conversation copied.")
        assert text.strip() in copied()

        # An answer that does not end is stopped.
        await app.start_over()
        monkeypatch.setattr(answer_measures, "MAX_ANSWER_BYTES", 1000)
        turn = await app.ask("Why?")
        turn.give(TextDelta("a" * 1000), TextDelta("b"), TextDelta("c"))
        await app.settled()
        assert app.messages()[1][1:] == ("failed", "a" * 1000)
        await until(lambda: "MB" in app.transcript)

        # The first text is shown at once, and what comes within its frame together.
        await app.start_over()
        reports: list[str] = []
        app.state.running.text_arrived.connect(lambda _talk, _answer, text: reports.append(text))
        turn = await app.ask("Why?")
        hour_s = 3600
        monkeypatch.setattr(running_answers, "FRAME_MS", hour_s * 1000)
        # The frame of the line that says that the answer is awaited is over.
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + hour_s)
        monkeypatch.setattr(running_answers, "time", later)
        turn.give(TextDelta("First. "))
        await until(lambda: reports == ["First. "])
        given = "First. "
        for word in ("0 ", "1 ", "2 ", "3 ", "4 "):
            given += word
            turn.give(TextDelta(word))
            await until(partial(has_received, app, given))
        assert reports == ["First. "]
        turn.end()
        await app.settled()
        assert reports == ["First. ", "0 1 2 3 4 "]


def has_received(app: AppHarness, text: str) -> bool:
    """Return True if the running answer has this text, shown or not."""
    ((_, answer, _),) = app.state.running.states
    return answer.text == text


def copied() -> str:
    return QGuiApplication.clipboard().text()
