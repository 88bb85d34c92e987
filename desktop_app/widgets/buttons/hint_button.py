"""A button that shows its shortcut."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from desktop_app.widgets.look import painting
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainButton


class HintButton(PlainButton):
    """A quiet button with its shortcut's key cap before the label."""

    def __init__(self, label: str, *, name: str = "") -> None:
        super().__init__(label, name=name)
        self._keys = ""
        self._shows_keys = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_keys(self, keys: str) -> None:
        """Show a shortcut (portable text); "" shows the label alone."""
        self._keys = shortcut_text(keys)
        self.updateGeometry()
        self.update()

    def set_keys_visible(self, is_visible: bool) -> None:
        """Show the shortcut, or only the label if there is no room."""
        if is_visible != self._shows_keys:
            self._shows_keys = is_visible
            self.updateGeometry()
            self.update()

    @property
    def full_width(self) -> int:
        """Return the width with the shortcut."""
        return self._label_width() + self._cap_width(self._keys)

    def sizeHint(self) -> QSize:
        return QSize(
            self._label_width() + self._cap_width(self._shown_keys), current_theme().px(22)
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.painter_of(self)
        theme = current_theme()
        is_active = self.underMouse() or self.hasFocus()
        if self._shown_keys:
            width, height = painting.key_size(theme, self._shown_keys)
            key_rect = QRect(0, (self.height() - height) // 2, width, height)
            painting.draw_key(painter, theme, key_rect, self._shown_keys, theme.dim)
            if self.hasFocus():
                painting.draw_outline(painter, key_rect, theme.accent, theme.px(5), 2)
        elif self.hasFocus():
            painting.draw_outline(painter, self.rect(), theme.accent, theme.px(5), 2)
        text_rect = self.rect().adjusted(self._cap_width(self._shown_keys), 0, 0, 0)
        color = theme.text if is_active else theme.dim
        painting.draw_text(painter, text_rect, self.text(), theme.note(), color)

    @property
    def _shown_keys(self) -> str:
        return self._keys if self._shows_keys else ""

    def _label_width(self) -> int:
        return painting.text_width(self.text(), current_theme().note()) + 1

    def _cap_width(self, keys: str) -> int:
        """Return the width of the key cap and the gap after it; 0 if `keys` is empty."""
        if not keys:
            return 0
        width, _height = painting.key_size(current_theme(), keys)
        return width + current_theme().px(8)
