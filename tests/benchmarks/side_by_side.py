"""The delays of the event loop while several answers stream side by side.

Uses the real window and a real store: the answers are checkpointed, and the first is also written
into the conversation behind. Each answer receives `rate` deltas a second of mixed Markdown in real
time. A delay is how late a timer of 2.5 ms fires; busy is the CPU time of the thread between two
of its ticks. On a busy machine the timer fires less often, so that percentiles count too few ticks:
`over_16_ms` are the busy ticks longer than a frame, of the 400 a second that an idle machine has.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.gui.app.scripted_providers import Turn

TICK_S: Final = 0.0025
FRAME_S: Final = 0.016


def main(
    columns: int = 4, rate: int = 100, seconds: float = 30.0, marks: int = 1
) -> dict[str, Any]:
    """Stream `columns` answers for `seconds`; then mark the differences, unless `marks` is 0."""
    from tests.benchmarks import streaming
    from tests.helpers.qt_loop import qt_loop

    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        os.environ["REPARTEE_HOME"] = os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        application = streaming.make_application()
        application.setQuitOnLastWindowClosed(False)
        with qt_loop(application) as loop:
            asyncio.set_event_loop(loop)
            found = loop.run_until_complete(_measure(columns, rate, seconds, bool(marks)))
    options = {"columns": columns, "rate": rate, "seconds": seconds}
    return {"benchmark": "side_by_side", **options, **found}


async def _measure(columns: int, rate: int, seconds: float, marks: bool) -> dict[str, Any]:
    from desktop_app.ui.comparison.comparison_window import ComparisonWindow
    from tests.gui.app.app_harness import AppHarness, until
    from tests.gui.app.test_comparison import compare, shown

    async with AppHarness(environment={"COMETAPI_KEY": "sk-comet"}) as app:
        app.window.resize(1280, 800)
        turns = await compare(app, columns)
        window = await shown(ComparisonWindow)
        for turn in turns:
            turn.say("# Answer\n\n")
        await until(lambda: all(column.first_token_s is not None for column in window.columns))
        ticks = _Ticks()
        await _stream(turns, rate, seconds)
        found = ticks.end()
        written = [len(column.transcript.toPlainText()) for column in window.columns]
        for turn in turns:
            turn.end()
        await app.settled()
        if marks:
            ticks = _Ticks()
            window.marks_button.click()
            await until(
                lambda: all(column.differing_count is not None for column in window.columns)
            )
            found["marks_busy_max_ms"] = ticks.end()["busy_max_ms"]
        window.close()
    return {**found, "characters_materialized": written}


async def _stream(turns: list[Turn], rate: int, seconds: float) -> None:
    """Send each turn its deltas as they are due."""
    from tests.benchmarks.streaming import cut, source

    count = max(1, round(rate * seconds))
    pieces = [
        cut(source("mixed", count * 5, seed=number), count, seed=number)
        for number, _ in enumerate(turns)
    ]
    began, sent = time.perf_counter(), 0
    while sent < count:
        due = min(count, 1 + int((time.perf_counter() - began) * rate))
        for turn, deltas in zip(turns, pieces, strict=True):
            for piece in deltas[sent:due]:
                turn.say(piece)
        sent = due
        await asyncio.sleep(1 / rate)


class _Ticks:
    """A timer on the event loop that measures how late it fires."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._seen, self._cpu = time.perf_counter(), time.thread_time()
        self._delays: list[float] = []
        self._busy: list[float] = []
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * TICK_S))
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self._delays.append(max(0.0, now - self._seen - TICK_S))
        self._busy.append(cpu - self._cpu)
        self._seen, self._cpu = now, cpu

    def end(self) -> dict[str, Any]:
        """Stop and return the figures in milliseconds."""
        self._timer.stop()
        figures = {}
        for name, values in (("delay", sorted(self._delays)), ("busy", sorted(self._busy))):
            figures[f"{name}_p99_ms"] = _percentile_ms(values, 0.99)
            figures[f"{name}_p999_ms"] = _percentile_ms(values, 0.999)
            figures[f"{name}_max_ms"] = _percentile_ms(values, 1.0)
        over = sum(busy > FRAME_S for busy in self._busy)
        return {"ticks": len(self._delays), "over_16_ms": over, **figures}


def _percentile_ms(values: list[float], share: float) -> float:
    index = min(len(values) - 1, int(len(values) * share))
    return round(values[index] * 1000, 1) if values else 0.0
