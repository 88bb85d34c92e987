"""The cards above the prompt: as tall as they need, scrollable if the window is too small."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget


class CardArea(QScrollArea):
    """A scrollable column of cards, shown while any card is shown.

    In its layout, it is as high as its cards, up to its maximum height.

    Signals:
        room_changed(int): the maximum height was changed to this.
    """

    room_changed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        # The viewport is created here, because PySide takes 15 ms to wrap one that Qt created.
        self._content = QWidget()
        viewport = QWidget()
        self._cards: list[QWidget] = []
        for surface in (self, viewport, self._content):
            surface.setProperty("role", "card-text")
        self.setViewport(viewport)
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        for surface in (self, viewport, self._content):
            surface.setAutoFillBackground(False)
        self.hide()

    def add(self, card: QWidget) -> None:
        self._column.addWidget(card)
        self._cards.append(card)
        card.installEventFilter(self)
        self._show_or_hide()

    def remove(self, card: QWidget) -> None:
        card.hide()
        card.removeEventFilter(self)
        self._cards.remove(card)
        self._column.removeWidget(card)
        card.deleteLater()
        self._show_or_hide()

    def set_spacing(self, pixels: int) -> None:
        """Set the distance between cards."""
        self._column.setSpacing(pixels)

    def set_room(self, height: int) -> None:
        if height != self.maximumHeight():
            self.setMaximumHeight(height)
            self.room_changed.emit(height)

    @property
    def needed_height(self) -> int:
        """Return the height at which nothing scrolls, at this width; 0 if no card is shown."""
        return 0 if self.isHidden() else self.heightForWidth(self.width())

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if self._column.hasHeightForWidth():
            return self._column.totalHeightForWidth(width)
        return self._column.totalSizeHint().height()

    def sizeHint(self) -> QSize:
        return QSize(self._column.sizeHint().width(), self.heightForWidth(max(1, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Update visibility and size after a card was shown, hidden or changed."""
        kind = event.type()
        if kind in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._show_or_hide()
            if kind is QEvent.Type.ShowToParent and isinstance(watched, QWidget):
                # Later, because the layout positions a new card in its next pass.
                QTimer.singleShot(0, watched, lambda: self._scroll_to(watched))
        elif kind is QEvent.Type.LayoutRequest and watched is self._content:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def _scroll_to(self, card: QWidget) -> None:
        """Scroll to a new card, or to its beginning if it is taller than the area."""
        if card.height() > self.viewport().height():
            self.verticalScrollBar().setValue(card.y())
        else:
            self.ensureWidgetVisible(card, 0, 0)

    def _show_or_hide(self) -> None:
        self.setVisible(any(not card.isHidden() for card in self._cards))
