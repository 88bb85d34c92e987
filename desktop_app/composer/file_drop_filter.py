"""Leave files, images and mail that are dropped on text fields of a window to the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class FileDropFilter(QObject):
    """Filter that makes the text fields of a widget leave files, images and mail to the window.

    By default the fields would insert the address of a file as text.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        for candidate in (widget, *widget.findChildren(QWidget)):
            if candidate.acceptDrops():
                candidate.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Refuse files, images and mail on behalf of the field."""
        if event.type() != QEvent.Type.DragEnter:
            return False
        # Imported here because start-up does not need it.
        from desktop_app.composer.dropped_content import has_attachable_content

        is_attachable = has_attachable_content(event.mimeData())  # type: ignore[attr-defined]
        if is_attachable:
            event.ignore()
        return is_attachable
