"""Errors stay until they are dismissed, notes expire; both are read aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from desktop_app.domain.errors import StoreFullError
from desktop_app.widgets.cards.notifications import NOTE_DURATION_MS, Notifications

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

FULL = StoreFullError("The disk is full.", remedy="Free some space.")


@pytest.fixture
def card(qtbot: QtBot) -> Notifications:
    made = Notifications()
    qtbot.addWidget(made)
    made.resize(600, 80)
    return made


def buttons(card: Notifications) -> dict[str, QPushButton]:
    found = (b for b in card.findChildren(QPushButton) if b.isVisible())
    return {button.text(): button for button in found}


def test_an_error_shows_its_remedy_and_stays(card: Notifications, qtbot: QtBot) -> None:
    card.notify(FULL)
    assert card.isVisible()
    assert card.status.text() == "The disk is full."
    assert card.status.accessibleName() == FULL.sentences
    assert not card.note_timer.isActive()
    qtbot.mouseClick(card.close_button, Qt.MouseButton.LeftButton)
    assert not card.isVisible()


def test_a_note_closes_by_itself(card: Notifications, qtbot: QtBot) -> None:
    card.notify("Saved.")
    assert card.note_timer.isActive()
    assert card.note_timer.interval() == NOTE_DURATION_MS
    qtbot.waitUntil(card.isActiveWindow)
    card.close_button.clearFocus()
    card.note_timer.start(1)
    qtbot.waitUntil(card.isHidden)


def test_a_note_stays_while_its_button_has_the_focus(card: Notifications, qtbot: QtBot) -> None:
    card.notify("Moved.", [("Undo", lambda: None)])
    qtbot.waitUntil(card.isActiveWindow)
    buttons(card)["Undo"].setFocus()
    card.note_timer.setInterval(1)
    for _ in range(2):
        with qtbot.waitSignal(card.note_timer.timeout):
            card.note_timer.start()
        assert buttons(card)["Undo"].hasFocus()
    buttons(card)["Undo"].clearFocus()
    qtbot.waitUntil(card.isHidden)


def test_several_errors_are_counted_and_dismissed_one_by_one(card: Notifications) -> None:
    for number in range(3):
        card.notify(StoreFullError(f"File {number} failed."))
    count = card.findChild(QLabel, "count")
    assert count is not None
    assert count.text() == "1 of 3"
    card.dismiss()
    assert (count.text(), card.status.accessibleName()) == ("1 of 2", "File 1 failed.")
    card.dismiss()
    assert not count.isVisible()
    assert card.status.accessibleName() == "File 0 failed."


def test_two_failures_for_one_reason_are_one_card(card: Notifications) -> None:
    card.notify(FULL, topic="draft")
    card.notify(StoreFullError("File 1 failed."))
    card.notify(FULL, topic="question")
    count = card.findChild(QLabel, "count")
    assert count is not None
    assert count.text() == "1 of 2"
    assert card.status.text() == "The disk is full."


def test_an_obsolete_card_is_closed_by_its_topic(card: Notifications) -> None:
    card.notify(StoreFullError("Too long."), topic="question")
    card.notify(FULL, topic="store")
    card.dismiss_topic("question")
    assert card.status.text() == "The disk is full."
    card.dismiss()
    assert card.isHidden()
    card.notify(FULL, topic="store")
    card.notify(StoreFullError("Too long."), topic="question")
    card.dismiss_topic("question")
    assert card.status.text() == "The disk is full."
    card.dismiss_topic("store")
    assert card.isHidden()


def test_an_action_runs_and_closes_the_card(card: Notifications, qtbot: QtBot) -> None:
    done: list[str] = []
    card.notify(FULL, [("Retry", lambda: done.append("retry")), ("Details", lambda: None)])
    assert set(buttons(card)) == {"Retry", "Details"}
    qtbot.mouseClick(buttons(card)["Retry"], Qt.MouseButton.LeftButton)
    assert done == ["retry"]
    assert card.isHidden()
    card.notify("No actions.")
    assert not buttons(card)


def test_esc_dismisses_a_notification(card: Notifications, qtbot: QtBot) -> None:
    card.notify(FULL)
    qtbot.keyClick(card.close_button, Qt.Key.Key_Escape)
    assert card.isHidden()


def test_announcements_show_no_card(card: Notifications) -> None:
    card.announce("The answer is complete.")
    assert card.isHidden()
    assert card.status.text() == "The answer is complete."
    card.notify(FULL)
    card.announce("The answer is complete.")
    assert card.status.text() == "The disk is full."
    assert card.status.accessibleName() == FULL.sentences  # so that it can be read again
