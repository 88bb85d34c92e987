"""An empty conversation: its examples by mouse and keyboard, and the button to add a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.app.window.empty_state import EmptyState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def start(qtbot: QtBot) -> Iterator[EmptyState]:
    """Return the question and the cards, with the key line below."""
    window = QWidget()
    qtbot.addWidget(window)
    made = EmptyState()
    column = QVBoxLayout(window)
    column.addWidget(made)
    column.addWidget(made.key_line)
    window.resize(760, 400)
    window.show()
    yield made
    window.close()


def test_a_click_on_an_example_begins_it(start: EmptyState, qtbot: QtBot) -> None:
    for card, key in zip(start.cards, ("summarize", "explain", "translate"), strict=True):
        with qtbot.waitSignal(start.prompt_chosen) as told:
            qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
        assert told.args == [key]
        with qtbot.waitSignal(start.prompt_chosen):
            qtbot.keyClick(card, Qt.Key.Key_Space)
        assert card.accessibleName()


@pytest.mark.parametrize(("height", "has_files"), [(400, True), (60, False)])
def test_examples_hide_beside_files_and_without_room(
    start: EmptyState, height: int, has_files: bool
) -> None:
    assert start.show_fitting_parts(760, 400, has_files=False)
    assert all(card.isVisible() for card in start.cards)
    start.show_fitting_parts(760, height, has_files=has_files)
    assert not any(card.isVisible() for card in start.cards)


def test_the_key_line_is_shown_on_request(start: EmptyState, qtbot: QtBot) -> None:
    assert not start.key_line.isVisible()
    start.set_key_line(True, "Answering with a small model.")
    assert start.key_line.isVisible()
    assert start.key_line.words.text() == "Answering with a small model."
    with qtbot.waitSignal(start.key_requested):
        qtbot.mouseClick(start.key_line.button, Qt.MouseButton.LeftButton)
    start.set_key_line(False, "")
    assert not start.key_line.isVisible()


def test_the_built_in_model_gets_questions_as_examples(start: EmptyState, qtbot: QtBot) -> None:
    start.set_small_model(True)
    for card in start.cards:
        with qtbot.waitSignal(start.question_chosen) as told:
            qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
        assert told.args == [card.description]
        assert card.description.endswith("?")
    start.set_small_model(False)
    assert [card.key for card in start.cards] == ["summarize", "explain", "translate"]


def test_servers_are_offered_before_a_key(start: EmptyState, qtbot: QtBot) -> None:
    start.set_key_line(True, "Answering with a small model.")
    buttons = start.key_line.server_buttons
    assert not any(button.isVisible() for button in buttons)
    used: list[str] = []
    start.set_servers(
        [("Use a from A", lambda: used.append("a")), ("Use b from B", lambda: used.append("b"))]
    )
    assert [button.text() for button in buttons] == ["Use a from A", "Use b from B"]
    assert all(button.isVisible() for button in buttons)
    qtbot.mouseClick(buttons[1], Qt.MouseButton.LeftButton)
    assert used == ["b"]
    assert start.key_line.button.property("role") == "plain"
    start.set_servers([])
    assert not any(button.isVisible() for button in buttons)
    assert start.key_line.button.property("role") == "primary"
