"""CPU of commands, compared with that of importing asyncio, httpx and sqlite3.

The commands take turns in each round, because the speed of a shared machine drifts. `ask` talks to
a server in this process, which answers at once. `quick` needs a screen, and is left out without
one.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from tests.benchmarks._timed_line import timed_line

ROOT: Final = Path(__file__).parents[2]
BASELINE: Final = ("-c", "import asyncio, httpx, sqlite3")
COMMANDS: Final = {
    "version": ("--version",),
    "search": ("search", "hello"),
    "spending": ("spending",),
    "ask": ("ask", "Hello?", "--model", "m"),
}
REPLY: Final = (
    b'data: {"id": "c", "model": "m", "choices": [{"delta": {"content": "Hello."}, '
    b'"finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)

# Prints the time at which the quick prompt is first painted after each call.
WINDOW: Final = """
import time
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from desktop_app.app.single_instance import WindowLock
from desktop_app.app.window_request import OpenRequest
from desktop_app.app.application import Application
from desktop_app.paths import folders

class Painted(QObject):
    is_shown = False

    def eventFilter(self, watched, event):
        if type(watched).__name__ == "QuickPrompt":
            if event.type() == QEvent.Type.Hide:
                self.is_shown = False
            elif event.type() == QEvent.Type.Paint and not self.is_shown:
                self.is_shown = True
                print(time.time(), flush=True)
                QTimer.singleShot(300, watched.hide)
        return False

class Measured(Application):
    def on_ready(self):
        print("ready", flush=True)

lock = WindowLock(folders().data)
lock.try_acquire()
application = Measured(OpenRequest())
painted = Painted()
QApplication.instance().installEventFilter(painted)
application.show()
application.run()
"""


class Handler(BaseHTTPRequestHandler):
    """Answers every question at once, and lists one model."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the list of models."""
        self._send(b'{"object": "list", "data": [{"id": "m", "object": "model"}]}')

    def do_POST(self) -> None:
        """Send an answer in the form of Chat Completions; other APIs are unknown here."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/chat/completions"):
            self._send(REPLY, "text/event-stream")
        else:
            self._send(b'{"error": {"message": "Not found"}}', status=404)

    def _send(self, body: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


def main(rounds: int = 15) -> dict[str, Any]:
    """Measure `rounds` starts of each command; return CPU seconds, and ratios to the baseline."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder), server.server_port)
        lines = {
            "baseline": BASELINE,
            **{name: ("-m", "desktop_app", *words) for name, words in COMMANDS.items()},
        }
        seconds: dict[str, list[float]] = {name: [] for name in lines}
        for line in lines.values():  # creates the store and compiles bytecode
            _run(line, environment)
        for _ in range(rounds):
            for name, line in lines.items():
                seconds[name].append(_run(line, environment, _cpu_of_ended))
        quick = _quick(environment, rounds)
    server.shutdown()
    server.server_close()
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return {
        "benchmark": "commands",
        **{f"{name}_cpu_s": round(median, 3) for name, median in medians.items()},
        **{f"{name}_ratio": round(medians[name] / medians["baseline"], 2) for name in COMMANDS},
        **quick,
    }


def _environment(home: Path, port: int) -> dict[str, str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        # Installed packages of the program include bytecode, so let Python write it here too.
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),
        "REPARTEE_HOME": str(home / "repartee"),
        "XDG_RUNTIME_DIR": str(home),
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "OPENAI_API_KEY": "key",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _cpu_of_ended() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _run(
    line: Sequence[str], environment: dict[str, str], clock: Callable[[], float] = time.perf_counter
) -> float:
    """Run Python with these arguments; return the seconds that it takes."""
    began = clock()
    done = subprocess.run(
        [sys.executable, *line],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    elapsed = clock() - began
    if done.returncode != (1 if "search" in line else 0):  # nothing is found
        raise RuntimeError(done.stderr.decode())
    return elapsed


def _quick(environment: dict[str, str], rounds: int) -> dict[str, float]:
    """Return the seconds from `repartee quick` to the paint of a running program's prompt."""
    if not {"DISPLAY", "WAYLAND_DISPLAY"} & set(environment):
        return {}
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW], bufsize=0, stdout=subprocess.PIPE, env=environment
    )
    try:
        timed_line(window.stdout)  # ready
        seconds, calls = [], []
        for _ in range(rounds + 1):
            time.sleep(0.6)  # until the prompt is hidden again
            began = time.time()
            calls.append(_run(("-m", "desktop_app", "quick"), environment))
            seconds.append(float(timed_line(window.stdout)) - began)
    finally:
        window.kill()
        window.wait()
        if window.stdout is not None:
            window.stdout.close()
    # The first call creates the prompt.
    return {
        "quick_call_s": round(statistics.median(calls[1:]), 3),
        "quick_first_s": round(seconds[0], 3),
        "quick_s": round(statistics.median(seconds[1:]), 3),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
