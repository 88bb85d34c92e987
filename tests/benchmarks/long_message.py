"""The cost of actions on a complete long answer, compared with a bare QTextDocument.

For each action, measures its CPU time and its longest uninterruptible step, both in milliseconds of
CPU time of the window's thread, so that other programs do not affect them. The baseline is a
QTextBrowser with the same plain text that is opened, resized, zoomed and scrolled from end to end.
`kind` is mixed, code, list, table, paragraph, marked (a paragraph with emphasis at every other
word) or reasoning (a mixed text, unfolded above a short answer). Without `kind`, all are measured.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication, QTextBrowser

KINDS = ("mixed", "code", "list", "table", "paragraph", "marked", "reasoning")
SOUGHT = "needle"
MAX_ACTION_S = 900.0  # writing a long paragraph with emphasis takes a minute or more
WIDTHS = (760, 740, 700, 660, 620, 580, 620, 680, 740, 760)


def main(kind: str = "", characters: int = 1_000_000) -> Iterator[dict[str, Any]]:
    """Measure an answer of at least `characters` characters. Yield a result for each kind.

    A list has 20,000 items, whatever `characters` says.
    """
    from tests.benchmarks import streaming

    application = streaming.make_application()
    for each in [kind] if kind else KINDS:
        text = _text(each, characters)
        baseline = _StepMeter(application).measure_baseline(text)
        transcript = _StepMeter(application).measure_transcript(text, each)
        row = {"benchmark": "long_message", "kind": each, "characters": len(text)}
        yield {**row, "baseline": baseline, "transcript": transcript}


def _text(kind: str, characters: int) -> str:
    from tests.benchmarks.streaming import source

    kind = "mixed" if kind == "reasoning" else kind
    made = source(kind, characters, highlight=True)
    if kind == "list":
        made = "".join(f"- The item {n} of a list that goes on and on.\n" for n in range(20_000))
    at = made.rfind(" ", 0, len(made) * 9 // 10)
    return f"{made[:at]} {SOUGHT}{made[at:]}"


class _StepMeter:
    """A runner that performs actions on a view and measures their steps."""

    def __init__(self, application: QApplication) -> None:
        self._application = application
        self._figures: dict[str, list[float]] = {}

    def _measure(
        self, name: str, *actions: Callable[[], object], busy: Callable[[], bool] | None = None
    ) -> None:
        steps = []
        for action in actions:
            for step in (action, self._application.processEvents, self._application.processEvents):
                began = time.thread_time()
                step()
                steps.append(time.thread_time() - began)
        until = time.monotonic() + MAX_ACTION_S
        while busy is not None and busy():
            if time.monotonic() > until:
                raise TimeoutError(f"{name} took more than {MAX_ACTION_S:.0f} s")
            began = time.thread_time()
            self._application.processEvents()
            steps.append(time.thread_time() - began)
            time.sleep(0.001)
        self._figures[name] = [round(sum(steps) * 1000, 1), round(max(steps) * 1000, 1)]

    def measure_baseline(self, text: str) -> dict[str, list[float]]:
        """Measure the baseline."""
        from PySide6.QtWidgets import QTextBrowser

        view = QTextBrowser()
        view.setUndoRedoEnabled(False)
        view.resize(WIDTHS[0], 700)
        view.show()
        self._application.processEvents()
        self._measure("open", lambda: view.setPlainText(text))
        self._measure("resize", *self._widths(view))
        font = view.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._measure("zoom", lambda: view.document().setDefaultFont(font))
        self._measure("drag", *self._drags(view))
        view.close()
        view.deleteLater()
        return self._figures

    def _widths(self, view: QTextBrowser) -> list[Callable[[], object]]:
        return [partial(view.resize, width, 700) for width in WIDTHS]

    def _drags(self, view: QTextBrowser) -> list[Callable[[], object]]:
        bar = view.verticalScrollBar()
        parts = (1.0, 0.5, 0.1, 0.0, 0.3, 0.9, 0.7, 1.0)

        def go(part: float) -> None:
            bar.setValue(round(bar.maximum() * part))

        return [partial(go, part) for part in parts]

    def measure_transcript(self, text: str, kind: str) -> dict[str, list[float]]:
        """Measure the product's view."""
        from PySide6.QtCore import Qt
        from PySide6.QtGui import QTextCursor
        from PySide6.QtTest import QTest

        from desktop_app.domain.conversations.message_parts import ReasoningPart
        from desktop_app.ui.look import theme
        from desktop_app.ui.transcript.view import TranscriptView
        from tests.helpers.messages import answer, question

        view = TranscriptView(theme.light())
        view.resize(WIDTHS[0], 700)
        view.show()
        self._application.processEvents()
        message = answer(text)
        if kind == "reasoning":
            from dataclasses import replace

            message = replace(answer("Yes."), id=message.id)
            message = replace(message, parts=(ReasoningPart(text), *message.parts))
        finder, key = view.find_in_transcript.finder, QTest.keyClick

        def busy() -> bool:
            return is_writing(view) or view.writer.has_outdated_items

        self._measure("open", lambda: view.set_messages([question("Q"), message]), busy=busy)
        if kind == "reasoning":
            self._measure("unfold", lambda: view.commands.run(message.id, "reasoning"), busy=busy)
        view.verticalScrollBar().setValue(0)
        shown: list[bool] = []
        finder.match_shown.connect(lambda: shown.append(True))
        self._measure("find", lambda: finder.search(SOUGHT), busy=lambda: not shown or busy())
        assert self._is_on_screen(view, SOUGHT), kind
        finder.search("")
        bar = view.verticalScrollBar()
        bar.setValue(bar.maximum() // 3)
        self._measure("resize", *self._widths(view), busy=busy)
        self._measure("theme", lambda: view.set_theme(theme.dark()), busy=busy)
        self._measure("zoom", lambda: view.set_theme(theme.dark(1.2)), busy=busy)
        self._measure("drag", *self._drags(view), busy=busy)
        wheel = [lambda: bar.setValue(bar.value() + 120) for _ in range(60)]
        bar.setValue(bar.maximum() // 2)
        self._measure("wheel", *wheel, busy=busy)
        self._measure("home", lambda: key(view, Qt.Key.Key_Home), busy=busy)
        self._measure("end", lambda: key(view, Qt.Key.Key_End), busy=busy)
        bar.setValue(0)
        self._measure("hit", lambda: view.scroll_to_message(message.id, SOUGHT), busy=busy)
        assert self._is_on_screen(view, SOUGHT), kind
        self._measure("select all", view.selectAll, busy=busy)
        # If all is selected, Ctrl+C only asks the window for a copy.
        # The view itself copies any other selection.
        cursor = view.textCursor()
        cursor.setPosition(1)
        cursor.setPosition(view.document().characterCount() - 3, QTextCursor.MoveMode.KeepAnchor)
        view.setTextCursor(cursor)
        copy = partial(key, view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        self._measure("copy", copy, busy=lambda: view.copies.is_building)
        # Otherwise the platform frees the clipboard's content after Python's end.
        self._application.clipboard().clear()
        view.close()
        view.deleteLater()
        return self._figures

    def _is_on_screen(self, view: QTextBrowser, words: str) -> bool:
        from PySide6.QtGui import QTextCursor

        area = view.viewport().rect()
        cursor = view.cursorForPosition(area.topLeft())
        end = view.cursorForPosition(area.bottomRight())
        cursor.setPosition(end.position(), QTextCursor.MoveMode.KeepAnchor)
        return words in cursor.selectedText()
