"""The transcript's text cursor: movement by keys, and behavior while text arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible

from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

KEYS = Qt.FocusReason.TabFocusReason
MOUSE = Qt.FocusReason.MouseFocusReason
TEXT = "\n\n".join(f"Paragraph {number} of the answer." for number in range(120))


def focus(view: TranscriptView, reason: Qt.FocusReason) -> None:
    view.clearFocus()
    view.setFocus(reason)


def has_caret_on_screen(view: TranscriptView) -> bool:
    return view.viewport().rect().contains(view.cursorRect().center())


@pytest.mark.parametrize("reason", [KEYS, MOUSE])
def test_focus_does_not_scroll_the_view(view: TranscriptView, reason: Qt.FocusReason) -> None:
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
def test_a_key_moves_the_caret_from_the_visible_text(
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


def test_shift_and_arrow_keys_extend_the_selection(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("q"), answer(TEXT)])
    focus(view, KEYS)
    view.setTextCursor(view.document().find("Paragraph 60"))
    qtbot.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert "Paragraph 60 of the answer." in view.textCursor().selection().toPlainText()


def test_arriving_text_does_not_move_the_caret_of_a_screen_reader(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, "The beginning. ")
    view.stream.flush()
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    focus(view, KEYS)
    assert view.textCursor().block().text().strip() == "The beginning."
    moves: list[int] = []
    view.caret_moved.connect(lambda: moves.append(view.textCursor().position()))
    for piece in ("Some words, ", "more words.\n\n", "And the end."):
        view.stream.append_text(arriving.id, piece)
        view.stream.flush()
    assert moves == []


def test_keys_move_the_caret_of_a_screen_reader_from_its_position(
    qtbot: QtBot, view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that the caret is still where the screen reader last read, even off screen."""
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    view.set_messages([question("q"), answer(TEXT)])
    view.setTextCursor(view.document().find("Paragraph 60"))
    focus(view, KEYS)
    view.verticalScrollBar().setValue(0)
    assert not has_caret_on_screen(view)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.textCursor().block().text() == "Paragraph 61 of the answer."
    assert has_caret_on_screen(view)


def test_moving_the_caret_stops_following_the_stream(qtbot: QtBot, view: TranscriptView) -> None:
    arriving = streaming()
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, TEXT)
    view.stream.flush()
    focus(view, KEYS)
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    for _ in range(3):
        qtbot.keyClick(view, Qt.Key.Key_Up)
    top = view.place_near(QPoint(0, 0))
    assert top is not None
    before = view.rect_of(top)
    line = view.textCursor().block().text()
    for _ in range(3):
        view.stream.append_text(arriving.id, "\n\nMore of it." * 9)
        view.stream.flush()
    assert view.rect_of(top) == before
    assert bar.value() < bar.maximum()
    assert view.latest_button.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.textCursor().block().text() < line
    view.latest_button.click()
    qtbot.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    view.stream.append_text(arriving.id, "\n\nMore of it." * 9)
    view.stream.flush()
    assert bar.value() == bar.maximum()
