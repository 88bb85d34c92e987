"""F1 opens the help at the section for the focused part of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from desktop_app.app.help.help_chapters import CHAPTERS
from desktop_app.app.help.help_window import HelpWindow, help_of
from desktop_app.spending.ui.spending_view import SpendingView
from desktop_app.widgets.rows.rows_model import ROW
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find


def _windows() -> list[HelpWindow]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, HelpWindow)]


async def _opened(at: str) -> HelpWindow:
    """Wait until the help is open at this place."""
    await until(lambda: [each.place for each in _windows() if each.isVisible()] == [at])
    return _windows()[0]


async def test_help_opens_where_one_is_and_is_filtered() -> None:
    async with AppHarness() as app:
        # F1 opens the section of the focus.
        app.text.setFocus()
        app.press(Qt.Key.Key_F1)
        shown = await _opened("getting-started#ask")
        shown.close()

        app.window.activateWindow()
        await until(app.window.isActiveWindow)
        app.session.actions["palette.open"].trigger()
        app.press(Qt.Key.Key_F1)
        assert await _opened("conversations#search") is shown
        shown.close()

        app.window.activateWindow()
        await until(app.window.isActiveWindow)
        app.window.outer_panes.show_settings(True)
        app.window.settings.show_page("keys")
        app.click("page-help")
        await _opened("keyboard#change")
        app.state.of(HelpWindow).open_part("")  # as the link in About
        await _opened("getting-started")

        # F1 and the button work on a page.
        await app.start_over()
        app.session.actions["spending.show"].trigger()
        await until(lambda: bool(app.window.findChildren(SpendingView)))
        view = find(app.window, SpendingView, "spending")
        await until(view.isVisible)
        await until(lambda: view.isAncestorOf(QApplication.focusWidget() or app.window))
        app.press(Qt.Key.Key_F1)
        shown = await _opened("money#spending")
        shown.go_to("keyboard")
        QTest.mouseClick(find(app.window, QToolButton, "page-help"), Qt.MouseButton.LeftButton)
        await _opened("money#spending")

        # The filter ignores case and accents and prefers titles.
        await app.start_over()
        shown = help_of(app.session)

        def places(query: str) -> list[str]:
            shown.filter.setText(query)
            rows = shown.rows.model()
            return [rows.index(row, 0).data(ROW).id for row in range(rows.rowCount())]

        assert "providers#network" in places("PRÓXY")
        assert places("half price")[0] == "documents#batch"
        assert places("half price zyzzyva") == []
        assert places("  ") == [chapter for chapter, _ in CHAPTERS]

        # The help names the users shortcut and follows its own.
        await app.start_over()
        app.session.actions["help.open"].trigger()
        await until(lambda: bool(_windows()))
        shown = _windows()[0]
        shown.go_to("keyboard#common")
        assert "Ctrl+Shift+F" in shown.text.toPlainText()
        await app.state.values.set("keys.list.search", "Ctrl+J")
        await until(lambda: "Ctrl+J" in shown.text.toPlainText())
        assert shown.place == "keyboard#common"
        assert "Ctrl+Shift+F" not in shown.text.toPlainText()
