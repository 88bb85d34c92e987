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
from desktop_app.domain.models.model_catalog import Effort, Variant
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.folder_store import FolderStore
from desktop_app.ui.library.collections_dialog import CollectionsDialog
from desktop_app.ui.sidebar.conversation_model import Roles
from tests.gui.app.desk import Desk, PausableStore, until
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


async def go(desk: Desk, place: ListFilter) -> None:
    desk.window.conversations.filter_requested.emit(place)
    await until(lambda: desk.window.conversations.model.list_filter == place)


def click_row(desk: Desk, identifier: str, modifiers: Qt.KeyboardModifier) -> None:
    from PySide6.QtTest import QTest

    view = desk.window.conversations.view
    row = view.row_of(desk.window.conversations.model.index_of(identifier))
    view.scrollTo(row)
    place = view.visualRect(row).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifiers, place)


def menu_of(desk: Desk, identifier: str) -> QMenu:
    shown = desk.window.conversations
    return shown.menus.menu_for(shown.view.row_of(shown.model.index_of(identifier)))


def choose(menu: QMenu, words: str) -> None:
    actions = {entry_text(action).split("\t")[0]: action for action in menu.actions()}
    actions[words].trigger()


def choose_below(menu: QMenu, words: str, more: str) -> None:
    below = next(a.menu() for a in menu.actions() if entry_text(a) == words)
    assert isinstance(below, QMenu)
    choose(below, more)


def press_in_box(desk: Desk, label: str) -> None:
    box = desk.window.findChildren(QMessageBox)[-1]
    next(b for b in box.findChildren(QPushButton) if b.text() == label).click()


# ---------------------------------------------------------------- pages


async def test_the_list_loads_pages_and_end_loads_all() -> None:
    made = await fill(350)
    async with Desk() as desk:
        shown = desk.window.conversations
        assert len(desk.rows) == 100
        desk.window.resize(1280, 800)
        bar = shown.view.verticalScrollBar()
        await until(lambda: bar.maximum() > 0)
        bar.setValue(bar.maximum())
        await until(lambda: len(desk.rows) == 200)
        assert desk.rows[:200] == [c.title for c in made[:200]]
        shown.view.setFocus()
        desk.press(Qt.Key.Key_End)
        await until(lambda: len(desk.rows) == 350)
        assert desk.rows == [c.title for c in made]
        assert shown.view.currentIndex().data() == "Old 349"


async def test_a_conversation_that_is_not_listed_can_be_opened() -> None:
    made = await fill(150)
    last = made[-1]
    async with Desk() as desk:
        shown = desk.window.conversations
        shown.search.setText("149")
        await until(lambda: shown.hits.rowCount() == 1)
        desk.press_search_enter()
        await until(lambda: desk.open_id == last.id)
        assert last.title not in desk.rows
        desk.window.conversations.renamed.emit(last.id, "Better")
        assert desk.window.header.title.text() == "Better"
        await desk.written()
        assert "Better" not in desk.rows  # its page has not come yet
        shown.search.clear()
    async with Desk() as desk:
        assert desk.open_id == last.id
        assert desk.window.header.title.text() == "Better"
        await desk.ask_and_answer("And now?", "Now")
        assert desk.rows[0] == "Better"


# ---------------------------------------------------------------- folders


async def test_a_folder_is_created_named_filled_and_opened() -> None:
    one, two, three = await fill(3)
    async with Desk() as desk:
        shown = desk.window.conversations
        desk.click("new-folder")
        await until(lambda: shown.view.findChild(QLineEdit, "rename"))
        editor = find(shown.view, QLineEdit, "rename")
        assert editor.selectedText() == "New folder"
        editor.setText("Thesis")
        desk.press(Qt.Key.Key_Return)
        await desk.written()
        [(folder_id, name)] = desk.stored("SELECT id, name FROM folders")
        assert name == "Thesis"
        assert shown.model.index(1).data(Roles.IS_FOLDER)
        menu = menu_of(desk, one.id)
        choose(find(menu, QMenu, "move-to"), "Thesis")
        assert desk.rows == ["Thesis", "Old 1", "Old 2"]
        assert "“Old 0” moved to “Thesis”" in desk.said
        click_row(desk, two.id, CONTROL)
        click_row(desk, three.id, CONTROL)
        shown.view.dropped.emit(shown.marked, folder_id)
        assert desk.rows == ["Thesis"]
        desk.press_action("Undo")
        assert desk.rows == ["Thesis", "Old 1", "Old 2"]
        shown.view.setCurrentIndex(shown.view.row_of(shown.model.index_of(folder_id)))
        shown.view.setFocus()
        desk.press(Qt.Key.Key_Return)
        await until(lambda: shown.model.list_filter == ListFilter.of_folder(folder_id))
        assert desk.rows == ["Old 0"]
        assert shown.filter_bar.title.text() == "Thesis"
        desk.press(Qt.Key.Key_Escape)
        await until(lambda: shown.model.list_filter == LIST)
        assert desk.rows == ["Thesis", "Old 1", "Old 2"]
    async with Desk() as desk:
        assert desk.rows == ["Thesis", "Old 1", "Old 2"]


async def test_conversations_use_the_choice_and_settings_of_their_folder() -> None:
    async with Desk(environment=KEY) as desk:
        state, panel = desk.state, desk.window.settings
        folder = Folder(new_id(), "Thesis", now())
        desk.controllers.list_presenter.write(desk.state.folders.save(folder))
        desk.window.conversations.folder_settings_requested.emit(folder.id)
        panel.folder_override_changed.emit(folder.id, "default.variant", "pro")
        panel.folder_override_changed.emit(folder.id, "default.effort", "high")
        panel.folder_override_changed.emit(folder.id, "answer.system_prompt", "Cite your sources.")
        panel.folder_override_changed.emit(folder.id, "answer.temperature", 0.2)
        await go(desk, ListFilter.of_folder(folder.id))
        desk.window.conversations.new_button.click()
        choice = state.setup.choice
        assert choice == ModelChoice(choice.provider_id, "", Variant.PRO, Effort.HIGH)
        assert state.setup.ask_settings.instructions == "Cite your sources."
        turn = await desk.ask("Why?")
        assert turn.request.instructions == "Cite your sources."
        turn.end("Because.")
        await desk.settled()
        assert desk.rows == ["Why?"]
        inside = desk.open_id
        stored = await desk.backend.conversations.get(inside)
        assert stored is not None
        assert stored.folder_id == folder.id
        panel.override_changed.emit(inside, "answer.system_prompt", "Be brief.")
        assert state.setup.ask_settings.instructions == "Be brief."
        assert state.setup.ask_settings.parameters.temperature == 0.2
        panel.folder_override_removed.emit(folder.id, "answer.temperature")
        panel.folder_override_removed.emit(folder.id, "default.effort")
        assert desk.state.setup.ask_settings.parameters.temperature is None
        await go(desk, LIST)
        desk.window.conversations.new_button.click()
        assert state.setup.ask_settings.instructions == ""
        assert state.setup.choice == state.new_conversation.default_choice
        await desk.written()
        [kept] = await desk.backend.conversation_folders.all()
        assert kept.overrides == Overrides("Cite your sources.")
        assert kept.choice == ModelChoice("", "", Variant.PRO)


async def test_a_folder_is_deleted_without_its_conversations() -> None:
    one, *_ = await fill(2)
    async with Desk() as desk:
        folder = Folder(new_id(), "Thesis", now())
        desk.controllers.list_presenter.write(desk.state.folders.save(folder))
        desk.window.conversations.move_requested.emit([one.id], folder.id)
        await desk.written()
        await go(desk, ListFilter.of_folder(folder.id))
        desk.window.conversations.folder_delete_requested.emit(folder.id)
        await until(lambda: desk.window.conversations.model.list_filter == LIST)
        assert desk.rows == ["Old 0", "Old 1"]
        desk.press_action("Undo")
        await desk.written()
        assert desk.rows == ["Thesis", "Old 1"]
        assert desk.stored("SELECT folder_id FROM conversations WHERE id = ?", one.id) == [
            (folder.id,)
        ]


async def test_a_blank_conversation_leaves_its_folder_when_that_is_deleted() -> None:
    async with Desk() as desk:
        desk.controllers.folders.create()
        await desk.written()
        (folder_id,) = desk.state.folders.by_id
        desk.window.conversations.new_in_folder_requested.emit(folder_id)
        await desk.written()
        desk.controllers.folders.delete(folder_id)
        await desk.ask_and_answer("Where?", "Here.")
        assert desk.stored("SELECT folder_id FROM conversations") == [(None,)]


async def test_the_folder_is_picked_by_its_name() -> None:
    one, *_ = await fill(2)
    async with Desk() as desk:
        for name in ("Thesis", "Garden"):
            desk.controllers.list_presenter.write(
                desk.state.folders.save(Folder(new_id(), name, now()))
            )
        await desk.opened(one.id)
        desk.controllers.folders.offer_folders()
        from PySide6.QtTest import QTest

        QTest.keyClicks(find(desk.window, QLineEdit, "command"), "gard")
        QTest.keyClick(find(desk.window, QLineEdit, "command"), Qt.Key.Key_Return)
        await desk.written()
        assert desk.rows == ["Garden", "Thesis", "Old 1"]
        assert "moved to “Garden”" in desk.said


async def test_a_folder_has_a_dot_while_an_answer_streams_in_it() -> None:
    async with Desk() as desk:
        folder = Folder(new_id(), "Thesis", now())
        desk.controllers.list_presenter.write(desk.state.folders.save(folder))
        await go(desk, ListFilter.of_folder(folder.id))
        desk.window.conversations.new_button.click()
        turn = await desk.ask("Why?")
        await go(desk, LIST)
        assert desk.has_dot(folder.id)
        turn.end("Because.")
        await desk.settled()
        assert not desk.has_dot(folder.id)


# ---------------------------------------------------------------- archive and trash


async def test_a_conversation_is_archived_and_unarchived() -> None:
    one, two = await fill(2)
    async with Desk() as desk:
        choose(menu_of(desk, one.id), "Archive")
        assert desk.rows == ["Old 1"]
        desk.click("show-archive")
        await until(lambda: desk.window.conversations.model.list_filter == ARCHIVE)
        assert desk.rows == ["Old 0"]
        choose(menu_of(desk, one.id), "Unarchive")
        assert desk.rows == []
        assert desk.window.conversations.note.text() == "No archived conversations"
        await desk.written()
        assert desk.stored("SELECT count(*) FROM conversations WHERE archived") == [(0,)]
        desk.click("back-to-list")
        await until(lambda: desk.rows == ["Old 0", "Old 1"])
        assert two.title in desk.rows


async def test_the_trash_shows_the_days_left_and_deletes_permanently() -> None:
    one, two, three = await fill(3)
    async with Desk() as desk:
        for each in (one, two, three):
            desk.window.conversations.delete_requested.emit([each.id])
        await go(desk, TRASH)
        assert desk.rows == ["Old 2", "Old 1", "Old 0"]
        index = desk.window.conversations.model.index_of(one.id)
        assert index.data(Roles.NOTE) == "30 days"
        assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Old 0, will be deleted in 30 days"
        choose(menu_of(desk, two.id), "Restore")
        assert desk.rows == ["Old 2", "Old 0"]
        choose(menu_of(desk, one.id), "Delete permanently")
        press_in_box(desk, "Cancel")
        assert desk.rows == ["Old 2", "Old 0"]
        choose(menu_of(desk, one.id), "Delete permanently")
        press_in_box(desk, "Delete permanently")
        await desk.written()
        assert desk.rows == ["Old 2"]
        assert desk.stored("SELECT count(*) FROM conversations") == [(2,)]
        desk.click("empty-trash")
        press_in_box(desk, "Delete permanently")
        await until(lambda: desk.rows == [])
        await desk.written()
        assert desk.stored("SELECT title FROM conversations") == [("Old 1",)]


async def test_a_conversation_restored_during_the_question_is_not_deleted() -> None:
    one, two = await fill(2)
    async with Desk() as desk:
        for each in (one, two):
            desk.window.conversations.delete_requested.emit([each.id])
        desk.window.conversations.erase_requested.emit([one.id, two.id])
        desk.window.notifications.undo_last()
        press_in_box(desk, "Delete permanently")
        await desk.written()
        assert desk.stored("SELECT id FROM conversations") == [(two.id,)]


async def test_undo_after_the_trash_was_emptied_restores_nothing() -> None:
    (one,) = await fill(1)
    async with Desk() as desk:
        desk.window.conversations.delete_requested.emit([one.id])
        await desk.written()
        await desk.controllers.trash.empty()
        desk.window.notifications.undo_last()
        await desk.written()
        assert desk.rows == []


async def test_the_trash_is_emptied_after_thirty_days() -> None:
    one, two = await fill(2)
    async with another_program() as other:
        await other.conversations.set_trashed([one.id], now() - timedelta(days=31))
        await other.conversations.set_trashed([two.id], now() - timedelta(days=29))
    async with Desk() as desk:
        await desk.controllers.housekeeping.collect()
        assert desk.stored("SELECT id FROM conversations") == [(two.id,)]
        await go(desk, TRASH)
        assert desk.window.conversations.model.index_of(two.id).data(Roles.NOTE) == "1 day"


async def test_a_question_in_the_trash_restores_the_conversation() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "1")
        desk.window.conversations.delete_requested.emit([one])
        await go(desk, TRASH)
        await desk.opened(one)
        assert "in the trash" in desk.said
        await desk.ask_and_answer("Second", "2")
        await until(lambda: desk.rows == [])
        await go(desk, LIST)
        assert desk.rows == ["First"]
        await desk.written()
        assert desk.stored("SELECT trashed_at FROM conversations") == [(None,)]


# ---------------------------------------------------------------- several at once


async def test_marked_conversations_are_moved_together() -> None:
    made = await fill(6)
    ids = [c.id for c in made]
    async with Desk() as desk:
        shown = desk.window.conversations
        await desk.opened(ids[0])
        click_row(desk, ids[2], SHIFT)
        assert shown.marked == ids[:3]
        assert desk.open_id == ids[0]
        click_row(desk, ids[1], CONTROL)
        click_row(desk, ids[4], CONTROL)
        assert set(shown.marked) == {ids[0], ids[2], ids[4]}
        choose(menu_of(desk, ids[4]), "Pin 3 conversations")
        assert shown.model.index(0).data() == "Pinned"
        assert desk.rows[:3] == ["Old 0", "Old 2", "Old 4"]
        shown.view.setFocus()
        desk.press(Qt.Key.Key_Delete)
        assert "3 conversations moved to trash" in desk.said
        assert desk.rows == ["Old 1", "Old 3", "Old 5"]
        assert desk.open_id not in ids
        desk.press_action("Undo")
        await until(lambda: desk.open_id == ids[0])
        assert len(desk.rows) == 6
        shown.view.setFocus()
        desk.press(Qt.Key.Key_A, CONTROL)
        assert len(shown.marked) == 6
        desk.press(Qt.Key.Key_Escape)
        assert shown.marked == [ids[0]]


# ---------------------------------------------------------------- branches


async def test_marked_conversations_are_exported_from_their_menu(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    made = await fill(4)
    async with Desk() as desk:
        ids = [conversation.id for conversation in made]
        choose_below(menu_of(desk, ids[3]), "Export as", "JSON (for import)")
        assert Path(file_dialog().selectedFiles()[0]).name == "Old 3.json"
        choose_paths(target)
        await until(target.exists)
        await desk.opened(ids[0])
        click_row(desk, ids[2], SHIFT)
        await until(lambda: not desk.controllers.transfer.is_busy)
        target.unlink()
        menu = menu_of(desk, ids[1])
        choose_below(menu, "Export 3 conversations as", "JSON (for import)")
        assert Path(file_dialog().selectedFiles()[0]).name == "Conversations.json"
        choose_paths(target)
        await until(target.exists)
        exported = json.loads(target.read_text())["conversations"]
        assert {each["id"] for each in exported} == set(ids[:3])
        await until(lambda: not desk.controllers.transfer.is_busy)


async def test_the_menu_opens_a_temporary_conversation() -> None:
    async with Desk() as desk:
        choose(desk.window.conversations.menus.list_menu(), "New temporary conversation")
        await until(lambda: desk.state.current.is_temporary)


async def test_branching_opens_a_new_conversation() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "One")
        await desk.ask_and_answer("Second", "Two")
        desk.act("branch", at=1)
        await until(lambda: desk.open_id != one)
        branch = desk.open_id
        assert desk.window.header.title.text() == "First (branch)"
        assert "One" in desk.transcript
        assert "Two" not in desk.transcript
        assert desk.rows == ["First (branch)", "First"]
        turn = await desk.ask("Third")
        assert len(turn.request.messages) == 3
        turn.end("Three")
        await desk.settled()
        assert len(await desk.backend.conversations.path(branch)) == 4
        assert len(await desk.backend.conversations.path(one)) == 4
        every = desk.stored("SELECT id FROM messages")
        assert len(every) == len(set(every)) == 8


async def test_a_branch_copies_the_compaction_of_its_beginning() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "One")
        await desk.ask_and_answer("Second", "Two")
        ids = [message.id for message in await desk.backend.conversations.path(one)]
        for number, last in enumerate((ids[1], ids[3])):
            made = Compaction(
                str(number), one, last, CompactionKind.SUMMARY, "p", "m", "Short", now(), 90, 9
            )
            await desk.backend.compactions.add(made)
        desk.act("branch", at=1)
        await until(lambda: desk.open_id != one)
        (copy,) = await desk.backend.compactions.load(desk.open_id)
        path = await desk.backend.conversations.path(desk.open_id)
        assert (copy.message_id, copy.body) == (path[-1].id, "Short")
        assert len(await desk.backend.compactions.load(one)) == 2


# ---------------------------------------------------------------- what others wrote


def a_message(conversation_id: str, role: Role, text: str, parent: str | None) -> Message:
    done = MessageStatus.COMPLETE
    parts = (TextPart(text),)
    return Message(new_id(), conversation_id, parent, role, done, parts, now(), CHOICE)


async def test_the_window_shows_what_another_program_wrote() -> None:
    async with Desk() as desk:
        here = await desk.ask_and_answer("First", "One")
        async with another_program() as other:
            at = now()
            folder = Folder(new_id(), "From afar", at)
            await other.conversation_folders.save(folder)
            added = Conversation(new_id(), "Added", at, at, CHOICE)
            await other.conversations.create(added)
            await until(lambda: desk.rows == ["From afar", "Added", "First"])
            await other.conversations.rename(added.id, "Named")
            await until(lambda: "Named" in desk.rows)
            path = await other.conversations.path(here)
            more = a_message(here, Role.USER, "From outside", path[-1].id)
            kept = await other.conversations.get(here)
            assert kept is not None
            await other.conversations.begin_turn(
                replace(kept, leaf_id=more.id),
                more,
                replace(a_message(here, Role.ASSISTANT, "Heard", more.id)),
            )
            await until(lambda: "From outside" in desk.transcript)
            assert "Heard" in desk.transcript
            await other.conversations.delete(added.id)
            await until(lambda: desk.rows == ["From afar", "First"])
            await other.conversations.delete(here)
            await until(lambda: desk.open_id != here)
            assert desk.rows == ["From afar"]


async def test_a_title_that_another_program_gave_during_an_answer_stays() -> None:
    async with Desk() as desk:
        here = await desk.ask_and_answer("First", "One")
        turn = await desk.ask("Second")
        async with another_program() as other:
            await other.conversations.rename(here, "Named")
            await until(lambda: desk.window.windowTitle().startswith("Named"))
        turn.end("Two")
        await desk.settled()
        await desk.ask_and_answer("Third", "Three")
        assert desk.rows == ["Named"]
        assert "Two" in desk.transcript


async def test_a_conversation_deleted_during_its_answer_is_closed_with_its_end() -> None:
    async with Desk() as desk:
        here = await desk.ask_and_answer("First", "One")
        turn = await desk.ask("Second")
        async with another_program() as other:
            await other.conversations.delete(here)
            await until(lambda: not desk.rows)
        turn.end("Two")
        await until(lambda: "Another program deleted this conversation." in desk.said)
        assert desk.open_id != here
        await desk.settled()
        assert not desk.rows


async def test_the_open_collections_show_what_another_program_wrote() -> None:
    async with Desk() as desk:
        desk.controllers.collections.show()
        dialog = await dialog_of(CollectionsDialog)
        async with another_program() as other:
            await other.collections.create("From afar")
            await until(lambda: dialog.name.text() == "From afar")
        dialog.close()


async def test_our_own_writes_are_not_read_again() -> None:
    async with Desk() as desk:
        told: list[bool] = []
        desk.controllers.store_watcher.store_changed.connect(lambda: told.append(True))
        await desk.ask_and_answer("First", "One")
        pause = timer_of(desk.controllers.store_watcher)
        await until(lambda: not pause.isActive())
        await desk.written()
        assert told == []


async def test_a_conversation_moved_by_another_program_uses_the_settings_of_its_folder() -> None:
    async with Desk() as desk:
        here = await desk.ask_and_answer("First", "One")
        told: list[str] = []
        setup = desk.state.setup
        setup.choice_changed.connect(lambda: told.append(setup.ask_settings.instructions))
        async with another_program() as other:
            folder = Folder(new_id(), "Thesis", now(), overrides=Overrides("Cite your sources."))
            await other.conversation_folders.save(folder)
            await until(lambda: "Thesis" in desk.rows)
            await other.flags.move([here], folder.id)
            await until(lambda: "Cite your sources." in told)


async def test_changed_providers_may_change_the_choice() -> None:
    async with Desk() as desk:
        told: list[None] = []
        desk.state.setup.choice_changed.connect(lambda: told.append(None))
        await desk.state.providers.reload()
        assert told
        await desk.settled()


async def test_a_folder_whose_deletion_is_pressed_twice_returns_with_its_conversations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = FolderStore.delete
    one, *_ = await fill(2)
    async with Desk() as desk:

        async def delete_and_press_again(store: FolderStore, folder_id: str) -> None:
            await delete(store, folder_id)
            desk.window.conversations.folder_delete_requested.emit(folder_id)
            await desk.backend.conversations.get(one.id)  # a second deletion would read now

        monkeypatch.setattr(FolderStore, "delete", delete_and_press_again)
        folder = Folder(new_id(), "Thesis", now())
        desk.controllers.list_presenter.write(desk.state.folders.save(folder))
        desk.window.conversations.move_requested.emit([one.id], folder.id)
        await desk.written()
        desk.window.conversations.folder_delete_requested.emit(folder.id)
        await until(lambda: "deleted" in desk.said)
        await desk.written()
        desk.press_action("Undo")
        await desk.written()
        assert desk.stored("SELECT folder_id FROM conversations WHERE id = ?", one.id) == [
            (folder.id,)
        ]


async def test_editing_an_answer_without_a_question_does_nothing() -> None:
    async with Desk() as desk:
        moment = now()
        imported = Conversation(new_id(), "Imported", moment, moment, CHOICE)
        first = replace(answer("Hello."), conversation_id=imported.id, parent_id=None)
        imported = replace(imported, leaf_id=first.id)
        await desk.backend.conversations.add_with_messages(imported, [first], [])
        await desk.opened(imported.id)
        desk.type("draft")
        desk.window.transcript.action_requested.emit(first.id, "edit")
        assert desk.window.prompt.text() == "draft"


async def test_a_change_during_the_reading_of_foreign_changes_is_kept() -> None:
    async with Desk(disk=PausableStore) as desk:
        assert isinstance(desk.disk, PausableStore)
        await desk.ask_and_answer("First", "One")
        desk.disk.is_paused = True
        reading = asyncio.ensure_future(desk.controllers.foreign_changes.show())
        await desk.disk.waiting.wait()
        desk.session.actions["conversation.pin"]()
        desk.disk.release.set()
        await reading
        assert desk.state.current.conversation.pinned
        await desk.settled()


async def test_a_question_asked_while_its_conversation_is_read_is_shown() -> None:
    async with Desk(disk=PausableStore) as desk:
        disk = desk.disk
        assert isinstance(disk, PausableStore)
        here = await desk.ask_and_answer("First", "One")
        disk.is_paused = True
        reading = asyncio.ensure_future(desk.controllers.library.open(here))
        await disk.waiting.wait()
        disk.is_paused = False
        turn = await desk.ask("Second")
        await until(lambda: "Second" in desk.transcript)
        disk.release.set()
        await reading
        turn.end("Two")
        await desk.settled()
        assert "Second" in desk.transcript
        assert "Two" in desk.transcript
        assert [m.text for m in desk.state.current.path] == ["First", "One", "Second", "Two"]


async def test_a_change_during_the_reading_of_a_moved_conversation_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    get, renamed = ConversationStore.get, list[str]()
    async with Desk() as desk:
        moved = await desk.ask_and_answer("First", "One")
        desk.window.conversations.new_requested.emit()

        async def rename_meanwhile(store: ConversationStore, id_: str) -> Conversation | None:
            found = await get(store, id_)
            if store is desk.disk and not renamed:
                renamed.append(id_)
                desk.controllers.conversation_titles.rename(id_, "Mine")
            return found

        monkeypatch.setattr(ConversationStore, "get", rename_meanwhile)
        async with another_program() as other:
            await other.flags.set_archived([moved], True)
            await until(lambda: renamed)
            await until(lambda: desk.rows == [])
        await desk.written()
        cached = desk.controllers.list_presenter.cached(moved)
        assert cached is not None
        assert (cached.title, cached.archived) == ("Mine", True)


async def test_a_page_of_the_list_that_could_not_be_read_is_requested_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        raise StorageError("The list could not be read.")

    await fill(150)
    async with Desk() as desk:
        model = desk.window.conversations.model
        with monkeypatch.context() as failing:
            failing.setattr(ConversationStore, "listed", fail)
            model.fetchMore(model.index(0))
            await until(lambda: "could not be read" in desk.said)
        model.fetchMore(model.index(0))
        await until(lambda: len(desk.rows) == 150)


async def test_a_folder_that_could_not_be_deleted_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_store: FolderStore, _folder_id: str) -> None:
        raise StorageError("The folder could not be deleted.")

    monkeypatch.setattr(FolderStore, "delete", fail)
    async with Desk() as desk:
        desk.controllers.folders.create()
        await desk.written()
        (folder_id,) = desk.state.folders.by_id
        desk.window.conversations.folder_delete_requested.emit(folder_id)
        await until(lambda: "could not be deleted" in desk.said)
        assert desk.rows == ["New folder"]


async def test_a_conversation_deleted_during_its_answer_is_not_unread() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Why?")
        turn.say("So")
        await until(lambda: "So" in desk.transcript)
        desk.controllers.trash.delete_chosen()
        await desk.settled()
        assert not desk.setting(UNREAD_KEY)
