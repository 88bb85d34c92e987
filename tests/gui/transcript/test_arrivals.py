"""What waits to be written is taken in pieces of a fitting length, and copied once."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject

from desktop_app.rendering.block_stream import BlockStream
from desktop_app.ui.transcript import arrivals
from desktop_app.ui.transcript.arrivals import Arrivals, _Waiting
from tests.helpers.messages import streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.rendering.model import Patch
    from desktop_app.ui.transcript.view import TranscriptView

_STEPS = st.lists(st.one_of(st.text("ab\n", min_size=1, max_size=9), st.integers(1, 12)))


@given(_STEPS)
def test_what_was_added_is_taken_in_its_order(steps: list[str | int]) -> None:
    waiting, said, taken = _Waiting("first"), "first", ""
    for step in steps:
        if isinstance(step, str):
            waiting.add(step)
            said += step
        else:
            piece = waiting.take(step)
            assert len(piece) == min(step, len(said) - len(taken))
            taken += piece
            assert bool(waiting) is (taken != said)
    assert taken + waiting.take(len(said)) == said


def test_a_long_text_is_not_copied_with_every_piece_of_it() -> None:
    text = "some words " * 10_000
    waiting = _Waiting(text)
    waiting.add("more")
    for _ in range(len(text) // 3000):
        waiting.take(3000)
        assert waiting._text is text


@pytest.mark.parametrize(
    ("fitting", "length"),
    [((0, 1500), 375), ((1000, 1500), 1000), ((1500, 1500), 1500), ((0, 500), 250)],
)
def test_a_piece_is_as_long_as_is_fitting(
    monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, fitting: tuple[int, int], length: int
) -> None:
    seconds = count()
    monkeypatch.setattr(arrivals, "_clock", lambda: next(seconds))  # writing is very slow
    lengths: list[int] = []

    def write(_message_id: str, text: str) -> tuple[int, int]:
        lengths.append(len(text))
        return fitting

    owner = QObject()
    waiting = Arrivals(write, bool, owner)
    waiting.add("a", "x" * 30_000)
    waiting.flush()
    assert sum(lengths) == 30_000
    assert set(lengths[4:-1]) == {length}


def test_an_answer_says_how_much_is_fitting(view: TranscriptView) -> None:
    view.set_messages([message := streaming()])
    text = "[ open " + "words " * 500
    assert view._write(message.id, text)[0] > 500
    assert view._write(message.id, "\n\nWords.\n\n")[0] < 100


def test_no_piece_of_a_long_text_reaches_beyond_a_step(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.set_messages([message := streaming()])
    taken: list[int] = []
    take = BlockStream._take

    def seen(self: BlockStream, text: str) -> list[Patch]:
        taken.append(len(text))
        return take(self, text)

    monkeypatch.setattr(BlockStream, "_take", seen)
    monkeypatch.setattr(arrivals, "_clock", lambda: 0.0)
    view._arrivals._at_once = 1000
    view.append_text(message.id, "Some words.\n\n" * 1_000)
    view.flush()
    assert sum(taken) == 13_000
    assert set(taken[2:-1]) == {750}
