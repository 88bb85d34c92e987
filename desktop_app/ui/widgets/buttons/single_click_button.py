"""A button whose next target may appear under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.widgets.text.foreign_text import PlainButton

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent


class SingleClickButton(PlainButton):
    """A button that ignores the second click of a double click.

    By then it may act on the next item, which the user has not chosen.
    """

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
