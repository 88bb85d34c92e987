"""Files dropped on the windows of collections and batch jobs: copied, wherever they fall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPlainTextEdit, QWidget

from desktop_app.batch.ui.batch_page import BatchPage
from desktop_app.collections.ui.collections_dialog import CollectionsPage
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look.theme import current_theme
from tests.gui.recorded_calls import RecordedCalls

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

BOTH = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def fields_of(dialog: QDialog) -> list[QWidget]:
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


def collections_page(parent: QWidget) -> CollectionsPage:
    controller: Any = RecordedCalls()
    page = CollectionsPage(controller)
    page.setParent(parent)
    return page


@pytest.mark.parametrize("made", [batch_page, collections_page])
def test_dropped_files_are_copied_and_not_inserted_as_addresses(
    qtbot: QtBot, tmp_path: Path, made: Callable[[QWidget], QDialog]
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = made(parent)
    files = QMimeData()
    files.setText(tmp_path.as_uri())  # offered before the URLs: a field would insert it
    files.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    assert fields_of(dialog)
    for field in [dialog, *fields_of(dialog)]:
        enter = QDragEnterEvent(QPoint(3, 3), BOTH, files, LEFT, NO_KEY)
        QApplication.sendEvent(field, enter)
        assert enter.isAccepted()
        drop = QDropEvent(QPointF(3, 3), BOTH, files, LEFT, NO_KEY)
        drop.setDropAction(Qt.DropAction.MoveAction)  # as file managers propose
        QApplication.sendEvent(field, drop)
        assert drop.dropAction() is Qt.DropAction.CopyAction  # a move would remove the files
    for line in dialog.findChildren(QLineEdit):
        assert line.text() == ""
    for text in dialog.findChildren(QPlainTextEdit):
        assert text.toPlainText() == ""
