"""The outer panes of the main window: the conversations on the left, the settings on the right.

An outer pane that does not fit is hidden, and opens as a drawer over the middle pane, with a shade
that closes it. If only one fits, the conversations make way for the settings, so that these leave
the whole transcript to see, whose look they change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QWidget

from desktop_app.app.window.conversation_pane import ConversationPane
from desktop_app.app.window.overlays import Shade
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.direction import mirrored
from desktop_app.widgets.look.theme import current_theme

if TYPE_CHECKING:
    from desktop_app.app.window.settings_panel import SettingsPanel

# Widths are in pixels at the default text size. From this window width on, the conversations are a
# pane in the row, unless the settings need the room.
_MIN_WIDE_WIDTH: Final = 900
# The settings panel joins the row if the middle pane keeps this width: that of the smallest window.
_MIN_MIDDLE_WIDTH: Final = 400
# Beside the settings, the conversations stay in the row only if the middle pane keeps this width;
# the panel is narrower for it.
_COMFORTABLE_WIDTH: Final = 560
_MIN_PANEL_WIDTH: Final = 480
# Beside a drawer, this much of the window is left to click on.
_MIN_SHADE_WIDTH: Final = 56
# A side pane stands beside the middle pane from twice this width on, and else in its transcript's
# place.
_MIN_SIDE_WIDTH: Final = 400


def width_of_list(window_width: int) -> int:
    """Return the width of the list in the row of an otherwise empty window, 0 if it is hidden."""
    px = current_theme().px
    return px(themes.LIST_WIDTH) if window_width >= px(_MIN_WIDE_WIDTH) else 0


class OuterPanes:
    """Shows and hides the outer panes, and lays out all panes.

    Attributes:
        wants_list, wants_settings: whether the user wants the panes in the row if they fit.
        drawer: the pane that is open as a drawer, or None.
    """

    def __init__(
        self,
        window: QWidget,
        conversations: QWidget,
        settings: SettingsPanel,
        middle: ConversationPane,
        focus_list: Callable[[], object],
    ) -> None:
        self._window = window
        self._list = conversations
        self._settings = settings
        self._middle = middle
        self._focus_list = focus_list
        self._shade = Shade(window)
        self.wants_list = True
        self.wants_settings = False
        self.drawer: QWidget | None = None
        self._beside: QWidget | None = None
        self._over: QWidget | None = None
        middle.header.settings_button.clicked.connect(self.toggle_settings)
        middle.header.list_button.clicked.connect(self.toggle_list)
        self._shade.pressed.connect(self.close_drawer)
        settings.page_shown.connect(lambda _page: self.arrange())
        settings.show_requested.connect(lambda: self.show_settings(True))
        settings.close_requested.connect(lambda: self.show_settings(False))

    def toggle_settings(self) -> None:
        """Show or hide the settings panel."""
        self.show_settings(self._settings.isHidden())

    def show_settings(self, is_shown: bool) -> None:
        """Show the settings panel and focus it, or hide it and focus the middle."""
        self.wants_settings = is_shown
        if not is_shown:  # before hiding it, which would focus the next widget
            self._middle.focus_content()
        self._show_pane(self._settings, is_shown, fits=self._settings_fit())
        if is_shown:
            self._settings.focus_tabs(Qt.FocusReason.ShortcutFocusReason)

    def toggle_list(self) -> None:
        """Show or hide the conversations."""
        shows_list = self._list.isHidden()
        fits = self._list_fits()
        if fits:
            self.wants_list = shows_list
        if not shows_list:
            self._middle.focus_content()
        self._show_pane(self._list, shows_list, fits=fits)
        if shows_list and self.drawer is self._list:
            self._focus_list()

    def show_list(self) -> None:
        if self._list.isHidden():
            self.toggle_list()

    @property
    def side(self) -> QWidget | None:
        """Return the pane that a feature shows beside the middle one, or None."""
        return self._over or self._beside

    def show_side(self, pane: QWidget | None) -> None:
        """Show a pane beside the transcript, or in its place if the window is narrow."""
        is_new, before = pane not in (None, self._beside), self.side
        self._beside = pane
        if is_new and self._over is not None:
            self._over.close()
        self._replace_side(before)

    def show_over(self, pane: QWidget | None) -> None:
        """Show a pane over that of `show_side`, in a narrow window in place of the middle one.

        None shows again what was there before.
        """
        before = self.side
        self._over = pane
        self._replace_side(before)

    def _replace_side(self, before: QWidget | None) -> None:
        if before is not None and before is not self.side:
            if before.isAncestorOf(self._window.focusWidget()):
                self._middle.focus_content()
            self._middle.replace_transcript(None)
            before.hide()
        self.arrange()

    def restore(self, *, wants_list: bool, wants_settings: bool) -> None:
        """Show the panes that the user wanted in an earlier run."""
        self.wants_list = wants_list
        self.wants_settings = wants_settings
        self.arrange()

    def close_drawer(self) -> None:
        """Close the drawer, and focus the middle."""
        if self.drawer is self._settings:
            self.wants_settings = False
        self.drawer = None
        self._middle.focus_content()
        self.arrange()

    def resize(self) -> None:
        """Lay out all panes for a new size; a drawer returns to the row if its pane fits again."""
        if self.drawer is self._list and self._list_fits():
            self.drawer = None
            self.wants_list = True
        elif self.drawer is self._settings and self._settings_fit():
            self.drawer = None
        self.arrange()

    def arrange(self) -> None:
        """Lay out all panes for the current width."""
        width, height = self._window.width(), self._window.height()
        list_width = min(current_theme().px(themes.LIST_WIDTH), width)
        has_list = self.wants_list and self._list_fits() and self.drawer is not self._list
        has_settings = self.wants_settings and self._settings_fit()
        has_settings = has_settings and self.drawer is not self._settings
        left = list_width if has_list else 0
        panel_width = self._panel_width(left)
        right = panel_width if has_settings else 0
        room = width - left - right
        is_beside = self.side is not None and room >= current_theme().px(2 * _MIN_SIDE_WIDTH)
        side_width = room // 2 if is_beside else 0
        panes: list[tuple[QWidget, int, int]] = [
            (self._middle, left, room - side_width),
            (self._list, 0, list_width),
            (self._settings, width - panel_width, panel_width),
        ]
        covers_middle = self._over is not None and not is_beside
        self._middle.replace_transcript(None if is_beside or covers_middle else self.side)
        self._middle.setVisible(not covers_middle)
        if self.side is not None and (is_beside or covers_middle):
            self.side.setParent(self._window)
            self.side.stackUnder(self._settings)
            self.side.show()
            side_width = side_width or room
            panes.append((self.side, left + room - side_width, side_width))
        for pane, x, pane_width in panes:
            pane.setGeometry(mirrored(QRect(x, 0, pane_width, height), self._window.rect()))
        self._shade.setGeometry(self._window.rect())
        self._list.setVisible(has_list or self.drawer is self._list)
        self._settings.setVisible(has_settings or self.drawer is self._settings)
        self._shade.setVisible(self.drawer is not None)
        # The look is chosen by its effect on the conversation behind.
        self._shade.set_dimming(self.drawer is not self._settings or self._settings.page != "look")
        if self.drawer is not None:
            self._shade.raise_()
            self.drawer.raise_()

    def _list_fits(self) -> bool:
        needed_width = _MIN_WIDE_WIDTH
        if self.wants_settings and self._settings_fit():
            needed_width = themes.LIST_WIDTH + _COMFORTABLE_WIDTH + _MIN_PANEL_WIDTH
        if self.side is not None:
            needed_width = max(needed_width, themes.LIST_WIDTH + 2 * _MIN_SIDE_WIDTH)
        return self._window.width() >= current_theme().px(needed_width)

    def _settings_fit(self) -> bool:
        needed_width = _MIN_MIDDLE_WIDTH + _MIN_PANEL_WIDTH
        return self._window.width() >= current_theme().px(needed_width)

    def _panel_width(self, left: int) -> int:
        """Return the width of the settings, with this much before the middle pane."""
        px, width = current_theme().px, self._window.width()
        if not self._settings_fit():
            return min(px(themes.PANEL_WIDTH), width - px(_MIN_SHADE_WIDTH))
        room = width - left - px(_COMFORTABLE_WIDTH)
        return max(px(_MIN_PANEL_WIDTH), min(px(themes.PANEL_WIDTH), room))

    def _show_pane(self, pane: QWidget, is_shown: bool, *, fits: bool) -> None:
        """Show an outer pane, as a drawer if the row has no room for it; or hide it."""
        if is_shown:
            self.drawer = None if fits else pane
        elif self.drawer is pane:
            self.drawer = None
        self.arrange()

    def close_list_drawer(self) -> None:
        if self.drawer is self._list:
            self.close_drawer()
