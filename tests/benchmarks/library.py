"""The conversation list of a large library compared with a small one.

Measures the milliseconds from the open store to the list's first screen, and the window's memory,
for 10 and for 100,000 conversations. Each start is a new process on the same store. Starts
alternate between the sizes, and the figures are medians. Generating the library takes half a
minute. `--path FILE` stores the library there, or reuses it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks._large_library import make_library
from tests.benchmarks._timed_line import timed_line

ROOT = Path(__file__).parents[2]
SETTLE_S = 3
LONGEST_END_S = 60

SOURCE = """
import time
from desktop_app.app.desktop.window_request import OpenRequest
from desktop_app.app.application import Application
from desktop_app.app.library.navigator import Navigator

class Measured(Navigator):
    async def load(self):
        began = time.perf_counter()
        conversations = application.window.conversations
        await super().load()
        conversations.view.viewport().repaint()
        rows = conversations.model.rowCount()
        print(1000 * (time.perf_counter() - began), rows, flush=True)

from desktop_app.app.composition import sidebar_controllers
sidebar_controllers.Navigator = Measured
application = Application(OpenRequest())
application.show()
application.run()
"""


def main(
    small: int = 10,
    large: int = 100_000,
    messages: int = 1,
    starts: int = 9,
    path: str = "",
    settle_s: float = SETTLE_S,
) -> dict[str, Any]:
    """Measure both sizes."""
    with tempfile.TemporaryDirectory() as folder:
        homes = {
            small: _home(Path(folder) / "small", small, messages, ""),
            large: _home(Path(folder) / "large", large, messages, path),
        }
        for home in homes.values():
            _start(home, settle_s)  # migrates the store, compiles bytecode and warms the disk cache
        starts_by_size: dict[int, list[tuple[float, float, int]]] = {size: [] for size in homes}
        for _ in range(starts):
            for size, home in homes.items():
                starts_by_size[size].append(_start(home, settle_s))
        return {
            "benchmark": "library",
            "starts": starts,
            **{
                f"first_screen_ms_{size}": _median(rows, 0) for size, rows in starts_by_size.items()
            },
            **{f"pss_mb_{size}": _median(rows, 1) for size, rows in starts_by_size.items()},
            **{f"rows_{size}": rows[0][2] for size, rows in starts_by_size.items()},
        }


def _home(home: Path, conversations: int, messages: int, path: str) -> Path:
    """Return a home folder with a library in it."""
    store = home / "data" / "repartee.sqlite3"
    source = Path(path) if path else store
    if not source.exists():
        make_library(source, conversations, messages)
    if source != store:
        store.parent.mkdir(parents=True)
        shutil.copy(source, store)
    return home


def _start(home: Path, settle_s: float) -> tuple[float, float, int]:
    """Start once. Return milliseconds, proportional set size in MiB, and rows."""
    environment = {**os.environ, "REPARTEE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SOURCE]
    process = subprocess.Popen(
        command, bufsize=0, stdout=subprocess.PIPE, env=environment, cwd=home
    )
    try:
        milliseconds, rows = timed_line(process.stdout).split()
        time.sleep(settle_s)
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii")
        return float(milliseconds), int(rollup.split("Pss:")[1].split()[0]) / 1024, int(rows)
    finally:
        process.terminate()  # after a kill, the next start would check the store for damage
        process.wait(LONGEST_END_S)
        if process.stdout is not None:
            process.stdout.close()


def _median(rows: list[tuple[float, float, int]], column: int) -> float:
    return round(statistics.median(row[column] for row in rows), 1)
