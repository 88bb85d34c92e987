"""Partial repaints during streaming show the same pixels as a full repaint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tests.helpers.messages import streaming

if TYPE_CHECKING:
    from desktop_app.ui.transcript.view import TranscriptView

WORDS = (
    "so many words in one cell that it takes several lines of any table that is no wider than that "
)
HEAD = "Some words\n\n| a | b | c |\n|---|---|--:|\n"
KINDS = {
    "wrapped": HEAD + f"| {WORDS} | {WORDS * 2} | 7 |\n" * 11,
    "mixed": HEAD
    + f"| {WORDS} | {WORDS} | 7 |\n| `a` | b | 1 |\n" * 4
    + "\n> words\n\n```\ncode\n",
    "quoted": "".join(
        f"> {line}\n" for line in (HEAD + f"| {WORDS * 3} | b | c |\n" * 9).split("\n")
    ),
}


class Painted(QObject):
    """A record of the heights of painted areas."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self.heights: list[int] = []
        view.viewport().installEventFilter(self)

    def eventFilter(self, _viewport: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.heights.append(event.rect().height())  # type: ignore[attr-defined]
        return False


def on_screen(view: TranscriptView) -> QImage:
    grabbed = view.screen().grabWindow(view.winId()).toImage()
    return grabbed.convertToFormat(QImage.Format.Format_RGB32)


@pytest.mark.parametrize("kind", KINDS)
def test_a_partial_repaint_equals_a_full_repaint(view: TranscriptView, kind: str) -> None:
    view.stream.append_message(message := streaming())
    source = KINDS[kind]
    for at in range(0, len(source), 60):
        view.stream.append_text(message.id, source[at : at + 60])
        view.stream.flush()
        if at > len(source) * 3 // 4:
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 150)
        for _ in range(3):
            QApplication.processEvents()
        whole = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        assert on_screen(view) == whole, source[:at]


def test_an_edit_in_a_table_repaints_nothing_above(view: TranscriptView) -> None:
    view.stream.append_message(message := streaming())
    source = KINDS["wrapped"]
    for at in range(0, len(source), 2000):
        view.stream.append_text(message.id, source[at : at + 2000])
        view.stream.flush()
    view.stream.append_text(message.id, f"| {WORDS} | a")
    view.stream.flush()
    QApplication.processEvents()
    painted = Painted(view)
    for word in ("few", " more", " words"):
        view.stream.append_text(message.id, word)
        view.stream.flush()
        QApplication.processEvents()
    assert painted.heights
    assert max(painted.heights) < view.viewport().height() // 2
