"""The conversation list by keyboard: marks, deletion and Undo, renaming during a search."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from desktop_app.app.desktop.single_instance import call
from desktop_app.app.desktop.window_request import OpenRequest, encode
from desktop_app.ui.sidebar.conversation_view import ConversationView
from desktop_app.ui.sidebar.rows.conversation_model import Roles
from desktop_app.ui.widgets.accessibility import announcements
from desktop_app.ui.widgets.rows.rows_model import ROW
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    import pytest

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


async def test_ctrl_a_selects_all_rows_and_a_click_or_esc_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(announcements, "announce", lambda _widget, words: said.append(words))
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two", "Three")
        QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
        assert len(marked(view)) == 3
        assert said == ["3 conversations selected"]
        row = view.visualRect(view.model().index(2, 0)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=row)
        await until(lambda: marked(view) == ["Two"])
        QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
        QTest.keyClick(view, Qt.Key.Key_Escape)
        assert marked(view) == ["Two"]


async def test_hiding_and_showing_the_list_is_announced() -> None:
    async with AppHarness() as app:
        app.window.resize(1200, 700)
        for words in ("hidden", "shown"):
            app.session.actions["list.toggle"]()
            assert app.window.notifications.status.text() == f"Conversation list {words}"


async def test_after_del_the_keyboard_is_on_the_next_conversation() -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two", "Three")
        assert app.window.windowTitle().startswith("Three")  # the open one goes
        QTest.keyClick(view, Qt.Key.Key_Delete)
        await app.written()
        assert QApplication.focusWidget() is view
        assert view.currentIndex().data() == "Two"
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert view.currentIndex().data() == "One"


async def test_ctrl_z_in_the_list_undoes_the_last_deletion_even_without_its_note() -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two")
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert app.rows == ["One"]
        app.window.notifications.dismiss()
        view.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(view, Qt.Key.Key_Z, CONTROL)
        assert app.rows == ["Two", "One"]
        QTest.keyClick(view, Qt.Key.Key_Z, CONTROL)
        assert app.said == "Nothing to undo"
        await app.written()


async def test_shift_f10_opens_the_menu_of_the_current_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two")
        menus: list[list[str]] = []
        monkeypatch.setattr(
            QMenu, "popup", lambda menu, _at: menus.append([entry_text(a) for a in menu.actions()])
        )
        view.setCurrentIndex(view.model().index(2, 0))
        app.session.actions["menu.open"]()
        assert [titles[0] for titles in menus] == ["Rename\tF2"]


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


async def test_esc_in_the_hits_leaves_the_search() -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "A topic", "Another topic")
        await searched(app, "topic", "A topic")
        hits = app.window.conversations.search.view
        hits.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(hits, Qt.Key.Key_Escape)
        assert app.window.conversations.search.field.text() == ""
        assert view.isVisible()
        assert QApplication.focusWidget() is view
        assert view.currentIndex().data(Roles.IDENTIFIER)


async def test_a_file_begins_a_conversation_and_leaves_an_unsent_draft_alone(data: Path) -> None:
    async with AppHarness() as app:
        app.window.prompt.set_text("Half a thought")
        request = encode(OpenRequest((str(data / "notes.md"),)))
        await asyncio.to_thread(call, app.backend.folders.socket, request)
        await until(lambda: app.chips and "reading" not in app.chips[0])
        assert app.window.prompt.text() == ""
        assert app.rows == ["Half a thought"]
        await app.written()
        app.open_row(app.window.conversations.model.conversations[0].id)
        await until(lambda: app.window.prompt.text() == "Half a thought")
        assert app.chips == []
        turn = await app.ask("Half a thought, and the rest")
        turn.end("I see.")
        await app.settled()
        assert app.rows == ["Half a thought"]


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


async def test_a_conversation_that_is_dropped_among_the_pinned_ones_is_pinned_until_undo() -> None:
    async with AppHarness() as app:
        await ask_each(app, "One", "Two")
        first, second = (c.id for c in app.window.conversations.model.conversations)
        app.window.conversations.pin_requested.emit([first], True)
        app.window.conversations.view.pins_dropped.emit([second], first)
        assert app.window.conversations.model.pinned_ids == [second, first]
        app.session.actions["conversation.undo"]()
        assert app.window.conversations.model.pinned_ids == [first]
        await app.settled()
        assert [c.id for c in await app.backend.conversations.list_pinned()] == [first]


async def test_the_commands_for_the_trash_and_the_archive_focus_their_first_row() -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two")
        app.session.actions["conversation.delete"]()
        await until(lambda: view.model().rowCount() == 2)
        app.text.setFocus()
        app.session.actions["list.trash"]()
        await until(view.hasFocus)
        assert view.currentIndex().data() == "Two"
        app.session.actions["list.archive"]()
        await until(app.window.conversations.filter_bar.back_button.hasFocus)
        app.session.actions["list.all"]()
        await until(view.hasFocus)
        assert view.currentIndex().data() == "One"


async def test_the_row_that_opens_the_trash_from_the_focused_list_is_current() -> None:
    async with AppHarness() as app:
        view = await ask_each(app, "One", "Two")
        app.session.actions["conversation.delete"]()
        await until(lambda: view.model().rowCount() == 2)
        view.setFocus()
        app.window.conversations.filter_row.trash_button.click()
        await until(lambda: view.currentIndex().data() == "Two")


async def test_choosing_the_trash_ends_a_search() -> None:
    async with AppHarness() as app:
        conversations = app.window.conversations
        view = await ask_each(app, "One", "Two")
        app.session.actions["conversation.delete"]()
        await until(lambda: view.model().rowCount() == 2)
        for show in (
            conversations.filter_row.trash_button.click,
            app.session.actions["list.trash"],
        ):
            conversations.search.field.setText("One")
            await until(conversations.search.view.isVisible)
            assert not conversations.filter_bar.isVisible()
            show()
            await until(view.isVisible)
            await until(conversations.filter_bar.isVisible)
            assert not conversations.search.field.text()
            assert view.model().index(1, 0).data() == "Two"
