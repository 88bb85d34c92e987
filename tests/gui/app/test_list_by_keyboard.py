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
from desktop_app.ui.sidebar.conversation_model import Roles
from desktop_app.ui.sidebar.conversation_view import ConversationView
from desktop_app.ui.widgets.accessibility import announcements
from desktop_app.ui.widgets.rows.rows_model import ROW
from tests.gui.app.desk import Desk, until
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    import pytest

CONTROL = Qt.KeyboardModifier.ControlModifier


async def asked(desk: Desk, *questions: str) -> ConversationView:
    """Ask each question in a conversation of its own, and focus the list at its first row."""
    desk.window.resize(1200, 700)
    for question in questions:
        desk.session.actions["conversation.new"]()
        await desk.ask_and_answer(question, "Yes.")
    view = desk.window.conversations.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setCurrentIndex(view.model().index(1, 0))
    return view


def marked(view: ConversationView) -> list[str]:
    return [str(index.data()) for index in view.selectedIndexes()]


async def test_del_deletes_the_marked_conversations(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(announcements, "announce", lambda _widget, words: said.append(words))
    async with Desk() as desk:
        view = await asked(desk, "One", "Two", "Three")
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
    async with Desk() as desk:
        desk.window.resize(1200, 700)
        for words in ("hidden", "shown"):
            desk.session.actions["list.toggle"]()
            assert desk.window.notifications.status.text() == f"Conversation list {words}"


async def test_after_del_the_keyboard_is_on_the_next_conversation() -> None:
    async with Desk() as desk:
        view = await asked(desk, "One", "Two", "Three")
        assert desk.window.windowTitle().startswith("Three")  # the open one goes
        QTest.keyClick(view, Qt.Key.Key_Delete)
        await desk.written()
        assert QApplication.focusWidget() is view
        assert view.currentIndex().data() == "Two"
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert view.currentIndex().data() == "One"


async def test_ctrl_z_in_the_list_undoes_the_last_deletion_even_without_its_note() -> None:
    async with Desk() as desk:
        view = await asked(desk, "One", "Two")
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert desk.rows == ["One"]
        desk.window.notifications.dismiss()
        view.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(view, Qt.Key.Key_Z, CONTROL)
        assert desk.rows == ["Two", "One"]
        QTest.keyClick(view, Qt.Key.Key_Z, CONTROL)
        assert desk.said == "Nothing to undo"
        await desk.written()


async def test_shift_f10_opens_the_menu_of_the_current_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Desk() as desk:
        view = await asked(desk, "One", "Two")
        menus: list[list[str]] = []
        monkeypatch.setattr(
            QMenu, "popup", lambda menu, _at: menus.append([entry_text(a) for a in menu.actions()])
        )
        view.setCurrentIndex(view.model().index(2, 0))
        desk.session.actions["menu.open"]()
        assert [titles[0] for titles in menus] == ["Rename\tF2"]


async def searched(desk: Desk, words: str, title: str) -> None:
    desk.window.search()
    desk.window.conversations.search.setText(words)
    hits = desk.window.conversations.hits
    await until(lambda: title in {str(hits.index(row).data()) for row in range(hits.rowCount())})


async def test_f2_during_a_search_renames_the_visible_hit() -> None:
    async with Desk() as desk:
        await asked(desk, "A topic", "Another topic")
        await searched(desk, "topic", "A topic")
        hits = desk.window.conversations.hit_view
        hits.setFocus(Qt.FocusReason.TabFocusReason)
        hits.setCurrentIndex(hits.model().index(1, 0))
        wanted = str(hits.currentIndex().data())
        desk.session.actions["conversation.rename"]()
        editor = QApplication.focusWidget()
        assert isinstance(editor, QLineEdit)
        assert editor.isVisible()
        assert editor.text() == wanted
        assert not hits.isVisible()
        editor.setText("Renamed")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        await until(lambda: "Renamed" in desk.rows)
        assert wanted not in desk.rows
        assert QApplication.focusWidget() is desk.window.conversations.view
        await desk.written()


async def test_esc_in_the_hits_leaves_the_search() -> None:
    async with Desk() as desk:
        view = await asked(desk, "A topic", "Another topic")
        await searched(desk, "topic", "A topic")
        hits = desk.window.conversations.hit_view
        hits.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(hits, Qt.Key.Key_Escape)
        assert desk.window.conversations.search.text() == ""
        assert view.isVisible()
        assert QApplication.focusWidget() is view
        assert view.currentIndex().data(Roles.IDENTIFIER)


async def test_a_file_begins_a_conversation_and_leaves_an_unsent_draft_alone(data: Path) -> None:
    async with Desk() as desk:
        desk.window.prompt.set_text("Half a thought")
        request = encode(OpenRequest((str(data / "notes.md"),)))
        await asyncio.to_thread(call, desk.backend.folders.socket, request)
        await until(lambda: desk.chips and "reading" not in desk.chips[0])
        assert desk.window.prompt.text() == ""
        assert desk.rows == ["Half a thought"]
        await desk.written()
        desk.open_row(desk.window.conversations.model.conversations[0].id)
        await until(lambda: desk.window.prompt.text() == "Half a thought")
        assert desk.chips == []
        turn = await desk.ask("Half a thought, and the rest")
        turn.end("I see.")
        await desk.settled()
        assert desk.rows == ["Half a thought"]


async def test_a_found_word_is_marked_in_the_conversation_that_its_hit_opens() -> None:
    async with Desk() as desk:
        await asked(desk, "A topic", "Something else")
        await searched(desk, "topic", "A topic")
        hits = desk.window.conversations.hits
        rows = (hits.index(row) for row in range(hits.rowCount()))
        row = next(row for row in rows if row.data(ROW).message_id)
        desk.window.conversations.hit_view.chosen.emit(row)
        await until(lambda: desk.window.windowTitle().startswith("A topic"))
        await until(lambda: desk.window.transcript.textCursor().selectedText() == "topic")


def pinned_titles(desk: Desk) -> list[str]:
    known = [
        desk.controllers.list_presenter.cached(id_) for id_ in desk.window.conversations.model.pins
    ]
    return [conversation.title for conversation in known if conversation is not None]


async def test_pinned_conversations_move_by_command_and_keep_their_order() -> None:
    async with Desk() as desk:
        for question in ("One", "Two", "Three"):
            desk.session.actions["conversation.new"]()
            await desk.ask_and_answer(question, "Yes.")
            desk.session.actions["conversation.pin"]()
        assert pinned_titles(desk) == ["Three", "Two", "One"]
        for key in (Qt.Key.Key_G, Qt.Key.Key_Down):
            desk.press(key, CONTROL)
        assert pinned_titles(desk) == ["Two", "Three", "One"]
        desk.session.actions["conversation.pin-down"]()
        assert pinned_titles(desk) == ["Two", "One", "Three"]
        desk.session.actions["conversation.pin-down"]()  # it is the last
        desk.session.actions["conversation.undo"]()
        assert pinned_titles(desk) == ["Two", "Three", "One"]
        await desk.settled()
    async with Desk() as desk:
        assert pinned_titles(desk) == ["Two", "Three", "One"]


async def test_a_conversation_that_is_dropped_among_the_pinned_ones_is_pinned_until_undo() -> None:
    async with Desk() as desk:
        await asked(desk, "One", "Two")
        first, second = (c.id for c in desk.window.conversations.model.conversations)
        desk.window.conversations.pin_requested.emit([first], True)
        desk.window.conversations.view.pins_dropped.emit([second], first)
        assert desk.window.conversations.model.pins == [second, first]
        desk.session.actions["conversation.undo"]()
        assert desk.window.conversations.model.pins == [first]
        await desk.settled()
        assert [c.id for c in await desk.backend.conversations.pinned()] == [first]
