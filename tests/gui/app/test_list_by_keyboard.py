"""The conversation list by keyboard: marks, deletion and Undo, renaming during a search."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from desktop_app.ui.sidebar.conversation_view import ConversationView
from desktop_app.ui.widgets.rows.rows_model import ROW
from tests.gui.app.app_harness import AppHarness, until

CONTROL = Qt.KeyboardModifier.ControlModifier


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


def marked(view: ConversationView) -> list[str]:
    return [str(index.data()) for index in view.selectedIndexes()]


async def test_rows_are_selected_deleted_and_restored_by_keyboard() -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two", "Three")
        QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
        assert len(marked(view)) == 3
        row = view.visualRect(view.model().index(2, 0)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=row)
        await until(lambda: marked(view) == ["Two"])
        QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
        QTest.keyClick(view, Qt.Key.Key_Escape)
        assert marked(view) == ["Two"]
        await until(lambda: app.window.windowTitle().startswith("Two"))  # the open one goes
        view.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(view, Qt.Key.Key_Delete)
        await app.written()
        assert QApplication.focusWidget() is view
        assert view.currentIndex().data() == "One"
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert app.rows == ["Three"]
        app.window.notifications.dismiss()
        view.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(view, Qt.Key.Key_Z, CONTROL)
        assert app.rows == ["Three", "One"]
        await app.written()


async def searched(app: AppHarness, words: str, title: str) -> None:
    app.window.search()
    app.window.conversations.search.field.setText(words)
    hits = app.window.conversations.search.hits
    await until(lambda: title in {str(hits.index(row).data()) for row in range(hits.rowCount())})


async def test_f2_during_a_search_renames_the_visible_hit() -> None:
    async with AppHarness() as app:
        await ask_each(app, "A topic", "Another topic")
        await searched(app, "topic", "A topic")
        hits = app.window.conversations.search.view
        hits.setFocus(Qt.FocusReason.TabFocusReason)
        hits.setCurrentIndex(hits.model().index(1, 0))
        wanted = str(hits.currentIndex().data())
        app.session.actions["conversation.rename"]()
        editor = QApplication.focusWidget()
        assert isinstance(editor, QLineEdit)
        assert editor.isVisible()
        assert editor.text() == wanted
        assert not hits.isVisible()
        editor.setText("Renamed")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        await until(lambda: "Renamed" in app.rows)
        assert wanted not in app.rows
        assert QApplication.focusWidget() is app.window.conversations.view
        await app.written()


async def test_a_found_word_is_marked_in_the_conversation_that_its_hit_opens() -> None:
    async with AppHarness() as app:
        await ask_each(app, "A topic", "Something else")
        await searched(app, "topic", "A topic")
        hits = app.window.conversations.search.hits
        rows = (hits.index(row) for row in range(hits.rowCount()))
        row = next(row for row in rows if row.data(ROW).message_id)
        app.window.conversations.search.view.chosen.emit(row)
        await until(lambda: app.window.windowTitle().startswith("A topic"))
        await until(lambda: app.window.transcript.textCursor().selectedText() == "topic")


def pinned_titles(app: AppHarness) -> list[str]:
    known = [
        app.controllers.sidebar.list_presenter.cache.get(id_)
        for id_ in app.window.conversations.model.pinned_ids
    ]
    return [conversation.title for conversation in known if conversation is not None]


async def test_pinned_conversations_move_by_command_and_keep_their_order() -> None:
    async with AppHarness() as app:
        for question in ("One", "Two", "Three"):
            app.session.actions["conversation.new"]()
            await app.ask_and_answer(question, "Yes.")
            app.session.actions["conversation.pin"]()
        assert pinned_titles(app) == ["Three", "Two", "One"]
        for key in (Qt.Key.Key_G, Qt.Key.Key_Down):
            app.press(key, CONTROL)
        assert pinned_titles(app) == ["Two", "Three", "One"]
        app.session.actions["conversation.pin-down"]()
        assert pinned_titles(app) == ["Two", "One", "Three"]
        app.session.actions["conversation.pin-down"]()  # it is the last
        app.session.actions["conversation.undo"]()
        assert pinned_titles(app) == ["Two", "Three", "One"]
        await app.settled()
    async with AppHarness() as app:
        assert pinned_titles(app) == ["Two", "Three", "One"]
