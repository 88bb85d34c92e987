"""Round corners, and no entry in task lists, for a frameless window on X11."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF
from PySide6.QtGui import QPainterPath, QRegion
from PySide6.QtWidgets import QWidget

from desktop_app.ui.quick.task_list import skip_task_lists


class X11Frame(QObject):
    """The frame of a window. Without a compositor, X11 shows transparent corners in black."""

    def __init__(self, window: QWidget, radius: int) -> None:
        super().__init__(window)
        self._window = window
        self._radius = radius
        window.installEventFilter(self)

    def set_radius(self, radius: int) -> None:
        """Set the radius of the corners in pixels, from the next change of the size."""
        self._radius = radius

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            shape = QPainterPath()
            shape.addRoundedRect(QRectF(self._window.rect()), self._radius, self._radius)
            self._window.setMask(QRegion(shape.toFillPolygon().toPolygon()))
        elif event.type() == QEvent.Type.Show and not event.spontaneous():
            skip_task_lists(self._window)
        return False
