"""Files dropped on the list and content pasted into the prompt, in the whole program."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from desktop_app.app.attachments.attachment_facts import OTHER_READINGS_CHIP
from desktop_app.app.attachments.attachments_controller import (
    MAX_CHIPS,
    OTHER_ATTACHMENTS_CHIP,
    SHOW_ALL_ACTION,
)
from desktop_app.app.attachments.file_readings import FEW_FILES
from desktop_app.app.desktop.window_request import OpenRequest
from desktop_app.domain.conversations.conversation import Conversation, Folder, new_id, now
from desktop_app.domain.conversations.list_filter import TRASH
from desktop_app.ui.composer.dropped_content import DroppedContent
from desktop_app.ui.window.cards.temporary_bar import TemporaryRow
from tests.gui.app.app_harness import AppHarness, FillableStore, until
from tests.helpers.widgets import find

HTML = "<h2>Plan</h2><p>Some <b>bold</b> words</p>"
PLAIN = "Plan\nSome bold words"
MARKDOWN = "## Plan\n\nSome **bold** words"
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def files_data(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setData("text/uri-list", "\r\n".join(path.as_uri() for path in paths).encode())
    return data


def drag(app: AppHarness, identifier: str, data: QMimeData) -> str:
    """Drag over a row and drop there; return the hint that was shown before the drop."""
    shown = app.window.conversations
    row = shown.view.row_of(shown.model.index_of(identifier))
    at = shown.view.visualRect(row).center()
    viewport, copy = shown.view.viewport(), Qt.DropAction.CopyAction
    QApplication.sendEvent(viewport, QDragEnterEvent(at, copy, data, LEFT, NO_KEY))
    QApplication.sendEvent(viewport, QDragMoveEvent(at, copy, data, LEFT, NO_KEY))
    overlay = find(app.window, QWidget, "drop-overlay")
    assert overlay.isVisible()
    assert overlay.geometry().left() > shown.geometry().right()
    assert shown.view.is_target(row)
    words = find(app.window, QLabel, "drop-label").text()
    QApplication.sendEvent(viewport, QDropEvent(QPointF(at), copy, data, LEFT, NO_KEY))
    assert not overlay.isVisible()
    assert not shown.view.is_target(row)
    return words


async def test_files_dropped_on_a_conversation_are_attached_there(data: Path) -> None:
    async with AppHarness() as app:
        there = await app.ask_and_answer("There", "1")
        app.window.conversations.new_button.click()
        app.type("something else")
        words = drag(app, there, files_data(data / "notes.md"))
        assert words == "Drop to attach to “There”"
        await until(lambda: app.open_id == there and not app.is_reading and app.chips)
        assert app.chips[0].startswith("notes.md, ")
        assert app.text.toPlainText() == ""
        app.window.conversations.new_button.click()
        assert app.text.toPlainText() == "something else"
        assert app.chips == []


async def test_a_drag_over_a_row_counts_its_files_once(data: Path) -> None:
    async with AppHarness() as app:
        view, hints = app.window.conversations.view, list[str]()
        dragged = files_data(data / "notes.md", data / "report.pdf")
        rows = [await app.ask_and_answer("One", "1")]
        app.controllers.sidebar.navigator.open_new()
        rows.append(await app.ask_and_answer("Two", "2"))
        view.drop_hint_changed.connect(hints.append)
        model, copy = app.window.conversations.model, Qt.DropAction.CopyAction
        places = [view.visualRect(view.row_of(model.index_of(id_))).center() for id_ in rows]
        for _ in range(2):
            enter = QDragEnterEvent(places[0], copy, dragged, LEFT, NO_KEY)
            QApplication.sendEvent(view.viewport(), enter)
            for place in (places[0], places[0], places[1], places[1]):
                move = QDragMoveEvent(place, copy, dragged, LEFT, NO_KEY)
                QApplication.sendEvent(view.viewport(), move)
                assert move.isAccepted()
            QApplication.sendEvent(view.viewport(), QDragLeaveEvent())
    over = [f"Drop to attach 2 files to “{title}”" for title in ("One", "Two")]
    assert hints == [*over, "", *over, ""]


class HeldStore(FillableStore):
    """A store whose next read of a conversation waits for `release`, if `is_held`."""

    is_held = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.waiting, self.release = asyncio.Event(), asyncio.Event()

    async def get(self, conversation_id: str) -> Conversation | None:
        found = await super().get(conversation_id)
        if self.is_held:
            self.is_held = False
            self.waiting.set()
            await self.release.wait()
        return found


async def test_a_file_stays_attached_if_its_conversation_is_opened_meanwhile(data: Path) -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("One", "1")
        app.controllers.sidebar.navigator.open_new()
        await app.ask_and_answer("Two", "2")
    async with AppHarness(disk=HeldStore) as app:
        assert isinstance(app.disk, HeldStore)
        app.disk.is_held = True
        app.controllers.composer.attachments.attach([data / "notes.md"], first)
        await app.disk.waiting.wait()
        await app.open_conversation(first)
        app.disk.release.set()
        await until(lambda: not app.is_reading)
        await app.written()
        assert [chip.split(",")[0] for chip in app.chips] == ["notes.md"]


async def test_text_dropped_on_a_conversation_goes_into_its_prompt() -> None:
    async with AppHarness() as app:
        there = await app.ask_and_answer("There", "1")
        app.type("typed")
        app.window.conversations.new_button.click()
        text = QMimeData()
        text.setText("dropped")
        assert drag(app, there, text) == "Drop to insert text in “There”"
        await until(lambda: app.text.toPlainText() == "typed dropped")
        app.text.undo()
        assert app.text.toPlainText() == "typed"


async def test_a_drop_on_a_folder_begins_a_conversation_in_it(data: Path) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Elsewhere", "1")
        folder = Folder(new_id(), "Work", now())
        app.controllers.sidebar.list_presenter.writes.start(app.state.folders.save(folder))
        words = drag(app, folder.id, files_data(data / "notes.md"))
        assert words == "Drop to attach to a new conversation in “Work”"
        await until(lambda: not app.is_reading and app.chips)
        assert app.state.current.is_new
        assert app.state.current.conversation.folder_id == folder.id


async def test_a_drop_on_an_answering_conversation_waits_in_its_prompt(data: Path) -> None:
    async with AppHarness() as app:
        turn = await app.ask("Tell me")
        here = app.open_id
        turn.say("One ")
        drag(app, here, files_data(data / "notes.md"))
        await until(lambda: not app.is_reading and app.chips)
        turn.end("two")
        await app.settled()
        assert app.chips[0].startswith("notes.md, ")
        assert "One two" in app.transcript


# ---------------------------------------------------------------- paste


def rich_text() -> QMimeData:
    data = QMimeData()
    data.setHtml(HTML)
    data.setText(PLAIN)
    return data


async def test_rich_text_becomes_markdown() -> None:
    async with AppHarness() as app:
        app.text.insertFromMimeData(rich_text())
        assert app.text.toPlainText() == PLAIN
        await until(lambda: app.text.toPlainText() == MARKDOWN)
        app.text.undo()
        assert app.text.toPlainText() == ""


async def test_text_is_pasted_as_it_is_with_another_key() -> None:
    async with AppHarness() as app:
        QGuiApplication.clipboard().setMimeData(rich_text())
        app.text.setFocus()
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(app.text, Qt.Key.Key_V, both)
        assert app.text.toPlainText() == PLAIN
        await asyncio.sleep(0)
        QGuiApplication.clipboard().setText("word " * 10_000)
        QTest.keyClick(app.text, Qt.Key.Key_V, both)
        assert len(app.text.toPlainText()) == len(PLAIN) + 50_000
        assert app.chips == []


@pytest.mark.parametrize("by", ["the card", "the command"])
async def test_attached_text_can_be_inserted_as_text(by: str) -> None:
    async with AppHarness() as app:
        await app.state.values.set("documents.large_paste", 1000)
        app.type("See: ")
        app.window.prompt.insert_dropped(DroppedContent(text="word " * 300))
        await until(lambda: not app.is_reading and app.chips)
        assert app.said.startswith("Long text attached as a document")
        assert app.text.toPlainText() == "See: "
        if by == "the card":
            app.press_action("Insert as text")
        else:
            app.session.actions["prompt.as-text"]()
        await until(lambda: not app.chips)
        assert app.text.toPlainText() == "See: " + "word " * 300


async def test_large_rich_text_is_attached_as_markdown() -> None:
    async with AppHarness() as app:
        rows = "".join(f"<tr><td>row {n}</td><td>{n}</td></tr>" for n in range(3_000))
        text = "\n".join(f"row {n}\t{n}" for n in range(3_000))
        app.window.prompt.insert_dropped(DroppedContent(text=text, html=f"<table>{rows}</table>"))
        await until(lambda: app.chips and not app.is_reading)
        (part,) = app.state.current.draft.value.question_attachments
        attached = await app.backend.attachments.text(part.sha256)
        assert "| row 7 " in attached
        assert "| row 2999 " in attached


async def test_large_rich_text_stays_in_the_conversation_it_was_pasted_in() -> None:
    async with AppHarness() as app:
        await app.state.values.set("documents.large_paste", 1000)
        await app.ask_and_answer("One", "1")
        pasted_in = app.open_id
        text = "word " * 300
        app.window.prompt.insert_dropped(DroppedContent(text=text, html=f"<b>{text}</b>"))
        app.session.actions["conversation.new"]()  # while the text is converted
        await until(lambda: bool(app.state.drafts.cached(pasted_in).attachments))
        assert not app.state.current.draft.value.attachments


async def test_a_drop_that_cannot_be_taken_is_reported() -> None:
    async with AppHarness() as app:
        data = QMimeData()
        data.setData("text/uri-list", b"smb://server/plan.odt")
        app.text.insertFromMimeData(data)
        assert app.said.startswith("“plan.odt” isn’t on this computer")
        assert app.chips == []


# ---------------------------------------------------------------- many


async def test_many_files_share_a_chip_and_an_error(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.md" for number in range(MAX_CHIPS + 20)]
    for path in paths:
        path.write_text(f"# {path.stem}\n")
    gone = [tmp_path / f"gone {number}.md" for number in range(5)]

    async with AppHarness() as app:
        app.window.files_dropped.emit([*paths, *gone])
        assert len(app.chips) == 2
        assert app.chips[1] == f"{len(paths) + 4} more files, 0 of {len(paths) + 5} read"
        await until(lambda: not app.is_reading)
        assert len(app.state.current.draft.value.attachments) == len(paths)
        assert len(app.chips) == MAX_CHIPS + 1
        assert app.chips[-1].startswith("20 more attachments, ≈ ")
        assert app.said.startswith(f"Couldn’t attach 5 of {len(paths) + 5} files.")
        assert "gone 0.md" in app.said
        app.window.prompt.chips.action_requested.emit(OTHER_ATTACHMENTS_CHIP, SHOW_ALL_ACTION)
        await until(lambda: len(app.chips) == len(paths))


async def test_each_of_few_files_has_a_chip(tmp_path: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([tmp_path / f"{n}.md" for n in range(FEW_FILES)])
        assert len(app.chips) == FEW_FILES
        await until(lambda: not app.is_reading)


async def test_the_files_that_wait_can_be_canceled(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.md" for number in range(40)]
    for path in paths:
        path.write_text(f"# {path.stem}\n")

    async with AppHarness() as app:
        app.window.files_dropped.emit(paths)
        app.window.prompt.chips.remove_requested.emit(OTHER_READINGS_CHIP)
        await until(lambda: not app.is_reading and app.chips)
        assert 1 <= len(app.state.current.draft.value.attachments) < 40
        await until(lambda: app.is_shown("send"))


async def test_an_address_of_the_command_line_is_put_into_the_prompt(data: Path) -> None:
    request = OpenRequest((str(data / "notes.md"),), "https://e.example")
    async with AppHarness(request=request) as app:
        await until(lambda: not app.is_reading and app.chips)
        assert app.text.toPlainText() == "https://e.example"


async def test_drops_from_other_programs_are_copied_not_moved(data: Path) -> None:
    async with AppHarness() as app:
        there = await app.ask_and_answer("There", "1")
        shown = app.window.conversations.view
        row = shown.row_of(app.window.conversations.model.index_of(there))
        words = QMimeData()
        words.setText("words")
        both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
        for target, at, what in (
            (app.window, QPointF(5, 5), files_data(data / "notes.md")),
            (shown.viewport(), QPointF(shown.visualRect(row).center()), words),
            (app.text.viewport(), QPointF(5, 5), words),
        ):
            enter = QDragEnterEvent(at.toPoint(), both, what, LEFT, NO_KEY)
            QApplication.sendEvent(target, enter)
            event = QDropEvent(at, both, what, LEFT, NO_KEY)
            event.setDropAction(Qt.DropAction.MoveAction)  # as file managers propose
            QApplication.sendEvent(target, event)
            assert event.dropAction() is Qt.DropAction.CopyAction, target
            assert event.isAccepted()
        await until(lambda: not app.is_reading and app.chips)


async def test_a_drop_on_the_temporary_conversation_stays_there(data: Path) -> None:
    async with AppHarness() as app:
        there = await app.ask_and_answer("Listed", "1")
        app.controllers.conversation.temporary.open()
        temporary = app.open_id
        await app.open_conversation(there)
        row = app.window.conversations.findChild(TemporaryRow)
        assert row is not None
        at, copy, what = QPointF(5, 5), Qt.DropAction.CopyAction, files_data(data / "notes.md")
        QApplication.sendEvent(row, QDragEnterEvent(at.toPoint(), copy, what, LEFT, NO_KEY))
        words = find(app.window, QLabel, "drop-label").text()
        assert words == "Drop to attach to “Temporary conversation”"
        QApplication.sendEvent(row, QDropEvent(at, copy, what, LEFT, NO_KEY))
        await until(lambda: app.open_id == temporary and not app.is_reading and app.chips)
        await app.written()
        assert app.stored("SELECT name FROM attachments") == []


async def test_a_drop_on_a_trashed_conversation_opens_it(data: Path) -> None:
    async with AppHarness() as app:
        there = await app.ask_and_answer("There", "1")
        app.controllers.sidebar.trash.delete([there])
        await app.controllers.sidebar.list_presenter.apply_filter(TRASH)
        drag(app, there, files_data(data / "notes.md"))
        await until(lambda: app.open_id == there and not app.is_reading and app.chips)
        assert app.said.startswith("This conversation is in the trash.")
