"""Queued text is taken in pieces of a suitable length, and copied once."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject

from desktop_app.rendering.incremental.block_stream import BlockStream
from desktop_app.ui.transcript.viewport import stream_scheduler
from desktop_app.ui.transcript.viewport.stream_scheduler import StreamScheduler, _QueuedText
from tests.helpers.messages import streaming
from tests.helpers.widgets import timer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.rendering.block_model import Patch
    from desktop_app.ui.transcript.view import TranscriptView

_STEPS = st.lists(st.one_of(st.text("ab\n", min_size=1, max_size=9), st.integers(1, 12)))


@given(_STEPS)
def test_queued_text_is_taken_in_order(steps: list[str | int]) -> None:
    waiting, said, taken = _QueuedText("first"), "first", ""
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


def test_taking_a_piece_does_not_copy_the_whole_text() -> None:
    text = "some words " * 10_000
    waiting = _QueuedText(text)
    waiting.add("more")
    for _ in range(len(text) // 3000):
        waiting.take(3000)
        assert waiting._text is text


@pytest.mark.parametrize(
    ("bounds", "length"),
    [((0, 1500), 375), ((1000, 1500), 1000), ((1500, 1500), 1500), ((0, 500), 250)],
)
def test_the_length_of_a_piece_is_within_its_bounds(
    monkeypatch: pytest.MonkeyPatch, bounds: tuple[int, int], length: int
) -> None:
    seconds = count()
    monkeypatch.setattr(stream_scheduler, "_clock", lambda: next(seconds))  # writing is very slow
    lengths: list[int] = []

    def write(_message_id: str, text: str) -> tuple[int, int]:
        lengths.append(len(text))
        return bounds

    owner = QObject()
    waiting = StreamScheduler(write, bool, owner)
    waiting.add("a", "x" * 30_000)
    waiting.flush()
    assert sum(lengths) == 30_000
    assert set(lengths[4:-1]) == {length}


def test_only_full_pieces_adapt_the_piece_length(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count()
    monkeypatch.setattr(stream_scheduler, "_clock", lambda: next(seconds))  # writing is very slow
    owner, lengths = QObject(), list[int]()

    def write(_message_id: str, text: str) -> tuple[int, int]:
        lengths.append(len(text))
        return stream_scheduler.ANY_LENGTH

    def begun_with(length: int) -> StreamScheduler:
        with monkeypatch.context() as patched:
            patched.setattr(stream_scheduler, "_MIN_PIECE_CHARACTERS", length)
            return StreamScheduler(write, bool, owner)

    waiting = begun_with(1500)
    for length in (100, 100, 1500, 3000):
        waiting.add("a", "x" * length)
        waiting.flush()
    assert lengths[:4] == [100, 100, 1500, 750]
    waiting = begun_with(1500)
    waiting.clear()
    lengths.clear()
    waiting.add("a", "x" * 3000)
    waiting.flush()
    assert lengths[0] == 375


@pytest.fixture
def written() -> list[tuple[str, str]]:
    """Return the list of message ids and texts written."""
    return []


@pytest.fixture
def slow(
    written: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[StreamScheduler]:
    """Yield a scheduler whose clock advances a tenth of a second per call."""
    ticks = (tick / 10 for tick in count(100))
    monkeypatch.setattr(stream_scheduler, "time", SimpleNamespace(monotonic=lambda: next(ticks)))

    def write(message_id: str, text: str) -> tuple[int, int]:
        written.append((message_id, text))
        if text.startswith("defect"):
            raise ValueError(text)
        return stream_scheduler.ANY_LENGTH

    owner = QObject()
    made = StreamScheduler(write, bool, owner)
    yield made
    made.clear()


def test_after_a_slice_the_window_gets_as_much_time(
    slow: StreamScheduler, written: list[tuple[str, str]]
) -> None:
    slow.add("a", "x" * 3000)
    assert len(written) == 1
    assert timer_of(slow).interval() >= 100, "as long as the slice took"
    slow.add("b", "y" * 3000)
    slow.prioritize("b")
    timer_of(slow).timeout.emit()
    assert [message_id for message_id, _ in written] == ["a", "b"]
    assert timer_of(slow).interval() == 1, "the user waits for it"


def test_a_prioritized_message_is_written_before_all_others(
    slow: StreamScheduler, written: list[tuple[str, str]]
) -> None:
    slow.add("a", "x" * 3000)
    slow.add("b", "y" * 9000)
    slow.prioritize("b")
    while slow.has_text("b"):
        timer_of(slow).timeout.emit()
    assert len(written) > 3
    assert {message_id for message_id, _ in written[1:]} == {"b"}


def test_a_message_loses_its_priority_once_it_is_written(
    slow: StreamScheduler, written: list[tuple[str, str]]
) -> None:
    slow.add("a", "x" * 100, deferred=True)
    slow.prioritize("a")
    timer_of(slow).timeout.emit()
    assert written == [("a", "x" * 100)]
    slow.add("a", "x" * 3000, deferred=True)
    timer_of(slow).timeout.emit()
    assert timer_of(slow).interval() >= 100


@pytest.mark.parametrize(("piece_s", "pieces"), [(9, 1), (5, 1), (4, 2), (3, 2), (1, 8)])
def test_no_piece_begins_that_would_exceed_the_slice(
    monkeypatch: pytest.MonkeyPatch, piece_s: int, pieces: int
) -> None:
    """Check this for a slice of eight seconds, because whole seconds are exact floats."""
    now, written = [100], []
    monkeypatch.setattr(stream_scheduler, "_SLICE_S", 8)
    monkeypatch.setattr(stream_scheduler, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def write(message_id: str, text: str) -> tuple[int, int]:
        now[0] += piece_s
        written.append(text)
        return stream_scheduler.ANY_LENGTH

    owner = QObject()
    made = StreamScheduler(write, lambda _: True, owner)
    made.add("a", "x" * 30_000)
    assert len(written) == pieces
    made.clear()


def test_deferred_text_waits_for_the_timer(
    slow: StreamScheduler, written: list[tuple[str, str]]
) -> None:
    slow.add("a", "x", deferred=True)
    assert written == []
    assert timer_of(slow).isActive()


def test_only_the_latest_follow_up_action_of_a_message_runs(
    slow: StreamScheduler, written: list[tuple[str, str]]
) -> None:
    done: list[str] = []
    slow.add("a", "x" * 3000, deferred=True)
    slow.run_after("a", lambda: done.append("first"))
    slow.run_after("a", lambda: done.append(f"second behind {len(written)}"))
    slow.flush()
    assert done == [f"second behind {len(written)}"]
    assert not slow.has_work


def test_an_error_in_one_piece_does_not_block_the_next(
    slow: StreamScheduler, written: list[tuple[str, str]]
) -> None:
    slow.add("a", "defect" + "x" * 3000, deferred=True)
    with pytest.raises(ValueError, match="defect"):
        slow.flush()
    assert timer_of(slow).isActive()
    slow.flush()
    assert len("".join(text for _, text in written)) == 3006


def test_writing_returns_the_bounds_of_the_next_piece(view: TranscriptView) -> None:
    view.set_messages([message := streaming()])
    text = "[ open " + "words " * 500
    assert view.stream._write(message.id, text)[0] > 500
    assert view.stream._write(message.id, "\n\nWords.\n\n")[0] < 100


def test_no_piece_of_a_long_text_exceeds_its_bounds(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_scheduler, "_MIN_PIECE_CHARACTERS", 1000)
    view.set_messages([message := streaming()])
    taken: list[int] = []
    take = BlockStream._process_piece

    def seen(self: BlockStream, text: str) -> list[Patch]:
        taken.append(len(text))
        return take(self, text)

    monkeypatch.setattr(BlockStream, "_process_piece", seen)
    monkeypatch.setattr(stream_scheduler, "_clock", lambda: 0.0)
    view.stream.append_text(message.id, "Some words.\n\n" * 1_000)
    view.stream.flush()
    assert sum(taken) == 13_000
    assert set(taken[2:-1]) == {750}
