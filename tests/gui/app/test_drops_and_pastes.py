"""Files dropped on the list and content pasted into the prompt, in the whole program."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from desktop_app.app.window_request import MAX_FILES
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.composer.attachments.prompt_chips import (
    MAX_CHIPS,
    OTHER_ATTACHMENTS_CHIP,
    SHOW_ALL_ACTION,
)
from desktop_app.domain.conversations.conversation import Folder, new_id, now
from desktop_app.library.ui.list_presenter import ListPresenter
from tests.gui.app.app_harness import AppHarness, until
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


async def test_what_is_dropped_or_pasted_is_attached_or_refused(data: Path, tmp_path: Path) -> None:
    async with AppHarness() as app:
        # Files dropped on a conversation are attached there.
        there = await app.ask_and_answer("There", "1")
        app.window.conversations.new_button.click()
        app.type("something else")
        words = drag(app, there, files_data(data / "notes.md"))
        assert words == "Drop to attach to “There”"
        await until(lambda: app.open_id == there and not app.is_reading and app.chips)
        assert app.chips == ["notes.md"]
        assert app.text.toPlainText() == ""
        app.window.conversations.new_button.click()
        assert app.text.toPlainText() == ""
        assert "something else" in app.rows  # the unsent draft
        assert app.chips == []

        # Drops from other programs are copied not moved.
        await app.start_over()
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

        # A drop that cannot be taken is reported.
        await app.start_over()
        remote = QMimeData()
        remote.setData("text/uri-list", b"smb://server/plan.odt")
        app.text.insertFromMimeData(remote)
        assert app.said.startswith("“plan.odt” isn’t on this computer")
        assert app.chips == []

        # A drop on a folder begins a conversation in it.
        await app.start_over()
        await app.ask_and_answer("Elsewhere", "1")
        folder = Folder(new_id(), "Work", now())
        app.controllers.of(ListPresenter).writes.start(app.state.folders.save(folder))
        words = drag(app, folder.id, files_data(data / "notes.md"))
        assert words == "Drop to attach to a new conversation in “Work”"
        await until(lambda: not app.is_reading and app.chips)
        assert app.state.current.is_new
        assert app.state.current.conversation.folder_id == folder.id

        # Too many files are refused.
        await app.start_over()
        readings = app.controllers.main.of(FileReadings)
        readings.read([("a.pdf", tmp_path / "a.pdf")] * (MAX_FILES + 1))
        assert not readings.ids
        assert "At most 5,000 files can be opened at once." in app.said

        # Rich text becomes markdown.
        await app.start_over()
        app.text.insertFromMimeData(rich_text())
        assert app.text.toPlainText() == PLAIN
        await until(lambda: app.text.toPlainText() == MARKDOWN)
        app.text.undo()
        assert app.text.toPlainText() == ""

        # Text is pasted as it is with another key.
        await app.start_over()
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

        # Many files share a chip and an error.
        await app.start_over()
        paths = [tmp_path / f"{number}.md" for number in range(MAX_CHIPS + 20)]
        for path in paths:
            path.write_text(f"# {path.stem}\n")
        gone = [tmp_path / f"gone {number}.md" for number in range(5)]

        app.window.files_dropped.emit([*paths, *gone])
        assert len(app.chips) == 2
        assert app.chips[1] == f"{len(paths) + 4} more files, 0 of {len(paths) + 5} read"
        await until(lambda: not app.is_reading)
        assert len(app.state.current.draft.value.attachments) == len(paths)
        await until(lambda: len(app.chips) == MAX_CHIPS + 1)
        assert app.chips[-1].startswith("20 more attachments, ≈ ")
        assert app.said.startswith(f"Couldn’t attach 5 of {len(paths) + 5} files: ")
        assert "gone " in app.said  # the first of them that was missed
        app.window.prompt.chips.action_requested.emit(OTHER_ATTACHMENTS_CHIP, SHOW_ALL_ACTION)
        await until(lambda: len(app.chips) == len(paths))


# ---------------------------------------------------------------- paste


def rich_text() -> QMimeData:
    data = QMimeData()
    data.setHtml(HTML)
    data.setText(PLAIN)
    return data


# ---------------------------------------------------------------- many
