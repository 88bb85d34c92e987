"""Errors stay until they are dismissed, notes expire; both are read aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app.domain.errors import StoreFullError
from desktop_app.ui.batch.batch_bar import BatchBar
from desktop_app.ui.look import theme
from desktop_app.ui.widgets.text.card_text import CardText
from desktop_app.ui.window.cards.card_area import CardArea
from desktop_app.ui.window.cards.notifications import NOTE_DURATION_MS, Notifications

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent
    from pytestqt.qtbot import QtBot

FULL = StoreFullError("The disk is full.", remedy="Free some space.")


@pytest.fixture
def card(qtbot: QtBot) -> Notifications:
    made = Notifications(theme.light())
    qtbot.addWidget(made)
    made.resize(600, 80)
    return made


def buttons(card: Notifications) -> dict[str, QPushButton]:
    found = (b for b in card.findChildren(QPushButton) if b.isVisible())
    return {button.text(): button for button in found}


def test_without_a_notification_the_card_is_hidden(card: Notifications) -> None:
    assert not card.isVisible()
    assert card.status.objectName() == "status"


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


def test_an_error_is_shown_again_after_a_note(card: Notifications) -> None:
    card.notify(FULL)
    card.notify("Copied.")
    card.notify("Saved.")
    assert card.status.text() == "Saved."
    card.dismiss()
    assert card.status.text() == "The disk is full."
    assert not card.note_timer.isActive()
    card.dismiss()
    assert card.isHidden()


def test_the_card_of_a_running_task_comes_back_after_notes_and_errors(
    card: Notifications, qtbot: QtBot
) -> None:
    card.notify("Exporting…", [("Cancel", lambda: None)], topic="export", stays=True)
    card.notify("Copied.")
    assert card.note_timer.isActive()
    card.dismiss()
    assert card.status.text() == "Exporting…"
    qtbot.waitUntil(lambda: set(buttons(card)) == {"Cancel"})
    assert not card.note_timer.isActive()
    card.notify(FULL)
    card.dismiss()
    qtbot.waitUntil(lambda: set(buttons(card)) == {"Cancel"})
    card.notify("Copied.")
    card.dismiss_topic("export")
    assert card.status.text() == "Copied."
    card.dismiss()
    assert card.isHidden()


def test_the_same_error_is_one_card(card: Notifications) -> None:
    card.notify(FULL)
    card.notify(FULL)
    card.dismiss()
    assert card.isHidden()


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


def test_an_action_may_notify(card: Notifications, qtbot: QtBot) -> None:
    card.notify("Deleted.", [("Undo", lambda: card.notify("It is back."))])
    qtbot.mouseClick(buttons(card)["Undo"], Qt.MouseButton.LeftButton)
    assert card.status.text() == "It is back."
    assert card.isVisible()


def test_esc_dismisses_a_notification(card: Notifications, qtbot: QtBot) -> None:
    card.notify(FULL)
    qtbot.keyClick(card.close_button, Qt.Key.Key_Escape)
    assert card.isHidden()


def test_markup_in_a_notification_is_text(card: Notifications) -> None:
    card.notify("<b>model output</b>")
    assert card.status.textFormat() == Qt.TextFormat.PlainText


def test_announcements_show_no_card(card: Notifications) -> None:
    card.announce("The answer is complete.")
    assert card.isHidden()
    assert card.status.text() == "The answer is complete."
    card.notify(FULL)
    card.announce("The answer is complete.")
    assert card.status.text() == "The disk is full."
    assert card.status.accessibleName() == "The answer is complete."


def test_a_note_whose_line_is_narrow_has_its_actions_below(qtbot: QtBot) -> None:
    card = Notifications(theme.light())
    qtbot.addWidget(card)
    card.resize(900, 120)
    card.notify("Most of what a month may cost is spent by now.", [("Show spending", lambda: None)])
    button = card.findChild(QPushButton)
    assert button is not None
    qtbot.waitUntil(lambda: button.mapTo(card, QPoint(0, 0)).x() > 300)
    card.resize(360, 160)
    qtbot.waitUntil(lambda: button.mapTo(card, QPoint(0, 0)).x() < 100)
    text = card.status.mapTo(card, QPoint(0, card.status.height()))
    assert button.mapTo(card, QPoint(0, 0)).y() >= text.y()


def test_scrolled_text_ends_before_the_scroll_bar(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(420, 300)
    card = Notifications(theme.light())
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(card)
    window.show()
    card.notify("Most of what a month may cost is spent. " * 8, [("Show spending", lambda: None)])
    (text,) = card.findChildren(CardText)
    qtbot.waitUntil(lambda: text.verticalScrollBar().isVisible())
    qtbot.waitUntil(lambda: card.status.width() == text.viewport().width())


def test_a_card_taller_than_its_area_is_shown_from_its_beginning(qtbot: QtBot) -> None:
    area = CardArea()
    qtbot.addWidget(area)
    area.resize(400, 200)
    first, tall = QLabel("first"), QLabel("tall")
    for card, height in ((first, 60), (tall, 500)):
        card.setFixedHeight(height)
        card.hide()
        area.add(card)
    area.show()
    first.show()
    tall.show()
    bar = area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == tall.y() > 0)


class _CountingBar(BatchBar):
    """A bar that counts how often it was resized."""

    resize_count = 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.resize_count += 1
        super().resizeEvent(event)


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("has_card_text", [False, True])
def test_the_scroll_bar_of_the_cards_does_not_move_the_buttons_of_a_card(
    qtbot: QtBot, scale: float, has_card_text: bool
) -> None:
    bar, area = _CountingBar(theme.light(scale)), CardArea()
    qtbot.addWidget(area)
    if has_card_text:
        layout = bar.layout()
        assert isinstance(layout, QBoxLayout)
        layout.insertWidget(0, CardText(bar.label), 1)
    bar.show_state("Most of what a month may cost is spent by now. " * 4, is_dismissable=True)
    area.add(bar)
    area.show()
    for height in (120, 160, 200):
        for width in range(round(200 * scale), round(400 * scale), 4):
            bar.resize_count = 0
            area.resize(width, height)
            QApplication.processEvents()
            assert bar.resize_count < 10
