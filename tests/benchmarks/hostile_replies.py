"""The effect of hostile replies on the window: the longest loop gap, and memory.

For each reply, the client runs on the window's event loop in a new process. The server is another
process (`tests/helpers/hostile_replies.py`). A gap is the delay of a 1 ms timer. Memory is the peak
resident set, less the resident set before the reply. A first reply loads the client's modules. The
limits are 100 ms and 200 MB.

`--reply NAME` measures a single reply. `--window 1` shows and stores the answer in a real window,
`--answers 4` asks for that many answers there, and `--temporary 1` in a temporary conversation.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.helpers.hostile_replies import REPLIES, HostileReply, path_of, serving

LONGEST_S = 120.0
"""Seconds after which a reply is stopped, as a user would."""

SETTLED_S = 3.0
"""Seconds of work in the window that are still measured after the end of an answer."""

_CHILD = "from tests.benchmarks import hostile_replies as h; h.measure({!r}, {!r}, {}, {}, {})"


def main(
    reply: str = "", window: int = 0, answers: int = 1, temporary: int = 0
) -> Iterator[dict[str, Any]]:
    """Measure every reply, or only `reply`. Yield a result for each."""
    names = [reply] if reply else [n for n, r in REPLIES.items() if not window or _is_answer(r)]
    with serving() as address:
        for name in names:
            source = _CHILD.format(name, address, window, answers, temporary)
            with tempfile.TemporaryDirectory(prefix="r-") as home:
                done = subprocess.run(
                    [sys.executable, "-c", source],
                    capture_output=True,
                    text=True,
                    timeout=600,
                    env={**os.environ, "REPARTEE_HOME": home, "XDG_RUNTIME_DIR": home},
                )
            last = done.stdout.splitlines()[-1:] or done.stderr.splitlines()[-1:]
            figures = json.loads(last[0]) if done.returncode == 0 else {"crashed": last}
            what = {"window": window, "answers": answers, "temporary": temporary, "reply": name}
            yield {"benchmark": "hostile_replies", **what, **figures}


def _is_answer(reply: HostileReply) -> bool:
    return reply.asks == "answer"


def measure(name: str, address: str, window: int, answers: int, temporary: int) -> None:
    """Print the figures of a reply."""
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    from tests.benchmarks.streaming import make_application
    from tests.helpers.qt_loop import qt_loop

    application = make_application()
    measured = (
        _measure_window(name, address, answers, temporary)
        if window
        else _measure_client(name, address)
    )
    with qt_loop(application) as loop:
        print(json.dumps(loop.run_until_complete(measured)), flush=True)
    os._exit(0)


async def _measure_client(name: str, address: str) -> dict[str, Any]:
    from desktop_app.providers.http.transport import Timeouts
    from tests.helpers.hostile_requests import outcome_of

    await outcome_of(address, REPLIES["garbage"])
    await asyncio.sleep(0.2)
    before, meter, began = _reset_peak(), GapMeter(), time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_S):
            found = await outcome_of(address, REPLIES[name], Timeouts(quick_read=5.0))
        text, error = found.data, found.error
        shown = "" if error is None else error.sentences
    except TimeoutError:
        text, shown = b"", f"(stopped after {LONGEST_S:.0f} s)"
    return {
        **meter.stop(),
        "added_mb": _added_mb(before),
        "seconds": round(time.monotonic() - began, 1),
        "kept": text.decode() if len(text) < 40 else f"{len(text):,} bytes",
        "shown": shown,
    }


async def _measure_window(name: str, address: str, answers: int, temporary: int) -> dict[str, Any]:
    """Measure a reply whose answers are shown in a window and stored."""
    from desktop_app.domain.conversations.conversation import MessageStatus
    from tests.gui.app.app_harness import AppHarness
    from tests.helpers.hostile_requests import outcome_of

    await outcome_of(address, REPLIES["garbage"])
    base_url = f"{address}/{path_of(name)}/v1"
    environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "sk-test-0123456789"}
    async with AppHarness(has_real_providers=True, environment=environment) as app:
        await app.state.values.set("answer.candidates", answers)
        if temporary:
            app.controllers.conversation.temporary.open()
        app.type("Why?")
        while "tokens" not in app.estimate:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
        before, meter, began = _reset_peak(), GapMeter(), time.monotonic()
        app.enter()
        while not app.controllers.running.conversations:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        is_over = False
        while not is_over and time.monotonic() - began < LONGEST_S:
            await asyncio.sleep(0.1)
            is_over = not app.controllers.running.conversations
        took = time.monotonic() - began
        if not is_over:
            app.click("stop")
        await asyncio.sleep(SETTLED_S)
        found = {**meter.stop(), "added_mb": _added_mb(before)}
        stored = await app.state.backend.conversations.messages(app.open_id)
        ended = [m for m in stored[1:] if m.status is not MessageStatus.STREAMING]
        errors = [m.error.what_happened for m in ended if m.error is not None]
        stopped = "" if is_over else f"(stopped after {LONGEST_S:.0f} s) "
        figures = {
            **found,
            "seconds": round(took, 1),
            "stored": [len(m.text) for m in ended],
            "files": [part.size for m in ended for part in m.attachments],
            "shown": stopped + next(iter(errors), ""),
        }
        print(json.dumps(figures), flush=True)
        os._exit(0)


def _added_mb(before: int) -> int:
    return round((_status("VmHWM") - before) / 1024)


class GapMeter:
    """A meter of the event loop's delay, using a 1 ms timer.

    Other programs lengthen the gap in wall time, but not the CPU times of this thread and of all
    threads. The latter also shows how long another thread holds the interpreter's lock.
    """

    EVERY_S = 0.001

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._gap = self._turn = self._busy = 0.0
        self._worked, self._used = time.thread_time(), time.process_time()
        self._next()

    def _next(self) -> None:
        self._due = time.monotonic() + self.EVERY_S
        self._timer = self._loop.call_later(self.EVERY_S, self._tick)

    def _tick(self) -> None:
        worked, used = time.thread_time(), time.process_time()
        self._gap = max(self._gap, time.monotonic() - self._due)
        self._turn, self._worked = max(self._turn, worked - self._worked), worked
        self._busy, self._used = max(self._busy, used - self._used), used
        self._next()

    def stop(self) -> dict[str, int]:
        """Return the longest gap, the longest turn, and the most CPU time in a gap, in ms."""
        self._timer.cancel()
        self._tick()
        self._timer.cancel()
        return {
            "gap_ms": round(self._gap * 1000),
            "turn_cpu_ms": round(self._turn * 1000),
            "gap_cpu_ms": round(self._busy * 1000),
        }


def _reset_peak() -> int:
    """Reset the peak of the process's memory. Return the memory used now, in kilobytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """Return a figure of this process's memory in kilobytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ValueError(name)
