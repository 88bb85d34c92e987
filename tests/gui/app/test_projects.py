"""A folder as a project: its files, instructions and what is sent of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from desktop_app.collections.ui import collections_controller
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.documents.ui.attachment_preview import AttachmentPreview
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.library.list_filter import ListFilter
from desktop_app.library.ui.folders_controller import FoldersController, FolderSettingsController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.projects_page import ProjectsController
from desktop_app.texts.ui.texts_controller import TextsController
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = {"OPENAI_API_KEY": "sk-test"}


def write_files(folder: Path) -> list[Path]:
    texts = {
        "lease.md": "The lease ends in March 2027.",
        "keys.md": "Four keys belong to the flat.",
        "dogs.md": "Dogs are allowed where the neighbours agree.",
    }
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


async def test_a_folder_with_three_files_answers_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections_controller, "_FOLLOW_FEW_S", 0)
    files = write_files(tmp_path / "Flat")
    async with AppHarness(environment=KEY) as app:
        controller = app.session.of(CollectionsController)
        # Four steps: New project, its page, Add files…, choose.
        app.session.actions["folder.new"].trigger()
        view = app.window.conversations.view
        await until(lambda: view.findChild(QLineEdit, "rename"))
        find(view, QLineEdit, "rename").setText("Lease")
        app.press(Qt.Key.Key_Return)
        await app.written()
        (folder_id,) = app.session.folders.by_id
        app.session.run("folder.settings")
        page = app.session.of(ProjectsController).page
        assert page.current_id == folder_id
        assert not find(page, QPushButton, "embed-files").isVisible()  # nor an empty list
        find(page, QPushButton, "add-files").click()
        choose_paths(*files)
        state = find(page, QLabel, "project-files-state")
        await until(lambda: state.text() == "3 files")
        await until(lambda: not controller.is_busy)

        page.ask_button.click()
        await until(lambda: app.chips == ["Lease, 3 files"])
        app.state.of(FolderSettingsController).set_value(
            folder_id, "answer.system_prompt", "Be brief."
        )
        app.type("When does the lease end?")
        app.session.actions["attachment.preview"].trigger()
        await until(
            lambda: (
                "March 2027" in find(app.window, AttachmentPreview, "attachment-preview").content
            )
        )
        preview = find(app.window, AttachmentPreview, "attachment-preview")
        assert preview.content.startswith("Be brief.\n\n<passages-")
        preview.reject()

        turn = await app.ask("When does the lease end?")
        assert "March 2027" in turn.asked
        assert turn.request.instructions.startswith("Be brief.")
        turn.end("In March 2027 [1].")
        await app.settled()
        assert app.chips == ["Lease, 3 files"]

        # The buttons of a text send the instructions, too.
        texts = app.state.of(TextsController)
        await texts.open_text("Color", "One. Two. The color. Four.\n\nFive.")
        texts.pane.editor.setTextCursor(texts.pane.editor.tracked.cursor(10, 20))
        texts.change_selection("Fix")
        turn = await app.turn(1)
        assert turn.request.instructions.startswith("Be brief.")
        assert "One. Two. The color. Four." in turn.asked  # to be understood
        assert "Five" not in turn.asked
        turn.end("The colour.")
        await until(lambda: texts.pane.editor.tracked.changes)
        texts.toggle()

        files[1].write_text("Five keys belong to the flat.")
        app.type("How many keys")  # while the question is typed, the files are looked at
        sha256 = "SELECT sha256 FROM collection_files WHERE name = 'keys.md'"
        former = app.stored(sha256)
        await until(lambda: app.stored(sha256) != former)
        turn = await app.ask("How many keys belong to the flat?")
        assert "Five keys" in turn.asked
        turn.end("Five.")
        await app.settled()

        app.session.of(FoldersController).delete(folder_id)
        await until(lambda: "The files weren’t changed." in app.said)
        await until(lambda: not controller.states and app.chips == [])
        turn = await app.ask("Are dogs allowed?")
        assert "neighbours" not in turn.asked
        turn.end("I do not know.")
        await app.settled()
        former = await app.backend.database.rows("SELECT sha256, modified FROM collection_files")
        await app.session.of(FoldersController).erase_deleted()  # not what Undo may need
        app.press_action("Undo")
        await until(lambda: app.chips == ["Lease, 3 files"])
        rows = await app.backend.database.rows("SELECT sha256, modified FROM collection_files")
        assert list(map(tuple, rows)) == list(map(tuple, former)), "nothing is read again"
        app.session.of(FoldersController).delete(folder_id)
        await until(lambda: not controller.states)
        controller.add_to_project(folder_id, files[1:])  # the dialog was still open
        await until(lambda: [s.ready for s in controller.states.values()] == [2])
        await app.written()
        app.window.notifications.last_undo = None  # as after another deletion
        await app.session.of(FoldersController).erase_deleted()
        assert app.stored("SELECT count(*) FROM collection_files") == app.stored("SELECT 2")


async def test_files_that_vanish_are_reported_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections_controller, "_FOLLOW_FEW_S", 0)
    files = write_files(tmp_path / "Flat")
    async with AppHarness(environment=KEY) as app:
        controller = app.session.of(CollectionsController)
        folder = await new_folder(app)
        controller.add_to_project(folder, [tmp_path / "Flat"])
        await until(lambda: len(controller.states) == 1 and not controller.is_busy)
        # Of several files, one that is gone is told, and no longer counted.
        first = sorted(files)[0]
        count = controller.states[next(iter(controller.states))].count
        first.unlink()
        controller.follow(next(iter(controller.states)))
        await until(lambda: first.name in app.said and "no longer on disk" in app.said)
        await until(lambda: [s.count for s in controller.states.values()] == [count - 1])
        first.write_text("Again.")

        def is_found() -> bool:
            """Look as before each question; a look that is under way is not repeated."""
            controller.follow(next(iter(controller.states)))
            return [s.count for s in controller.states.values()] == [count]

        await until(is_found)
        for file in files:
            file.unlink()
        (tmp_path / "Flat").rmdir()
        await app.session.of(ListPresenter).apply_filter(ListFilter.for_folder(folder))
        await until(lambda: "Flat" in app.said)
        turn = await app.ask("When does the lease end?")
        assert "March 2027" in turn.asked
        turn.end("In March.")
        await app.settled()


async def test_a_folder_keeps_the_model_of_any_provider() -> None:
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "own-model", **KEY}
    async with AppHarness(environment=environment) as app:
        folder_id = await new_folder(app)
        provider = app.state.setup.profile.id
        app.state.setup.choose(ModelChoice(provider, "other-model"))
        app.session.of(ProjectsController).show(folder_id)
        find(app.window, QPushButton, "folder-model").click()
        await app.written()
        app.session.run("conversation.new")
        assert app.state.setup.choice.model == "own-model"
        await app.session.of(ListPresenter).apply_filter(ListFilter.for_folder(folder_id))
        assert app.state.setup.choice == ModelChoice(provider, "other-model")
        app.session.of(ProjectsController).show(folder_id)
        find(app.window, QPushButton, "reset-folder-model").click()
        await app.written()
        assert app.session.folders.by_id[folder_id].choice is None


async def new_folder(app: AppHarness) -> str:
    app.session.of(FoldersController).create()
    await app.written()
    (folder_id,) = app.session.folders.by_id
    return folder_id
