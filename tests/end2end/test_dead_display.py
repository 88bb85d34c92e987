"""The X server dies under the window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.end2end.program import HERE
from tests.helpers.waiting import LONGEST_S


def test_a_display_that_dies_ends_the_program_without_a_traceback(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as numbers:
        display = f":{numbers.readline().strip()}"
    program = subprocess.Popen(
        [sys.executable, "-m", "desktop_app"],
        env={**os.environ, "REPARTEE_HOME": str(tmp_path / "home"), "DISPLAY": display,
             "QT_QPA_PLATFORM": "xcb"},
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
    )  # fmt: skip
    until = time.monotonic() + LONGEST_S
    while not (tmp_path / "home/data/repartee.sqlite3-shm").exists():  # the session has begun
        assert time.monotonic() < until
        time.sleep(0.05)
    server.send_signal(signal.SIGKILL)
    server.wait()
    _, errors = program.communicate(timeout=LONGEST_S)
    assert program.returncode == 1
    assert "Traceback" not in errors
