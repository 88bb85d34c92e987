"""The library in the real window.

Covers folders, archive, trash, paging, multiple selection, branches, and writes of other programs.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QMessageBox, QPushButton

from desktop_app.app.library.unread_marks import UNREAD_KEY
from desktop_app.backend.backend import Backend, build_backend
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
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
from desktop_app.domain.conversations.list_filter import ARCHIVE, LIST, TRASH, ListFilter
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.errors import StorageError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.folder_store import FolderStore
from desktop_app.storage.conversations.import_store import ImportStore
from desktop_app.ui.library.collections_dialog import CollectionsDialog
from desktop_app.ui.sidebar.rows.conversation_model import Roles
from tests.gui.app.app_harness import AppHarness, PausableStore, until
from tests.gui.app.scenes import dialog_of
from tests.helpers.file_dialogs import choose_paths, file_dialog
from tests.helpers.menus import entry_text
from tests.helpers.messages import answer
from tests.helpers.widgets import find, timer_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


CHOICE = ModelChoice("on-device", "")
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
KEY = {"OPENAI_API_KEY": "not-a-key"}


@asynccontextmanager
async def another_program() -> AsyncIterator[Backend]:
    """Open a second program on the same store."""
    backend = build_backend(environment={})
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


async def go(app: AppHarness, place: ListFilter) -> None:
    app.window.conversations.filter_requested.emit(place)
    await until(lambda: app.window.conversations.model.order.list_filter == place)


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


def choose_below(menu: QMenu, words: str, more: str) -> None:
    below = next(a.menu() for a in menu.actions() if entry_text(a) == words)
    assert isinstance(below, QMenu)
    choose(below, more)


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
        shown = app.window.conversations
        shown.search.field.setText("149")
        await until(lambda: shown.search.hits.rowCount() == 1)
        app.press_search_enter()
        await until(lambda: app.open_id == last.id)
        assert last.title not in app.rows
        app.window.conversations.renamed.emit(last.id, "Better")
        assert app.window.header.title.text() == "Better"
        await app.written()
        assert "Better" not in app.rows  # its page has not come yet
        shown.search.field.clear()
    async with AppHarness() as app:
        assert app.open_id == last.id
        assert app.window.header.title.text() == "Better"
        await app.ask_and_answer("And now?", "Now")
        assert app.rows[0] == "Better"


# ---------------------------------------------------------------- folders


async def test_a_folder_is_created_named_filled_and_opened() -> None:
    one, two, three = await fill(3)
    async with AppHarness() as app:
        shown = app.window.conversations
        app.click("new-folder")
        await until(lambda: shown.view.findChild(QLineEdit, "rename"))
        editor = find(shown.view, QLineEdit, "rename")
        assert editor.selectedText() == "New folder"
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
        shown.view.dropped.emit(shown.selection.affected_ids, folder_id)
        assert app.rows == ["Thesis"]
        app.press_action("Undo")
        assert app.rows == ["Thesis", "Old 1", "Old 2"]
        shown.view.setCurrentIndex(shown.view.row_of(shown.model.index_of(folder_id)))
        shown.view.setFocus()
        app.press(Qt.Key.Key_Return)
        await until(lambda: shown.model.order.list_filter == ListFilter.for_folder(folder_id))
        assert app.rows == ["Old 0"]
        assert shown.filter_bar.title.text() == "Thesis"
        app.press(Qt.Key.Key_Escape)
        await until(lambda: shown.model.order.list_filter == LIST)
        assert app.rows == ["Thesis", "Old 1", "Old 2"]
    async with AppHarness() as app:
        assert app.rows == ["Thesis", "Old 1", "Old 2"]


async def test_conversations_use_the_choice_and_settings_of_their_folder() -> None:
    async with AppHarness(environment=KEY) as app:
        state, panel = app.state, app.window.settings
        folder = Folder(new_id(), "Thesis", now())
        app.controllers.sidebar.list_presenter.writes.start(app.state.folders.save(folder))
        app.window.conversations.folder_settings_requested.emit(folder.id)
        panel.pages.responses.page.folder_override_changed.emit(folder.id, "default.variant", "pro")
        panel.pages.responses.page.folder_override_changed.emit(folder.id, "default.effort", "high")
        panel.pages.responses.page.folder_override_changed.emit(
            folder.id, "answer.system_prompt", "Cite your sources."
        )
        panel.pages.responses.page.folder_override_changed.emit(
            folder.id, "answer.temperature", 0.2
        )
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
        panel.pages.responses.page.override_changed.emit(
            inside, "answer.system_prompt", "Be brief."
        )
        assert state.setup.ask_settings.instructions == "Be brief."
        assert state.setup.ask_settings.parameters.temperature == 0.2
        panel.pages.responses.page.folder_override_removed.emit(folder.id, "answer.temperature")
        panel.pages.responses.page.folder_override_removed.emit(folder.id, "default.effort")
        assert app.state.setup.ask_settings.parameters.temperature is None
        await go(app, LIST)
        app.window.conversations.new_button.click()
        assert state.setup.ask_settings.instructions == ""
        assert state.setup.choice == state.new_conversation.default_choice
        await app.written()
        [kept] = await app.backend.conversation_folders.all()
        assert kept.overrides == Overrides("Cite your sources.")
        assert kept.choice == ModelChoice("", "", Variant.PRO)


async def test_a_folder_is_deleted_without_its_conversations() -> None:
    one, *_ = await fill(2)
    async with AppHarness() as app:
        folder = Folder(new_id(), "Thesis", now())
        app.controllers.sidebar.list_presenter.writes.start(app.state.folders.save(folder))
        app.window.conversations.move_requested.emit([one.id], folder.id)
        await app.written()
        await go(app, ListFilter.for_folder(folder.id))
        app.window.conversations.folder_delete_requested.emit(folder.id)
        await until(lambda: app.window.conversations.model.order.list_filter == LIST)
        assert app.rows == ["Old 0", "Old 1"]
        app.press_action("Undo")
        await app.written()
        assert app.rows == ["Thesis", "Old 1"]
        assert app.stored("SELECT folder_id FROM conversations WHERE id = ?", one.id) == [
            (folder.id,)
        ]


async def test_a_blank_conversation_leaves_its_folder_when_that_is_deleted() -> None:
    async with AppHarness() as app:
        app.controllers.sidebar.folders.create()
        await app.written()
        (folder_id,) = app.state.folders.by_id
        app.window.conversations.new_in_folder_requested.emit(folder_id)
        await app.written()
        app.controllers.sidebar.folders.delete(folder_id)
        await app.ask_and_answer("Where?", "Here.")
        assert app.stored("SELECT folder_id FROM conversations") == [(None,)]


async def test_the_folder_is_picked_by_its_name() -> None:
    one, *_ = await fill(2)
    async with AppHarness() as app:
        for name in ("Thesis", "Garden"):
            app.controllers.sidebar.list_presenter.writes.start(
                app.state.folders.save(Folder(new_id(), name, now()))
            )
        await app.open_conversation(one.id)
        app.controllers.sidebar.folders.choose_target_folder()
        QTest.keyClicks(find(app.window, QLineEdit, "command"), "gard")
        QTest.keyClick(find(app.window, QLineEdit, "command"), Qt.Key.Key_Return)
        await app.written()
        assert app.rows == ["Garden", "Thesis", "Old 1"]
        assert "moved to “Garden”" in app.said


async def test_a_folder_has_a_dot_while_an_answer_streams_in_it() -> None:
    async with AppHarness() as app:
        folder = Folder(new_id(), "Thesis", now())
        app.controllers.sidebar.list_presenter.writes.start(app.state.folders.save(folder))
        await go(app, ListFilter.for_folder(folder.id))
        app.window.conversations.new_button.click()
        turn = await app.ask("Why?")
        await go(app, LIST)
        assert app.is_marked_as_streaming(folder.id)
        turn.end("Because.")
        await app.settled()
        assert not app.is_marked_as_streaming(folder.id)


# ---------------------------------------------------------------- archive and trash


async def test_a_conversation_is_archived_and_unarchived() -> None:
    one, two = await fill(2)
    async with AppHarness() as app:
        choose(menu_of(app, one.id), "Archive")
        assert app.rows == ["Old 1"]
        app.click("show-archive")
        await until(lambda: app.window.conversations.model.order.list_filter == ARCHIVE)
        assert app.rows == ["Old 0"]
        choose(menu_of(app, one.id), "Unarchive")
        assert app.rows == []
        assert app.window.conversations.pages.note.text() == "No archived conversations"
        await app.written()
        assert app.stored("SELECT count(*) FROM conversations WHERE archived") == [(0,)]
        app.click("back-to-list")
        await until(lambda: app.rows == ["Old 0", "Old 1"])
        assert two.title in app.rows


async def test_the_trash_shows_the_days_left_and_deletes_permanently() -> None:
    one, two, three = await fill(3)
    async with AppHarness() as app:
        for each in (one, two, three):
            app.window.conversations.delete_requested.emit([each.id])
        await go(app, TRASH)
        assert app.rows == ["Old 2", "Old 1", "Old 0"]
        index = app.window.conversations.model.index_of(one.id)
        assert index.data(Roles.NOTE) == "30 days"
        assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Old 0, will be deleted in 30 days"
        choose(menu_of(app, two.id), "Restore")
        assert app.rows == ["Old 2", "Old 0"]
        choose(menu_of(app, one.id), "Delete permanently")
        press_in_box(app, "Cancel")
        assert app.rows == ["Old 2", "Old 0"]
        choose(menu_of(app, one.id), "Delete permanently")
        press_in_box(app, "Delete permanently")
        await app.written()
        assert app.rows == ["Old 2"]
        assert app.stored("SELECT count(*) FROM conversations") == [(2,)]
        app.click("empty-trash")
        await app.written()
        press_in_box(app, "Delete permanently")
        await until(lambda: app.rows == [])
        await app.written()
        assert app.stored("SELECT title FROM conversations") == [("Old 1",)]


async def test_a_conversation_restored_during_the_question_is_not_deleted() -> None:
    one, two = await fill(2)
    async with AppHarness() as app:
        for each in (one, two):
            app.window.conversations.delete_requested.emit([each.id])
        app.window.conversations.erase_requested.emit([one.id, two.id])
        app.window.notifications.undo_last()
        press_in_box(app, "Delete permanently")
        await app.written()
        assert app.stored("SELECT id FROM conversations") == [(two.id,)]


async def test_nothing_is_asked_about_an_empty_trash() -> None:
    async with AppHarness() as app:
        app.session.actions["trash.empty"]()
        await app.written()
        assert app.said == "Trash is empty"
        assert not app.window.findChildren(QMessageBox)


async def test_undo_after_the_trash_was_emptied_restores_nothing() -> None:
    (one,) = await fill(1)
    async with AppHarness() as app:
        app.window.conversations.delete_requested.emit([one.id])
        await app.written()
        await app.controllers.sidebar.trash.empty()
        app.window.notifications.undo_last()
        await app.written()
        assert app.rows == []


async def test_the_trash_is_emptied_after_thirty_days() -> None:
    one, two = await fill(2)
    async with another_program() as other:
        await other.flags.set_trashed([one.id], now() - timedelta(days=31))
        await other.flags.set_trashed([two.id], now() - timedelta(days=29))
    async with AppHarness() as app:
        await app.controllers.sidebar.housekeeping.clean_up()
        assert app.stored("SELECT id FROM conversations") == [(two.id,)]
        await go(app, TRASH)
        assert app.window.conversations.model.index_of(two.id).data(Roles.NOTE) == "1 day"


async def test_a_question_in_the_trash_restores_the_conversation() -> None:
    async with AppHarness() as app:
        one = await app.ask_and_answer("First", "1")
        app.window.conversations.delete_requested.emit([one])
        await go(app, TRASH)
        await app.open_conversation(one)
        assert "in the trash" in app.said
        await app.ask_and_answer("Second", "2")
        await until(lambda: app.rows == [])
        await go(app, LIST)
        assert app.rows == ["First"]
        await app.written()
        assert app.stored("SELECT trashed_at FROM conversations") == [(None,)]


# ---------------------------------------------------------------- several at once


async def test_marked_conversations_are_moved_together() -> None:
    made = await fill(6)
    ids = [c.id for c in made]
    async with AppHarness() as app:
        shown = app.window.conversations
        await app.open_conversation(ids[0])
        click_row(app, ids[2], SHIFT)
        assert shown.selection.affected_ids == ids[:3]
        assert app.open_id == ids[0]
        click_row(app, ids[1], CONTROL)
        click_row(app, ids[4], CONTROL)
        assert set(shown.selection.affected_ids) == {ids[0], ids[2], ids[4]}
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
        assert len(shown.selection.affected_ids) == 6
        app.press(Qt.Key.Key_Escape)
        assert shown.selection.affected_ids == [ids[0]]


async def test_marked_conversations_are_exported_from_their_menu(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    made = await fill(4)
    async with AppHarness() as app:
        ids = [conversation.id for conversation in made]
        choose_below(menu_of(app, ids[3]), "Export as", "JSON (for import)")
        assert Path(file_dialog().selectedFiles()[0]).name == "Old 3.json"
        choose_paths(target)
        await until(target.exists)
        await app.open_conversation(ids[0])
        click_row(app, ids[2], SHIFT)
        await until(lambda: not app.controllers.panel.transfer.is_busy)
        target.unlink()
        menu = menu_of(app, ids[1])
        choose_below(menu, "Export 3 conversations as", "JSON (for import)")
        assert Path(file_dialog().selectedFiles()[0]).name == "Conversations.json"
        choose_paths(target)
        await until(target.exists)
        exported = json.loads(target.read_text())["conversations"]
        assert {each["id"] for each in exported} == set(ids[:3])
        await until(lambda: not app.controllers.panel.transfer.is_busy)


async def test_the_menu_opens_a_temporary_conversation() -> None:
    async with AppHarness() as app:
        choose(app.window.conversations.menus.list_menu(), "New temporary conversation")
        await until(lambda: app.state.current.is_temporary)


# ---------------------------------------------------------------- branches


async def test_branching_opens_a_new_conversation() -> None:
    async with AppHarness() as app:
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


async def test_a_branch_copies_the_compaction_of_its_beginning() -> None:
    async with AppHarness() as app:
        one = await app.ask_and_answer("First", "One")
        await app.ask_and_answer("Second", "Two")
        ids = [message.id for message in await app.backend.conversations.path(one)]
        for number, last in enumerate((ids[1], ids[3])):
            made = Compaction(
                str(number), one, last, CompactionKind.SUMMARY, "p", "m", "Short", now(), 90, 9
            )
            await app.backend.compactions.add(made)
        app.act("branch", at=1)
        await until(lambda: app.open_id != one)
        (copy,) = await app.backend.compactions.load(app.open_id)
        path = await app.backend.conversations.path(app.open_id)
        assert (copy.message_id, copy.body) == (path[-1].id, "Short")
        assert len(await app.backend.compactions.load(one)) == 2


# ---------------------------------------------------------------- writes of other programs


def a_message(conversation_id: str, role: Role, text: str, parent: str | None) -> Message:
    done = MessageStatus.COMPLETE
    parts = (TextPart(text),)
    return Message(new_id(), conversation_id, parent, role, done, parts, now(), CHOICE)


async def test_the_window_shows_what_another_program_wrote() -> None:
    async with AppHarness() as app:
        here = await app.ask_and_answer("First", "One")
        async with another_program() as other:
            at = now()
            folder = Folder(new_id(), "From afar", at)
            await other.conversation_folders.save(folder)
            added = Conversation(new_id(), "Added", at, at, CHOICE)
            await other.conversations.create(added)
            await until(lambda: app.rows == ["From afar", "Added", "First"])
            await other.conversations.rename(added.id, "Named")
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
            await until(lambda: "From outside" in app.transcript)
            assert "Heard" in app.transcript
            await other.conversations.erase([added.id])
            await until(lambda: app.rows == ["From afar", "First"])
            await other.conversations.erase([here])
            await until(lambda: app.open_id != here)
            assert app.rows == ["From afar"]


async def test_a_title_that_another_program_gave_during_an_answer_stays() -> None:
    async with AppHarness() as app:
        here = await app.ask_and_answer("First", "One")
        turn = await app.ask("Second")
        async with another_program() as other:
            await other.conversations.rename(here, "Named")
            await until(lambda: app.window.windowTitle().startswith("Named"))
        turn.end("Two")
        await app.settled()
        await app.ask_and_answer("Third", "Three")
        assert app.rows == ["Named"]
        assert "Two" in app.transcript


async def test_a_conversation_deleted_during_its_answer_is_closed_with_its_end() -> None:
    async with AppHarness() as app:
        here = await app.ask_and_answer("First", "One")
        turn = await app.ask("Second")
        async with another_program() as other:
            await other.conversations.erase([here])
            await until(lambda: not app.rows)
        turn.end("Two")
        await until(lambda: "Another program deleted this conversation." in app.said)
        assert app.open_id != here
        await app.settled()
        assert not app.rows


async def test_messages_imported_during_an_answer_are_shown_at_its_end() -> None:
    async with AppHarness() as app:
        here = await app.ask_and_answer("First", "One")
        turn = await app.ask("Second")
        turn.say("Tw")
        app.type("My draft")
        async with another_program() as other:
            shown = app.state.current.path
            kept = await other.conversations.get(here)
            assert kept is not None
            added = a_message(here, Role.USER, "From outside", shown[-1].id)
            extended = replace(kept, title="Named", leaf_id=added.id)
            await ImportStore(other.database).add(extended, [*shown, added], None)
            await other.conversations.rename(here, "Named")
            await until(lambda: app.window.windowTitle().startswith("Named"))
        assert "From outside" not in app.transcript
        turn.end("o")
        await until(lambda: "From outside" in app.transcript)
        assert "Two" in app.transcript
        assert app.text.toPlainText() == "My draft"
        await app.settled()


async def test_the_open_collections_show_what_another_program_wrote() -> None:
    async with AppHarness() as app:
        app.controllers.composer.collections.show()
        dialog = await dialog_of(CollectionsDialog)
        async with another_program() as other:
            await other.collections.create("From afar")
            await until(lambda: dialog.name.text() == "From afar")
        dialog.close()


async def test_the_windows_own_writes_are_not_read_again() -> None:
    async with AppHarness() as app:
        told: list[bool] = []
        app.controllers.sidebar.store_watcher.store_changed.connect(lambda: told.append(True))
        await app.ask_and_answer("First", "One")
        pause = timer_of(app.controllers.sidebar.store_watcher)
        await until(lambda: not pause.isActive())
        await app.written()
        assert told == []


async def test_a_conversation_moved_by_another_program_uses_the_settings_of_its_folder() -> None:
    async with AppHarness() as app:
        here = await app.ask_and_answer("First", "One")
        told: list[str] = []
        setup = app.state.setup
        setup.choice_changed.connect(lambda: told.append(setup.ask_settings.instructions))
        async with another_program() as other:
            folder = Folder(new_id(), "Thesis", now(), overrides=Overrides("Cite your sources."))
            await other.conversation_folders.save(folder)
            await until(lambda: "Thesis" in app.rows)
            await other.flags.move([here], folder.id)
            await until(lambda: "Cite your sources." in told)


async def test_a_change_of_the_providers_is_reported_as_a_change_of_the_choice() -> None:
    async with AppHarness() as app:
        told: list[None] = []
        app.state.setup.choice_changed.connect(lambda: told.append(None))
        await app.state.providers.reload()
        assert told
        await app.settled()


async def test_a_folder_whose_deletion_is_pressed_twice_returns_with_its_conversations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = FolderStore.delete
    one, *_ = await fill(2)
    async with AppHarness() as app:

        async def delete_and_press_again(store: FolderStore, folder_id: str) -> None:
            await delete(store, folder_id)
            app.window.conversations.folder_delete_requested.emit(folder_id)
            await app.backend.conversations.get(one.id)  # a second deletion would read now

        monkeypatch.setattr(FolderStore, "delete", delete_and_press_again)
        folder = Folder(new_id(), "Thesis", now())
        app.controllers.sidebar.list_presenter.writes.start(app.state.folders.save(folder))
        app.window.conversations.move_requested.emit([one.id], folder.id)
        await app.written()
        app.window.conversations.folder_delete_requested.emit(folder.id)
        await until(lambda: "deleted" in app.said)
        await app.written()
        app.press_action("Undo")
        await app.written()
        assert app.stored("SELECT folder_id FROM conversations WHERE id = ?", one.id) == [
            (folder.id,)
        ]


async def test_editing_an_answer_without_a_question_does_nothing() -> None:
    async with AppHarness() as app:
        moment = now()
        imported = Conversation(new_id(), "Imported", moment, moment, CHOICE)
        first = replace(answer("Hello."), conversation_id=imported.id, parent_id=None)
        imported = replace(imported, leaf_id=first.id)
        await app.backend.conversations.add_with_messages(imported, [first], [])
        await app.open_conversation(imported.id)
        app.type("draft")
        app.window.transcript.action_requested.emit(first.id, "edit")
        assert app.window.prompt.text() == "draft"


async def test_a_change_during_the_reading_of_foreign_changes_is_kept() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        await app.ask_and_answer("First", "One")
        app.disk.is_paused = True
        reading = asyncio.ensure_future(app.controllers.sidebar.foreign_changes.show())
        await app.disk.waiting.wait()
        app.session.actions["conversation.pin"]()
        app.disk.release.set()
        await reading
        assert app.state.current.conversation.pinned
        await app.settled()


async def test_a_question_asked_while_its_conversation_is_read_is_shown() -> None:
    async with AppHarness(disk=PausableStore) as app:
        disk = app.disk
        assert isinstance(disk, PausableStore)
        here = await app.ask_and_answer("First", "One")
        disk.is_paused = True
        reading = asyncio.ensure_future(app.controllers.sidebar.navigator.open(here))
        await disk.waiting.wait()
        disk.is_paused = False
        turn = await app.ask("Second")
        await until(lambda: "Second" in app.transcript)
        disk.release.set()
        await reading
        turn.end("Two")
        await app.settled()
        assert "Second" in app.transcript
        assert "Two" in app.transcript
        assert [m.text for m in app.state.current.path] == ["First", "One", "Second", "Two"]


async def test_a_change_during_the_reading_of_a_moved_conversation_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    get, renamed = ConversationStore.get, list[str]()
    async with AppHarness() as app:
        moved = await app.ask_and_answer("First", "One")
        app.window.conversations.new_requested.emit()

        async def rename_meanwhile(store: ConversationStore, id_: str) -> Conversation | None:
            found = await get(store, id_)
            if store is app.disk and not renamed:
                renamed.append(id_)
                app.controllers.sidebar.list_presenter.rename(id_, "Mine")
            return found

        monkeypatch.setattr(ConversationStore, "get", rename_meanwhile)
        async with another_program() as other:
            await other.flags.set_archived([moved], True)
            await until(lambda: renamed)
            await until(lambda: app.rows == [])
        await app.written()
        cached = app.controllers.sidebar.list_presenter.cache.get(moved)
        assert cached is not None
        assert (cached.title, cached.archived) == ("Mine", True)


async def test_a_page_of_the_list_that_could_not_be_read_is_requested_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        raise StorageError("The list could not be read.")

    await fill(150)
    async with AppHarness() as app:
        model = app.window.conversations.model
        with monkeypatch.context() as failing:
            failing.setattr(ConversationStore, "list_page", fail)
            model.fetchMore(model.index(0))
            await until(lambda: "could not be read" in app.said)
        model.fetchMore(model.index(0))
        await until(lambda: len(app.rows) == 150)


async def test_a_folder_that_could_not_be_deleted_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_store: FolderStore, _folder_id: str) -> None:
        raise StorageError("The folder could not be deleted.")

    monkeypatch.setattr(FolderStore, "delete", fail)
    async with AppHarness() as app:
        app.controllers.sidebar.folders.create()
        await app.written()
        (folder_id,) = app.state.folders.by_id
        app.window.conversations.folder_delete_requested.emit(folder_id)
        await until(lambda: "could not be deleted" in app.said)
        assert app.rows == ["New folder"]


async def test_a_conversation_deleted_during_its_answer_is_not_unread() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        turn.say("So")
        await until(lambda: "So" in app.transcript)
        app.controllers.sidebar.trash.delete_chosen()
        await app.settled()
        assert not app.setting(UNREAD_KEY)
