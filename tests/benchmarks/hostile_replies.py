"""What a hostile server can do to the window: the longest gap of the event loop, and memory.

The client runs on the window's event loop in a process of its own for each reply; the server is
another process (`tests/helpers/hostile_replies.py`). A timer of 1 ms measures the gaps: how late
it comes. Memory is the peak of the resident set above what it was before the reply, after a first
reply that loaded what the client needs. The limits are 100 ms and 200 MB.

`--reply NAME` measures one; `--window 1` shows the answer in a window and keeps it in a store.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.helpers.hostile_replies import REPLIES, serving

LONGEST_S = 120.0
"""After so long a reply is stopped, as a person would."""

_CHILD = "from tests.benchmarks import hostile_replies as h; h.measure({name!r}, {address!r})"


def main(reply: str = "") -> Iterator[dict[str, Any]]:
    """Measure every reply, or one; gives a line for each."""
    with serving() as address:
        for name in [reply] if reply else REPLIES:
            words = _CHILD.format(name=name, address=address)
            done = subprocess.run(
                [sys.executable, "-c", words], capture_output=True, text=True, timeout=300
            )
            last = done.stdout.splitlines()[-1:] or done.stderr.splitlines()[-1:]
            told = json.loads(last[0]) if done.returncode == 0 else {"crashed": last}
            yield {"benchmark": "hostile_replies", "reply": name, **told}


def measure(name: str, address: str) -> None:
    """Print what one reply does."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from tests.helpers.qt_loop import qt_loop

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    with qt_loop(application) as loop:
        print(json.dumps(loop.run_until_complete(_measured(name, address))), flush=True)
    os._exit(0)


async def _measured(name: str, address: str) -> dict[str, Any]:
    from desktop_app.providers.http.transport import Timeouts
    from tests.helpers.hostile_asking import outcome_of

    await outcome_of(address, REPLIES["garbage"])
    await asyncio.sleep(0.2)
    before = _peak_begins()
    meter = GapMeter()
    began = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_S):
            found = await outcome_of(address, REPLIES[name], Timeouts(quick_read=5.0))
        kept, error = found.kept, found.error
        shown = "" if error is None else error.sentences
    except TimeoutError:
        kept, shown = "", f"(stopped after {LONGEST_S:.0f} s)"
    took = time.monotonic() - began
    await asyncio.sleep(0)
    return {
        "gap_ms": round(meter.stop() * 1000),
        "added_mb": round((_status("VmHWM") - before) / 1024),
        "seconds": round(took, 1),
        "kept": kept if len(kept) < 40 else f"{len(kept):,} characters",
        "shown": shown,
    }


class GapMeter:
    """Measures how late the event loop comes to a timer of 1 ms, while it runs."""

    EVERY_S = 0.001

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._longest = 0.0
        self._next()

    def _next(self) -> None:
        self._due = time.monotonic() + self.EVERY_S
        self._timer = self._loop.call_later(self.EVERY_S, self._tick)

    def _tick(self) -> None:
        self._longest = max(self._longest, time.monotonic() - self._due)
        self._next()

    def stop(self) -> float:
        """Return the longest gap in seconds."""
        self._timer.cancel()
        return max(self._longest, time.monotonic() - self._due)


def _peak_begins() -> int:
    """Have the system measure the peak of the memory from now on; return what is used now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """Return a figure of this process's memory in kilobytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ValueError(name)
