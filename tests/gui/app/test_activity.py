"""The page of everything that runs without the user, and the number at the foot of the list."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from desktop_app.app.activity import Phase
from desktop_app.app.window.activity_page import ActivityPage
from desktop_app.library.ui.index_activity import IndexActivity
from desktop_app.storage import search_index
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find


async def test_what_runs_and_what_has_ended_is_listed_and_counted() -> None:
    async with AppHarness() as app:
        footer = app.window.conversations.footer
        badge = find(footer, QLabel, "activity-badge")
        page = app.session.of(ActivityPage)
        app.session.run("activity.show")
        await app.written()
        assert not page.rows
        assert find(page, QLabel, "activity-empty").isVisible()
        assert app.window.focusWidget().objectName().startswith("begin-")

        # An answer in another conversation runs: it can be stopped, or opened.
        app.press(Qt.Key.Key_Escape)
        turn = await app.ask("How long?")
        asked = app.open_id
        app.new_conversation()
        app.session.run("activity.show")
        await until(
            lambda: [(r.title, r.phase) for r in page.rows] == [("How long?", Phase.RUNNING)]
        )
        assert badge.isHidden()
        await until(page.view.hasFocus)
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.open_id == asked and app.window.pane.page is None)

        # Its end is counted until one has looked, or read it.
        app.new_conversation()
        turn.end("An hour.")
        await app.settled()
        await until(lambda: not badge.isHidden())
        assert badge.text() == "1"
        footer.menu().aboutToShow.emit()
        assert "Activity\t1" in [action.text() for action in footer.menu().actions()]
        assert footer.accessibleName().endswith("1 has ended")
        await app.open_conversation(asked)
        await until(badge.isHidden)
        turn = await app.ask("How wide?")
        app.new_conversation()
        turn.end("A mile.")
        await app.settled()
        await until(lambda: not badge.isHidden())
        app.session.run("activity.show")
        await until(lambda: [r.phase for r in page.rows] == [Phase.OVER])
        assert badge.isHidden()

        # The index of a former version is made again, and the row goes at its end.
        database = app.session.backend.database
        await database.execute(
            "UPDATE settings SET value = '-1' WHERE key = ?", search_index._WORDS_KEY
        )
        shown: list[str] = []
        app.session.events.activity_changed.connect(shown.append)
        assert not await database.read(search_index.is_current)
        await app.session.of(IndexActivity).renew()
        assert await database.read(search_index.is_current)
        await until(lambda: [r.phase for r in page.rows] == [Phase.OVER])
        assert shown
