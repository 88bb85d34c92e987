"""Drag and drop for the whole window of the quick prompt."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from desktop_app.ui.composer.dropped_content import (
    accept_copy,
    drop_hint,
    is_acceptable,
    read_dropped,
)
from desktop_app.ui.quick.quick_prompt_field import QuickPromptField
from desktop_app.ui.quick.quick_status import QuickStatus


class QuickDropArea(QObject):
    """The handler of drops: content goes to the field, its hint to the status."""

    def __init__(self, window: QWidget, field: QuickPromptField, status: QuickStatus) -> None:
        super().__init__(window)
        self._field = field
        self._status = status
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            if is_acceptable(event.mimeData()):
                accept_copy(event)
                self._status.show_drop_hint(drop_hint(event.mimeData()))
            return True
        if isinstance(event, QDragLeaveEvent):
            self._status.hide_drop_hint()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._status.hide_drop_hint()
            accept_copy(event)
            self._field.insertion.insert_dropped(read_dropped(event.mimeData()))
            return True
        return False
