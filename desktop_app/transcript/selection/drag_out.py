"""Drags attachments and blocks of code to other programs. Selected text is dragged by Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.message_items import ACTION, OPEN_DOCUMENT
from desktop_app.transcript.transcript_styles import DECORATION, Decoration

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.selection.copy_actions import CopyActions


class DragOut(QObject):
    """The drags of attachments and code from one view.

    Signals:
        file_requested(str sha256): an attachment is dragged. Pass a copy of the file to
            `drag_file`.
    """

    file_requested = Signal(str)

    def __init__(self, view: QTextBrowser, copies: CopyActions) -> None:
        super().__init__(view)
        self._view = view
        self._copies = copies
        self._pressed_at: QPoint | None = None
        self._forget_content()

    def press(self, position: QPoint) -> None:
        """Record the attachment or code at the position where the left button is pressed."""
        self.release()
        link = self._view.anchorAt(position).partition("#")[0]
        for prefix in (ACTION + OPEN_IMAGE, ACTION + OPEN_DOCUMENT):
            if link.startswith(prefix):
                self._attachment_hash = link.removeprefix(prefix)
        block = self._view.cursorForPosition(position).block()
        if (
            not self._attachment_hash
            and block.blockFormat().intProperty(DECORATION) & Decoration.HEAD
        ):
            self._code_block_number = block.blockNumber()
        if self._attachment_hash or self._code_block_number >= 0:
            self._pressed_at = position

    def move(self, position: QPoint) -> bool:
        """Start the drag once the pointer is far enough from the press.

        Return True if the press was on something to drag, so that no text is selected.
        """
        if self._pressed_at is None:
            return False
        distance = (position - self._pressed_at).manhattanLength()
        if distance >= QApplication.startDragDistance():
            attachment_hash = self._attachment_hash
            code_block_number = self._code_block_number
            self._forget_content()  # only the first move this far starts the drag
            if attachment_hash:
                self.file_requested.emit(attachment_hash)
            elif code_block_number >= 0:
                self._start(self._copies.code_data(code_block_number))
        return True

    def release(self) -> None:
        """Forget the press."""
        self._pressed_at = None
        self._forget_content()

    def _forget_content(self) -> None:
        self._attachment_hash = ""
        self._code_block_number = -1  # no code

    def drag_file(self, path: Path) -> None:
        """Drag a file, unless the button was released meanwhile."""
        if self._pressed_at is None:
            return
        if QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(str(path))])
            self._start(data)

    def _start(self, data: QMimeData | None) -> None:
        from PySide6.QtGui import QDrag  # start-up needs no drags

        if data is not None:
            drag = QDrag(self._view)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)
        self.release()  # the view gets no release of the button after a drag
