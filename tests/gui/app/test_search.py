"""The window's search of messages: groups, filters, order, the archive, superseded searches."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.app.navigator import Navigator
from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.domain.conversations.conversation import SearchFilter, SearchHit, SearchOrder, now
from desktop_app.library.search_query import Search
from desktop_app.library.ui.message_search import ORDERS, SearchFilters
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest


def found(palette: CommandPalette) -> list[str]:
    """Return the rows as screen readers read them."""
    role = Qt.ItemDataRole.AccessibleTextRole
    return [palette.model.index(row, 0).data(role) for row in range(palette.model.rowCount())]


async def test_messages_are_searched_filtered_and_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AppHarness() as app:
        # Tab goes through the field and the filters.
        app.session.actions["list.search"].trigger()
        palette = find(app.window, CommandPalette, "command-palette")
        names = []
        for _ in range(5):
            focused = app.window.focusWidget()
            names.append(focused.objectName())
            QTest.keyClick(focused, Qt.Key.Key_Tab)
        assert names[0] == palette.field.objectName()
        assert set(names[1:]) == {
            "filter-time",
            "filter-variant",
            "filter-attachment",
            "search-order",
        }
        assert app.window.focusWidget() is palette.field
        QTest.keyClick(palette.field, Qt.Key.Key_Tab)
        assert palette.isVisible()
        QTest.keyClick(app.window.focusWidget(), Qt.Key.Key_Escape)  # from a filter
        assert not palette.isVisible()
        assert app.window.focusWidget() is app.text

        # Filters narrow the hits and end with the search.
        await app.start_over()
        await app.ask_and_answer("Grapefruit one?", "Yes.")
        app.controllers.of(Navigator).open_new()
        await app.ask_and_answer("Grapefruit two?", "Grapefruit.")
        palette = await app.search("grapefruit")
        filters = palette.findChild(SearchFilters)
        assert isinstance(filters, SearchFilters)
        assert filters.isVisible()
        assert len(found(palette)) == 2
        assert found(palette)[0].endswith(", 2 more results")
        assert found(palette)[1].endswith(", 1 more result")
        filters.attachment_button.click()
        await until(lambda: not found(palette))
        assert palette.empty_label.text() == "No results with these filters"
        filters.attachment_button.click()
        await until(lambda: len(found(palette)) == 2)
        orders = filters.order_button.menu()
        orders.aboutToShow.emit()
        (best,) = (o for o in orders.actions() if entry_text(o) == ORDERS[SearchOrder.BEST])
        best.trigger()
        await until(lambda: filters.order is SearchOrder.BEST and len(found(palette)) == 2)
        yesterday = now().astimezone().date() - timedelta(days=1)
        filters.search_between(yesterday, yesterday)
        await until(lambda: not found(palette))
        palette.field.setFocus()
        QTest.keyClick(palette.field, Qt.Key.Key_Escape)
        assert not palette.isVisible()
        app.session.actions["palette.open"].trigger()
        assert not filters.isVisible()
        assert filters.current == SearchFilter()
        assert filters.order is SearchOrder.NEWEST

        # The archive is searched and marked.
        await app.start_over()
        id_ = await app.ask_and_answer("Grapefruit?", "Yes.")
        await app.state.backend.flags.set_archived([id_], True)
        palette = await app.search("grapefruit")
        assert found(palette)[0].startswith("Grapefruit?, archived: ")

        # Passages and the way to all messages follow the commands.
        await app.start_over()
        await app.ask_and_answer("Lisbon?", "The contract ends in May, says the theme.")
        app.session.actions["palette.open"].trigger()
        palette = find(app.window, CommandPalette, "command-palette")
        QTest.keyClicks(palette.field, "theme")
        await until(lambda: any("says the theme" in row for row in found(palette)))
        assert found(palette)[0].startswith("Theme")
        assert found(palette)[-1].startswith("Search messages for “theme”")
        for _row in found(palette):
            QTest.keyClick(palette.field, Qt.Key.Key_PageDown)
        QTest.keyClick(palette.field, Qt.Key.Key_Return)  # the last row
        assert palette.isVisible()
        assert len(found(palette)) == 1

        # A hit opens at its word and the next is a key away.
        await app.start_over()
        for question in ("A topic", "Another topic"):
            app.session.actions["conversation.new"].trigger()
            await app.ask_and_answer(question, "Yes.")
        palette = await app.search("topic")
        await until(lambda: len(found(palette)) == 2)
        QTest.keyClick(palette.field, Qt.Key.Key_Down)
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
        await until(lambda: app.window.windowTitle().startswith("A topic"))
        await until(lambda: app.window.transcript.selection.words() == "topic")
        app.session.actions["list.search"].trigger()
        assert palette.field.selectedText() == "topic"
        await until(lambda: len(found(palette)) == 2)
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
        await until(lambda: app.window.windowTitle().startswith("Another topic"))

        # A newer search does not wait for an older one.
        await app.start_over()
        await app.ask_and_answer("Grapefruit?", "Yes.")
        slow = SlowSearch(app.backend.database)
        monkeypatch.setattr(app.backend.search, "find", slow.find)
        app.session.actions["list.search"].trigger()
        palette = find(app.window, CommandPalette, "command-palette")
        for count in range(1, 7):  # more than there are readers
            palette.field.setText("")
            palette.field.setText("slow")
            await until(lambda count=count: slow.asked == count)  # type: ignore[misc]
        palette.field.setText("grapefruit")
        await until(lambda: len(found(palette)) == 1)


class SlowSearch(Search):
    """A search that never ends if its text is "slow"."""

    asked = 0

    async def find(self, text: str, limit: int = 50, **options: object) -> list[SearchHit]:
        self.asked += 1
        if text == "slow":
            endless = """WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                SELECT max(x) FROM n"""
            await self._database.read(lambda c: c.execute(endless).fetchone())
        return await super().find(text, limit)
