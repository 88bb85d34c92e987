"""Answers that are too long for the window or for the store."""

from __future__ import annotations

import time

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
    frame_s = 0.5
    monkeypatch.setattr(running_answers, "FRAME_MS", round(frame_s * 1000))
    async with AppHarness() as app:
        # The first text is shown at once and later text in frames.
        reports: list[tuple[float, str]] = []
        app.state.running.text_arrived.connect(
            lambda _conversation, _message, text: reports.append((time.monotonic(), text))
        )
        turn = await app.ask("Why?")
        asked = time.monotonic()  # the line that says that the answer is awaited is shown now
        await until(lambda: time.monotonic() > asked + frame_s)
        began = time.monotonic()
        turn.give(TextDelta("First. "))
        await until(lambda: len(reports) == 1)
        for number in range(5):
            turn.give(TextDelta(f"{number} "))
        await until(lambda: "4 " in reports[-1][1])
        turn.end()
        await app.settled()
        assert "".join(text for _, text in reports) == "First. 0 1 2 3 4 "
        assert len(reports) == 2
        assert reports[0][0] - began < frame_s / 2
        assert reports[1][0] - reports[0][0] > frame_s * 0.9

        # A long answer is stored and copied whole.
        await app.start_over()
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


def copied() -> str:
    return QGuiApplication.clipboard().text()
