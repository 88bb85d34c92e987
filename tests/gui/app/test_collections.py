"""Collections in the whole program: made, filled, looked at, asked, deleted."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton

from desktop_app.domain.conversations.message_parts import CollectionPart, DocumentPart
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.errors import StoreFullError
from desktop_app.services.collections.collection_service import (
    CollectionProgress,
    Collections,
    OnProgress,
)
from desktop_app.ui.library.collection_files import sort_files
from desktop_app.ui.library.collections_dialog import CollectionsDialog
from desktop_app.ui.window.command_palette import CommandPalette
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers import waiting
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find

OPENAI = {"OPENAI_API_KEY": "sk-test"}
CORPUS = Path(__file__).parents[2] / "data" / "corpus"


def status(dialog: CollectionsDialog) -> str:
    return find(dialog, QLabel, "collections-status").text()


def undo(dialog: CollectionsDialog) -> QPushButton:
    return find(dialog, QPushButton, "undo-collections")


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "Contracts"
    folder.mkdir()
    for name in names:
        shutil.copy(Path(__file__).parents[2] / "data" / name, folder)
    return folder


async def shown(app: AppHarness) -> CollectionsDialog:
    app.controllers.composer.collections.show()
    await until(lambda: app.window.findChild(CollectionsDialog) is not None)
    dialog = app.window.findChild(CollectionsDialog)
    assert isinstance(dialog, CollectionsDialog)
    await until(dialog.isVisible)
    return dialog


def drop(dialog: CollectionsDialog, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    event = QDropEvent(QPointF(5, 5), both, data, buttons, keys)
    event.setDropAction(Qt.DropAction.MoveAction)  # as file managers propose
    dialog.dropEvent(event)
    assert event.dropAction() is Qt.DropAction.CopyAction  # a move would remove the files


async def is_only_collection(app: AppHarness, name: str) -> bool:
    return [each.name for each in await app.backend.collections.all()] == [name]


def is_quiet(app: AppHarness) -> bool:
    return not app.controllers.composer.collections.is_busy


def rows(dialog: CollectionsDialog) -> list[str]:
    role = Qt.ItemDataRole.AccessibleTextRole
    model = dialog.files.model()
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


async def test_files_are_ordered_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def note_thread(files: Sequence[CollectionFile]) -> list[CollectionFile]:
        threads.append(threading.current_thread())
        return sort_files(files)

    monkeypatch.setattr("desktop_app.app.documents.shown_collection.sort_files", note_thread)
    async with AppHarness() as app:
        await shown(app)
        await until(lambda: threads)
        assert threading.main_thread() not in threads


async def test_a_folder_becomes_a_collection_that_is_asked(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "report.pdf", "report.docx", "damaged.pdf", "notes.md")

    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        assert dialog.introduction.isVisible()
        assert "Drop a folder here" in dialog.introduction.text()
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 4)
        await until(lambda: "4 documents · 1 unreadable" in dialog.state_label.text())
        words = "3 documents added. 1 document couldn’t be read"  # the last notice
        await until(lambda: status(dialog).startswith(words))
        assert dialog.name.text() == "Contracts"
        assert str(folder) in dialog.state_label.text()
        await until(lambda: "report.pdf, 3 pages" in rows(dialog))
        assert rows(dialog)[0].startswith("damaged.pdf, ")
        assert "damaged" in rows(dialog)[0].partition(", ")[2]
        dialog.ask_button.click()
        assert not dialog.isVisible()
        assert app.chips == ["Contracts, 4 documents · 1 unreadable"]
        turn = await app.ask("What happened to the compressor?")
        assert "<passages-" in turn.asked
        assert "compressor" in turn.asked
        turn.end("It failed [1].")
        await app.settled()
        assert app.chips == ["Contracts, 4 documents · 1 unreadable"]
        app.window.prompt.chips.remove_requested.emit(
            app.state.current.draft.value.collections[0].collection_id
        )
        assert app.chips == []


async def test_a_collection_is_created_and_filled_by_keyboard(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    shutil.copy(data / "notes.md", file)

    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        dialog.list.new_button.click()
        await until(lambda: dialog.current != "")
        await until(dialog.name.isVisible)
        assert dialog.name.text() == "New collection"
        await until(lambda: dialog.name.selectedText() == "New collection")
        assert not dialog.ask_button.isEnabled()
        await until(lambda: "No documents yet" in dialog.empty_label.text())
        QTest.keyClicks(dialog.name, "Leases")
        QTest.keyClick(dialog.name, Qt.Key.Key_Return)
        await waiting.until(partial(is_only_collection, app, "Leases"))
        dialog.add_requested.emit(dialog.current, [file])
        await until(lambda: is_quiet(app) and bool(rows(dialog)))
        await until(lambda: rows(dialog) == ["notes.md, Read"])
        file.write_text("Something else stands here now: the tariff is 21 cents.")
        dialog.refresh_button.click()
        await until(lambda: is_quiet(app) and status(dialog) != "")
        (found,) = await app.backend.collections.retrieve(
            [dialog.current], "What is the tariff?", 1000
        )
        assert "21 cents" in found.passages[0].text
        dialog.files.setCurrentIndex(dialog.files.model().index(0, 0))
        QTest.keyClick(dialog.files, Qt.Key.Key_Delete)
        await until(lambda: not rows(dialog))
        await until(lambda: "removed from the collection" in status(dialog))
        undo(dialog).click()
        await until(lambda: is_quiet(app) and rows(dialog) == ["notes.md, Read"])


async def test_a_check_for_changes_says_what_has_changed(tmp_path: Path) -> None:
    folder = tmp_path / "Notes"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.md").write_text(f"Note {name}.")
    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: status(dialog) == "3 documents added." and is_quiet(app))
        (folder / "a.md").unlink()
        (folder / "b.md").write_text("Another note.")
        (folder / "d.md").write_text("A new note.")
        dialog.refresh_button.setFocus()
        dialog.refresh_button.click()
        await until(dialog.work.isVisible)
        assert dialog.work.cancel_button.hasFocus()
        words = "1 document added. 1 document updated. 1 document removed from the collection."
        await until(lambda: status(dialog) == words and not dialog.work.isVisible())
        assert dialog.refresh_button.hasFocus()
        for file in folder.iterdir():
            file.unlink()
        dialog.refresh_button.click()
        await until(lambda: status(dialog).startswith("None of this collection’s files"))
        assert len(rows(dialog)) == 3


async def test_a_deletion_is_undone_or_completed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "notes.md")

    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        app.controllers.composer.collections.ask_in_draft(dialog.current)
        dialog.delete_button.click()
        await until(lambda: dialog.introduction.isVisible() and undo(dialog).isVisible())
        assert len(await app.backend.collections.all()) == 1
        undo(dialog).click()
        await until(lambda: dialog.current != "" and len(rows(dialog)) == 1)
        dialog.delete_button.click()
        await until(lambda: dialog.introduction.isVisible() and undo(dialog).isVisible())
        timers = app.controllers.composer.collections.findChildren(QTimer)
        (until_forgotten,) = (timer for timer in timers if timer.isActive())
        until_forgotten.setInterval(0)  # it can no longer be undone
        await until(lambda: not app.state.current.draft.value.collections)
        assert not undo(dialog).isVisible()
        assert await app.backend.collections.all() == []
        assert (folder / "notes.md").exists()


async def test_a_chip_says_that_its_collection_is_gone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "notes.md")

    async with AppHarness(environment=OPENAI) as app:
        here = await app.ask_and_answer("Before", "1")
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        app.controllers.composer.collections.ask_in_draft(dialog.current)
        assert "1 document" in app.chips[0]
        app.window.conversations.new_requested.emit()
        dialog.delete_button.click()
        await until(lambda: undo(dialog).isVisible())
        await app.open_conversation(here)
        await until(lambda: app.chips[0].endswith(", not on this computer"))
        undo(dialog).click()
        await until(lambda: "1 document" in app.chips[0])


async def test_filling_can_be_canceled_and_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "Many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\nWords of note {number}.\n")

    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: dialog.work.isVisible() and dialog.work.bar.value() > 1)
        assert "Reading" in dialog.work.words.text()
        dialog.work.cancel_button.click()
        await until(lambda: is_quiet(app) and not dialog.work.isVisible())
        await until(lambda: "waiting" in dialog.state_label.text())
        assert "to resume" in status(dialog)
        dialog.refresh_button.click()
        await until(
            lambda: is_quiet(app) and dialog.state_label.text().startswith("40 documents ·")
        )
        await until(lambda: "waiting" not in dialog.state_label.text())


async def test_a_check_for_changes_can_be_canceled_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "One"
    folder.mkdir()
    (folder / "note.md").write_text("Words.")
    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        (folder / "later.md").write_text("More words.")
        dialog.refresh_button.click()
        dialog.work.cancel_button.click()
        await until(lambda: is_quiet(app) and not dialog.work.isVisible())
        assert len(rows(dialog)) == 1


async def test_a_collection_is_chosen_by_its_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "notes.md")

    async with AppHarness(environment=OPENAI) as app:
        app.controllers.composer.collections.ask()  # without any, the dialog explains them
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        dialog.hide()
        app.controllers.composer.collections.ask()
        await until(lambda: app.window.findChild(CommandPalette, "collection-picker"))
        picker = find(app.window, CommandPalette, "collection-picker")
        await until(picker.isVisible)
        QTest.keyClick(picker.field, Qt.Key.Key_Return)
        await until(lambda: app.chips == ["Contracts, 1 document"])


async def test_documents_that_do_not_fit_become_a_collection(tmp_path: Path) -> None:
    folder = tmp_path / "Reports"
    folder.mkdir()
    words = "The tariff of the year was agreed upon by both parties in the spring. "
    for number in range(4):
        (folder / f"{number}.md").write_text(words * 10_000)

    async with AppHarness(environment=OPENAI) as app:
        app.window.prompt.attach_requested.emit([folder])
        await until(lambda: bool(app.chips) and not app.is_reading)
        (part,) = app.state.current.draft.value.attachments
        assert isinstance(part, DocumentPart)
        app.type("What was agreed?")
        await app.written()
    async with AppHarness(environment=OPENAI) as app:  # it is known at the next start, too
        await until(lambda: bool(app.chips))
        await app.written()
        app.enter()
        await until(lambda: "Create collection…" in app.offered_actions)
        assert "Read in parts…" in app.offered_actions
        app.press_action("Create collection…")
        await until(lambda: bool(app.state.current.draft.value.collections))
        await until(lambda: is_quiet(app))
        assert app.state.current.draft.value.question_attachments == ()
        assert app.chips[0].startswith("Reports, ")
        assert app.text.toPlainText() == "What was agreed?"


@pytest.mark.qt_log_ignore("grabbing the keyboard")  # by a menu, on the offscreen platform
async def test_the_attach_menu_lists_files_folders_and_collections() -> None:
    async with AppHarness(environment=OPENAI) as app:
        app.window.prompt.row.attach_menu_button.click()
        menu = app.window.prompt.findChild(QMenu, "attach-menu")
        assert menu is not None
        labels = [entry_text(action) for action in menu.actions()]
        assert labels == ["Attach files…", "Attach folder…", "Ask a collection…", "Collections"]
        menu.actions()[-1].trigger()  # which closes the menu, too
        await until(lambda: app.window.findChild(CollectionsDialog) is not None)


@pytest.mark.parametrize(("base_url", "name"), [("", "OpenAI"), ("http://127.0.0.1:1/v1", "127")])
async def test_the_cost_of_embeddings_is_shown_first(
    tmp_path: Path, base_url: str, name: str
) -> None:
    folder = folder_of(tmp_path, "report.pdf", "notes.md")

    async with AppHarness(
        environment={**OPENAI, "OPENAI_BASE_URL": base_url, **FAMILY_ENVIRONMENT}
    ) as app:
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 2)
        assert dialog.semantic_note.text() == ""
        assert not dialog.embed_button.isVisible()
        await app.state.values.set("library.embeddings", True)
        app.controllers.composer.collections.show()
        await until(lambda: dialog.embed_button.isVisible())
        assert f"to {name}" in dialog.semantic_note.text()
        assert "tokens, about $0.00" in dialog.semantic_note.text()
        dialog.embed_button.click()
        await until(lambda: status(dialog) == "Semantic search is ready.")
        await until(lambda: is_quiet(app) and not dialog.embed_button.isVisible())


async def test_passages_that_are_embedded_are_not_counted_as_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness(environment=OPENAI) as app:
        dialog = await shown(app)
        drop(dialog, folder_of(tmp_path, "notes.md"))
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        (collection_id, _) = (await app.controllers.composer.collections.names())[0]
        may_end = asyncio.Event()

        async def embed(_id: str, report: OnProgress) -> None:
            report(CollectionProgress(10, 40, "a model"))
            await may_end.wait()

        monkeypatch.setattr(app.backend.collections, "embed", embed)
        dialog.embedding_requested.emit(collection_id)
        await until(lambda: dialog.work.isVisible() and dialog.work.bar.value() > 0)
        assert dialog.work.words.text().startswith("Preparing semantic search for ")
        may_end.set()
        await until(lambda: status(dialog) == "Semantic search is ready.")


async def test_the_end_of_an_update_does_not_hide_that_the_next_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness(environment=OPENAI) as app:
        collections, controller = app.backend.collections, app.controllers.composer.collections
        dialog = await shown(app)
        drop(dialog, folder_of(tmp_path, "notes.md"))
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        (collection_id, _) = (await controller.names())[0]
        all_, is_loading, may_load = collections.all, asyncio.Event(), asyncio.Event()

        async def load_late() -> list[Collection]:
            is_loading.set()
            await may_load.wait()
            return await all_()

        async def change_nothing(_id: str, _report: object) -> None: ...

        monkeypatch.setattr(collections, "all", load_late)
        monkeypatch.setattr(collections, "refresh", change_nothing)
        dialog.refresh_requested.emit(collection_id)
        await is_loading.wait()
        dialog.refresh_requested.emit(collection_id)
        may_load.set()
        assert status(dialog) == "This collection is already being updated."
        await until(lambda: is_quiet(app))


async def test_an_update_can_be_repeated_after_the_list_could_not_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness(environment=OPENAI) as app:
        collections = app.backend.collections
        dialog = await shown(app)
        drop(dialog, folder_of(tmp_path, "notes.md"))
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        await until(dialog.refresh_button.isEnabled)

        async def fail(*_: object) -> NoReturn:
            raise StoreFullError("full")

        with monkeypatch.context() as patch:
            patch.setattr(collections, "all", fail)
            dialog.refresh_button.click()
            assert not dialog.refresh_button.isEnabled()
            await until(lambda: is_quiet(app))
            assert dialog.refresh_button.isEnabled()
        await app.written()


async def test_a_chip_says_that_its_collection_is_unknown() -> None:
    async with AppHarness(environment=OPENAI) as app:
        here = await app.ask_and_answer("Before", "1")
        app.state.current.draft.set_attachments([CollectionPart("deleted", "Contracts")])
        await until(lambda: app.chips[0].endswith(", not on this computer"))
        app.window.conversations.new_requested.emit()
        await shown(app)
        await until(lambda: is_quiet(app))
        await app.written()
        await app.open_conversation(here)
        await until(lambda: app.chips[0].endswith(", not on this computer"))


async def test_a_collection_of_documents_is_not_attached_to_another_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create, has_begun, may_create = Collections.create, asyncio.Event(), asyncio.Event()

    async def create_late(*arguments: Any) -> Any:
        has_begun.set()
        await may_create.wait()
        return await create(*arguments)

    monkeypatch.setattr(Collections, "create", create_late)
    async with AppHarness(environment=OPENAI) as app:
        other = await app.ask_and_answer("Before", "1")
        app.window.conversations.new_requested.emit()
        app.window.files_dropped.emit([Path(__file__).parents[2] / "data" / "notes.md"])
        await until(lambda: app.state.current.draft.value.attachments)
        await app.written()
        collections = app.controllers.composer.collections
        app.controllers.tasks.start(collections.replace_documents())
        await has_begun.wait()
        app.window.conversations.open_requested.emit(other)
        await until(lambda: app.open_id == other)
        may_create.set()
        await until(lambda: is_quiet(app))
        await app.written()
        assert not app.state.current.draft.value.attachments
