"""The text of a card: as tall as its lines if there is room, otherwise scrollable."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from desktop_app.widgets.boxes import column_of

_MAX_SHARE_OF_WINDOW = 0.2
"""The share of the window's height that a card's text may take, without the card's buttons."""


class CardText(QScrollArea):
    """Labels in a column that scrolls if it is too tall.

    In a small window with large letters, wrapped labels would otherwise be cut off.
    """

    def __init__(self, *labels: QLabel) -> None:
        super().__init__()
        # The viewport is created here, because PySide needs 15 ms to wrap the first widget that Qt
        # itself created. Roles are set before widgets are polished, so that they are styled once.
        inner, viewport = QWidget(), QWidget()
        self.setProperty("role", "ringed")
        for surface in (viewport, inner):
            surface.setProperty("role", "card-text")
        self.setViewport(viewport)
        for label in labels:
            label.setWordWrap(True)
            label.setMinimumWidth(1)  # otherwise the label may be wider than the viewport
        self.column = column_of(*labels, parent=inner, margins=0, spacing=3)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for surface in (self, viewport, inner):
            surface.setAutoFillBackground(False)
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Adjust the height after a label's text changed or the scroll bar appeared."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        elif event.type() == QEvent.Type.Resize:
            # Deferred: during a layout pass, the labels would keep their old width.
            QTimer.singleShot(0, self, self._lay_out)
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        self.column.invalidate()
        self.column.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Set the height that the labels need, within a limit.

        The limit is two lines, or a share of the window's height if that is more.
        """
        needed_height = self.column.heightForWidth(self.viewport().width())
        if needed_height < 0:
            needed_height = self.column.sizeHint().height()
        needed_height += 2 * self.frameWidth()
        line_height = self.fontMetrics().lineSpacing()
        height = min(
            needed_height,
            max(2 * line_height, round(self.window().height() * _MAX_SHARE_OF_WINDOW)),
        )
        # A scrollable text must be reachable by keyboard.
        is_scrollable = height < needed_height
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if is_scrollable else Qt.FocusPolicy.NoFocus)
        if self.height() != height or self.minimumHeight() != height:
            self.setFixedHeight(height)
