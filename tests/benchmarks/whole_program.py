"""The CPU time of the whole program while an answer streams over HTTP, next to a bare program.

The bare program reads with urllib in a thread, and appends to a QPlainTextEdit 60 times a second.
Both are processes of their own, in windows of the same size; a third serves the same mixed Markdown
to both by Chat Completions, `rate` deltas a second (0: at full speed). Children of the program are
counted. With `--probe 1`, a timer of 4 ms measures how late the event loop answers; its own cost is
counted.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.benchmarks.streaming import WORDS

ROOT: Final = Path(__file__).parents[2]

COMMON: Final = """
import asyncio, json, os, sys, time
from PySide6.QtCore import QTimer, Qt
_, PORT, PROBE = sys.argv
late = []
last = [0.0]
def tick():
    now = time.perf_counter()
    late.append((now - last[0]) * 1000 - 4)
    last[0] = now
def begin(parent):
    timer = QTimer(parent, interval=4, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    last[0] = time.perf_counter()
    if PROBE == "1":
        timer.start()
    return sum(os.times()[:4])
def end(began):
    found = {"cpu_s": sum(os.times()[:4]) - began}
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith("Pss:"):
            found["pss_mb"] = int(line.split()[1]) / 1024
    late.sort()
    if late:
        found["late_999_ms"] = late[int(len(late) * 0.999)]
    print(json.dumps(found), flush=True)
    os._exit(0)
"""
_BARE = (
    COMMON
    + """
import threading, urllib.request
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication(sys.argv[:1])
field = QPlainTextEdit()
field.resize(1280, 800)
field.show()
began = []
pending = []
def read():
    url = f"http://127.0.0.1:{PORT}/v1/chat/completions"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps({"stream": True}).encode(), headers)
    for line in urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
        if line.startswith(b"data: {"):
            choices = json.loads(line.removeprefix(b"data: "))["choices"]
            pending.append(choices[0]["delta"].get("content", ""))
    pending.append(None)
def write():
    pieces = pending[:]
    del pending[: len(pieces)]
    if pieces:
        cursor = field.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText("".join(filter(None, pieces)))
        field.verticalScrollBar().setValue(field.verticalScrollBar().maximum())
    if None in pieces:
        end(began[0])
def ask():
    began.append(begin(application))
    frames.start()
    threading.Thread(target=read, daemon=True).start()
frames = QTimer(application, interval=16)
frames.timeout.connect(write)
QTimer.singleShot(2000, ask)
application.exec()
"""
)
REPARTEE: Final = """
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.app.application import Application
from desktop_app.desktop.window_request import OpenRequest
sys.argv = ["repartee"]
class Measured(Application):
    def on_ready(self):
        self.session.tasks.start(self.measure())
    async def measure(self):
        await asyncio.sleep(4)  # what the start leaves for later
        finished = asyncio.Event()
        self.session.running.finished.connect(lambda *_: finished.set())
        began = begin(self.qt)
        self.session.of(ChatController).submit("Tell me everything.", "")
        await finished.wait()
        await asyncio.sleep(0.1)
        end(began)
application = Measured(OpenRequest())
application.show()
application.run()
"""


def main(rate: float = 80, deltas: int = 800, pairs: int = 3, probe: int = 0) -> dict[str, Any]:
    """Stream `deltas` deltas to both programs, `pairs` times."""
    serve = [sys.executable, "-c", f"from {__name__} import serve; serve({rate}, {deltas})"]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        rows = [
            [run_child(source, port, probe) for source in (_BARE, COMMON + REPARTEE)]
            for _ in range(pairs)
        ]
        server.kill()
    found = {
        f"{name}_{key}": round(median(row[side][key] for row in rows), 2)
        for side, name in enumerate(("bare", "repartee"))
        for key in rows[0][side]
    }
    ratio = median(ours["cpu_s"] / bare["cpu_s"] for bare, ours in rows)
    return {"benchmark": "whole_program", "rate": rate, "ratio": round(ratio, 2), **found}


def run_child(source: str, port: str, probe: int = 0) -> dict[str, Any]:
    """Run a program beside the server on `port`. Return what it measured."""
    with tempfile.TemporaryDirectory(prefix="r-") as home:
        environment = {
            **os.environ,
            "REPARTEE_HOME": home,
            "XDG_RUNTIME_DIR": home,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "OPENAI_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        }
        command = [sys.executable, "-c", source, port, str(probe)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, timeout=600
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def serve(rate: float, count: int) -> None:
    """Serve the deltas, on a port that is printed first."""
    texts = _mixed(count)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(200, {"object": "list", "data": [{"id": "gpt-5.2", "object": "model"}]})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "chat/completions" not in self.path:
                self._reply(404, {"error": {"message": "no such endpoint"}})
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            began = time.monotonic()
            for number, text in enumerate(texts):
                if rate:
                    time.sleep(max(0, began + number / rate - time.monotonic()))
                self._event({"content": text}, None)
            self._event({}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

        def _event(self, delta: dict[str, str], reason: str | None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

        def _reply(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None: ...  # a program that has ended

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def _mixed(count: int) -> list[str]:
    """Return deltas of headings, lists, code, tables and paragraphs."""
    chance = random.Random(5)

    def words(number: int) -> list[str]:
        return [f"{word} " for word in chance.choices(WORDS, k=number)]

    texts: list[str] = []
    while len(texts) < count:
        texts += ["\n\n## ", *words(5), "\n\n"]
        for _ in range(4):
            texts += ["- ", *words(10), "\n"]
        texts += ["\n```\n", *("    x", " = ", "f(", "y", ")", "\n") * 5, "```\n\n"]
        texts += ["| a | b |\n", "|---|---|\n", *("| ", "cell ", "| ", "12 ", "|\n") * 4, "\n"]
        texts += [*words(30), "**", chance.choice(WORDS), "** ", *words(30), "\n\n"]
        texts += [*words(60), "\n\n"]
    return texts[:count]
