"""The button over the transcript that scrolls to the end of the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop_app.i18n.translation import tr
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import Theme, set_role
from desktop_app.widgets.text.foreign_text import PlainButton

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class LatestButton(PlainButton):
    """A button that scrolls to the end of the conversation."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(parent=view)
        self._view = view
        self._is_wanted = False
        self.setObjectName("latest")
        self.setText(tr("Latest"))
        self.setAccessibleName(tr("Go to latest message"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where it is
        self.setCursor(Qt.CursorShape.ArrowCursor)
        set_role(self, "plain")
        self.hide()

    def set_wanted(self, is_wanted: bool) -> None:
        """Show the button if it is wanted and the view is high enough for it."""
        self._is_wanted = is_wanted
        self.setVisible(is_wanted and self._view.height() > self.height())

    def place(self, theme: Theme) -> None:
        """Apply the theme and move to the horizontal center above the lower edge."""
        icons.set_icon(self, "arrow-down", theme.text, theme.px(14))
        self.adjustSize()
        view_size = self._view.size()
        left = (view_size.width() - self.width()) // 2
        self.move(left, max(0, view_size.height() - self.height() - theme.px(12)))
        self.set_wanted(self._is_wanted)
