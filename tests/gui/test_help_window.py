"""The help window: places, history, search, narrow windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_app.app.help.book_rendering import render_chapter
from desktop_app.ui.help.help_book import HelpBook
from desktop_app.ui.help.help_place import HelpPlace
from desktop_app.ui.help.help_window import HelpWindow
from desktop_app.ui.look import theme as themes
from desktop_app.ui.widgets.rows.rows_model import ROW

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
    book = HelpBook((render_chapter("one", "One", ONE, {}), render_chapter("two", "Two", TWO, {})))
    made = HelpWindow(light_theme, book)
    qtbot.addWidget(made)
    made.resize(820, 500)
    made.open_at(HelpPlace("one"))
    qtbot.waitUntil(made.isActiveWindow)
    return made


def _marked(window: HelpWindow) -> list[str]:
    return [mark.cursor.selectedText() for mark in window.text.extraSelections()]


def _button(window: HelpWindow, name: str) -> QToolButton:
    found = window.findChild(QToolButton, name)
    assert isinstance(found, QToolButton)
    return found


def test_a_link_leads_to_a_section_and_back(qtbot: QtBot, help_window: HelpWindow) -> None:
    text = help_window.text
    text.anchorClicked.emit(QUrl("help:two#delta"))
    assert help_window.place == HelpPlace("two", "delta")
    assert help_window.chapters.currentIndex().data(ROW).id == "two"
    qtbot.waitUntil(lambda: text.verticalScrollBar().value() > 0)
    qtbot.keyClick(text, Qt.Key.Key_Left, ALT)
    assert help_window.place == HelpPlace("one")
    assert "banana" in text.toPlainText()
    qtbot.keyClick(text, Qt.Key.Key_Right, ALT)
    assert help_window.place == HelpPlace("two", "delta")
    assert not _button(help_window, "help-forward").isEnabled()


@pytest.mark.parametrize("url", ["https://example.com/", "file:///etc/hostname", "help:none#x"])
def test_links_to_other_targets_are_not_followed(help_window: HelpWindow, url: str) -> None:
    before = help_window.text.toPlainText()
    help_window.text.anchorClicked.emit(QUrl(url))
    assert help_window.text.toPlainText() == before
    assert help_window.place == HelpPlace("one")


def test_a_chapter_is_opened_from_the_list(qtbot: QtBot, help_window: HelpWindow) -> None:
    chapters = help_window.chapters
    chapters.setFocus()
    qtbot.keyClick(chapters, Qt.Key.Key_Down)
    qtbot.keyClick(chapters, Qt.Key.Key_Return)
    assert help_window.place == HelpPlace("two")
    assert help_window.text.hasFocus()


def test_the_search_finds_opens_and_highlights(qtbot: QtBot, help_window: HelpWindow) -> None:
    qtbot.keyClick(help_window.text, Qt.Key.Key_F, CONTROL)
    assert help_window.search.field.hasFocus()
    qtbot.keyClicks(help_window.search.field, "ECLAIR apple")
    assert help_window.search.hits.isVisible()
    assert not help_window.text.isVisible()
    hits = help_window.search.hits.model()
    assert [hits.index(row, 0).data(ROW).title for row in range(hits.rowCount())] == ["Delta"]
    assert hits.index(0, 0).data(ROW).context == "Éclair and apple."
    qtbot.keyClick(help_window.search.field, Qt.Key.Key_Return)
    assert help_window.place == HelpPlace("two", "delta")
    assert help_window.text.isVisible()
    assert _marked(help_window) == ["Éclair", "apple"]
    qtbot.keyClick(help_window.text, Qt.Key.Key_Escape)
    assert not help_window.search.field.text()
    assert _marked(help_window) == []
    assert help_window.isVisible()
    qtbot.keyClick(help_window.text, Qt.Key.Key_Escape)
    assert not help_window.isVisible()


def test_the_down_arrow_goes_to_the_results(qtbot: QtBot, help_window: HelpWindow) -> None:
    help_window.search.focus()
    qtbot.keyClicks(help_window.search.field, "apple")
    qtbot.keyClick(help_window.search.field, Qt.Key.Key_Down)
    assert help_window.search.hits.hasFocus()
    qtbot.keyClick(help_window.search.hits, Qt.Key.Key_Down)
    qtbot.keyClick(help_window.search.hits, Qt.Key.Key_Return)
    assert help_window.place == HelpPlace("two", "delta")


def test_a_search_without_results_says_so(qtbot: QtBot, help_window: HelpWindow) -> None:
    qtbot.keyClicks(help_window.search.field, "zyzzyva")
    nothing = help_window.findChild(QWidget, "help-no-results")
    assert isinstance(nothing, QWidget)
    assert nothing.isVisible()
    qtbot.keyClick(help_window.search.field, Qt.Key.Key_Return)
    assert help_window.place == HelpPlace("one")


def test_a_narrow_window_shows_the_list_on_demand(qtbot: QtBot, help_window: HelpWindow) -> None:
    contents = _button(help_window, "help-contents")
    assert not contents.isVisible()
    help_window.resize(420, 480)
    qtbot.waitUntil(contents.isVisible)
    assert not help_window.chapters.isVisible()
    qtbot.mouseClick(contents, Qt.MouseButton.LeftButton)
    assert help_window.chapters.isVisible()
    assert not help_window.text.isVisible()
    help_window.chapters.chosen.emit(help_window.chapters.model().index(1, 0))
    assert help_window.place == HelpPlace("two")
    assert help_window.text.isVisible()
    assert not help_window.chapters.isVisible()
