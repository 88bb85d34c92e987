"""The window's search: filters, order, the archive, and superseded searches."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.domain.conversations.conversation import SearchFilter, SearchHit, SearchOrder, now
from desktop_app.library.search_query import Search
from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.search.search_filters import ORDERS, SearchFilters
from desktop_app.widgets.accessibility import announcements
from desktop_app.widgets.rows.rows_model import ROW
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    import pytest


def found(app: AppHarness) -> list[str]:
    """Return the titles of the hits."""
    hits = app.window.conversations.search.hits
    return [hits.data(hits.index(row)) for row in range(hits.rowCount())]


async def test_filters_narrow_the_hits_and_end_with_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(announcements, "announce", lambda _widget, words: said.append(words))
    async with AppHarness() as app:
        shown = app.window.conversations
        await app.ask_and_answer("Grapefruit one?", "Yes.")
        app.controllers.navigator.open_new()
        await app.ask_and_answer("Grapefruit two?", "Grapefruit.")
        assert shown.findChild(SearchFilters) is None
        app.window.search()
        QTest.keyClicks(shown.search.field, "grapefruit")
        await until(lambda: len(found(app)) == 5)
        filters = shown.search.filters
        assert filters.isVisible()
        filters.attachment_button.click()
        await until(lambda: not found(app))
        await until(lambda: shown.pages.note.isVisible())
        assert shown.pages.note.text() == "No results with these filters"
        assert said == ["5 results", "No results with these filters"]
        filters.attachment_button.click()
        await until(lambda: len(found(app)) == 5)
        orders = filters.order_button.menu()
        orders.aboutToShow.emit()
        (best,) = (o for o in orders.actions() if entry_text(o) == ORDERS[SearchOrder.BEST])
        best.trigger()
        await until(lambda: found(app)[0].startswith("Grapefruit"))
        yesterday = now().astimezone().date() - timedelta(days=1)
        filters.search_between(yesterday, yesterday)
        await until(lambda: not found(app))
        QTest.keyClick(shown.search.field, Qt.Key.Key_Escape)
        assert not filters.isVisible()
        assert filters.current == SearchFilter()
        assert filters.order is SearchOrder.NEWEST
        assert len(app.rows) == 2


async def test_the_archive_is_searched_and_marked() -> None:
    async with AppHarness() as app:
        shown = app.window.conversations
        id_ = await app.ask_and_answer("Grapefruit?", "Yes.")
        await app.state.backend.flags.set_archived([id_], True)
        QTest.keyClicks(shown.search.field, "grapefruit")
        await until(lambda: found(app))
        row = shown.search.hits.index(0)
        assert shown.search.hits.data(row, Qt.ItemDataRole.AccessibleTextRole).startswith(
            "Grapefruit?, archived: "
        )


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


async def test_a_newer_search_does_not_wait_for_an_older_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        shown = app.window.conversations
        await app.ask_and_answer("Grapefruit?", "Yes.")
        slow = SlowSearch(app.backend.database)
        monkeypatch.setattr(app.backend.search, "find", slow.find)
        for count in range(1, 7):  # more than there are readers
            shown.search.changed.emit("slow")
            await until(lambda count=count: slow.asked == count)  # type: ignore[misc]
        shown.search.changed.emit("grapefruit")
        await until(lambda: found(app))
        assert shown.search.hits.rowCount() == 2
        shown.search.changed.emit("slow")
        shown.search.changed.emit("")
        assert app.rows == ["Grapefruit?"]


async def ask_each(app: AppHarness, *questions: str) -> ConversationView:
    """Ask each question in a conversation of its own, and focus the list at its first row."""
    app.window.resize(1200, 700)
    for question in questions:
        app.session.actions["conversation.new"]()
        await app.ask_and_answer(question, "Yes.")
    view = app.window.conversations.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setCurrentIndex(view.model().index(1, 0))
    return view


async def searched(app: AppHarness, words: str, title: str) -> None:
    app.window.search()
    app.window.conversations.search.field.setText(words)
    hits = app.window.conversations.search.hits
    await until(lambda: title in {str(hits.index(row).data()) for row in range(hits.rowCount())})


async def test_a_hit_opens_at_its_word() -> None:
    async with AppHarness() as app:
        await ask_each(app, "A topic", "Another topic")
        await searched(app, "topic", "A topic")
        hits = app.window.conversations.search.hits
        rows = (hits.index(row) for row in range(hits.rowCount()))
        row = next(r for r in rows if r.data(ROW).message_id and r.data() == "A topic")
        app.window.conversations.search.view.chosen.emit(row)
        await until(lambda: app.window.windowTitle().startswith("A topic"))
        await until(lambda: app.window.transcript.textCursor().selectedText() == "topic")
