"""The menu class of the program, and the key that opens context menus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QMenu, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable


class ProgramMenu(QMenu):
    """A menu whose entries get mnemonics whenever it opens."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._fill: Callable[[QMenu], object] | None = None
        self.aboutToShow.connect(self._prepare)
        # Assistive technology chooses an entry without closing the menu.
        self.triggered.connect(lambda _action: self.close())

    def fill_with(self, fill: Callable[[QMenu], object]) -> None:
        """Have `fill` add the entries whenever the menu opens."""
        self._fill = fill

    def _prepare(self) -> None:
        from desktop_app.ui.widgets.mnemonics import mark_menu  # not for the first paint

        if self._fill is not None:
            self.clear()
            self._fill(self)
        mark_menu(self)


def open_context_menu(window: QWidget) -> None:
    """Open the menu of a window's focused widget, as Qt does with the Menu key alone."""
    from PySide6.QtGui import QContextMenuEvent

    focused: QWidget | None = window.focusWidget()  # PySide's types forget None
    if focused is not None:
        cursor = focused.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
        at = cursor.center() if isinstance(cursor, QRect) else focused.rect().center()
        reason = QContextMenuEvent.Reason.Keyboard
        event = QContextMenuEvent(reason, at, focused.mapToGlobal(at))
        QApplication.sendEvent(focused, event)
