"""Collections in the whole program: made, filled, looked at, asked, deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel

from desktop_app.collections.services import collections
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.collections.ui.collections_dialog import CollectionsPage
from desktop_app.domain.conversations.message_parts import DocumentPart
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.widgets import find

OPENAI = {"OPENAI_API_KEY": "sk-test"}


def status(dialog: CollectionsPage) -> str:
    return find(dialog, QLabel, "collections-status").text()


def has_undo(app: AppHarness) -> bool:
    return app.window.notifications.last_undo is not None


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "Contracts"
    folder.mkdir()
    for name in names:
        shutil.copy(Path(__file__).parents[2] / "data" / name, folder)
    return folder


async def shown(app: AppHarness) -> CollectionsPage:
    app.controllers.of(CollectionsController).show()
    await until(lambda: app.window.findChild(CollectionsPage) is not None)
    dialog = app.window.findChild(CollectionsPage)
    assert isinstance(dialog, CollectionsPage)
    await until(dialog.isVisible)
    return dialog


def drop(dialog: CollectionsPage, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    event = QDropEvent(QPointF(5, 5), both, data, buttons, keys)
    event.setDropAction(Qt.DropAction.MoveAction)  # as file managers propose
    dialog.dropEvent(event)
    assert event.dropAction() is Qt.DropAction.CopyAction  # a move would remove the files


def is_quiet(app: AppHarness) -> bool:
    return not app.controllers.of(CollectionsController).is_busy


def rows(dialog: CollectionsPage) -> list[str]:
    role = Qt.ItemDataRole.AccessibleTextRole
    model = dialog.files.model()
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


async def test_a_collection_is_deleted_filled_and_asked(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "notes.md")

    async with AppHarness(environment=OPENAI) as app:
        # A deletion is undone or completed.
        dialog = await shown(app)
        drop(dialog, folder)
        await until(lambda: is_quiet(app) and len(rows(dialog)) == 1)
        app.controllers.of(CollectionsController).ask_in_draft(dialog.current_id)
        assert not dialog.isVisible()
        dialog = await shown(app)
        dialog.delete_button.click()
        await until(lambda: dialog.introduction.isVisible() and has_undo(app))
        app.window.pane.close_page()  # Undo is on every page
        app.press_action("Undo")
        dialog = await shown(app)
        await until(lambda: dialog.current_id != "" and len(rows(dialog)) == 1)
        dialog.delete_button.click()
        await until(lambda: dialog.introduction.isVisible() and has_undo(app))
        app.window.pane.close_page()
        await until(lambda: app.chips == ["Contracts, not on this computer"])
        assert await app.backend.of(collections).all() == []
        assert (folder / "notes.md").exists()

        # A folder becomes a collection that is asked.
        await app.start_over()
        shutil.rmtree(folder)
        folder = folder_of(tmp_path, "report.pdf", "report.docx", "damaged.pdf", "notes.md")

        dialog = await shown(app)
        assert dialog.introduction.isVisible()
        assert "Drop a folder here" in dialog.introduction.text()
        assert not dialog.field.isVisible()  # there is nothing to find
        await until(dialog.first_button.hasFocus)
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
        app.window.prompt.chips.action_requested.emit(
            app.state.current.draft.value.collections[0].collection_id, "remove"
        )
        assert app.chips == []
        # The next question to it begins a conversation of its own.
        former_id = app.open_id
        dialog = await shown(app)
        dialog.ask_button.click()
        assert app.open_id != former_id
        assert app.chips == ["Contracts, 4 documents · 1 unreadable"]


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


@pytest.mark.slow
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
        app.controllers.of(CollectionsController).show()
        await until(lambda: dialog.embed_button.isVisible())
        assert f"to {name}" in dialog.semantic_note.text()
        assert "tokens, about $0.00" in dialog.semantic_note.text()
        dialog.embed_button.click()
        await until(lambda: status(dialog) == "Semantic search is ready.")
        await until(lambda: is_quiet(app) and not dialog.embed_button.isVisible())
