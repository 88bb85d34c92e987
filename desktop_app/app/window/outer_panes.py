"""The outer panes of the main window: the conversations on the left, a feature's on the right.

The conversations are hidden where they do not fit, and open as a drawer over the middle pane, with
a shade that closes it.
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
    from desktop_app.app.window.window_frame import WindowFrame

# Widths are in pixels at the default text size. From this window width on, the conversations are a
# pane in the row.
_MIN_WIDE_WIDTH: Final = 900
# A side pane stands beside the middle pane from twice this width on, and else in its transcript's
# place.
_MIN_SIDE_WIDTH: Final = 400


def width_of_list(window_width: int) -> int:
    """Return the width of the list in the row of an otherwise empty window, 0 if it is hidden."""
    px = current_theme().px
    return px(themes.LIST_WIDTH) if window_width >= px(_MIN_WIDE_WIDTH) else 0


class OuterPanes:
    """Shows and hides the outer panes and the settings' page, and lays out all panes.

    Attributes:
        wants_list: whether the user wants the conversations in the row if they fit.
        drawer: the conversations while they are open as a drawer, else None.
    """

    def __init__(
        self,
        window: WindowFrame,
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
        self.drawer: QWidget | None = None
        self._beside: QWidget | None = None
        self._over: QWidget | None = None
        middle.header.settings_button.clicked.connect(self.toggle_settings)
        middle.header.list_button.clicked.connect(self.toggle_list)
        self._shade.pressed.connect(self.close_drawer)
        settings.show_requested.connect(lambda: self.show_settings(True))

    def toggle_settings(self) -> None:
        """Show the settings, or the conversation again."""
        self.show_settings(self._middle.page is not self._settings)

    def show_settings(self, is_shown: bool) -> None:
        """Show the settings and focus their list, or show the conversation and focus the prompt."""
        if not is_shown:
            self._middle.close_page()
        elif self._middle.page is not self._settings:
            self._window.show_page(self._settings)
            self._settings.focus_tabs(Qt.FocusReason.ShortcutFocusReason)

    def toggle_list(self) -> None:
        """Show or hide the conversations."""
        shows_list = self._list.isHidden()
        fits = self._list_fits()
        if fits:
            self.wants_list = shows_list
        if not shows_list:
            self._middle.focus_content()
        self.drawer = self._list if shows_list and not fits else None
        self.arrange()
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

    def restore(self, *, wants_list: bool) -> None:
        """Show the conversations if the user wanted them in an earlier run."""
        self.wants_list = wants_list
        self.arrange()

    def close_drawer(self) -> None:
        """Close the drawer, and focus the middle."""
        self.drawer = None
        self._middle.focus_content()
        self.arrange()

    def resize(self) -> None:
        """Lay out all panes for a new size; a drawer returns to the row if it fits again."""
        if self.drawer is not None and self._list_fits():
            self.drawer = None
            self.wants_list = True
        self.arrange()

    def arrange(self) -> None:
        """Lay out all panes for the current width."""
        width, height = self._window.width(), self._window.height()
        list_width = min(current_theme().px(themes.LIST_WIDTH), width)
        has_list = self.wants_list and self._list_fits() and self.drawer is None
        left = list_width if has_list else 0
        room = width - left
        is_beside = self.side is not None and room >= current_theme().px(2 * _MIN_SIDE_WIDTH)
        side_width = room // 2 if is_beside else 0
        panes: list[tuple[QWidget, int, int]] = [
            (self._middle, left, room - side_width),
            (self._list, 0, list_width),
        ]
        covers_middle = self._over is not None and not is_beside
        self._middle.replace_transcript(None if is_beside or covers_middle else self.side)
        self._middle.setVisible(not covers_middle)
        if self.side is not None and (is_beside or covers_middle):
            self.side.setParent(self._window)
            self.side.stackUnder(self._shade)
            self.side.show()
            side_width = side_width or room
            panes.append((self.side, left + room - side_width, side_width))
        for pane, x, pane_width in panes:
            pane.setGeometry(mirrored(QRect(x, 0, pane_width, height), self._window.rect()))
        self._shade.setGeometry(self._window.rect())
        self._list.setVisible(has_list or self.drawer is not None)
        self._shade.setVisible(self.drawer is not None)
        if self.drawer is not None:
            self._shade.raise_()
            self.drawer.raise_()

    def _list_fits(self) -> bool:
        needed_width = _MIN_WIDE_WIDTH
        if self.side is not None:
            needed_width = max(needed_width, themes.LIST_WIDTH + 2 * _MIN_SIDE_WIDTH)
        return self._window.width() >= current_theme().px(needed_width)

    def close_list_drawer(self) -> None:
        if self.drawer is not None:
            self.close_drawer()
