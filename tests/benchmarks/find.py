"""Find in a long conversation: the time to count all matches, and the gaps of the loop.

A word is typed letter by letter, faster than any user types, and then its matches are visited. Gaps
are the wall times between the ticks of a timer in the window's thread, which delay painting and
typing. The baseline only counts the word in the same texts, case folded, one after the other.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from desktop_app.domain.conversations.conversation import Message

SOUGHT = "memory"
LETTER_S = 0.05


def main(messages: int = 10_000, steps: int = 50, settle_s: float = 3.0) -> dict[str, Any]:
    """Search `messages` messages, then visit `steps` matches."""
    from tests.benchmarks import streaming

    application = streaming.make_application()
    history = streaming.history_of(messages)
    texts = [message.text for message in history]
    began = time.perf_counter()
    total = sum(text.casefold().count(SOUGHT) for text in texts)
    baseline_s = time.perf_counter() - began
    found = _measure_product(application, history, steps, settle_s)
    assert found.pop("total") >= total > 0
    return {
        "benchmark": "find",
        "messages": messages,
        "characters": sum(map(len, texts)),
        "matches": total,
        "baseline_ms": round(baseline_s * 1000, 1),
        **found,
    }


def _measure_product(
    application: QApplication, history: list[Message], steps: int, settle_s: float
) -> dict[str, Any]:
    from PySide6.QtCore import QTimer

    from desktop_app.ui.look import theme
    from desktop_app.ui.transcript.view import TranscriptView

    view = TranscriptView(theme.light())
    view.resize(1000, 700)
    view.show()
    view.set_messages(history)
    counted: list[tuple[int, bool]] = []
    ticks: list[float] = []
    view.find_in_transcript.finder.counted.connect(
        lambda _, total, whole: counted.append((total, whole))
    )

    def wait(until: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not until() and time.monotonic() < end:
            application.processEvents()
            time.sleep(0.0002)
        assert until()

    def rest(seconds: float) -> None:
        end = time.monotonic() + seconds
        wait(lambda: time.monotonic() > end)

    rest(settle_s)  # lets the transcript finish its layout
    timer = QTimer(view, interval=1)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    view.find_in_transcript.open()
    for end in range(1, len(SOUGHT)):
        view.find_in_transcript.bar.field.setText(SOUGHT[:end])
        rest(LETTER_S)
    began = time.perf_counter()
    counted.clear()
    view.find_in_transcript.bar.field.setText(SOUGHT)
    wait(lambda: bool(counted) and counted[-1][1])
    figures: dict[str, Any] = {
        "total": counted[-1][0],
        "counted_ms": round((time.perf_counter() - began) * 1000, 1),
        "typing": _gaps(ticks),
    }
    ticks.clear()
    for _ in range(steps):
        view.find_in_transcript.finder.step(-1)
        rest(LETTER_S)
    wait(lambda: len(ticks) > 1)  # a busy machine may not have turned the loop twice
    return {**figures, "going": _gaps(ticks)}


def _gaps(ticks: list[float]) -> dict[str, float]:
    gaps = sorted(after - before for before, after in pairwise(ticks))
    return {
        "gap_ms_p99.9": round(gaps[int(len(gaps) * 0.999)] * 1000, 1),
        "longest_ms": round(gaps[-1] * 1000, 1),
    }
