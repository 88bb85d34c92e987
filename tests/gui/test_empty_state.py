"""An empty conversation: its examples by mouse and keyboard, and the button to add a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.ui.look import theme
from desktop_app.ui.window.empty_state import EmptyState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def start(qtbot: QtBot) -> Iterator[EmptyState]:
    """Return the question and the cards, with the key line below."""
    window = QWidget()
    qtbot.addWidget(window)
    made = EmptyState(theme.light())
    column = QVBoxLayout(window)
    column.addWidget(made)
    column.addWidget(made.key_line)
    window.resize(760, 400)
    window.show()
    yield made
    window.close()


def test_a_click_on_an_example_emits_its_id(start: EmptyState, qtbot: QtBot) -> None:
    for card, key in zip(start.cards, ("summarize", "explain", "translate"), strict=True):
        with qtbot.waitSignal(start.example_chosen) as told:
            qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
        assert told.args == [key]
        with qtbot.waitSignal(start.example_chosen):
            qtbot.keyClick(card, Qt.Key.Key_Space)
        assert card.accessibleName()


def test_the_key_line_is_shown_on_request(start: EmptyState, qtbot: QtBot) -> None:
    assert not start.key_line.isVisible()
    start.set_key_line(True, "Answering with a small model.")
    assert start.key_line.isVisible()
    assert start.key_line.words.text() == "Answering with a small model."
    with qtbot.waitSignal(start.add_key_requested):
        qtbot.mouseClick(start.key_line.button, Qt.MouseButton.LeftButton)
    start.set_key_line(False, "")
    assert not start.key_line.isVisible()


def test_examples_have_the_same_height_and_their_lines_wrap(start: EmptyState) -> None:
    wide = {card.height() for card in start.cards}
    start.window().resize(560, 400)
    narrow = {card.height() for card in start.cards}
    assert len(wide) == len(narrow) == 1
    assert narrow.pop() > wide.pop()


def test_a_narrow_window_stacks_what_is_too_wide(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    start = EmptyState(theme.light())
    for part in (start, start.key_line):
        part.setParent(window)
    window.show()
    start.set_key_line(True, "Answering with a small model.")
    for width, rows in ((560, 1), (200, 3)):
        assert start.show_fitting_parts(width, 600)
        start.setGeometry(0, 0, width, 600)
        start.key_line.setGeometry(0, 0, width, start.fit_key_line(width, 300))
        for layout in (start.layout(), start.key_line.layout()):
            assert layout is not None
            layout.activate()
        assert len({card.y() for card in start.cards}) == rows
        assert all(card.width() >= card.sizeHint().width() for card in start.cards)
        button, words = start.key_line.button, start.key_line.words
        assert (button.y() > words.geometry().bottom()) is (rows == 3)
        assert button.width() >= button.sizeHint().width()
    start.show_fitting_parts(200, start.cards[0].height() * 3)
    assert not any(card.isVisible() for card in start.cards)
