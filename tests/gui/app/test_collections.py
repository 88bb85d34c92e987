"""The page of projects in the whole program: made, filled, looked at, asked, deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.collections.services import collections
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.library.list_filter import LIST
from desktop_app.library.ui.folders_controller import FoldersController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.projects_page import ProjectsPage
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.status_line import ProgressCard
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.widgets import find

OPENAI = {"OPENAI_API_KEY": "sk-test"}
BOTH = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def status(page: ProjectsPage) -> str:
    return find(page, QLabel, "files-status").text()


def state(page: ProjectsPage) -> str:
    return find(page, QLabel, "project-files-state").text()


def has_undo(app: AppHarness) -> bool:
    return app.window.notifications.last_undo is not None


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "Contracts"
    folder.mkdir()
    for name in names:
        shutil.copy(Path(__file__).parents[2] / "data" / name, folder)
    return folder


async def shown(app: AppHarness) -> ProjectsPage:
    app.session.run("collections.show")
    await until(lambda: isinstance(app.window.pane.page, ProjectsPage))
    page = app.window.pane.page
    assert isinstance(page, ProjectsPage)
    await until(page.isVisible)
    return page


def dropped(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setText(paths[0].as_uri())  # offered before the URLs: a field would insert it
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drop(target: QWidget, *paths: Path) -> None:
    """Drop files as file managers do, which propose to move them."""
    data = dropped(*paths)
    enter = QDragEnterEvent(QPoint(5, 5), BOTH, data, LEFT, NO_KEY)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(5, 5), BOTH, data, LEFT, NO_KEY)
    event.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(target, event)
    assert event.dropAction() is Qt.DropAction.CopyAction  # a move would remove the files


def drop_on_fields(page: ProjectsPage, path: Path) -> None:
    """Drop a file on each field of the page, which must not insert its address."""
    lines, texts = page.findChildren(QLineEdit), page.findChildren(QPlainTextEdit)

    def words() -> list[str]:
        return [each.text() for each in lines] + [each.toPlainText() for each in texts]

    before = words()
    fields = [each for each in (*lines, *(t.viewport() for t in texts)) if each.acceptDrops()]
    assert fields
    for field in fields:
        drop(field, path)
    assert words() == before


def is_quiet(app: AppHarness) -> bool:
    return not app.controllers.of(CollectionsController).is_busy


def rows(page: ProjectsPage) -> list[str]:
    role = Qt.ItemDataRole.AccessibleTextRole
    model = find(page, RowView, "project-files").model()
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


def remove_lent(app: AppHarness) -> None:
    (part,) = app.state.current.draft.value.collections
    app.window.prompt.chips.action_requested.emit(part.collection_id, "remove")
    assert app.chips == []


def press(page: ProjectsPage, name: str) -> None:
    button = find(page, QPushButton, name)
    assert button.isVisible()
    button.click()


async def test_a_project_is_made_of_a_folder_asked_lent_and_deleted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "report.pdf", "report.docx", "damaged.pdf", "notes.md")

    async with AppHarness(environment=OPENAI) as app:
        page = await shown(app)
        assert page.introduction.isVisible()
        assert not page.field.isVisible()  # there is nothing to find
        await until(page.first_button.hasFocus)
        drop(page, folder)
        await until(lambda: is_quiet(app) and len(rows(page)) == 4)
        await until(lambda: "4 files · 1 unreadable" in state(page))
        words = "3 files added. 1 file couldn’t be read"  # the last notice
        await until(lambda: status(page).startswith(words))
        assert page.name.text() == "Contracts"
        assert str(folder) in state(page)
        await until(lambda: "report.pdf, 3 pages" in rows(page))
        assert rows(page)[0].startswith("damaged.pdf, ")
        assert "damaged" in rows(page)[0].partition(", ")[2]
        drop_on_fields(page, folder / "notes.md")
        await until(lambda: is_quiet(app))

        # A conversation in it asks its files.
        page.ask_button.click()
        assert not page.isVisible()
        await until(lambda: app.chips == ["Contracts, 4 files · 1 unreadable"])
        turn = await app.ask("What happened to the compressor?")
        assert "<passages-" in turn.asked
        assert "compressor" in turn.asked
        turn.end("It failed [1].")
        await app.settled()
        asked_id = app.open_id
        page = await shown(app)
        conversations = find(page, RowView, "project-conversations").model()
        await until(lambda: conversations.rowCount() == 1)
        page.ask_button.click()
        assert app.open_id != asked_id
        page = await shown(app)
        find(page, RowView, "project-conversations").chosen.emit(conversations.index(0, 0))
        await until(lambda: app.open_id == asked_id and not page.isVisible())

        # Its files are lent to a conversation elsewhere, where they stay until they are removed.
        app.session.run("list.all")
        app.session.run("conversation.new")
        await until(lambda: app.chips == [])
        await app.ask_and_answer("Hello", "Hi.")
        elsewhere = app.open_id
        app.session.actions["collections.ask"].trigger()
        await until(lambda: app.window.findChild(CommandPalette, "project-files-picker"))
        picker = find(app.window, CommandPalette, "project-files-picker")
        await until(picker.isVisible)
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.chips == ["Contracts, 4 files · 1 unreadable"])
        assert not picker.isVisible()
        remove_lent(app)
        menu = ProgramMenu(app.window)  # below the entry of the plus menu
        app.controllers.of(CollectionsController).fill_menu(menu)
        assert [entry.text() for entry in menu.actions()] == ["Contracts"]
        menu.actions()[0].trigger()
        await until(lambda: app.chips == ["Contracts, 4 files · 1 unreadable"])
        assert app.open_id == elsewhere
        turn = await app.ask("What happened to the compressor?")
        assert "compressor" in turn.asked
        turn.end("It failed [1].")
        await app.settled()
        assert app.chips == ["Contracts, 4 files · 1 unreadable"]

        # It is deleted with its list of files, which Undo brings back.
        page = await shown(app)
        press(page, "delete-project")
        await until(lambda: page.introduction.isVisible() and has_undo(app))
        app.window.pane.close_page()  # Undo is on every page
        await until(lambda: app.chips == ["Contracts, not on this computer"])
        assert await app.backend.of(collections).all() == []
        app.press_action("Undo")
        page = await shown(app)
        await until(lambda: page.current_id != "" and len(rows(page)) == 4)
        assert (folder / "notes.md").exists()
        app.window.pane.close_page()
        remove_lent(app)


async def test_a_project_has_instructions_of_its_own() -> None:
    async with AppHarness(environment=OPENAI) as app:
        page = await shown(app)
        page.first_button.click()
        await until(page.name.hasFocus)
        page.name.setText("Lease")
        app.press(Qt.Key.Key_Return)
        field = find(page, QPlainTextEdit, "project-instructions")
        field.setFocus()
        field.insertPlainText("Be brief.")
        page.ask_button.click()
        await app.written()
        turn = await app.ask("When does the lease end?")
        assert turn.request.instructions == "Be brief."
        turn.end("In March.")
        await app.settled()
        assert app.stored("SELECT name FROM folders") == [("Lease",)]
        page = await shown(app)
        assert field.toPlainText() == "Be brief."
        field.clear()
        app.window.pane.close_page()
        await app.written()
        turn = await app.ask("And now?")
        assert turn.request.instructions == ""
        turn.end("Later.")
        await app.settled()


async def test_what_is_typed_after_opening_a_project_is_asked_in_it() -> None:
    async with AppHarness(environment=OPENAI) as app:
        app.session.of(FoldersController).add()
        await app.written()
        listing = app.window.conversations
        view = listing.view

        async def open_project() -> None:
            view.setFocus()
            rows = [view.model().index(row, 0) for row in range(view.model().rowCount())]
            view.chosen.emit(next(row for row in rows if row.data(Roles.IS_FOLDER)))
            await until(app.text.hasFocus)
            await until(lambda: app.state.current.conversation.folder_id is not None)
            await until(lambda: listing.model.order.list_filter != LIST)

        await open_project()
        await app.ask_and_answer("One", "1")
        first = app.open_id
        await app.session.of(ListPresenter).apply_filter(LIST)
        await open_project()
        assert app.open_id == first, "it is in the project already"
        await app.session.of(ListPresenter).apply_filter(LIST)
        app.session.run("conversation.new")
        await app.ask_and_answer("Elsewhere", "2")
        await open_project()
        await app.ask_and_answer("Three", "3")
        assert app.stored("SELECT count(*) FROM conversations WHERE folder_id IS NULL") == [(1,)]


async def test_filling_can_be_canceled_and_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "Many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\nWords of note {number}.\n")

    async with AppHarness(environment=OPENAI) as app:
        page = await shown(app)
        drop(page, folder)
        await until(lambda: page.findChild(ProgressCard) is not None)
        work = find(page, ProgressCard, "files-work")
        await until(lambda: work.isVisible() and work.bar.value() > 1)
        assert "Reading" in work.words.text()
        work.cancel_button.click()
        await until(lambda: is_quiet(app) and not work.isVisible())
        await until(lambda: "waiting" in state(page))
        assert "to resume" in status(page)
        press(page, "refresh-files")
        await until(lambda: is_quiet(app) and state(page).startswith("40 files ·"))
        await until(lambda: "waiting" not in state(page))


@pytest.mark.slow
async def test_documents_that_do_not_fit_become_a_project(tmp_path: Path) -> None:
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
        await until(lambda: "Create project…" in app.offered_actions)
        assert "Read in parts…" in app.offered_actions
        app.press_action("Create project…")
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
        page = await shown(app)
        drop(page, folder)
        await until(lambda: is_quiet(app) and len(rows(page)) == 2)
        note, embed = find(page, QLabel, "files-meaning"), find(page, QPushButton, "embed-files")
        assert note.text() == ""
        assert not embed.isVisible()
        await app.state.values.set("library.embeddings", True)
        app.window.pane.close_page()
        page = await shown(app)
        await until(embed.isVisible)
        assert f"to {name}" in note.text()
        assert "tokens, about $0.00" in note.text()
        embed.click()
        await until(lambda: status(page) == "Semantic search is ready.")
        await until(lambda: is_quiet(app) and not embed.isVisible())
