"""The cost of a streaming answer, compared with appending its text to a QPlainTextEdit.

Both sides run in one process, one after the other, in windows of the same size. Both paint at most
60 times a second. CPU time is that of the whole process. A tenth of the deltas ends when all of it
is on screen. Gaps are the uninterruptible steps.

At full speed, deltas arrive as fast as they are processed, and the sides alternate for ten rounds.
A tenth takes only some hundredths of a second, and other load on the machine can only add to it. So
the figure of each tenth is the minimum of the ten rounds. Gaps are those of all rounds. With
`--rate 400`, 400 deltas a second arrive in real time through a running event loop.

Options:

- `--frames 1`: the bare side collects deltas too and writes at most 60 times a second, instead of
  writing each at once. At full speed that is a handful of writes for a whole answer.
- `--alone 1`: the transcript writes each delta by itself instead of collecting deltas.
- `--highlight 0`: code fences name no language, so code is not highlighted.
- `--kind formulas`: each sentence has a formula, typeset in another process whose time is not
  counted. With `--typeset 0`, the source of the formulas stays.
- `--history 10000`: 10,000 messages come before the answer.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget

    from desktop_app.transcript.media.drawings import Typesetter

FRAME_S = 1 / 60
_ROUNDS = 10
_LONG_S = 60
"""Seconds after which no round begins: an endless paragraph takes the bare side a minute."""
WORDS = (
    "the quick brown fox jumps over lazy dogs while streaming answers arrive with many words and "
    "few marks so that layout parsing painting memory cost time stay flat"
).split()
BLOCK_PREFIXES = {"quote": ("> ", "> "), "item": ("- ", "  ")}
"""Prefixes of the first line and of later lines, for mixed text inside a block."""


@dataclass(frozen=True)
class Run:
    """The times of a side for all deltas, in seconds.

    Attributes:
        cpu_s: total CPU time.
        tenths: CPU time of each tenth of the deltas.
        gaps: time of each uninterruptible step.
    """

    cpu_s: float
    tenths: list[float]
    gaps: list[float]


class Side(Protocol):
    """A side of the comparison."""

    @property
    def widget(self) -> QWidget: ...

    def write(self, text: str) -> None: ...

    def write_now(self, text: str) -> None: ...

    def finish(self) -> None: ...

    @property
    def is_behind(self) -> bool: ...


class Frames:
    """A side that collects text, and writes it once a frame."""

    def __init__(self, widget: QWidget, frame_s: float) -> None:
        from PySide6.QtCore import QTimer

        self.widget = widget
        self._pending: list[str] = []
        self._timer = QTimer(widget, singleShot=True, interval=round(frame_s * 1000))
        self._timer.timeout.connect(self._write_pending)

    def write(self, text: str) -> None:
        self._pending.append(text)
        if not self._timer.isActive():
            self._timer.start()

    def write_now(self, text: str) -> None:
        raise NotImplementedError

    def _write_pending(self) -> None:
        if self._pending:
            self._append("".join(self._pending))
            self._pending = []

    def _append(self, text: str) -> None:
        self.write_now(text)

    def finish(self) -> None:
        self._write_pending()

    @property
    def is_behind(self) -> bool:
        return bool(self._pending)


class Bare(Frames):
    """The baseline: a plain text edit that appends text and stays at its bottom."""

    def __init__(self) -> None:
        from PySide6.QtGui import QTextCursor
        from PySide6.QtWidgets import QPlainTextEdit

        edit = QPlainTextEdit(readOnly=True, undoRedoEnabled=False)
        super().__init__(edit, FRAME_S)
        self._edit = edit
        self._cursor = QTextCursor(edit.document())

    def write_now(self, text: str) -> None:
        self._cursor.insertText(text)
        bar = self._edit.verticalScrollBar()
        bar.setValue(bar.maximum())


class Transcript(Frames):
    """The product's view with a streaming message, which gets text once a frame."""

    def __init__(
        self, history: int = 0, *, typesets: bool = False, highlights: bool = False
    ) -> None:
        from desktop_app.app.running_answers import FRAME_MS
        from desktop_app.domain.conversations.conversation import (
            Message,
            MessageStatus,
            ModelChoice,
            Role,
            new_id,
            now,
        )
        from desktop_app.transcript.view import TranscriptView
        from desktop_app.widgets.look import theme

        view = TranscriptView(theme.light())
        super().__init__(view, FRAME_MS / 1000)
        choice = ModelChoice("p", "gpt-5.2")
        self._message = Message(
            new_id(), "c", None, Role.ASSISTANT, MessageStatus.STREAMING, (), now(), choice
        )
        view.resize(1000, 700)
        view.set_messages(history_of(history))
        view.stream.append_message(self._message)
        self._view = view
        self._typesetter = _typesetter() if typesets else None
        if self._typesetter is not None:
            self._typesetter.setParent(view)
            view.formula_display.set_typesetter(self._typesetter)
        if highlights:
            from desktop_app.child_processes import child_command
            from desktop_app.transcript.media.json_process import JsonProcess

            view.highlighter.set_lexer(JsonProcess(child_command("lexing"), view))

    def _append(self, text: str) -> None:
        self._view.stream.append_text(self._message.id, text)

    def write_now(self, text: str) -> None:
        self._append(text)
        self._view.stream.flush()

    def finish(self) -> None:
        super().finish()
        self._view.stream.flush()

    @property
    def is_behind(self) -> bool:
        typesetter = self._typesetter
        waits = typesetter is not None and typesetter.is_busy
        return waits or super().is_behind or self._view.stream.is_writing_text

    def end(self, text: str) -> None:
        """Complete the answer."""
        from dataclasses import replace

        from desktop_app.domain.conversations.conversation import MessageStatus
        from desktop_app.domain.conversations.message_parts import TextPart

        parts = (TextPart(text),)
        message = replace(self._message, parts=parts, status=MessageStatus.COMPLETE)
        self._view.stream.update_message(message)
        self._view.stream.flush()


def _typesetter() -> Typesetter:
    """Return a typesetter whose process has started."""
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    from desktop_app.child_processes import child_command
    from desktop_app.transcript.media.drawings import Typesetter

    typesetter = Typesetter(child_command("math"))
    typesetter.find("x", display=False)
    while typesetter.is_busy:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    return typesetter


def history_of(count: int) -> list[Any]:
    """Return alternating questions and answers of 2 KB on average."""
    from tests.helpers.messages import answer, question

    text = source("mixed", 3600)
    return [
        question(f"{number}: why?") if number % 2 == 0 else answer(f"{number}: {text}")
        for number in range(count)
    ]


def main(
    deltas: int = 0,
    kind: str = "mixed",
    rate: int = 0,
    highlight: int = 1,
    alone: int = 0,
    frames: int = 0,
    history: int = 0,
    typeset: int = 1,
) -> dict[str, Any]:
    """Measure 2,000, 8,000 and 32,000 deltas, or `deltas` of them.

    `kind` is mixed, code, list, table, wrapped (a table whose cells take several lines), paragraph,
    marked (a paragraph with emphasis at every other word), line (of code), quote, item or formulas.
    All kinds except mixed and formulas are a single endless block. Quote and item contain mixed
    text.
    """
    make_transcript = partial(
        Transcript,
        history,
        typesets=kind == "formulas" and bool(typeset),
        highlights=bool(highlight),
    )
    application = make_application()
    sizes = [deltas] if deltas else [2000, 8000, 32000]
    rows = []
    for size in sizes:
        pieces = cut(source(kind, size * 4, highlight=bool(highlight)), size)
        if rate:
            baselines = [_run_paced(application, Bare(), pieces, rate)]
            transcripts = [_run_paced(application, make_transcript(), pieces, rate)]
        else:
            baselines, transcripts, until = [], [], time.monotonic() + _LONG_S
            while not baselines or (len(baselines) < _ROUNDS and time.monotonic() < until):
                baselines.append(_run_full_speed(application, Bare(), pieces, alone=not frames))
                transcripts.append(
                    _run_full_speed(application, make_transcript(), pieces, alone=bool(alone))
                )
        rows.append({"deltas": size, **_compare(baselines, transcripts)})
    mode = f"{rate} a second" if rate else "full speed"
    mode += ", every delta by itself" if alone else ""
    mode += ", the bare side by frames" if frames and not rate else ""
    options = {"kind": kind, "mode": mode, "highlight": highlight, "history": history}
    options |= {"typeset": typeset} if kind == "formulas" else {}
    return {"benchmark": "streaming", **options, "runs": rows}


def make_application() -> QApplication:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    import desktop_app.app.startup.qt_import  # noqa: F401 — as the window's start does
    from desktop_app.app.startup import gc_policy
    from desktop_app.markdown.parsing.parser import parser
    from desktop_app.widgets.look import icons, theme

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    icons.use_folder(Path(__file__).parents[2] / "resources" / "icons" / "lucide")
    theme.apply_theme(application, theme.light())
    parser().parse("warm *up*")
    gc_policy.resume_collection()
    return application


def _compare(baselines: list[Run], transcripts: list[Run]) -> dict[str, Any]:
    baseline_s, transcript_s = (min(run.cpu_s for run in runs) for runs in (baselines, transcripts))
    gaps = [sorted(gap for run in runs for gap in run.gaps) for runs in (baselines, transcripts)]
    return {
        "ratio": round(transcript_s / baseline_s, 2),
        "ratio_first_tenth": round(_tenth(transcripts, 0) / max(1e-9, _tenth(baselines, 0)), 2),
        "ratio_last_tenth": round(_tenth(transcripts, -1) / max(1e-9, _tenth(baselines, -1)), 2),
        "cpu_s": [round(baseline_s, 2), round(transcript_s, 2)],
        "gap_p999_ms": [round(each[int(len(each) * 0.999)] * 1000, 1) for each in gaps],
        "gap_max_ms": [round(each[-1] * 1000, 1) for each in gaps],
    }


def _tenth(runs: list[Run], at: int) -> float:
    return min(run.tenths[at] for run in runs)


def _run_full_speed(
    application: QApplication, side: Side, pieces: list[str], *, alone: bool
) -> Run:
    """Run at full speed, a tenth at a time."""
    from PySide6.QtCore import QEventLoop

    _show(application, side)
    marks, gaps = [time.process_time()], []
    write = side.write_now if alone else side.write
    painted = time.perf_counter()
    tenth = -(-len(pieces) // 10)
    for start in range(0, len(pieces), tenth):
        for piece in pieces[start : start + tenth]:
            began = time.thread_time()
            write(piece)
            taken = time.thread_time() - began
            if taken > 0.001:
                gaps.append(taken)
            if time.perf_counter() - painted >= FRAME_S:
                painted = _turn(application, gaps)
        painted = _turn(application, gaps)
        while side.is_behind:
            painted = _turn(application, gaps, QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        marks.append(time.process_time())
    return _result(application, side, marks, gaps)


def _turn(application: QApplication, gaps: list[float], *flags: Any) -> float:
    """Run an iteration of the event loop and return when it ended.

    The gap is CPU time of this thread, so that neither waiting nor other programs lengthen it.
    """
    began = time.thread_time()
    application.processEvents(*flags)
    gaps.append(time.thread_time() - began)
    return time.perf_counter()


def _run_paced(application: QApplication, side: Side, pieces: list[str], rate: int) -> Run:
    """Run in real time. A gap is the delay of a timer on the event loop."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    _show(application, side)
    marks, gaps = [time.process_time()], []
    loop, began = QEventLoop(), time.perf_counter()
    state = {"sent": 0, "seen": began}
    wait = 1 / min(rate, 400)

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(max(0.0, now - state["seen"] - wait))
        state["seen"] = now
        due = min(len(pieces), int((now - began) * rate))
        while state["sent"] < due:
            side.write(pieces[int(state["sent"])])
            state["sent"] += 1
            if state["sent"] % max(1, len(pieces) // 10) == 0:
                marks.append(time.process_time())
        if state["sent"] == len(pieces) and not side.is_behind:
            loop.quit()

    timer = QTimer(interval=round(1000 * wait), timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start()
    loop.exec()
    timer.stop()
    return _result(application, side, marks, gaps)


def _show(application: QApplication, side: Side) -> None:
    side.widget.resize(1000, 700)
    side.widget.show()
    application.processEvents()


def _result(application: QApplication, side: Side, marks: list[float], gaps: list[float]) -> Run:
    side.finish()
    application.processEvents()
    end = time.process_time()
    side.widget.close()
    side.widget.deleteLater()
    application.processEvents()
    return Run(end - marks[0], [b - a for a, b in pairwise(marks)], gaps)


def cut(text: str, count: int, seed: int = 1) -> list[str]:
    """Cut text into pieces of two to six characters, like tokens."""
    chance, at = random.Random(seed), 0
    pieces: list[str] = []
    while len(pieces) < count and at < len(text):
        length = chance.choice((2, 3, 4, 4, 5, 6))
        pieces.append(text[at : at + length])
        at += length
    return pieces


def source(kind: str, characters: int, *, highlight: bool = True, seed: int = 1) -> str:
    """Return at least `characters` characters of Markdown of a kind."""
    chance = random.Random(seed)
    parts: list[str] = []
    size = 0
    language = "python" if highlight else ""
    if kind in BLOCK_PREFIXES:
        first, below = BLOCK_PREFIXES[kind]
        lines = source("mixed", characters, highlight=highlight, seed=seed).splitlines(
            keepends=True
        )
        return first + below.join(lines)
    if kind in ("code", "line"):
        parts.append(f"```{language}\n")
    elif kind in ("table", "wrapped"):
        parts.append("| a | b | c |\n|---|---|--:|\n")
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
        "line": lambda: f"{words(1)} = {words(1)}({chance.randint(0, 99)}); ",
        "list": lambda: f"- {words(8)} *{words(1)}* {words(4)}\n",
        "table": lambda: f"| {words(2)} | {words(3)} | {chance.randint(0, 99)} |\n",
        "wrapped": lambda: f"| {words(9)} | {words(22)} | {chance.randint(0, 99)} |\n",
        "formulas": lambda: f"{words(9)} $x_{{{chance.randint(0, 999)}}}^2 + 1$ {words(9)}.\n\n",
        "paragraph": lambda: f"{words(12)}, **{words(2)}** `{words(1)}` ",
        "marked": lambda: f"{words(1)} **{words(1)}** *{words(1)}* `{words(1)}` ",
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
