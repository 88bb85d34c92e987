"""What an answer costs while it streams, beside appending the same text to a bare QPlainTextEdit.

Both sides run in one process, one after the other, in a window of the same size, and both write
and paint at most 60 times a second. At full speed deltas come as fast as they are taken; paced, 400
a second arrive in real time through a running event loop. With `--alone 1` each delta is parsed and
written by itself at full speed, which shows what the coalescing to frames saves. CPU is that of the
whole process. Code is highlighted; with `--highlight 0` its fences name no language.
"""

from __future__ import annotations

import os
import random
import time
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget

FRAME_S = 1 / 60
RATE = 400
WORDS = (
    "the quick brown fox jumps over lazy dogs while streaming answers arrive with many words and "
    "few marks so that layout parsing painting memory cost time stay flat"
).split()


class Side(Protocol):
    """One of the two that are compared."""

    @property
    def widget(self) -> QWidget: ...

    def write(self, text: str) -> None: ...

    def write_now(self, text: str) -> None: ...

    def finish(self) -> None: ...


class Bare:
    """The floor: plain text at the end of a plain text edit that stays at its bottom."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer
        from PySide6.QtGui import QTextCursor
        from PySide6.QtWidgets import QPlainTextEdit

        self.widget = QPlainTextEdit(readOnly=True, undoRedoEnabled=False)
        self._cursor = QTextCursor(self.widget.document())
        self._pending: list[str] = []
        self._timer = QTimer(self.widget, singleShot=True, interval=round(FRAME_S * 1000))
        self._timer.timeout.connect(self.finish)

    def write_now(self, text: str) -> None:
        self._cursor.insertText(text)
        bar = self.widget.verticalScrollBar()
        bar.setValue(bar.maximum())

    def write(self, text: str) -> None:
        self._pending.append(text)
        if not self._timer.isActive():
            self._timer.start()

    def finish(self) -> None:
        if self._pending:
            self.write_now("".join(self._pending))
            self._pending = []


class Transcript:
    """The product's own view, with a message that streams."""

    def __init__(self) -> None:
        from desktop_app.domain.conversation import (
            Message,
            MessageStatus,
            ModelChoice,
            Role,
            new_id,
            now,
        )
        from desktop_app.ui import theme
        from desktop_app.ui.transcript.view import TranscriptView

        view = TranscriptView(theme.light())
        self.widget = view
        choice = ModelChoice("p", "gpt-5.2")
        self._message = Message(
            new_id(), "c", None, Role.ASSISTANT, MessageStatus.STREAMING, (), now(), choice
        )
        view.append_message(self._message)
        self._view = view

    def write(self, text: str) -> None:
        self._view.append_text(self._message.id, text)

    def write_now(self, text: str) -> None:
        self._view.append_text(self._message.id, text)
        self._view.flush()

    def finish(self) -> None:
        self._view.flush()


def main(
    deltas: int = 0, kind: str = "mixed", paced: int = 0, highlight: int = 1, alone: int = 0
) -> dict[str, Any]:
    """Measure 2,000, 8,000 and 32,000 deltas, or `deltas` of them.

    `kind` is mixed, code, list, table or paragraph: the latter four are one endless block.
    """
    application = _application()
    sizes = [deltas] if deltas else [2000, 8000, 32000]
    rows = []
    run = _run_paced if paced else partial(_run_full_speed, alone=bool(alone))
    for size in sizes:
        pieces = cut(source(kind, size * 4, highlight=bool(highlight)), size)
        floor, ours = run(application, Bare(), pieces), run(application, Transcript(), pieces)
        rows.append({"deltas": size, **_compare(floor, ours)})
    mode = "400 a second" if paced else "full speed"
    mode += ", every delta by itself" if alone else ""
    return {"benchmark": "streaming", "kind": kind, "mode": mode, "runs": rows}


def _application() -> QApplication:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from desktop_app.rendering.parser import parser
    from desktop_app.ui import icons, theme

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    icons.use_folder(Path(__file__).parents[2] / "resources" / "icons" / "lucide")
    theme.apply(application, theme.light())
    parser().parse("warm *up*")
    return application


def _compare(floor: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    first = ours["tenths"][0] / max(1e-9, floor["tenths"][0])
    last = ours["tenths"][-1] / max(1e-9, floor["tenths"][-1])
    return {
        "ratio": round(ours["cpu_s"] / floor["cpu_s"], 2),
        "ratio_first_tenth": round(first, 2),
        "ratio_last_tenth": round(last, 2),
        "cpu_s": [round(floor["cpu_s"], 2), round(ours["cpu_s"], 2)],
        "gap_p999_ms": [floor["p999"], ours["p999"]],
        "gap_max_ms": [floor["max"], ours["max"]],
    }


def _run_full_speed(
    application: QApplication, side: Side, pieces: list[str], *, alone: bool
) -> dict[str, Any]:
    """As fast as it goes: the gaps are the single steps that nothing can interrupt."""
    _show(application, side)
    marks, gaps = [time.process_time()], []
    painted = time.perf_counter()
    for number, piece in enumerate(pieces, 1):
        began = time.perf_counter()
        side.widget.setUpdatesEnabled(False)
        (side.write_now if alone else side.write)(piece)
        side.widget.setUpdatesEnabled(True)
        ended = time.perf_counter()
        gaps.append(ended - began)
        if ended - painted >= FRAME_S:
            application.processEvents()
            painted = time.perf_counter()
            gaps.append(painted - ended)
        if number % max(1, len(pieces) // 10) == 0:
            marks.append(time.process_time())
    return _result(application, side, marks, gaps)


def _run_paced(application: QApplication, side: Side, pieces: list[str]) -> dict[str, Any]:
    """400 a second in real time: a gap is how late the event loop came back to a timer."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    _show(application, side)
    marks, gaps = [time.process_time()], []
    loop, began = QEventLoop(), time.perf_counter()
    state = {"sent": 0, "seen": began}

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(max(0.0, now - state["seen"] - 1 / RATE))
        state["seen"] = now
        due = min(len(pieces), int((now - began) * RATE))
        while state["sent"] < due:
            side.write(pieces[int(state["sent"])])
            state["sent"] += 1
            if state["sent"] % max(1, len(pieces) // 10) == 0:
                marks.append(time.process_time())
        if state["sent"] == len(pieces):
            loop.quit()

    timer = QTimer(interval=round(1000 / RATE), timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start()
    loop.exec()
    timer.stop()
    return _result(application, side, marks, gaps)


def _show(application: QApplication, side: Side) -> None:
    side.widget.resize(1000, 700)
    side.widget.show()
    application.processEvents()


def _result(
    application: QApplication, side: Side, marks: list[float], gaps: list[float]
) -> dict[str, Any]:
    side.finish()
    application.processEvents()
    end = time.process_time()
    side.widget.close()
    side.widget.deleteLater()
    application.processEvents()
    ordered = sorted(gaps)
    return {
        "cpu_s": end - marks[0],
        "tenths": [b - a for a, b in pairwise(marks)],
        "p999": round(ordered[int(len(ordered) * 0.999)] * 1000, 1),
        "max": round(ordered[-1] * 1000, 1),
    }


def cut(text: str, count: int, seed: int = 1) -> list[str]:
    """Pieces of two to six characters, as tokens are."""
    chance, at = random.Random(seed), 0
    pieces: list[str] = []
    while len(pieces) < count and at < len(text):
        length = chance.choice((2, 3, 4, 4, 5, 6))
        pieces.append(text[at : at + length])
        at += length
    return pieces


def source(kind: str, characters: int, *, highlight: bool = True, seed: int = 1) -> str:
    """At least `characters` characters of Markdown of one kind."""
    chance = random.Random(seed)
    parts: list[str] = []
    size = 0
    language = "python" if highlight else ""
    if kind in ("code", "table"):
        parts.append(f"```{language}\n" if kind == "code" else "| a | b | c |\n|---|---|--:|\n")
    while size < characters + 100:
        part = _part(kind, chance, language)
        parts.append(part)
        size += len(part)
    return "".join(parts)


def _part(kind: str, chance: random.Random, language: str) -> str:
    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    makers = {
        "code": lambda: f"    {words(1)} = {words(1)}({chance.randint(0, 99)})  # {words(3)}\n",
        "list": lambda: f"- {words(8)} *{words(1)}* {words(4)}\n",
        "table": lambda: f"| {words(2)} | {words(3)} | {chance.randint(0, 99)} |\n",
        "paragraph": lambda: f"{words(12)}, **{words(2)}** `{words(1)}` ",
    }
    if kind in makers:
        return makers[kind]()
    choice = chance.randint(0, 9)
    if choice < 4:
        link = f"[{words(2)}](https://example.com/{words(1)})"
        return f"{words(20)} **{words(2)}** {words(15)} `{words(1)}` {words(20)} {link}.\n\n"
    if choice == 4:
        return f"## {words(4)}\n\n"
    if choice < 7:
        return "".join(makers["list"]() for _ in range(5)) + "\n"
    if choice == 7:
        return f"```{language}\n" + "".join(makers["code"]() for _ in range(12)) + "```\n\n"
    if choice == 8:
        head = "| a | b | c |\n|---|---|--:|\n"
        return head + "".join(makers["table"]() for _ in range(6)) + "\n"
    return f"> {words(25)}\n\n"
