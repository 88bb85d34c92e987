"""Drag and drop for the whole main window, with an overlay that shows the hint for a drop.

The window accepts files, images and mail messages everywhere except over the conversation
list, whose rows accept them. Text goes to the prompt: at the drop position within its text,
otherwise at its cursor.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from desktop_app.app.window.overlays import DropOverlay
from desktop_app.library.ui.conversation_list import ConversationList

_DRAG_EVENTS = (QEvent.Type.DragEnter, QEvent.Type.DragLeave, QEvent.Type.Drop)


class DropArea(QObject):
    """The handler of drops on the main window.

    Signals:
        content_dropped(DroppedContent): emitted for a drop on the window.
    """

    content_dropped = Signal(object)

    def __init__(self, window: QWidget, overlay: DropOverlay, listing: ConversationList) -> None:
        super().__init__(window)
        self._window = window
        self._overlay = overlay
        self._list = listing
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        listing.view.drop_hint_changed.connect(self._show_target_hint)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _DRAG_EVENTS:
            return False
        if event.type() == QEvent.Type.DragEnter:
            self._on_enter(event)  # type: ignore[arg-type]
        elif event.type() == QEvent.Type.DragLeave:
            self._overlay.hide()
        else:
            self._on_drop(event)  # type: ignore[arg-type]
        return True

    def _on_enter(self, event: QDragEnterEvent) -> None:
        # Imported here and below because start-up does not need it.
        from desktop_app.composer.dropped_content import accept_copy, drop_hint, is_acceptable

        data = event.mimeData()
        # Drags that start within the window belong to its widgets, such as text that is dragged
        # to the prompt.
        if event.source() is not None or not is_acceptable(data):
            event.ignore()
            return
        accept_copy(event)
        self._overlay.show_text(drop_hint(data), self._window.rect())

    def _on_drop(self, event: QDropEvent) -> None:
        from desktop_app.composer.dropped_content import accept_copy, read_dropped

        self._overlay.hide()
        accept_copy(event)
        self.content_dropped.emit(read_dropped(event.mimeData()))

    def _show_target_hint(self, hint: str) -> None:
        """Show the hint beside the list while the drag is over one of its rows."""
        if not hint:
            self._overlay.hide()
            return
        beside_list = self._window.rect().adjusted(self._list.width(), 0, 0, 0)
        self._overlay.show_text(hint, beside_list)
