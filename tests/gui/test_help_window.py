"""The help window: places, history, filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QToolButton

from desktop_app.app.help.help_chapters import render_chapter
from desktop_app.app.help.help_window import HelpWindow
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.rows.rows_model import ROW

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ONE = """## Alpha {#alpha}

An apple. See [the other](help:two#delta), [outside](https://example.com/) and
[a file](file:///etc/hostname). ![x](file:///etc/hostname)

## Beta {#beta}

A banana.
"""
TWO = "## Gamma {#gamma}\n\n" + "A cherry.\n\n" * 80 + "## Delta {#delta}\n\nÉclair and apple.\n"


@pytest.fixture
def help_window(qtbot: QtBot, light_theme: themes.Theme) -> HelpWindow:
    chapters = [render_chapter("one", "One", ONE, {}), render_chapter("two", "Two", TWO, {})]
    made = HelpWindow(lambda: chapters)
    qtbot.addWidget(made)
    made.resize(820, 500)
    made.open_at("one")
    qtbot.waitUntil(made.isActiveWindow)
    return made


def test_a_small_window_leaves_most_of_its_width_to_the_text(help_window: HelpWindow) -> None:
    help_window.resize(420, 400)
    help_window.layout().activate()
    assert help_window.text.width() > help_window.rows.width()


def _titles(window: HelpWindow) -> list[str]:
    rows = window.rows.model()
    return [rows.index(row, 0).data(ROW).title for row in range(rows.rowCount())]


def _button(window: HelpWindow, name: str) -> QToolButton:
    found = window.findChild(QToolButton, name)
    assert isinstance(found, QToolButton)
    return found


def test_a_link_leads_to_a_section_and_back(qtbot: QtBot, help_window: HelpWindow) -> None:
    text = help_window.text
    text.anchorClicked.emit(QUrl("help:two#delta"))
    assert help_window.place == "two#delta"
    assert help_window.rows.current_row.data(ROW).id == "two"
    qtbot.waitUntil(lambda: text.verticalScrollBar().value() > 0)
    qtbot.keyClick(text, Qt.Key.Key_Left, ALT)
    assert help_window.place == "one"
    assert "banana" in text.toPlainText()
    qtbot.keyClick(text, Qt.Key.Key_Right, ALT)
    assert help_window.place == "two#delta"
    assert not _button(help_window, "help-forward").isEnabled()


@pytest.mark.parametrize("url", ["https://example.com/", "file:///etc/hostname", "help:none#x"])
def test_links_to_other_targets_are_not_followed(help_window: HelpWindow, url: str) -> None:
    before = help_window.text.toPlainText()
    help_window.text.anchorClicked.emit(QUrl(url))
    assert help_window.text.toPlainText() == before
    assert help_window.place == "one"


def test_a_chapter_is_opened_from_the_list(qtbot: QtBot, help_window: HelpWindow) -> None:
    chapters = help_window.rows
    chapters.setFocus()
    qtbot.keyClick(chapters, Qt.Key.Key_Down)
    qtbot.keyClick(chapters, Qt.Key.Key_Return)
    assert help_window.place == "two"
    assert help_window.text.hasFocus()


def test_the_filter_lists_sections(qtbot: QtBot, help_window: HelpWindow) -> None:
    qtbot.keyClick(help_window.text, Qt.Key.Key_F, CONTROL)
    assert help_window.filter.hasFocus()
    qtbot.keyClicks(help_window.filter, "ECLAIR apple")
    assert _titles(help_window) == ["Delta"]
    qtbot.keyClick(help_window.filter, Qt.Key.Key_Return)
    assert help_window.place == "two#delta"
    qtbot.keyClick(help_window.text, Qt.Key.Key_Escape)
    assert not help_window.filter.text()
    assert _titles(help_window) == ["One", "Two"]
    assert help_window.rows.current_row.data(ROW).title == "Two"
    assert help_window.isVisible()
    qtbot.keyClick(help_window.text, Qt.Key.Key_Escape)
    assert not help_window.isVisible()


def test_a_section_is_opened_from_the_list(qtbot: QtBot, help_window: HelpWindow) -> None:
    qtbot.keyClicks(help_window.filter, "apple")
    assert _titles(help_window) == ["Alpha", "Delta"]
    help_window.rows.setFocus()
    qtbot.keyClick(help_window.rows, Qt.Key.Key_Down)
    qtbot.keyClick(help_window.rows, Qt.Key.Key_Return)
    assert help_window.place == "two#delta"


def test_a_filter_without_results_opens_nothing(qtbot: QtBot, help_window: HelpWindow) -> None:
    qtbot.keyClicks(help_window.filter, "zyzzyva")
    assert _titles(help_window) == []
    qtbot.keyClick(help_window.filter, Qt.Key.Key_Return)
    assert help_window.place == "one"


def test_another_theme_keeps_place_and_scroll_position(
    qtbot: QtBot, help_window: HelpWindow
) -> None:
    help_window.go_to("two#delta")
    qtbot.waitUntil(lambda: help_window.text.verticalScrollBar().value() > 0)
    position = help_window.text.verticalScrollBar().value()
    help_window.text.update_theme()
    assert help_window.place == "two#delta"
    assert help_window.text.verticalScrollBar().value() == position
