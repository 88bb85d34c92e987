"""The words of a card: as high as they are where there is room, else to be scrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

SHARE_OF_WINDOW = 0.2
"""How much of the window's height the words of one card may take; its buttons come to that."""


class CardText(QScrollArea):
    """Labels below each other. A label that wraps would else be cut where a window is small and its
    letters are large."""

    def __init__(self, *labels: QLabel) -> None:
        super().__init__()
        # A viewport made here, and roles given before anything is polished: PySide takes 15 ms over
        # the first widget that Qt made, and nearly as many over a style.
        inner, viewport = QWidget(), QWidget()
        for surface in (self, viewport, inner):
            surface.setProperty("role", "card-text")
        self.setViewport(viewport)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        for label in labels:
            label.setWordWrap(True)
            label.setMinimumWidth(1)  # else it keeps to a shape of its own, beyond what is seen
            self.column.addWidget(label)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for surface in (self, viewport, inner):
            surface.setAutoFillBackground(False)
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What the labels say has changed, or the bar has come or gone."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        elif event.type() == QEvent.Type.Resize:
            # In the middle of laying out, where the labels would keep the former width.
            QTimer.singleShot(0, self, self._lay_out)
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        self.column.invalidate()
        self.column.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Be as high as the words, or as there is room for."""
        needed = self.column.heightForWidth(self.viewport().width())
        if needed < 0:
            needed = self.column.sizeHint().height()
        line = self.fontMetrics().lineSpacing()
        height = min(needed, max(2 * line, round(self.window().height() * SHARE_OF_WINDOW)))
        # What can be scrolled must be in reach of the keyboard.
        scrolls = height < needed
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if scrolls else Qt.FocusPolicy.NoFocus)
        if self.height() != height or self.minimumHeight() != height:
            self.setFixedHeight(height)
