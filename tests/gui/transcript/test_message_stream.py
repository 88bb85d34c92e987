"""Queued text is written in pieces, in the order in which the user waits for it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.transcript import message_stream
from desktop_app.transcript.message_stream import _Work
from tests.helpers.messages import answer, streaming
from tests.helpers.widgets import timer_of

if TYPE_CHECKING:
    from desktop_app.transcript.view import TranscriptView

LONG = "word " * 1800


@given(st.lists(st.text("ab\n", min_size=1, max_size=9) | st.integers(1, 12)))
def test_queued_text_is_taken_in_order(steps: list[str | int]) -> None:
    work, said, taken = _Work(["first"]), "first", ""
    for step in steps:
        if isinstance(step, str):
            work.texts.append(step)
            said += step
        else:
            piece = work.take(step)
            assert len(piece) == min(step, len(said) - len(taken))
            taken += piece
            assert bool(work.texts) is (taken != said)
    assert taken + work.take(len(said)) == said


@pytest.fixture
def slow(view: TranscriptView, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Show two streaming answers; each look at the clock takes a tenth of a second."""
    shown = [streaming(), streaming()]
    view.set_messages(shown)
    ticks = (tick / 10 for tick in count(100))
    monkeypatch.setattr(message_stream, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    return shown


def written(view: TranscriptView, message: Message) -> int:
    shown = view.messages.opened(message.id)
    assert shown is not None
    return len(shown.text)


@pytest.mark.parametrize(("painted_s", "waits_ms"), [(0, 500), (2, 8400)])
def test_writing_and_painting_arriving_text_take_a_quarter_of_the_time(
    view: TranscriptView, slow: list[Message], painted_s: float, waits_ms: int
) -> None:
    view.stream.append_text(slow[0].id, LONG)
    assert 0 < written(view, slow[0]) < len(LONG)
    view.stream.add_painting(painted_s)
    assert waits_ms <= timer_of(view.stream).interval() <= waits_ms + 700, "a slice takes 0.3 s"


def test_a_prioritized_message_is_written_before_all_others_and_without_pauses(
    view: TranscriptView, slow: list[Message]
) -> None:
    first, second = slow
    view.stream.append_text(first.id, LONG)
    view.stream.append_text(second.id, LONG)
    so_far = written(view, first)
    view.stream.prioritize(second.id)
    while written(view, second) < len(LONG):
        assert timer_of(view.stream).interval() <= 1
        timer_of(view.stream).timeout.emit()
    assert written(view, first) == so_far


def test_only_the_latest_update_of_a_message_follows_its_text(
    view: TranscriptView, slow: list[Message]
) -> None:
    message = slow[0]
    view.stream.append_text(message.id, LONG)
    view.stream.update_message(replace(message, status=MessageStatus.CANCELLED))
    ended = replace(message, status=MessageStatus.COMPLETE, parts=(TextPart(LONG),))
    view.stream.update_message(ended)
    view.stream.flush()
    shown = view.messages.opened(message.id)
    assert shown is not None
    assert (shown.message, shown.text) == (ended, LONG)
    assert not view.stream.is_writing_text


def test_an_error_in_one_piece_does_not_block_the_next(
    view: TranscriptView, slow: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = view.messages.opened(slow[0].id)
    assert shown is not None
    feed = shown.append_text

    def fail(_text: str) -> None:
        monkeypatch.setattr(shown, "append_text", feed)
        raise ValueError("defect")

    monkeypatch.setattr(shown, "append_text", fail)
    with pytest.raises(ValueError, match="defect"):
        view.stream.append_text(slow[0].id, LONG)
    assert timer_of(view.stream).isActive()
    view.stream.flush()
    assert 0 < written(view, slow[0]) < len(LONG)


def test_nothing_is_queued_of_a_short_stored_answer(view: TranscriptView) -> None:
    view.set_messages([answer("Short.")])
    assert not view.stream.is_writing_text
