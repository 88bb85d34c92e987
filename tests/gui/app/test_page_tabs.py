"""The pages that features share: tabs by mouse and keyboard, what opens them, and the way back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QPushButton

from desktop_app.app.features import ACTIONS
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find


async def test_tabs_lead_to_the_pages_of_features() -> None:
    async with AppHarness() as app:
        pane = app.window.pane
        for group, title in (("library", "Library"), ("models", "Models")):
            tabs = [a for a in ACTIONS if a.tab is not None and a.tab.group == group]
            assert len(tabs) > 1
            pane.tabs.open(group)
            await until(lambda shown=tabs[0]: _page_name(app) == shown.page)
            for action in tabs:
                find(pane.tabs, QPushButton, f"tab-{action.page}").click()
                await until(lambda page=action.page: _page_name(app) == page)
                assert app.window.header.page_title.text() == title
                assert pane.tabs.isVisible()
                await app.written()
                assert pane.page is not None
                assert not pane.tabs.has_focus, "one can type or choose at once"
                assert pane.page.isAncestorOf(app.window.focusWidget())
                app.window.header.back_button.setFocus()

        # So do the actions by which voice control and switches press.
        for name, action in (("archive", "Toggle"), ("text-list", "Press")):
            button = find(pane.tabs, QPushButton, f"tab-{name}")
            tab = QAccessible.queryAccessibleInterface(button)
            assert tab.role() is QAccessible.Role.RadioButton
            tab.actionInterface().doAction(action)
            await until(lambda page=name: _page_name(app) == page)
            assert tab.state().checked

        # The arrow keys go on from tab to tab, and F6 to the page.
        app.session.run("list.trash")
        await until(lambda: _page_name(app) == "trash")
        pane.tabs.focus(Qt.FocusReason.TabFocusReason)
        app.press(Qt.Key.Key_Left)
        await until(lambda: _page_name(app) == "archive")
        assert app.window.focusWidget().objectName() == "tab-archive"
        app.press(Qt.Key.Key_Left)
        await until(lambda: _page_name(app) == "text-list")
        assert app.window.focusWidget().objectName() == "tab-text-list"
        app.session.run("region.next")
        assert app.window.focusWidget().objectName() == "texts-begin"

        # The library opens where it was left; a page of one feature has no tabs.
        app.press(Qt.Key.Key_Escape)
        assert pane.page is None
        assert not pane.tabs.isVisible()
        app.session.run("library.open")
        await until(lambda: _page_name(app) == "text-list")
        app.session.run("spending.show")
        await until(lambda: _page_name(app) == "spending")
        assert not pane.tabs.isVisible()
        assert app.window.header.page_title.text() == "Spending"


def _page_name(app: AppHarness) -> str:
    page = app.window.pane.page
    return "" if page is None else page.objectName()
