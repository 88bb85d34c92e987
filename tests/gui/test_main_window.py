"""The main window: three panes at every width, drawers, dropped files and restarts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QWidget

from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.app.window.main_window import MainWindow
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.settings.stored_values import read_values
from desktop_app.shortcuts.command_search import PaletteEntry
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look.theme_watcher import ThemeWatcher
from tests.helpers.full_store import WINDOW_STATE

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def window(qtbot: QtBot, watcher: ThemeWatcher) -> MainWindow:
    return opened_window(qtbot, watcher)


def opened_window(qtbot: QtBot, watcher: ThemeWatcher) -> MainWindow:
    """Return a shown window with a conversation in it."""
    made = MainWindow(watcher, PromptEditor())
    made.set_transcript(TranscriptView(watcher.current))
    qtbot.addWidget(made)
    made.pane.show_empty_state(False)
    made.resize(1280, 800)
    made.show()
    made.activateWindow()
    made.prompt.focus_text()
    return made


def focused() -> QWidget:
    """Return the focused widget."""
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def rect_in(window: MainWindow, widget: QWidget) -> tuple[int, int]:
    """Return the left edge and width of a widget in the window."""
    return widget.mapTo(window, QPoint(0, 0)).x(), widget.width()


def test_the_prompt_grows_with_the_window(qtbot: QtBot, window: MainWindow) -> None:
    window.prompt.set_text("line\n" * 200)
    for height in (800, 1_000):
        window.resize(1280, height)
        qtbot.waitUntil(lambda: abs(window.prompt.height() - 0.4 * window.height()) <= 2)


# ---------------------------------------------------------------- theme


# ---------------------------------------------------------------- panes


def test_a_wide_window_shows_list_and_middle(window: MainWindow) -> None:
    assert rect_in(window, window.conversations) == (0, 264)
    assert rect_in(window, window.prompt) == (264 + (1280 - 264 - 720) // 2, 720)
    assert rect_in(window, window.transcript) == (264, 1280 - 264)
    assert not window.settings.isVisible()


@pytest.mark.parametrize("width", [640, 1440])
def test_the_settings_are_a_page_at_every_opening(
    window: MainWindow, qtbot: QtBot, width: int
) -> None:
    window.resize(width, 800)
    pages = None
    for _ in range(3):
        qtbot.mouseClick(window.header.settings_button, Qt.MouseButton.LeftButton)
        assert window.header.page_title.text() == "Settings"
        assert window.settings.isAncestorOf(focused())
        pages = window.settings.findChild(QWidget, "settings-pages")
        assert pages is not None
        qtbot.waitUntil(lambda pages=pages: pages.height() > 200)
        qtbot.keyClick(pages, Qt.Key.Key_Escape)
        assert not window.settings.isVisible()
        qtbot.waitUntil(lambda: window.prompt.isAncestorOf(focused()))


def test_in_a_narrow_window_a_button_opens_the_list(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(640, 480)
    assert (window.width(), window.height()) == (640, 480)
    assert not window.conversations.isVisible()
    assert rect_in(window, window.prompt) == (20, 600)
    qtbot.mouseClick(window.header.list_button, Qt.MouseButton.LeftButton)
    assert rect_in(window, window.conversations) == (0, 264)
    assert rect_in(window, window.prompt) == (20, 600)
    on_top = window.childAt(100, 100)
    assert on_top is not None
    assert window.conversations.isAncestorOf(on_top)
    qtbot.keyClick(window.conversations.view, Qt.Key.Key_Escape)
    assert not window.conversations.isVisible()


def test_a_click_beside_the_drawer_closes_it(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(640, 480)
    window.outer_panes.toggle_list()
    assert window.conversations.isVisible()
    qtbot.mouseClick(window.childAt(QPoint(500, 200)), Qt.MouseButton.LeftButton)
    assert not window.conversations.isVisible()


def test_choosing_a_conversation_closes_the_drawer(window: MainWindow) -> None:
    window.resize(640, 480)
    for signal, values in (
        (window.conversations.open_requested, ["a"]),
        (window.conversations.new_requested, []),
    ):
        window.outer_panes.toggle_list()
        assert window.conversations.isVisible()
        signal.emit(*values)
        assert not window.conversations.isVisible()


def test_the_button_hides_and_shows_the_list_at_every_width(
    window: MainWindow, qtbot: QtBot
) -> None:
    for width in (1280, 640):
        window.resize(width, 480)
        was_shown = window.conversations.isVisible()
        for is_shown in (not was_shown, was_shown):
            if window.outer_panes.drawer is not None:
                window.outer_panes.close_drawer()  # it covers the button
            else:
                qtbot.mouseClick(window.header.list_button, Qt.MouseButton.LeftButton)
            assert window.conversations.isVisible() == is_shown


def test_a_page_covers_the_conversation_until_back_or_esc(window: MainWindow, qtbot: QtBot) -> None:
    page = QWidget(window)
    page.setWindowTitle("Spending")
    field = QLineEdit(page)
    window.pane.set_title("Lisbon")
    for leave in (
        lambda: qtbot.mouseClick(window.header.back_button, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(field, Qt.Key.Key_Escape),
    ):
        window.show_page(page)
        field.setFocus()
        assert page.isVisible()
        assert window.header.page_title.text() == "Spending"
        assert not window.prompt.isVisible()
        assert not window.header.title.isVisible()
        window.notifications.notify("Saved")
        assert window.notifications.isVisible()
        leave()
        assert not page.isVisible()
        assert window.header.title.isVisible()
        assert not window.header.back_button.isVisible()
        qtbot.waitUntil(lambda: window.prompt.isAncestorOf(focused()))


def test_a_page_scrolls_in_a_small_window(window: MainWindow) -> None:
    page = QWidget(window)
    page.setMinimumSize(2000, 1500)
    window.resize(640, 480)
    window.show_page(page)
    assert page.size() == QSize(2000, 1500)
    area = page.property("area")
    assert area.horizontalScrollBar().maximum() > 0
    assert area.verticalScrollBar().maximum() > 0


def test_a_drawer_joins_the_row_when_there_is_room(window: MainWindow) -> None:
    window.resize(640, 480)
    window.outer_panes.toggle_list()
    window.resize(1280, 800)
    assert rect_in(window, window.transcript)[0] == 264


def test_a_click_on_the_title_renames(window: MainWindow, qtbot: QtBot) -> None:
    header = window.header
    window.pane.set_title("Title")
    qtbot.mouseClick(header.title, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(header.title_field.hasFocus)
    assert header.title_field.selectedText() == "Title"
    qtbot.keyClicks(header.title_field, "Better")
    with qtbot.waitSignal(header.renamed) as told:
        qtbot.keyClick(header.title_field, Qt.Key.Key_Return)
    assert told.args == ["Better"]
    assert header.title.isVisible()
    assert not header.title_field.isVisible()
    assert window.prompt.isAncestorOf(focused())


def test_a_title_that_is_left_or_unchanged_stays(window: MainWindow, qtbot: QtBot) -> None:
    header = window.header
    window.pane.set_title("")
    window.rename()
    assert not header.title_field.isVisible()  # a new conversation has no title yet
    window.pane.set_title("Title")
    for keys in ("", "Worse"):
        window.rename()
        qtbot.waitUntil(header.title_field.hasFocus)
        qtbot.keyClicks(header.title_field, keys)
        with qtbot.assertNotEmitted(header.renamed):
            qtbot.keyClick(header.title_field, Qt.Key.Key_Escape)
        assert header.title.text() == "Title"
        assert not header.title_field.isVisible()
        assert window.prompt.isAncestorOf(focused())


def test_large_text_is_laid_out_like_a_narrow_window(
    qtbot: QtBot, window: MainWindow, watcher: ThemeWatcher
) -> None:
    watcher.set_look(watcher.look._replace(text_size=200))
    qtbot.waitUntil(window.updatesEnabled)
    assert not window.conversations.isVisible()
    assert rect_in(window, window.prompt) == (40, 1200)
    assert window.minimumSize().width() <= window.screen().availableSize().width()


# ---------------------------------------------------------------- first start, title, theme


# ---------------------------------------------------------------- keys


def test_tab_visits_all_widgets_in_a_cycle(window: MainWindow) -> None:
    window.conversations.search_button.setFocus()
    visited: list[QWidget] = []
    while focused() not in visited:
        visited.append(focused())
        QTest.keyClick(visited[-1], Qt.Key.Key_Tab)
        assert len(visited) < 50
    assert focused() is window.conversations.search_button
    order = [
        window.conversations.search_button,
        window.conversations.new_button,
        window.header.settings_button,
        window.transcript,
    ]
    places = [visited.index(widget) for widget in order]
    assert places == sorted(places)
    assert any(window.prompt.isAncestorOf(widget) for widget in visited)


# ---------------------------------------------------------------- dropped files


def dragged(*addresses: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(address) for address in addresses])
    return data


def enter(window: MainWindow, data: QMimeData, target: QWidget | None = None) -> bool:
    event = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    QApplication.sendEvent(target or window, event)
    return event.isAccepted()


def drop(target: QWidget, data: QMimeData) -> None:
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(target, event)


def test_files_can_be_dropped_anywhere(window: MainWindow, qtbot: QtBot) -> None:
    data = dragged("file:///home/person/report.pdf", "https://example.org/", "file:///b.txt")
    overlay = window.findChild(QWidget, "drop-overlay")
    assert overlay is not None
    assert enter(window, data)
    assert overlay.isVisible()
    assert overlay.geometry() == window.rect()
    with qtbot.waitSignal(window.files_dropped) as told:
        drop(window, data)
    assert told.args == [[Path("/home/person/report.pdf"), Path("/b.txt")]]
    assert not overlay.isVisible()
    # Over a page, what was dropped would be out of sight, and the next words go to the question.
    window.pane.show_page(QWidget(window))
    assert enter(window, data)
    drop(window, data)
    assert window.pane.page is None
    assert window.prompt.field.hasFocus()


def test_an_image_dragged_from_a_browser_can_be_dropped(window: MainWindow, qtbot: QtBot) -> None:
    data = dragged("https://a.example/cat.png")
    data.setData("image/png", b"bytes")
    field = window.prompt.findChild(QPlainTextEdit, "prompt")
    assert field is not None
    assert enter(window, data, field.viewport())
    with qtbot.waitSignal(window.data_dropped) as told:
        drop(window, data)
    assert told.args == [DroppedData("cat.png", b"bytes")]


def test_text_and_links_go_into_the_prompt(window: MainWindow) -> None:
    field = window.prompt.findChild(QPlainTextEdit, "prompt")
    words = window.findChild(QLabel, "drop-label")
    assert field is not None
    assert words is not None
    link = dragged("https://example.org/a")
    link.setHtml("<a href='https://example.org/a'>An [odd] page</a>")
    assert enter(window, link)
    assert words.text() == "Drop to insert text"
    drop(window, link)
    assert field.toPlainText() == "[An \\[odd\\] page](https://example.org/a)"
    field.clear()
    text = QMimeData()
    text.setText("words")
    assert enter(window, text)
    drop(window, text)
    assert field.toPlainText() == "words"
    nothing = QMimeData()
    nothing.setData("application/x-unheard-of", b"1")
    assert not enter(window, nothing)


def test_text_fields_pass_dropped_files_to_the_window(window: MainWindow) -> None:
    field = window.prompt.findChild(QPlainTextEdit, "prompt")
    assert field is not None
    overlay = window.findChild(QWidget, "drop-overlay")
    assert overlay is not None
    for target in (field.viewport(), window.prompt, window.transcript.viewport()):
        overlay.hide()
        assert enter(window, dragged("file:///a.pdf"), target)
        assert overlay.isVisible()
    assert field.toPlainText() == ""


# ---------------------------------------------------------------- closing and coming back


def test_the_state_of_the_window_is_restored(
    window: MainWindow, watcher: ThemeWatcher, qtbot: QtBot
) -> None:
    window.outer_panes.toggle_list()
    window.resize(700, 600)
    state = json.loads(json.dumps(window.saved_state()))
    assert state.keys() == WINDOW_STATE.keys()  # those that a restore of a backup is tested with
    other = opened_window(qtbot, watcher)
    other.restore_state(state)
    assert other.size() == window.size()
    assert {**other.saved_state(), "geometry": ""} == {**state, "geometry": ""}
    other.resize(1280, 800)
    assert not other.conversations.isVisible()


def test_a_restored_window_is_on_a_screen(
    window: MainWindow, qtbot: QtBot, watcher: ThemeWatcher
) -> None:
    window.move(5000, 4000)
    other = opened_window(qtbot, watcher)
    other.restore_state(window.saved_state())
    assert other.screen().availableGeometry().contains(other.geometry().topLeft())


def test_a_window_of_the_size_of_the_screen_stays_on_it(
    qtbot: QtBot, watcher: ThemeWatcher
) -> None:
    made = MainWindow(watcher, PromptEditor())
    qtbot.addWidget(made)
    room = made.screen().availableGeometry()
    made.setGeometry(room)  # its frame is larger
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    qtbot.waitUntil(lambda: room.contains(made.frameGeometry()))


@pytest.mark.parametrize(
    "state", [{}, {"geometry": "???", "list": None}, {"geometry": 7, "list": "yes"}]
)
def test_a_damaged_state_changes_nothing(window: MainWindow, state: dict[str, object]) -> None:
    before = window.geometry()
    window.restore_state(read_values([("window.state", json.dumps(state))])["window.state"])
    assert window.geometry() == before
    assert window.conversations.isVisible()
    assert not window.settings.isVisible()


def test_a_repeated_search_keeps_the_chosen_row(window: MainWindow, qtbot: QtBot) -> None:
    chosen: list[str] = []
    found = [
        PaletteEntry("one", "One"),
        PaletteEntry("two", "Two", run=lambda: chosen.append("two")),
    ]
    palette = CommandPalette(window, "palette", "Find", "Nothing found")
    palette.open_with(found)
    qtbot.keyClicks(palette.field, "o")
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    found.insert(0, PaletteEntry("zero", "Zero"))
    palette.search_again()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert chosen == ["two"]
