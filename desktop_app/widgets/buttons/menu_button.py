"""A button that opens a menu; before its ▾, it may have a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy

from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import RADIUS, ROW_HEIGHT, current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import PlainButton

# Pixels at the default text size.
_PADDING: Final = 10
_CHEVRON_WIDTH: Final = 16
_GAP: Final = 8
_BARE_WIDTH: Final = 29  # of a button with neither text nor bars
_MAX_TEXT_WIDTH: Final = 260
_Reason = Qt.FocusReason
_KEYBOARD_REASONS: Final = (
    _Reason.TabFocusReason,
    _Reason.BacktabFocusReason,
    _Reason.ShortcutFocusReason,
)
_RETURN_REASONS: Final = (_Reason.ActiveWindowFocusReason, _Reason.PopupFocusReason)


class MenuButton(PlainButton):
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
        self._has_ring = False
        menu = ProgramMenu(self)
        menu.setToolTipsVisible(True)
        menu.fill_with(fill)
        self.setMenu(menu)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        px = current_theme().px
        width = px(_BARE_WIDTH)
        if self.text():
            text_width = painting.text_width(self.text(), current_theme().interface())
            width = min(text_width, px(_MAX_TEXT_WIDTH)) + px(
                2 * _PADDING + _CHEVRON_WIDTH + 2 * _GAP
            )
        return QSize(width, px(ROW_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(current_theme().px(_BARE_WIDTH), current_theme().px(ROW_HEIGHT))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        # The keyboard moved the focus here, or it returns after the ring was shown.
        reason = event.reason()
        self._has_ring = reason in _KEYBOARD_REASONS or (
            reason in _RETURN_REASONS and self._has_ring
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.painter_of(self)
        theme, px = current_theme(), current_theme().px
        if self._has_background:
            painting.fill_background(painter, self.rect(), theme.hover, px(RADIUS))
        if self.hasFocus() and self._has_ring:
            painting.draw_outline(painter, self.rect(), theme.accent, px(RADIUS), width=2)
        chevron = QRect(0, 0, px(_CHEVRON_WIDTH), self.height())
        color = theme.text if self.underMouse() else theme.dim
        if self.text():
            chevron.moveRight(self.width() - px(_PADDING) + px(2))
            left = px(_PADDING) + px(_GAP) - px(1)
            text_rect = QRect(left, 0, chevron.left() - left - px(4), self.height())
            painting.draw_text(painter, text_rect, self.text(), theme.interface(), color)
        else:
            chevron.moveCenter(self.rect().center())
        painting.draw_icon(painter, chevron, "chevron-down", color, px(14))
