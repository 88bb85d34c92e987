"""The time from the press of the global shortcut to the painted and focused quick prompt.

Runs a resident program, a window manager (openbox) and a full-screen program with the focus. Asks
the X server for the active window and for pixels of the prompt until the prompt has both. Also
measures the memory and the CPU time of the resident program at rest.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from Xlib import XK, X
from Xlib import display as xlib
from Xlib import error as xlib_error
from Xlib.ext import xtest

from desktop_app.hotkey.x11_hotkey import is_held

ROOT = Path(__file__).parents[2]
MAX_WAIT_S = 3.0
TEXT_COLORS = 8  # antialiased letters have more, a bare background has fewer
OTHER = """
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication([])
window = QPlainTextEdit()
window.showFullScreen()
application.exec()
"""


def main(presses: int = 100, rest_s: float = 14.0) -> dict[str, Any]:
    """Press the shortcut; return milliseconds, how often the focus came back, memory and CPU.

    `rest_s` is longer than `MemoryTrimmer` waits.
    """
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        environment = {**os.environ, "REPARTEE_HOME": home}

        def start(*command: str) -> int:
            process = subprocess.Popen(command, cwd=ROOT, env=environment)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process.pid

        start("openbox")
        time.sleep(1)
        start(sys.executable, "-c", OTHER)
        time.sleep(2)
        pid = start(sys.executable, "-m", "desktop_app", "--resident")
        while not is_held():
            time.sleep(0.1)
        time.sleep(rest_s)
        before = _cpu_s(pid)
        time.sleep(rest_s)
        rest = {
            "pss_mb": round(_pss_mb(pid), 1),
            "idle_cpu_percent": round(100 * (_cpu_s(pid) - before) / rest_s, 3),
        }
        return _press(presses) | rest


def _press(presses: int) -> dict[str, Any]:
    display = xlib.Display()
    other = _active(display)
    times, back = [], 0
    for _ in range(presses):
        _keys(display, X.KeyPress, "Super_L", "Alt_L")
        began = time.monotonic()
        _keys(display, X.KeyPress, "space")
        while not _is_ready(display, other) and time.monotonic() - began < MAX_WAIT_S:
            pass
        times.append((time.monotonic() - began) * 1000)
        _keys(display, X.KeyRelease, "space", "Alt_L", "Super_L")
        _keys(display, X.KeyPress, "Escape")
        _keys(display, X.KeyRelease, "Escape")
        began = time.monotonic()
        while _active(display) != other and time.monotonic() - began < MAX_WAIT_S:
            time.sleep(0.005)
        back += _active(display) == other
        time.sleep(0.1)
    display.close()
    times.sort()
    return {
        "benchmark": "global_shortcut",
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(presses * 0.95)], 1),
        "focus_back": back,
    }


def _keys(display: Any, kind: int, *names: str) -> None:
    for name in names:
        xtest.fake_input(display, kind, display.keysym_to_keycode(XK.string_to_keysym(name)))
    display.sync()


def _active(display: Any) -> int:
    atom = display.intern_atom("_NET_ACTIVE_WINDOW")
    found = display.screen().root.get_full_property(atom, X.AnyPropertyType)
    return int(found.value[0]) if found is not None and len(found.value) else 0


def _is_ready(display: Any, other: int) -> bool:
    """Return True if another window than `other` has the focus and shows a text."""
    active = _active(display)
    if active in (0, other):
        return False
    try:
        window = display.create_resource_object("window", active)
        pixels = window.get_image(50, 8, 120, 30, X.ZPixmap, 0xFFFFFFFF).data
    except (xlib_error.BadMatch, xlib_error.BadDrawable, xlib_error.BadWindow):
        return False  # not mapped yet
    return len({pixels[at : at + 3] for at in range(0, len(pixels), 4)}) > TEXT_COLORS


def _pss_mb(pid: int) -> float:
    found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
