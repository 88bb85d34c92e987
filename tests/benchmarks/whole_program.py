"""The whole program while an answer streams over HTTP, next to a bare program and the server alone.

The server (`_streaming_server`) sends one event a chunk. The bare program reads with urllib in a
thread, and appends to a QPlainTextEdit 60 times a second; both are processes of their own, in
windows of the same size. With `--program ask`, the command writes to a terminal, next to a loop of
urllib and print; with `--program pipe`, to a pipe.

Printed are the seconds until the answer is complete, beside those that a plain reader needs for the
same stream; the longest gap (99th percentile) between two growths of the shown text; the CPU time,
with child processes; and, of one more run, how late a timer of 4 ms fires (99.9th percentile).
Without `--rate`, all rows of the README are measured.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import pty
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

ROOT: Final = Path(__file__).parents[2]
_ROWS: Final[tuple[dict[str, Any], ...]] = (
    *({"rate": rate, "deltas": deltas} for rate, deltas in ((20, 200), (80, 800))),
    *({"rate": rate, "deltas": deltas} for rate, deltas in ((400, 4_000), (0, 20_000))),
    {"rate": 80, "deltas": 800, "api": "responses"},
    {"rate": 0, "deltas": 20_000, "api": "responses"},
    *({"rate": 80, "deltas": 400, "form": form} for form in ("tls", "gzip", "odd", "uvicorn")),
    *({"rate": 400, "deltas": 2_000, "form": form} for form in ("tls", "uvicorn")),
    {"rate": 0, "deltas": 20_000, "form": "uvicorn"},
    *({"rate": 80, "deltas": 400, "program": program} for program in ("ask", "pipe")),
    *(
        {"rate": 400, "deltas": 2_000, "program": "ask", "api": api}
        for api in ("chat", "responses")
    ),
    {"rate": 0, "deltas": 20_000, "program": "ask"},
)

COMMON: Final = """
import asyncio, json, os, sys, time
from PySide6.QtCore import QTimer, Qt
_, URL, PATH, PROBE = sys.argv
late = []
last = [0.0]
grown = []
started = [0.0]
def grow(*_):
    grown.append(time.monotonic())
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
    started[0] = time.monotonic()
    return sum(os.times()[:4])
def end(began, ended=0.0):
    found = {
        "cpu_s": sum(os.times()[:4]) - began,
        "started": started[0],
        "ended": ended or time.monotonic(),
        "grown": grown,
    }
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith("Pss:"):
            found["pss_mb"] = int(line.split()[1]) / 1024
    late.sort()
    if late:
        found["late_999_ms"] = late[int(len(late) * 0.999)]
    print(json.dumps(found), flush=True)
    os._exit(0)
"""
_READ: Final = """
def read(url, path, show):
    import json, urllib.request, zlib
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps({"stream": True}).encode(), headers)
    reply = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    unpacker = zlib.decompressobj(47) if reply.headers["content-encoding"] else None
    held = b""
    while piece := reply.read1(65536):
        *lines, held = (held + (unpacker.decompress(piece) if unpacker else piece)).split(b"\\n")
        for line in lines:
            if line.startswith(b"data: {"):
                event = json.loads(line[6:])
                text = event["delta"] if event.get("type", "").endswith("text.delta") else "".join(
                    each["delta"].get("content", "") for each in event.get("choices", ()))
                if text:
                    show(text)
"""
_BARE = (
    COMMON
    + _READ
    + """
import threading
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication(sys.argv[:1])
field = QPlainTextEdit()
field.resize(1280, 800)
field.show()
began = []
pending = []
def read_all():
    read(URL, PATH, pending.append)
    pending.append(None)
def write():
    pieces = pending[:]
    del pending[: len(pieces)]
    if pieces:
        cursor = field.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText("".join(filter(None, pieces)))
        field.verticalScrollBar().setValue(field.verticalScrollBar().maximum())
        grow()
    if None in pieces:
        end(began[0])
def ask():
    began.append(begin(application))
    frames.start()
    threading.Thread(target=read_all, daemon=True).start()
frames = QTimer(application, interval=16)
frames.timeout.connect(write)
QTimer.singleShot(2000, ask)
application.exec()
"""
)
REPARTEE: Final = """
from PySide6.QtTest import QTest
from desktop_app.app.application import Application
from desktop_app.composer.prompt_text import PromptText
from desktop_app.app.window_request import OpenRequest
sys.argv = ["repartee"]
class Measured(Application):
    def on_ready(self):
        self.session.tasks.start(self.measure())
    async def measure(self):
        await asyncio.sleep(4)  # what the start leaves for later
        finished = asyncio.Event()
        self.session.running.text_arrived.connect(grow)  # behind the transcript
        self.session.running.finished.connect(lambda *_: finished.set())
        prompt = self.window.findChild(PromptText, "prompt")
        QTest.keyClicks(prompt, "Tell me everything.")
        await asyncio.sleep(2)  # what the first key begins: the list of models, the cost
        began = begin(self.qt)
        QTest.keyClick(prompt, Qt.Key.Key_Return)
        await finished.wait()
        ended = time.monotonic()
        await asyncio.sleep(0.1)
        end(began, ended)
application = Measured(OpenRequest())
application.show()
application.run()
"""
_BARE_COMMAND: Final = (
    _READ
    + """
import sys
read(*sys.argv[1:], lambda text: print(text, end="", flush=True))
"""
)


def main(
    rate: float = -1.0,
    deltas: int = 800,
    pairs: int = 3,
    api: str = "chat",
    form: str = "chunks",
    program: str = "window",
) -> Iterator[dict[str, Any]]:
    """Stream `deltas` deltas to both programs, `pairs` times.

    Args:
        rate: deltas a second; 0 at full speed, -1 for all rows.
        api, form: see `_streaming_server`.
        program: "window", "ask" or "pipe".
    """
    if rate >= 0:
        yield _row(rate, deltas, pairs, api, form, program)
        return
    for row in _ROWS:
        yield _row(**{"api": "chat", "form": "chunks", "program": "window", "pairs": pairs, **row})


def _row(rate: float, deltas: int, pairs: int, api: str, form: str, program: str) -> dict[str, Any]:
    with Server(rate, deltas, api, form) as server:
        if program == "window":
            run = run_child
            sides = {"bare": _BARE, "repartee": COMMON + REPARTEE}
        else:
            run = _run_pipe if program == "pipe" else _run_terminal
            sides = {"bare": _BARE_COMMAND, "repartee": ""}
        rounds = []
        for _ in range(pairs):
            alone_s = server.read_alone()
            rounds.append(({name: run(sides[name], server) for name in sides}, alone_s))
        probes = (
            {name: run_child(sides[name], server, probe=1) for name in sides}
            if program == "window"
            else {}
        )
    found: dict[str, Any] = {"server_s": median(alone_s for _, alone_s in rounds)}
    for name in sides:
        figures = [_figures(sides_found[name]) for sides_found, _ in rounds]
        found |= {f"{name}_{key}": median(each[key] for each in figures) for key in figures[0]}
        if probes:
            found[f"{name}_late_999_ms"] = probes[name]["late_999_ms"]
    ratio = median(each["repartee"]["cpu_s"] / each["bare"]["cpu_s"] for each, _ in rounds)
    return {
        "benchmark": "whole_program",
        "program": program,
        "api": api,
        "form": form,
        "rate": rate,
        "deltas": deltas,
        **{name: round(value, 2) for name, value in {**found, "cpu_ratio": ratio}.items()},
    }


def _figures(found: dict[str, Any]) -> dict[str, float]:
    """Return the figures of one run."""
    grown = found["grown"]
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(grown))
    return {
        "s": found["ended"] - found["started"],
        "first_s": grown[0] - found["started"],
        "gap_99_ms": 1000 * gaps[int(len(gaps) * 0.99)] if gaps else 0.0,
        "gap_max_ms": 1000 * gaps[-1] if gaps else 0.0,
        **{key: found[key] for key in ("cpu_s", "pss_mb") if key in found},
    }


class Server:
    """The streaming server in a process of its own. Use it as a context.

    Attributes:
        url: its base URL.
        path: of the API that it speaks.
        environment: the variables with which its clients trust it.
    """

    def __init__(self, rate: float, deltas: int, api: str = "chat", form: str = "chunks") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="r-")
        module = "tests.benchmarks._streaming_server"
        words = [api, form, str(rate), str(deltas), self._folder.name]
        command = [sys.executable, "-m", module, *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        self._port = int(self._lines.readline())
        self._is_tls = form == "tls"
        self.path = "/chat/completions" if api == "chat" else "/responses"
        self.url = f"{'https' if self._is_tls else 'http'}://127.0.0.1:{self._port}/v1"
        authority = Path(self._folder.name, "company.pem")
        self.environment = {"SSL_CERT_FILE": str(authority)} if self._is_tls else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._lines.close()
        self._folder.cleanup()

    def read_alone(self) -> float:
        """Return the seconds in which a plain reader gets the whole stream."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        if self._is_tls:
            context = ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])
            connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=context)
        body = json.dumps({"stream": True})
        connection.request("POST", f"/v1{self.path}", body, {"content-type": "application/json"})
        reply = connection.getresponse()
        while reply.read1(1 << 16):
            pass
        seconds = time.monotonic() - began
        connection.close()
        self.asked_and_sent()
        return seconds

    def asked_and_sent(self) -> tuple[float, float]:
        """Return when the newest answer was asked for and sent, by `time.monotonic`."""
        asked, sent = json.loads(self._lines.readline())
        return asked, sent


@contextmanager
def _environment(server: Server) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="r-") as home:
        yield {
            **os.environ,
            "REPARTEE_HOME": home,
            "XDG_RUNTIME_DIR": home,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "OPENAI_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": server.url,
            **server.environment,
        }


def run_child(source: str, server: Server, probe: int = 0) -> dict[str, Any]:
    """Run a program beside the server. Return what it measured."""
    with _environment(server) as environment:
        command = [sys.executable, "-c", source, server.url, server.path, str(probe)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, timeout=600
        )
    server.asked_and_sent()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _run_terminal(source: str, server: Server) -> dict[str, Any]:
    return _run_command(source, server, *pty.openpty())


def _run_pipe(source: str, server: Server) -> dict[str, Any]:
    return _run_command(source, server, *os.pipe())


def _run_command(source: str, server: Server, reading: int, writing: int) -> dict[str, Any]:
    """Run `source`, or `repartee ask`; its times count from its request on."""
    own = ["-m", "desktop_app", "ask", "Tell me everything.", "--model", "gpt-5.2"]
    words = ["-c", source, server.url, server.path] if source else own
    grown = []
    with _environment(server) as environment:
        child = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with suppress(OSError):  # a terminal whose program has ended
            while os.read(reading, 1 << 16):
                grown.append(time.monotonic())
        os.close(reading)
        _, status, usage = os.wait4(child.pid, 0)
        ended = time.monotonic()
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{words} ended with {child.returncode}")
    asked, _ = server.asked_and_sent()
    cpu_s = usage.ru_utime + usage.ru_stime
    return {"cpu_s": cpu_s, "started": asked, "ended": ended, "grown": grown}
