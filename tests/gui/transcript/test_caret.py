"""The text cursor of the transcript: where keys move it from, and what it does while text arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible

from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.transcript.view import TranscriptView

KEYS = Qt.FocusReason.TabFocusReason
MOUSE = Qt.FocusReason.MouseFocusReason
TEXT = "\n\n".join(f"Paragraph {number} of the answer." for number in range(120))


def focus(view: TranscriptView, reason: Qt.FocusReason) -> None:
    view.clearFocus()
    view.setFocus(reason)


def has_caret_on_screen(view: TranscriptView) -> bool:
    return view.viewport().rect().contains(view.cursorRect().center())


@pytest.mark.parametrize("reason", [KEYS, MOUSE])
def test_the_view_stays_when_the_keyboard_comes(
    view: TranscriptView, reason: Qt.FocusReason
) -> None:
    view.set_messages([question("q"), answer(TEXT)])
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    focus(view, reason)
    assert bar.value() == before


@pytest.mark.parametrize(
    ("key", "moves"),
    [
        (Qt.Key.Key_Down, 30),
        (Qt.Key.Key_Up, -30),
        (Qt.Key.Key_PageDown, 400),
        (Qt.Key.Key_PageUp, -400),
    ],
)
@pytest.mark.parametrize("caret", [0, -1])
def test_a_key_goes_on_from_what_is_on_screen(
    qtbot: QtBot, view: TranscriptView, key: Qt.Key, moves: int, caret: int
) -> None:
    view.set_messages([question("q"), answer(TEXT)])
    cursor = view.textCursor()
    if not caret:
        cursor.setPosition(0)
        view.setTextCursor(cursor)
    focus(view, KEYS)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    qtbot.keyClick(view, key)
    assert has_caret_on_screen(view)
    if abs(moves) > 100:
        assert (bar.value() - before) * moves > 0
        assert abs(bar.value() - before) > 300
    else:
        assert abs(bar.value() - before) <= 40


def test_the_arrows_scroll_where_no_caret_is_seen(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), answer(TEXT)])
    focus(view, MOUSE)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert before < bar.value() < before + 100
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert bar.value() == before


def test_a_selection_grows_by_keys(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), answer(TEXT)])
    focus(view, KEYS)
    view.setTextCursor(view.document().find("Paragraph 60"))
    qtbot.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert "Paragraph 60 of the answer." in view.textCursor().selection().toPlainText()


def test_where_one_listens_what_arrives_does_not_move_the_caret(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.append_text(arriving.id, "The beginning. ")
    view.flush()
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    focus(view, KEYS)
    assert view.textCursor().block().text().strip() == "The beginning."
    moves: list[int] = []
    view.cursorPositionChanged.connect(lambda: moves.append(view.textCursor().position()))
    for piece in ("Some words, ", "more words.\n\n", "And the end."):
        view.append_text(arriving.id, piece)
        view.flush()
    assert moves == []
