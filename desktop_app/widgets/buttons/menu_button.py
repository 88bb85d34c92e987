"""A button that opens a menu; before its ▾, it may have a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMenu, QSizePolicy

from desktop_app.widgets.buttons.dialog_button import ElidedButton
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu

_MAX_WIDTH: Final = 312


class MenuButton(ElidedButton):
    """A button whose menu is filled when it opens; its text is the current value.

    Args:
        fill: adds the actions whenever the menu opens.
        has_background: whether the button has a background of its own.
    """

    def __init__(
        self, fill: Callable[[QMenu], None], *, has_background: bool = True, object_name: str = ""
    ) -> None:
        super().__init__(name=object_name, role="menu" if has_background else "bare-menu")
        menu = ProgramMenu(self)
        menu.setToolTipsVisible(True)
        menu.fill_with(fill)
        self.setMenu(menu)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus in the text
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return hint.boundedTo(QSize(current_theme().px(_MAX_WIDTH), hint.height()))
