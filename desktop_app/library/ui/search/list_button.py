"""The two buttons above the conversation list: search and "New conversation"."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel

from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, set_tooltip, spoken_text


class ListButton(PlainButton):
    """A button of the width of the list, with an icon, a label, and its shortcut at the end."""

    def __init__(self, name: str, label: str, icon_name: str, role: str) -> None:
        super().__init__(name=name, role=role)
        self.setAccessibleName(spoken_text(label))
        self._icon_name = icon_name
        self._image = PlainLabel()
        self.hint = PlainLabel(role="key")
        self._label = ElidedLabel(label)
        parts = (self._image, (self._label, 1), (self.hint, Qt.AlignmentFlag.AlignVCenter))
        self._line = row_of(*parts, parent=self, margins=(10, 0, 8, 0), spacing=8)
        self.set_keys("")
        for part in self.findChildren(QLabel):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.update_theme()

    def set_keys(self, keys: str) -> None:
        """Show the button's shortcut (portable text); "" for none."""
        self.hint.setText(shortcut_text(keys))
        self._update_hint()

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.setFixedHeight(px(themes.ROW_HEIGHT))
        self._image.setPixmap(icons.pixmap(self._icon_name, theme.text, px(16)))
        self._update_hint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the shortcut if there is room for it."""
        super().resizeEvent(event)
        self._update_hint()

    def _update_hint(self) -> None:
        edges = self._line.contentsMargins()
        spacing = self._line.spacing()
        available_width = self.width() - edges.left() - edges.right()
        available_width -= self._image.sizeHint().width() + spacing
        needed_width = self._label.fontMetrics().horizontalAdvance(self._label.text())
        width_with_hint = needed_width + spacing + self.hint.sizeHint().width()
        self.hint.setVisible(bool(self.hint.text()) and width_with_hint <= available_width)
        # The label lets the mouse through, so the button has the tooltip of an elided label.
        set_tooltip(self, self._label.text() if needed_width > available_width else "")
