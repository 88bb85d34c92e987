"""Files dropped on the list and content pasted into the prompt, in the whole program."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from desktop_app.app.attachments.attachments_controller import MAX_CHIPS, MORE_CHIP, REST_CHIP
from desktop_app.app.attachments.file_readings import FEW_FILES
from desktop_app.app.desktop.window_request import OpenRequest
from desktop_app.domain.conversations.conversation import Folder, new_id, now
from desktop_app.domain.conversations.list_filter import TRASH
from desktop_app.ui.composer.dropped_content import DroppedContent
from desktop_app.ui.window.cards.temporary_bar import TemporaryRow
from tests.gui.app.desk import Desk, until
from tests.helpers.widgets import find

HTML = "<h2>Plan</h2><p>Some <b>bold</b> words</p>"
PLAIN = "Plan\nSome bold words"
MARKDOWN = "## Plan\n\nSome **bold** words"
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def is_read(desk: Desk) -> bool:
    return not desk.controllers.readings.ids


def of_files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setData("text/uri-list", "\r\n".join(path.as_uri() for path in paths).encode())
    return data


def drag(desk: Desk, identifier: str, data: QMimeData) -> str:
    """Drag over a row and drop there; return the hint that was shown before the drop."""
    shown = desk.window.conversations
    row = shown.view.row_of(shown.model.index_of(identifier))
    at = shown.view.visualRect(row).center()
    viewport, copy = shown.view.viewport(), Qt.DropAction.CopyAction
    QApplication.sendEvent(viewport, QDragEnterEvent(at, copy, data, LEFT, NO_KEY))
    QApplication.sendEvent(viewport, QDragMoveEvent(at, copy, data, LEFT, NO_KEY))
    overlay = find(desk.window, QWidget, "drop-overlay")
    assert overlay.isVisible()
    assert overlay.geometry().left() > shown.geometry().right()
    assert shown.view.is_target(row)
    words = find(desk.window, QLabel, "drop-words").text()
    QApplication.sendEvent(viewport, QDropEvent(QPointF(at), copy, data, LEFT, NO_KEY))
    assert not overlay.isVisible()
    assert not shown.view.is_target(row)
    return words


async def test_files_dropped_on_a_conversation_are_attached_there(data: Path) -> None:
    async with Desk() as desk:
        there = await desk.ask_and_answer("There", "1")
        desk.window.conversations.new_button.click()
        desk.type("something else")
        words = drag(desk, there, of_files(data / "notes.md"))
        assert words == "Drop to attach to “There”"
        await until(lambda: desk.open_id == there and is_read(desk) and desk.chips)
        assert desk.chips[0].startswith("notes.md, ")
        assert desk.text.toPlainText() == ""
        desk.window.conversations.new_button.click()
        assert desk.text.toPlainText() == "something else"
        assert desk.chips == []


async def test_text_dropped_on_a_conversation_goes_into_its_prompt() -> None:
    async with Desk() as desk:
        there = await desk.ask_and_answer("There", "1")
        desk.type("typed")
        desk.window.conversations.new_button.click()
        text = QMimeData()
        text.setText("dropped")
        assert drag(desk, there, text) == "Drop to insert text in “There”"
        await until(lambda: desk.text.toPlainText() == "typed dropped")
        desk.text.undo()
        assert desk.text.toPlainText() == "typed"


async def test_a_drop_on_a_folder_begins_a_conversation_in_it(data: Path) -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("Elsewhere", "1")
        folder = Folder(new_id(), "Work", now())
        desk.controllers.list_presenter.write(desk.state.folders.save(folder))
        words = drag(desk, folder.id, of_files(data / "notes.md"))
        assert words == "Drop to attach to a new conversation in “Work”"
        await until(lambda: is_read(desk) and desk.chips)
        assert desk.state.current.is_new
        assert desk.state.current.conversation.folder_id == folder.id


async def test_a_drop_on_an_answering_conversation_waits_in_its_prompt(data: Path) -> None:
    async with Desk() as desk:
        turn = await desk.ask("Tell me")
        here = desk.open_id
        turn.say("One ")
        drag(desk, here, of_files(data / "notes.md"))
        await until(lambda: is_read(desk) and desk.chips)
        turn.end("two")
        await desk.settled()
        assert desk.chips[0].startswith("notes.md, ")
        assert "One two" in desk.transcript


# ---------------------------------------------------------------- paste


def rich() -> QMimeData:
    data = QMimeData()
    data.setHtml(HTML)
    data.setText(PLAIN)
    return data


async def test_rich_text_becomes_markdown() -> None:
    async with Desk() as desk:
        desk.text.insertFromMimeData(rich())
        assert desk.text.toPlainText() == PLAIN
        await until(lambda: desk.text.toPlainText() == MARKDOWN)
        desk.text.undo()
        assert desk.text.toPlainText() == ""


async def test_text_is_pasted_as_it_is_with_another_key() -> None:
    async with Desk() as desk:
        QGuiApplication.clipboard().setMimeData(rich())
        desk.text.setFocus()
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(desk.text, Qt.Key.Key_V, both)
        assert desk.text.toPlainText() == PLAIN
        await asyncio.sleep(0)
        QGuiApplication.clipboard().setText("word " * 10_000)
        QTest.keyClick(desk.text, Qt.Key.Key_V, both)
        assert len(desk.text.toPlainText()) == len(PLAIN) + 50_000
        assert desk.chips == []


@pytest.mark.parametrize("by", ["the card", "the command"])
async def test_attached_text_can_be_inserted_as_text(by: str) -> None:
    async with Desk() as desk:
        await desk.state.values.set("documents.large_paste", 1000)
        desk.type("See: ")
        desk.window.prompt.insert_dropped(DroppedContent(text="word " * 300))
        await until(lambda: is_read(desk) and desk.chips)
        assert desk.said.startswith("Long text attached as a document")
        assert desk.text.toPlainText() == "See: "
        if by == "the card":
            desk.press_action("Insert as text")
        else:
            desk.session.actions["prompt.as-text"]()
        await until(lambda: not desk.chips)
        assert desk.text.toPlainText() == "See: " + "word " * 300


async def test_large_rich_text_is_attached_as_markdown() -> None:
    async with Desk() as desk:
        rows = "".join(f"<tr><td>row {n}</td><td>{n}</td></tr>" for n in range(3_000))
        text = "\n".join(f"row {n}\t{n}" for n in range(3_000))
        desk.window.prompt.insert_dropped(DroppedContent(text=text, html=f"<table>{rows}</table>"))
        await until(lambda: desk.chips and is_read(desk))
        (part,) = desk.state.draft.value.question_attachments
        attached = await desk.backend.attachments.text(part.sha256)
        assert "| row 7 " in attached
        assert "| row 2999 " in attached


async def test_large_rich_text_stays_in_the_conversation_it_was_pasted_in() -> None:
    async with Desk() as desk:
        await desk.state.values.set("documents.large_paste", 1000)
        await desk.ask_and_answer("One", "1")
        pasted_in = desk.open_id
        text = "word " * 300
        desk.window.prompt.insert_dropped(DroppedContent(text=text, html=f"<b>{text}</b>"))
        desk.session.actions["conversation.new"]()  # while the text is converted
        await until(lambda: bool(desk.state.drafts.cached(pasted_in).attachments))
        assert not desk.state.draft.value.attachments


async def test_a_drop_that_cannot_be_taken_is_reported() -> None:
    async with Desk() as desk:
        data = QMimeData()
        data.setData("text/uri-list", b"smb://server/plan.odt")
        desk.text.insertFromMimeData(data)
        assert desk.said.startswith("“plan.odt” isn’t on this computer")
        assert desk.chips == []


# ---------------------------------------------------------------- many


async def test_many_files_share_a_chip_and_an_error(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.md" for number in range(MAX_CHIPS + 20)]
    for path in paths:
        path.write_text(f"# {path.stem}\n")
    gone = [tmp_path / f"gone {number}.md" for number in range(5)]

    async with Desk() as desk:
        desk.window.files_dropped.emit([*paths, *gone])
        assert len(desk.chips) == 2
        assert desk.chips[1] == f"{len(paths) + 4} more files, 0 of {len(paths) + 5} read"
        await until(lambda: is_read(desk))
        assert len(desk.state.draft.value.attachments) == len(paths)
        assert len(desk.chips) == MAX_CHIPS + 1
        assert desk.chips[-1].startswith("20 more attachments, ≈ ")
        assert desk.said.startswith(f"Couldn’t attach 5 of {len(paths) + 5} files.")
        assert "gone 0.md" in desk.said
        desk.window.prompt.chips.detail_requested.emit(MORE_CHIP, "all")
        await until(lambda: len(desk.chips) == len(paths))


async def test_each_of_few_files_has_a_chip(tmp_path: Path) -> None:
    async with Desk() as desk:
        desk.window.files_dropped.emit([tmp_path / f"{n}.md" for n in range(FEW_FILES)])
        assert len(desk.chips) == FEW_FILES
        await until(lambda: is_read(desk))


async def test_the_files_that_wait_can_be_canceled(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.md" for number in range(40)]
    for path in paths:
        path.write_text(f"# {path.stem}\n")

    async with Desk() as desk:
        desk.window.files_dropped.emit(paths)
        desk.window.prompt.chips.remove_requested.emit(REST_CHIP)
        await until(lambda: is_read(desk) and desk.chips)
        assert 1 <= len(desk.chips) < 40
        await until(lambda: desk.is_shown("send"))


async def test_an_address_of_the_command_line_is_put_into_the_prompt(data: Path) -> None:
    request = OpenRequest((str(data / "notes.md"),), "https://e.example")
    async with Desk(request=request) as desk:
        await until(lambda: is_read(desk) and desk.chips)
        assert desk.text.toPlainText() == "https://e.example"


async def test_drops_from_other_programs_are_copied_not_moved(data: Path) -> None:
    async with Desk() as desk:
        there = await desk.ask_and_answer("There", "1")
        shown = desk.window.conversations.view
        row = shown.row_of(desk.window.conversations.model.index_of(there))
        words = QMimeData()
        words.setText("words")
        both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
        for target, at, what in (
            (desk.window, QPointF(5, 5), of_files(data / "notes.md")),
            (shown.viewport(), QPointF(shown.visualRect(row).center()), words),
            (desk.text.viewport(), QPointF(5, 5), words),
        ):
            enter = QDragEnterEvent(at.toPoint(), both, what, LEFT, NO_KEY)
            QApplication.sendEvent(target, enter)
            event = QDropEvent(at, both, what, LEFT, NO_KEY)
            event.setDropAction(Qt.DropAction.MoveAction)  # as file managers propose
            QApplication.sendEvent(target, event)
            assert event.dropAction() is Qt.DropAction.CopyAction, target
            assert event.isAccepted()
        await until(lambda: is_read(desk) and desk.chips)


async def test_a_drop_on_the_temporary_conversation_stays_there(data: Path) -> None:
    async with Desk() as desk:
        there = await desk.ask_and_answer("Listed", "1")
        desk.controllers.temporary.open()
        temporary = desk.open_id
        await desk.opened(there)
        row = desk.window.conversations.findChild(TemporaryRow)
        assert row is not None
        at, copy, what = QPointF(5, 5), Qt.DropAction.CopyAction, of_files(data / "notes.md")
        QApplication.sendEvent(row, QDragEnterEvent(at.toPoint(), copy, what, LEFT, NO_KEY))
        words = find(desk.window, QLabel, "drop-words").text()
        assert words == "Drop to attach to “Temporary conversation”"
        QApplication.sendEvent(row, QDropEvent(at, copy, what, LEFT, NO_KEY))
        await until(lambda: desk.open_id == temporary and is_read(desk) and desk.chips)
        await desk.written()
        assert desk.stored("SELECT name FROM attachments") == []


async def test_a_drop_on_a_trashed_conversation_opens_it(data: Path) -> None:
    async with Desk() as desk:
        there = await desk.ask_and_answer("There", "1")
        desk.controllers.trash.delete([there])
        await desk.controllers.list_presenter.apply_filter(TRASH)
        drag(desk, there, of_files(data / "notes.md"))
        await until(lambda: desk.open_id == there and is_read(desk) and desk.chips)
        assert desk.said.startswith("This conversation is in the trash.")
