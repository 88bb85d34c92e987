"""Answers of absurd length: the window shows the beginning, and the store keeps them whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.answering import shown_length
from desktop_app.domain.answering.shown_length import (
    MAX_SHOWN_ARGUMENT_CHARS,
    MAX_SHOWN_CHARS,
    MAX_SHOWN_LINES,
    NOT_ALL_SHOWN,
    ShownTextLimiter,
    shorten,
)
from desktop_app.domain.answering.stream_events import TextDelta
from desktop_app.domain.conversations.message_parts import ToolCallPart
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.messages import answer


def test_an_answer_of_usual_length_is_shown_whole() -> None:
    message = answer("Words.\n" * 1_000)
    assert shorten(message) is message


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("a" * (MAX_SHOWN_CHARS + 1), "a" * MAX_SHOWN_CHARS),
        ("a\n\n" * MAX_SHOWN_LINES, "a\n\n" * (MAX_SHOWN_LINES // 2)),
    ],
)
def test_only_the_beginning_of_a_long_answer_is_shown(text: str, begin: str) -> None:
    shown = shorten(answer(text))
    assert shown.text == begin
    assert shown.notices == (NOT_ALL_SHOWN,)


@given(st.lists(st.sampled_from(["a" * 300_000, "\n" * 19_999, "b\n", "c", ""]), max_size=12))
def test_pieces_are_cut_at_the_same_position_as_the_whole(pieces: list[str]) -> None:
    whole, streamed = ShownTextLimiter(), ShownTextLimiter()
    assert whole.shown_part("".join(pieces)) == "".join(
        streamed.shown_part(piece) for piece in pieces
    )
    assert whole.is_cut == streamed.is_cut


def test_only_the_beginning_of_long_arguments_is_shown() -> None:
    call = ToolCallPart("c", "f", "a" * (MAX_SHOWN_ARGUMENT_CHARS + 1))
    shown = shorten(replace(answer("Words."), parts=(call,)))
    assert shown.parts == (replace(call, arguments="a" * MAX_SHOWN_ARGUMENT_CHARS),)
    assert shown.notices == (NOT_ALL_SHOWN,)


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
