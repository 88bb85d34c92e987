"""Queued text is taken in pieces of a suitable length, and copied once."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject

from desktop_app.transcript import stream_scheduler
from desktop_app.transcript.stream_scheduler import StreamScheduler, _QueuedText
from tests.helpers.widgets import timer_of

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@pytest.fixture
def written() -> list[tuple[str, str]]:
    """Return the list of message ids and texts written."""
    return []


@pytest.fixture
def frame_s() -> float:
    """Return the seconds between two slices."""
    return stream_scheduler.FRAME_S


@pytest.fixture
def slow(
    written: list[tuple[str, str]], frame_s: float, monkeypatch: pytest.MonkeyPatch
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
    made = StreamScheduler(write, bool, owner, frame_s=frame_s)
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


@pytest.mark.parametrize("frame_s", [1 / 30])
@pytest.mark.parametrize(
    ("deferred", "painted_s", "waits_ms"), [(False, 0, 900), (False, 2, 8700), (True, 0, 300)]
)
def test_writing_and_painting_arriving_text_take_a_quarter_of_the_time(
    slow: StreamScheduler, deferred: bool, painted_s: float, waits_ms: int
) -> None:
    slow.add("a", "x" * 9000, deferred=deferred)
    if deferred:
        timer_of(slow).timeout.emit()
    slow.add_work(painted_s)
    assert waits_ms <= timer_of(slow).interval() <= waits_ms + 200, "a slice takes 300 ms"


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
