"""Overlays of the main window: the shade behind a drawer, and the hint for a drop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QWidget

from desktop_app.widgets.boxes import STRETCH, column_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

if TYPE_CHECKING:
    from desktop_app.composer.dropped_content import DroppedContent
    from desktop_app.library.ui.conversation_list import ConversationList

_DRAG_EVENTS: Final = (QEvent.Type.DragEnter, QEvent.Type.DragLeave, QEvent.Type.Drop)


class Shade(QWidget):
    """A translucent cover of everything behind a drawer.

    Signals:
        pressed(): the user clicked the shade.
    """

    pressed = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(0, 0, 0, 72))


class DropOverlay(QWidget):
    """The hint for a drop, painted over the window; drag events pass through."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("drop-overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._frame = QFrame(self)
        self._frame.setProperty("role", "overlay")
        self._icon = PlainLabel()
        self.label = PlainLabel(name="drop-label", wraps=True)
        for label in (self._icon, self.label):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column_of(STRETCH, self._icon, self.label, STRETCH, parent=self._frame)
        self.update_theme()
        self.hide()

    def update_theme(self) -> None:
        theme = current_theme()
        self._icon.setPixmap(icons.pixmap("file-up", theme.accent, theme.px(32)))

    def show_text(self, text: str, area: QRect) -> None:
        """Show a text over a part of the window."""
        if text != self.label.text():
            self.label.setText(text)
            self.setAccessibleName(spoken_text(text))
        self.setGeometry(area)
        self.show()
        self.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inset = current_theme().px(12)
        self._frame.setGeometry(QRect(self.rect()).adjusted(inset, inset, -inset, -inset))

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = QColor(current_theme().ground)
        ground.setAlpha(110)
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), ground)


class DropArea(QObject):
    """The handler of drops on the main window.

    The window accepts files, images and mail messages everywhere except over the conversation
    list, whose rows accept them. Text goes to the prompt: at the drop position within its text,
    otherwise at its cursor.

    Args:
        insert: receives the content of a drop on the window.
    """

    def __init__(
        self,
        window: QWidget,
        overlay: DropOverlay,
        listing: ConversationList,
        insert: Callable[[DroppedContent], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._overlay = overlay
        self._list = listing
        self._insert = insert
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
        self._insert(read_dropped(event.mimeData()))

    def _show_target_hint(self, hint: str) -> None:
        """Show the hint beside the list while the drag is over one of its rows."""
        if not hint:
            self._overlay.hide()
            return
        beside_list = self._window.rect().adjusted(self._list.width(), 0, 0, 0)
        self._overlay.show_text(hint, beside_list)
