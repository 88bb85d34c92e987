"""What stands around the pages of the settings: their names, the cross, and where they scroll.

The panel is hidden when the window is first shown, and made only when it is first opened, page by
page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.look.icons import icon
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.widgets.foreign_text import PlainLabel, PlainToolButton
from desktop_app.ui.widgets.segmented_control import SegmentedControl

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QShowEvent

    from desktop_app.ui.look.theme import Theme

PAGES: Final = (
    ("provider", "Provider"),
    ("answer", "Answer"),
    ("look", "Look"),
    ("keys", "Keys"),
    ("library", "Library"),
    ("about", "About"),
)
_BAR: Final = 12
"""Room at the right for a scroll bar, so that it takes none from the page."""


class SettingsFrame(QFrame):
    """The panel without its pages; `makers` make them, by their names.

    Attributes:
        areas: where the pages that scroll do so, by their names.

    Signals:
        opened(): the panel is seen.
        closed(): the person wants the panel away.
    """

    opened = Signal()
    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        makers: Mapping[str, Callable[[], QWidget]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings")
        self.setAccessibleName("Settings")
        set_role(self, "side")
        self._theme = theme
        self._makers = makers
        self._is_built = False
        self._holders: dict[str, QVBoxLayout] = {}
        self.areas: dict[str, QScrollArea] = {}

    def show_page(self, page: str) -> None:
        """Show a page, made now if it was not yet."""
        self._build()
        self._make(page)
        self._tabs.set_current(page)
        self._stack.setCurrentIndex([name for name, _ in PAGES].index(page))

    def bring_into_view(self, page: QWidget, part: QWidget) -> None:
        """Scroll no further than is needed to see what opened, and never past its beginning."""
        area = next(area for area in self.areas.values() if area.isAncestorOf(page))
        top = part.mapTo(page, QPoint()).y()
        hidden_above = top + part.height() - area.viewport().height()
        bar = area.verticalScrollBar()
        bar.setValue(max(bar.value(), min(top, hidden_above)))

    def set_theme(self, theme: Theme) -> None:
        """Draw with another theme."""
        self._theme = theme
        if self._is_built:
            from desktop_app.ui.settings.form_widgets import retheme

            self._dress()
            retheme(self, theme)

    def showEvent(self, event: QShowEvent) -> None:
        if not self._is_built:
            self.show_page("provider")
        super().showEvent(event)
        self.opened.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard belongs to the pages' names. (A focus proxy would hide our cross from Tab.)"""
        self._tabs.button(self._tabs.current() or PAGES[0][0]).setFocus(event.reason())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _build(self) -> None:
        if self._is_built:
            return
        self._is_built = True
        title = PlainLabel("Settings")
        set_role(title, "title")
        self._close = PlainToolButton()
        self._close.setObjectName("close-settings")
        self._close.setAccessibleName("Close the settings")
        self._close.setToolTip("Close")
        set_role(self._close, "quiet")
        self._close.clicked.connect(self.closed)
        self._tabs = SegmentedControl(PAGES, self._theme, name="Settings", padding=3, small=True)
        self._tabs.stretch()
        self._tabs.chosen.connect(self.show_page)
        self._stack = QStackedWidget()
        for page, _ in PAGES:
            self._stack.addWidget(self._holder(page))
        self._foot = PlainLabel("Settings are kept on this computer.")
        set_role(self._foot, "note")
        self._head = QHBoxLayout()
        self._head.addWidget(title, 1)
        self._head.addWidget(self._close)
        self._middle = QHBoxLayout()
        self._middle.addWidget(self._tabs)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._head)
        self._column.addLayout(self._middle)
        self._column.addWidget(self._stack, 1)
        self._column.addWidget(self._foot)
        self._dress()

    def _holder(self, page: str) -> QWidget:
        """The place of a page; all but About scroll."""
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 0, 0)
        self._holders[page] = layout
        if page == "about":
            return inner
        area = self.areas[page] = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        for surface in (area.viewport(), inner):
            surface.setAutoFillBackground(False)
        area.verticalScrollBar().rangeChanged.connect(self._space)
        return area

    def _dress(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(15), px(8), px(_BAR - 6), px(12))
        self._column.setSpacing(px(10))
        self._head.setContentsMargins(0, 0, px(6), 0)
        self._middle.setContentsMargins(0, 0, px(_BAR), 0)
        self._close.setIcon(icon("x", self._theme.dim, px(16)))
        self._close.setIconSize(QSize(px(16), px(16)))
        self._space()

    def _space(self) -> None:
        """Keep the right edge where it is, whether a page has a scroll bar in the margin or not."""
        px = self._theme.px
        for page, layout in self._holders.items():
            area = self.areas.get(page)
            has_bar = area is not None and area.verticalScrollBar().maximum() > 0
            layout.setContentsMargins(0, px(4), px(2 if has_bar else _BAR), px(8))

    def _make(self, page: str) -> None:
        if not self._holders[page].count():
            self._holders[page].addWidget(self._makers[page]())
