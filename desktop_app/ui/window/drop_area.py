"""The whole main window as a place to drop things: says what a drop will do while something is being
dragged, and leaves to the parts below what is theirs.

Files, pictures and messages are the window's everywhere but on the list, whose rows take them for
themselves. Text belongs to the prompt: on its own text where it is dropped, elsewhere at its cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, Signal
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QDragEnterEvent, QDropEvent

    from desktop_app.ui.sidebar.conversation_list import ConversationList
    from desktop_app.ui.window.overlays import DropOverlay

_DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragLeave, QEvent.Type.Drop)


class DropArea(QObject):
    """See the module.

    Signals:
        content_dropped(Given): dropped on the window.
    """

    content_dropped = Signal(object)

    def __init__(self, window: QWidget, overlay: DropOverlay, rows: ConversationList) -> None:
        super().__init__(window)
        self._window, self._overlay, self._list = window, overlay, rows
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        rows.view.drop_hint_changed.connect(self._show_aim)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what is dragged over the window."""
        if event.type() not in _DRAGS:
            return False
        if event.type() == QEvent.Type.DragEnter:
            self._enter(event)  # type: ignore[arg-type]
        elif event.type() == QEvent.Type.DragLeave:
            self._overlay.hide()
        else:
            self._drop(event)  # type: ignore[arg-type]
        return True

    def _enter(self, event: QDragEnterEvent) -> None:
        # Here and below: no start waits for what is needed when something is dragged.
        from desktop_app.ui.composer.dropped_content import accept_copy, is_welcome, promise

        data = event.mimeData()
        # What is dragged within the window is for its parts: words for the prompt's own text.
        if event.source() is not None or not is_welcome(data):
            event.ignore()
            return
        accept_copy(event)
        self._overlay.show_words(promise(data), self._window.rect())

    def _drop(self, event: QDropEvent) -> None:
        from desktop_app.ui.composer.dropped_content import accept_copy, given_in

        self._overlay.hide()
        accept_copy(event)
        self.content_dropped.emit(given_in(event.mimeData()))

    def _show_aim(self, words: str) -> None:
        """Over the list the row shows where, and the rest of the window what."""
        if not words:
            self._overlay.hide()
            return
        beside = QRect(self._window.rect())
        beside.setLeft(self._list.geometry().right() + 1)
        self._overlay.show_words(words, beside)


class LeavesFiles(QObject):
    """Has the text fields of a widget, which would take a file as its address, leave what is no text
    to the window behind them."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        for one in (widget, *widget.findChildren(QWidget)):
            if one.acceptDrops():
                one.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Refuse a file in the field's place."""
        if event.type() != QEvent.Type.DragEnter:
            return False
        from desktop_app.ui.composer.dropped_content import is_to_attach  # no start waits for it

        is_left = is_to_attach(event.mimeData())  # type: ignore[attr-defined]
        if is_left:
            event.ignore()
        return is_left
