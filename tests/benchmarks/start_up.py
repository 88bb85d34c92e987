"""Startup time, idle memory and idle CPU, compared with a bare PySide6 window with a text.

Starts that are compared are new processes, one after the other. The result is the median of the
ratios, because the speed of a shared machine drifts by more than the differences of interest.

The CPU time of the first seconds is that of the process, its threads and its child processes.
`empty` is a start with an empty prompt, which loads its session at the first use or after some
seconds; `open` one that shows a conversation again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.conversations.conversation import Conversation, now
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.benchmarks._timed_line import timed_line
from tests.helpers.messages import CHOICE, answer, question

ROOT = Path(__file__).parents[2]
SETTLE_S = 5
FIRST_S = 2.5
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

BARE = """
import sys, time
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication(sys.argv[:1])
window = QPlainTextEdit()
window.resize(1280, 800)
window.show()
application.processEvents()
print(time.time(), time.process_time(), "paint", flush=True)
application.exec()
"""

# Without collections and the command line of httpx, as `main` and `single_instance` start it.
REPARTEE = """
import gc, sys, time
gc.disable()
sys.modules["httpx._main"] = None
from desktop_app.app.window_request import OpenRequest
from desktop_app.app.application import Application

class Measured(Application):
    def on_ready(self):
        print(time.time(), time.process_time(), "ready", flush=True)

application = Measured(OpenRequest())
application.show()
print(time.time(), time.process_time(), "paint", flush=True)
application.run()
"""

# Types a word long after the start. The model has a price, so the cost is estimated.
TYPING = REPARTEE.replace(
    "application.run()",
    """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
type_word = lambda: QTest.keyClicks(application.window.prompt.field, "hello ")
QTimer.singleShot(int(1_000 * float(sys.argv[1])), type_word)
application.run()
""",
)


def main(
    pairs: int = 15, idle_s: float = 30.0, settle_s: float = SETTLE_S, first_s: float = FIRST_S
) -> dict[str, Any]:
    """Measure `pairs` starts of each program, then `idle_s` seconds of idle time."""
    with tempfile.TemporaryDirectory() as folder:
        home, open_home = Path(folder, "empty"), Path(folder, "open")
        for each in (home, open_home):  # first starts create the store and compile bytecode
            each.mkdir()
            first = StartedProgram(REPARTEE, each)
            first.wait_until_ready()
            first.stop(signal.SIGTERM)
        asyncio.run(_store_open_conversation(open_home / "data" / "repartee.sqlite3"))
        for each in (home, open_home):
            StartedProgram(REPARTEE, each).stop()
        rows = [_starts(home, open_home, first_s) for _ in range(pairs)]
        idle = _idle(home, idle_s, settle_s)
        first_key = _first_key(home, 2 * settle_s)
    return {
        "benchmark": "start_up",
        "pairs": pairs,
        **_medians(rows),
        **idle,
        "first_key_cpu_s": round(first_key, 3),
    }


async def _store_open_conversation(path: Path) -> None:
    database = Database(path)
    await database.open()
    text = "# A heading\n\n" + "Some **words** and `code`.\n\n- one\n- two\n\n" * 4
    messages = [question("Why?"), answer(text), question("And then?"), answer(text)]
    conversation = Conversation("c" * 32, "Open", now(), now(), CHOICE, messages[-1].id)
    parent_ids = (None, *(message.id for message in messages))
    stored = [
        replace(message, conversation_id=conversation.id, parent_id=parent_id)
        for message, parent_id in zip(messages, parent_ids, strict=False)
    ]
    await ConversationStore(database).add_with_messages(conversation, stored, ())
    await SettingsStore(database).set("window.conversation", conversation.id)
    await database.close()


def _starts(home: Path, open_home: Path, first_s: float) -> dict[str, float]:
    bare = StartedProgram(BARE, home)
    bare_first_cpu_s = bare.first_cpu_s(first_s)
    bare.stop()
    row = {
        "bare_first_cpu_s": bare_first_cpu_s,
        "bare_paint_s": bare.paint_s,
        "bare_paint_cpu_s": bare.paint_cpu_s,
    }
    for name, each in (("empty", home), ("open", open_home)):
        program = StartedProgram(REPARTEE, each)
        first_cpu_s = program.first_cpu_s(first_s)
        if name == "open":
            ready_s, ready_cpu_s = program.wait_until_ready()
            row |= {"open_ready_s": ready_s, "open_ready_cpu_s": ready_cpu_s}
        program.stop()
        row |= {
            f"{name}_first_cpu_s": first_cpu_s,
            f"{name}_first_cpu_ratio": first_cpu_s / bare_first_cpu_s,
            f"{name}_paint_s": program.paint_s,
            f"{name}_paint_ratio": program.paint_s / bare.paint_s,
            f"{name}_paint_cpu_ratio": program.paint_cpu_s / bare.paint_cpu_s,
        }
    return row


class StartedProgram:
    """A started program, with the seconds and CPU time to the first paint."""

    def __init__(self, source: str, home: Path, *arguments: str) -> None:
        environment = {**os.environ, "REPARTEE_HOME": str(home), "PYTHONPATH": str(ROOT)}
        environment |= {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
        # Installed packages of the program include bytecode, so let Python write it here too.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(home.parent / "bytecode")
        self.began = time.time()
        self.process = subprocess.Popen(
            [sys.executable, "-c", source, *arguments],
            bufsize=0,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=home,
        )
        try:
            self.paint_s, self.paint_cpu_s = self._line()
        except TimeoutError:
            self.stop()
            raise

    def wait_until_ready(self) -> tuple[float, float]:
        """Return the seconds and CPU time until the session was loaded."""
        return self._line()

    def _line(self) -> tuple[float, float]:
        at, cpu, _ = timed_line(self.process.stdout).split()
        return float(at) - self.began, float(cpu)

    def pss_mb(self) -> float:
        """Return the proportional set size in MiB."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text("ascii")
        return int(rollup.split("Pss:")[1].split()[0]) / 1024

    def cpu_s(self) -> float:
        """Return the CPU seconds so far, including system time and ended child processes."""
        return _cpu_s(self.process.pid)

    def first_cpu_s(self, seconds: float) -> float:
        """Wait until `seconds` after the start; return the CPU seconds with all descendants."""
        time.sleep(max(0.0, self.began + seconds - time.time()))
        return sum(map(_cpu_s, _with_descendants(self.process.pid)))

    def stop(self, number: int = signal.SIGKILL) -> None:
        """Kill the process; by SIGTERM it also stores the state of its window."""
        self.process.send_signal(number)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / CLOCK_TICKS


def _with_descendants(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(word) for task in tasks for word in (task / "children").read_text().split()]
    return [pid, *(each for child in children for each in _with_descendants(child))]


def _idle(home: Path, idle_s: float, settle_s: float) -> dict[str, float]:
    # Run one after the other: side by side they share Qt's libraries, and PSS counts half of each.
    bare = StartedProgram(BARE, home)
    time.sleep(settle_s)
    baseline = bare.pss_mb()
    bare.stop()
    repartee = StartedProgram(REPARTEE, home)
    time.sleep(4 * settle_s)  # until the memory of the start is freed
    before = repartee.cpu_s()
    time.sleep(idle_s)
    spent, memory = repartee.cpu_s() - before, repartee.pss_mb()
    repartee.stop()
    return {
        "idle_cpu_percent": round(100 * spent / idle_s, 3),
        "bare_pss_mb": round(baseline, 1),
        "pss_mb": round(memory, 1),
        "pss_ratio": round(memory / baseline, 2),
    }


def _first_key(home: Path, typed_s: float) -> float:
    """Return the CPU seconds of the first word in the prompt, with child processes."""
    repartee = StartedProgram(TYPING, home, str(typed_s))
    typed_at = repartee.paint_s + typed_s  # at the earliest
    before = repartee.first_cpu_s(typed_at - 0.2)
    spent = repartee.first_cpu_s(typed_at + typed_s) - before
    repartee.stop()
    return spent


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(row[key] for row in rows), 3) for key in rows[0]}


if __name__ == "__main__":
    print(json.dumps(main()))
