"""Files dropped on a page with fields: copied, wherever they fall."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from desktop_app.batch.ui.batch_page import BatchPage
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look.theme import current_theme
from tests.gui.recorded_calls import RecordedCalls

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

BOTH = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def fields_of(dialog: QWidget) -> list[QWidget]:
    """Return every text field that takes drops."""
    texts = [edit.viewport() for edit in dialog.findChildren(QPlainTextEdit)]
    found = [*dialog.findChildren(QLineEdit), *texts]
    return [one for one in found if one.acceptDrops()]


def batch_page(parent: QWidget) -> BatchPage:
    session: Any = RecordedCalls()
    session.window = parent
    session.window.pane = RecordedCalls()
    images = SimpleNamespace(
        brief_transcript=lambda _messages: TranscriptView(current_theme(), is_brief=True)
    )
    session.of = lambda _kind: images
    session.make_sections = lambda _page: []
    page = BatchPage(session)
    page.show_new = lambda: None
    return page


def test_dropped_files_are_copied_and_not_inserted_as_addresses(
    qtbot: QtBot, tmp_path: Path
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = batch_page(parent)
    check_drops(dialog, tmp_path)


def check_drops(dialog: QWidget, path: Path) -> None:
    """Drop a file on a page and each of its fields."""
    files = QMimeData()
    files.setText(path.as_uri())  # offered before the URLs: a field would insert it
    files.setUrls([QUrl.fromLocalFile(str(path))])
    lines, texts = dialog.findChildren(QLineEdit), dialog.findChildren(QPlainTextEdit)
    before = [field.text() for field in lines], [field.toPlainText() for field in texts]
    assert fields_of(dialog)
    for field in [dialog, *fields_of(dialog)]:
        enter = QDragEnterEvent(QPoint(3, 3), BOTH, files, LEFT, NO_KEY)
        QApplication.sendEvent(field, enter)
        assert enter.isAccepted()
        drop = QDropEvent(QPointF(3, 3), BOTH, files, LEFT, NO_KEY)
        drop.setDropAction(Qt.DropAction.MoveAction)  # as file managers propose
        QApplication.sendEvent(field, drop)
        assert drop.dropAction() is Qt.DropAction.CopyAction  # a move would remove the files
    after = [field.text() for field in lines], [field.toPlainText() for field in texts]
    assert after == before
