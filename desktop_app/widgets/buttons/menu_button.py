"""A button that opens a menu; before its ▾, it may have a caption, bars and a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy

from desktop_app.widgets.buttons.hint_button import PaintedButton
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import RADIUS, ROW_HEIGHT, current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import marked_text

# Pixels at the default text size.
_PADDING: Final = 10
_CHEVRON_WIDTH: Final = 16
_BARS_WIDTH: Final = 26
_GAP: Final = 8
_GAP_AFTER_BARS: Final = 6
_BARE_WIDTH: Final = 29  # of a button with neither text nor bars
_MAX_TEXT_WIDTH: Final = 260


class MenuButton(PaintedButton):
    """A button whose menu is filled when it opens; its text is the current value, or ""."""

    def __init__(
        self, fill: Callable[[QMenu], None], *, has_background: bool = True, object_name: str = ""
    ) -> None:
        """Create a button; `fill` adds the actions whenever the menu opens.

        Args:
            has_background: whether the button paints a background of its own.
        """
        super().__init__(name=object_name)
        self._has_background = has_background
        self._caption = ""
        self._bars: int | None = None
        self._has_ring = False
        menu = ProgramMenu(self)
        menu.setToolTipsVisible(True)
        menu.fill_with(fill)
        self.setMenu(menu)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set_caption(self, caption: str) -> None:
        """Show a caption before the value."""
        if caption != self._caption:
            self._caption = caption
            self.updateGeometry()
            self.update()

    def set_bars(self, count: int) -> None:
        """Show four signal bars, `count` of them filled."""
        self._bars = count
        self.updateGeometry()
        self.update()

    def width_for(self, *, text: str, caption: str = "") -> int:
        """Return the width with these texts, without changing anything."""
        px = current_theme().px
        width = 2 * px(_PADDING) + px(_CHEVRON_WIDTH)
        if text:
            text_width = painting.text_width(text, current_theme().interface())
            width += min(text_width, px(_MAX_TEXT_WIDTH)) + px(2 * _GAP)
        if caption:
            width += painting.text_width(caption, current_theme().note()) + px(_GAP)
        if self._bars is not None:
            width += px(_BARS_WIDTH + _GAP_AFTER_BARS)
        return width if text or self._bars is not None else px(_BARE_WIDTH)

    def sizeHint(self) -> QSize:
        width = self.width_for(text=self.text(), caption=self._caption)
        return QSize(width, current_theme().px(ROW_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(current_theme().px(_BARE_WIDTH), current_theme().px(ROW_HEIGHT))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._has_ring = painting.needs_ring(event, self._has_ring)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.painter_of(self)
        theme, px = current_theme(), current_theme().px
        if self._has_background:
            painting.fill_background(painter, self.rect(), theme.hover, px(RADIUS))
        if self.hasFocus() and self._has_ring:
            painting.draw_outline(painter, self.rect(), theme.accent, px(RADIUS), width=2)
        x = px(_PADDING)
        if self._caption:
            width = painting.text_width(self._caption, theme.note())
            text_rect = QRect(x, 0, width + 1, self.height())
            painting.draw_text(painter, text_rect, self._caption, theme.note(), theme.dim)
            x += width + px(_GAP)
        if self._bars is not None:
            self._paint_bars(painter, x, self._bars)
            x += px(_BARS_WIDTH + _GAP_AFTER_BARS)
        self._paint_value(painter, x)

    def _paint_value(self, painter: QPainter, x: int) -> None:
        theme, px = current_theme(), current_theme().px
        chevron = QRect(0, 0, px(_CHEVRON_WIDTH), self.height())
        color = theme.text if self.underMouse() else theme.dim
        if self.text():
            chevron.moveRight(self.width() - px(_PADDING) + px(2))
            left = x if self._bars is not None else x + px(_GAP) - px(1)
            text_rect = QRect(left, 0, chevron.left() - left - px(4), self.height())
            painting.draw_text(
                painter,
                text_rect,
                marked_text(self),
                theme.interface(),
                color,
                flags=painting.MNEMONIC,
            )
        elif self._bars is not None:
            chevron.moveRight(self.width() - px(_PADDING) + px(2))
        else:
            chevron.moveCenter(self.rect().center())
        painting.draw_icon(painter, chevron, "chevron-down", color, px(14))

    def _paint_bars(self, painter: QPainter, x: int, count: int) -> None:
        theme, px = current_theme(), current_theme().px
        bottom = self.height() // 2 + px(8)
        empty_color = QColor(theme.faint)
        empty_color.setAlphaF(0.25)
        painter.setPen(Qt.PenStyle.NoPen)
        for n in range(4):
            painter.setBrush(theme.accent if n < count else empty_color)
            height = px(5 + 4 * n)
            painter.drawRoundedRect(
                x + n * px(6) + px(n), bottom - height, px(5), height, px(1), px(1)
            )
