"""The way of the Tab key through widgets that are made one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterable


def order_tabs(before: QWidget, parts: Iterable[QWidget]) -> QWidget:
    """Let Tab go from `before` through the parts; return the last widget."""
    for part in parts:
        QWidget.setTabOrder(before, part)
        before = part
    return before


class TabAnchor(QWidget):
    """A place in the way of Tab for widgets that are made later. It is never shown.

    Qt orders nothing by a widget that takes no focus.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()


class FocusScroller(QObject):
    """Scrolls to a widget that Tab has focused out of sight.

    Qt does so only if the focus was in the same scroll area before.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        cast("QApplication", QApplication.instance()).focusChanged.connect(self._bring)

    def _bring(self, _old: QWidget | None, focused: QWidget | None) -> None:
        if focused is None or not focused.visibleRegion().isEmpty():
            return
        above: QWidget | None = focused.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(focused)
            above = above.parentWidget()
