"""The library in the real window.

Covers folders, archive, trash, paging, multiple selection, branches, and writes of other programs.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from unittest.mock import patch

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDrag, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QMessageBox, QPushButton, QToolButton

from desktop_app.app.housekeeping import Housekeeping
from desktop_app.app.navigator import PREVIEW_COUNT, Navigator
from desktop_app.backend.backend import Backend
from desktop_app.chat.conversation_store import insert_conversation, insert_message
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.library.list_filter import LIST, ListFilter
from desktop_app.library.ui import conversation_view
from desktop_app.library.ui.archive_and_trash import ArchivePage, TrashPage
from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.folders_controller import FoldersController, FolderSettingsController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.library.ui.trash import Trash
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.storage import expiry_clock
from desktop_app.storage.expiry_clock import expiry_time_at
from tests.gui.app.app_harness import AppHarness, PausableStore, until
from tests.helpers.menus import entry_text
from tests.helpers.messages import answer, question
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


CHOICE = ModelChoice("on-device", "")
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
KEY = {"OPENAI_API_KEY": "not-a-key"}


@asynccontextmanager
async def another_program() -> AsyncIterator[Backend]:
    """Open a second program on the same store."""
    backend = Backend(environment={})
    await backend.database.open()
    try:
        yield backend
    finally:
        await backend.aclose()


async def fill(count: int, title: str = "Old") -> list[Conversation]:
    """Store conversations of the last hours, newest first, before the window opens."""
    made = []
    async with another_program() as other:
        for number in range(count):
            at = now() - timedelta(minutes=number + 1)
            made.append(Conversation(new_id(), f"{title} {number}", at, at, CHOICE))
            await other.conversations.create(made[-1])
    return made


def focus_window() -> None:
    """Let the program notice that one of its windows got the focus."""
    QGuiApplication.instance().focusWindowChanged.emit(None)


async def fill_open(app: AppHarness, count: int) -> list[Conversation]:
    """Store conversations while the window is open, and wait until it lists them."""
    made = await fill(count)
    focus_window()
    await until(lambda: len(app.rows) == count)
    return made


async def go(app: AppHarness, place: ListFilter) -> None:
    app.window.conversations.show_filter(place)
    await until(lambda: app.window.conversations.model.order.list_filter == place)


async def open_tab(app: AppHarness, name: str) -> ArchivePage | TrashPage:
    """Show the archive or the trash, and return its page once it was read."""
    page = app.session.of(ArchivePage if name == "archive" else TrashPage)
    app.session.run(f"list.{name}")
    await app.written()
    assert app.window.pane.page is page
    return page


def titles(page: ArchivePage | TrashPage) -> list[str]:
    return [conversation.title for conversation in page.model.conversations]


def mark(page: ArchivePage | TrashPage, *ids: str) -> None:
    """Mark conversations as a click, and then clicks with Ctrl, do."""
    for number, id_ in enumerate(ids):
        row = page.view.row_of(page.model.index_of(id_))
        place = page.view.visualRect(row).center()
        keys = CONTROL if number else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, keys, place)


def click_row(app: AppHarness, identifier: str, modifiers: Qt.KeyboardModifier) -> None:
    view = app.window.conversations.view
    row = view.row_of(app.window.conversations.model.index_of(identifier))
    view.scrollTo(row)
    place = view.visualRect(row).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifiers, place)


def menu_of(app: AppHarness, identifier: str) -> QMenu:
    shown = app.window.conversations
    return shown.menus.menu_for(shown.view.row_of(shown.model.index_of(identifier)))


def choose(menu: QMenu, words: str) -> None:
    actions = {entry_text(action).split("\t")[0]: action for action in menu.actions()}
    actions[words].trigger()


def press_in_box(app: AppHarness, label: str) -> None:
    box = app.window.findChildren(QMessageBox)[-1]
    next(b for b in box.findChildren(QPushButton) if b.text() == label).click()


# ---------------------------------------------------------------- pages


async def test_the_list_loads_pages_and_end_loads_all() -> None:
    made = await fill(350)
    async with AppHarness() as app:
        shown = app.window.conversations
        assert len(app.rows) == 100
        app.window.resize(1280, 800)
        bar = shown.view.verticalScrollBar()
        await until(lambda: bar.maximum() > 0)
        bar.setValue(bar.maximum())
        await until(lambda: len(app.rows) == 200)
        assert app.rows[:200] == [c.title for c in made[:200]]
        shown.view.setFocus()
        app.press(Qt.Key.Key_End)
        await until(lambda: len(app.rows) == 350)
        assert app.rows == [c.title for c in made]
        assert shown.view.currentIndex().data() == "Old 349"


async def test_a_conversation_that_is_not_listed_can_be_opened() -> None:
    made = await fill(150)
    last = made[-1]
    async with AppHarness() as app:
        palette = await app.search("149")
        await until(lambda: palette.model.rowCount() == 1)
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
        await until(lambda: app.open_id == last.id)
        assert last.title not in app.rows
        app.session.of(ListPresenter).rename(last.id, "Better")
        assert app.window.header.title.text() == "Better"
        await app.written()
        assert "Better" not in app.rows  # its page has not come yet
    async with AppHarness() as app:
        assert app.open_id == last.id
        assert app.window.header.title.text() == "Better"
        await app.ask_and_answer("And now?", "Now")
        assert app.rows[0] == "Better"


# ---------------------------------------------------------------- folders


async def test_conversations_use_the_choice_and_settings_of_their_folder() -> None:
    async with AppHarness(environment=KEY) as app:
        state = app.state
        folder = Folder(new_id(), "Thesis", now())
        app.controllers.of(ListPresenter).writes.start(app.state.folders.save(folder))
        app.session.of(FolderSettingsController).show(folder.id)
        app.state.of(FolderSettingsController).set_value(folder.id, "default.variant", "pro")
        app.state.of(FolderSettingsController).set_value(folder.id, "default.effort", "high")
        app.state.of(FolderSettingsController).set_value(
            folder.id, "answer.system_prompt", "Cite your sources."
        )
        app.state.of(FolderSettingsController).set_value(folder.id, "answer.temperature", 0.2)
        await go(app, ListFilter.for_folder(folder.id))
        app.window.conversations.new_button.click()
        choice = state.setup.choice
        assert choice == ModelChoice(choice.provider_id, "", Variant.PRO, Effort.HIGH)
        assert state.setup.ask_settings.instructions == "Cite your sources."
        turn = await app.ask("Why?")
        assert turn.request.instructions == "Cite your sources."
        turn.end("Because.")
        await app.settled()
        assert app.rows == ["Why?"]
        inside = app.open_id
        stored = await app.backend.conversations.get(inside)
        assert stored is not None
        assert stored.folder_id == folder.id
        app.state.of(SettingsController).override(inside, "answer.system_prompt", "Be brief.")
        assert state.setup.ask_settings.instructions == "Be brief."
        assert state.setup.ask_settings.parameters.temperature == 0.2
        app.state.of(FolderSettingsController).remove_value(folder.id, "answer.temperature")
        app.state.of(FolderSettingsController).remove_value(folder.id, "default.effort")
        assert app.state.setup.ask_settings.parameters.temperature is None
        await go(app, LIST)
        app.window.conversations.new_button.click()
        assert state.setup.ask_settings.instructions == ""
        assert state.setup.choice == state.new_conversation.default_choice
        await app.written()
        [kept] = await app.backend.conversation_folders.all()
        assert kept.overrides == Overrides("Cite your sources.")
        assert kept.choice == ModelChoice("", "", Variant.PRO)


# ---------------------------------------------------------------- archive and trash


async def test_the_trash_is_emptied_after_thirty_days() -> None:
    one, two = await fill(2)
    async with another_program() as other:
        await other.flags.set_trashed([one.id], now() - timedelta(days=31))
        await other.flags.set_trashed([two.id], now() - timedelta(days=29))
        yesterday = now() - timedelta(days=1)
        await other.database.write(partial(expiry_time_at, moment=yesterday))
    async with AppHarness() as app:
        await app.controllers.of(Housekeeping).clean_up()
        assert app.stored("SELECT id FROM conversations") == [(two.id,)]
        page = await open_tab(app, "trash")
        assert page.model.index_of(two.id).data(Roles.NOTE) == "1 day"
        with patch.object(expiry_clock, "now", lambda: now() + timedelta(days=40)):
            await app.controllers.of(Housekeeping).clean_up()
        assert app.stored("SELECT id FROM conversations") == [(two.id,)]


async def test_questions_in_folders_and_the_trash() -> None:
    async with AppHarness() as app:
        # A question in the trash restores the conversation.
        one = await app.ask_and_answer("First", "1")
        app.session.of(Trash).delete([one])
        page = await open_tab(app, "trash")
        mark(page, one)
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.open_id == one and "in the trash" in app.said)
        assert app.window.pane.page is None
        await app.ask_and_answer("Second", "2")
        await until(lambda: app.rows == ["First"])
        assert titles(page) == []
        await app.written()
        assert app.stored("SELECT trashed_at FROM conversations") == [(None,)]

        # A question asked in an open folder lands in it.
        await app.start_over()
        folder = Folder(new_id(), "Lease", now())
        app.controllers.of(ListPresenter).writes.start(app.state.folders.save(folder))
        app.state.of(FolderSettingsController).set_value(
            folder.id, "answer.system_prompt", "Cite the lease."
        )
        header = app.window.header
        app.type("When does")
        await go(app, ListFilter.for_folder(folder.id))
        assert header.folder.isVisible()
        shown = "".join(filter(str.isprintable, header.folder.text()))  # without marks of direction
        assert shown == "Lease ›"
        assert app.text.toPlainText() == "When does"
        await go(app, LIST)  # the page is where the list is
        assert not header.folder.isVisible()
        await go(app, ListFilter.for_folder(folder.id))
        turn = await app.ask("When does it end?")
        assert "Cite the lease." in turn.request.instructions
        turn.end("In March.")
        await app.settled()
        assert app.stored("SELECT folder_id FROM conversations") == [(folder.id,)]
        assert "Lease" in header.folder.text()
        app.session.of(Trash).delete_chosen()  # the page after it is in the folder, too
        await until(lambda: app.state.current.is_new)
        assert "Lease" in header.folder.text()


# ---------------------------------------------------------------- several at once


async def test_conversations_are_marked_and_put_into_folders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await fill(6)
    ids = [c.id for c in made]
    async with AppHarness() as app:
        # Marked conversations are moved together.
        shown = app.window.conversations
        await app.open_conversation(ids[0])
        click_row(app, ids[2], SHIFT)
        assert shown.view.affected_ids == ids[:3]
        assert app.open_id == ids[0]
        click_row(app, ids[1], CONTROL)
        click_row(app, ids[4], CONTROL)
        assert set(shown.view.affected_ids) == {ids[0], ids[2], ids[4]}
        choose(menu_of(app, ids[4]), "Pin 3 conversations")
        assert shown.model.index(0).data() == "Pinned"
        assert app.rows[:3] == ["Old 0", "Old 2", "Old 4"]
        shown.view.setFocus()
        app.press(Qt.Key.Key_Delete)
        assert "3 conversations moved to trash" in app.said
        assert app.rows == ["Old 1", "Old 3", "Old 5"]
        assert app.open_id not in ids
        app.press_action("Undo")
        await until(lambda: app.open_id == ids[0])
        assert len(app.rows) == 6
        shown.view.setFocus()
        app.press(Qt.Key.Key_A, CONTROL)
        assert len(shown.view.affected_ids) == 6
        app.press(Qt.Key.Key_Escape)
        assert shown.view.affected_ids == [ids[0]]

        # Conversations are archived trashed restored and deleted.
        await app.start_over()
        one, two, three = await fill_open(app, 3)
        choose(menu_of(app, one.id), "Archive")
        assert app.rows == ["Old 1", "Old 2"]
        page = await open_tab(app, "archive")
        assert titles(page) == ["Old 0"]
        app.click("unarchive")
        assert titles(page) == []
        assert app.rows == ["Old 0", "Old 1", "Old 2"]
        assert page.note.isVisible()  # without the buttons
        for each in (one, two, three):
            app.session.of(Trash).delete([each.id])
        page = await open_tab(app, "trash")
        assert titles(page) == ["Old 2", "Old 1", "Old 0"]
        assert page.model.index_of(one.id).data(Roles.NOTE) == "30 days"
        mark(page, two.id, three.id)
        app.click("restore-trashed")
        assert titles(page) == ["Old 0"]
        assert app.rows == ["Old 1", "Old 2"]
        for label, left in (("Cancel", ["Old 0"]), ("Delete permanently", [])):
            app.click("erase-trashed")
            press_in_box(app, label)
            await app.written()
            assert titles(page) == left
        assert app.stored("SELECT count(*) FROM conversations") == [(2,)]
        assert not find(page, QPushButton, "empty-trash").isVisible()
        app.session.of(Trash).delete([two.id])
        app.click("empty-trash")
        await app.written()
        press_in_box(app, "Delete permanently")
        await until(lambda: titles(page) == [])
        await app.written()
        assert app.stored("SELECT title FROM conversations") == [("Old 2",)]

        # A drag shows archive and trash to drop on.
        shown = app.window.conversations

        class Drag(QDrag):
            """A drag that ends at once, without a desktop."""

            place = ""

            def exec(self, action: Qt.DropAction) -> Qt.DropAction:  # type: ignore[override]
                assert not shown.drop_row.isHidden()
                target = find(shown, QToolButton, f"drop-{self.place}")
                where = (QPointF(5, 5), action, self.mimeData(), Qt.MouseButton.LeftButton)
                event = QDropEvent(*where, Qt.KeyboardModifier.NoModifier)
                target.dropEvent(event)
                return action

        monkeypatch.setattr(conversation_view, "QDrag", Drag)
        for Drag.place in ("archive", "trash"):
            await app.start_over()
            one, _two, _three = await fill_open(app, 3)
            assert shown.drop_row.isHidden()
            shown.view.setCurrentIndex(shown.view.row_of(shown.model.index_of(one.id)))
            shown.view.startDrag(Qt.DropAction.MoveAction)
            assert shown.drop_row.isHidden()
            await app.written()
            assert app.rows == ["Old 1", "Old 2"]
            assert titles(await open_tab(app, Drag.place)) == ["Old 0"]

        # A folder is deleted without its conversations.
        await app.start_over()
        one, *_ = await fill_open(app, 2)
        folder = Folder(new_id(), "Thesis", now())
        app.controllers.of(ListPresenter).writes.start(app.state.folders.save(folder))
        app.session.of(FoldersController).move([one.id], folder.id)
        await app.written()
        await go(app, ListFilter.for_folder(folder.id))
        app.session.of(FoldersController).delete(folder.id)
        await until(lambda: app.window.conversations.model.order.list_filter == LIST)
        assert app.rows == ["Old 0", "Old 1"]
        app.press_action("Undo")
        await app.written()
        assert app.rows == ["Thesis", "Old 1"]
        assert app.stored("SELECT folder_id FROM conversations WHERE id = ?", one.id) == [
            (folder.id,)
        ]

        # A folder is created named filled and opened.
        await app.start_over()
        one, two, three = await fill_open(app, 3)
        shown = app.window.conversations
        app.session.actions["folder.new"].trigger()
        await until(lambda: shown.view.findChild(QLineEdit, "rename"))
        editor = find(shown.view, QLineEdit, "rename")
        assert editor.selectedText() == "New project"
        editor.setText("Thesis")
        app.press(Qt.Key.Key_Return)
        await app.written()
        [(folder_id, name)] = app.stored("SELECT id, name FROM folders")
        assert name == "Thesis"
        assert shown.model.index(1).data(Roles.IS_FOLDER)
        menu = menu_of(app, one.id)
        choose(find(menu, QMenu, "move-to"), "Thesis")
        assert app.rows == ["Thesis", "Old 1", "Old 2"]
        assert "“Old 0” moved to “Thesis”" in app.said
        click_row(app, two.id, CONTROL)
        click_row(app, three.id, CONTROL)
        app.session.of(FoldersController).move(shown.view.affected_ids, folder_id)
        assert app.rows == ["Thesis"]
        app.press_action("Undo")
        assert app.rows == ["Thesis", "Old 1", "Old 2"]
        shown.view.setCurrentIndex(shown.view.row_of(shown.model.index_of(folder_id)))
        shown.view.setFocus()
        app.press(Qt.Key.Key_Return)
        await until(lambda: shown.model.order.list_filter == ListFilter.for_folder(folder_id))
        assert app.rows == ["Old 0"]
        assert shown.filter_bar.title.text() == "Thesis"
        shown.view.setFocus()
        app.press(Qt.Key.Key_Escape)
        await until(lambda: shown.model.order.list_filter == LIST)
        assert app.rows == ["Thesis", "Old 1", "Old 2"]
    async with AppHarness() as app:
        assert app.rows == ["Thesis", "Old 1", "Old 2"]


# ---------------------------------------------------------------- branches


async def test_conversations_are_branched_found_selected_and_pinned() -> None:
    async with AppHarness() as app:
        # Branching opens a new conversation.
        one = await app.ask_and_answer("First", "One")
        await app.ask_and_answer("Second", "Two")
        app.act("branch", at=1)
        await until(lambda: app.open_id != one)
        branch = app.open_id
        assert app.window.header.title.text() == "First (branch)"
        assert "One" in app.transcript
        assert "Two" not in app.transcript
        assert app.rows == ["First (branch)", "First"]
        turn = await app.ask("Third")
        assert len(turn.request.messages) == 3
        turn.end("Three")
        await app.settled()
        assert len(await app.backend.conversations.path(branch)) == 4
        assert len(await app.backend.conversations.path(one)) == 4
        every = app.stored("SELECT id FROM messages")
        assert len(every) == len(set(every)) == 8

        # Rows are selected deleted and restored by keyboard.
        await app.start_over()
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
        await until(lambda: app.window.windowTitle().startswith("One"))  # what is lit is shown
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert app.rows == ["Three"]
        app.window.notifications.dismiss()
        view.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(view, Qt.Key.Key_Z, CONTROL)
        assert app.rows == ["Three", "One"]
        await app.written()

        # A hit opens its message and scrolling down shows the latest.
        await app.start_over()
        await app.ask_and_answer("Other", "Thing")
        messages = await store_conversation(app, 900)
        for number in (100, 700):
            await open_hit(app, messages[number].id)
            assert app.open_id == LONG
        app.window.transcript.scroll_to_end()
        assert "Message 899." in app.transcript

        # Pinned conversations move by command and keep their order.
        await app.start_over()
        for question in ("One", "Two", "Three"):
            app.session.actions["conversation.new"].trigger()
            await app.ask_and_answer(question, "Yes.")
            app.session.actions["conversation.pin"].trigger()
        assert pinned_titles(app) == ["Three", "Two", "One"]
        for key in (Qt.Key.Key_G, Qt.Key.Key_Down):
            app.press(key, CONTROL)
        assert pinned_titles(app) == ["Two", "Three", "One"]
        app.session.actions["conversation.pin-down"].trigger()
        assert pinned_titles(app) == ["Two", "One", "Three"]
        app.session.actions["conversation.pin-down"].trigger()  # it is the last
        app.session.actions["conversation.undo"].trigger()
        assert pinned_titles(app) == ["Two", "Three", "One"]
        await app.settled()
    async with AppHarness() as app:
        assert pinned_titles(app) == ["Two", "Three", "One"]


# ---------------------------------------------------------------- writes of other programs


def a_message(conversation_id: str, role: Role, text: str, parent: str | None) -> Message:
    done = MessageStatus.COMPLETE
    parts = (TextPart(text),)
    return Message(new_id(), conversation_id, parent, role, done, parts, now(), CHOICE)


async def test_what_another_program_wrote_or_deleted_is_shown() -> None:
    async with AppHarness() as app:
        # The window shows what another program wrote.
        here = await app.ask_and_answer("First", "One")
        async with another_program() as other:
            at = now()
            folder = Folder(new_id(), "From afar", at)
            await other.conversation_folders.save(folder)
            added = Conversation(new_id(), "Added", at, at, CHOICE)
            await other.conversations.create(added)
            focus_window()
            await until(lambda: app.rows == ["From afar", "Added", "First"])
            await other.conversations.rename(added.id, "Named")
            focus_window()
            await until(lambda: "Named" in app.rows)
            path = await other.conversations.path(here)
            more = a_message(here, Role.USER, "From outside", path[-1].id)
            kept = await other.conversations.get(here)
            assert kept is not None
            await other.conversations.begin_turn(
                replace(kept, leaf_id=more.id),
                more,
                a_message(here, Role.ASSISTANT, "Heard", more.id),
            )
            focus_window()
            await until(lambda: "From outside" in app.transcript)
            assert "Heard" in app.transcript
            await other.conversations.erase([added.id])
            focus_window()
            await until(lambda: app.rows == ["From afar", "First"])
            await other.conversations.erase([here])
            focus_window()
            await until(lambda: app.open_id != here)
            assert app.rows == ["From afar"]

        # A conversation deleted during its answer is closed with its end.
        await app.start_over()
        here = await app.ask_and_answer("First", "One")
        turn = await app.ask("Second")
        async with another_program() as other:
            await other.conversations.erase([here])
            focus_window()
            await asyncio.sleep(0)
            assert app.open_id == here
        turn.end("Two")
        await until(lambda: "This conversation was deleted elsewhere." in app.said)
        assert app.open_id != here
        await app.settled()
        assert not app.rows


LONG = "long"


async def store_conversation(app: AppHarness, count: int) -> list[Message]:
    """Store the conversation LONG, and return its messages."""
    messages: list[Message] = []
    for number in range(count):
        made = (answer if number % 2 else question)(f"Message {number}.\n\nWords.\n\nWords.")
        parent = messages[-1].id if messages else None
        messages.append(replace(made, conversation_id=LONG, parent_id=parent))

    def store(connection: sqlite3.Connection) -> None:
        insert_conversation(connection, Conversation(LONG, "Long", now(), now(), CHOICE))
        for message in messages:
            insert_message(connection, message)
        leaf = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
        connection.execute(leaf, (messages[-1].id, LONG))

    await app.backend.database.write(store)
    return messages


def can_send(app: AppHarness) -> bool:
    return app.window.prompt.can_send


async def test_the_end_is_shown_while_the_rest_is_read() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        other = await app.ask_and_answer("Other", "Thing")
        messages = await store_conversation(app, 5 * PREVIEW_COUNT)
        app.disk.is_paused = True
        app.window.conversations.open_requested.emit(LONG)
        await until(lambda: f"Message {5 * PREVIEW_COUNT - 1}." in app.transcript)
        assert "Thing" not in app.transcript
        assert app.open_id == other
        assert not can_send(app)
        app.disk.is_paused = False
        app.disk.release.set()
        await until(lambda: app.open_id == LONG)
        assert can_send(app)
        assert len(app.state.current.path) == len(messages)
        assert f"Message {5 * PREVIEW_COUNT - 1}." in app.transcript
        assert app.window.transcript.is_at_end
        await app.open_conversation(other)
        assert "Thing" in app.transcript


async def open_hit(app: AppHarness, message_id: str) -> None:
    """Open a search hit, and wait until its message is in the transcript."""
    app.state.tasks.start(app.controllers.of(Navigator).open(LONG, message_id))
    await until(lambda: app.window.transcript.scroll_state()[0] == message_id)


async def ask_each(app: AppHarness, *questions: str) -> ConversationView:
    """Ask each question in a conversation of its own, and focus the list at its first row."""
    app.window.resize(1200, 700)
    for words in questions:
        app.session.actions["conversation.new"].trigger()
        await app.ask_and_answer(words, "Yes.")
    view = app.window.conversations.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setCurrentIndex(view.model().index(1, 0))
    return view


def marked(view: ConversationView) -> list[str]:
    return [str(index.data()) for index in view.selectedIndexes()]


def pinned_titles(app: AppHarness) -> list[str]:
    known = [
        app.controllers.of(ListPresenter).cache.get(id_)
        for id_ in app.window.conversations.model.pinned_ids
    ]
    return [conversation.title for conversation in known if conversation is not None]
