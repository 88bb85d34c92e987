"""The button of the choice row for answers that run in the background.

It is visible only if the provider offers background answers. Its menu explains both choices: to
continue without the window, the provider has to store the request and the reply.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QMenu

from desktop_app.composer.choice import choice_menus
from desktop_app.composer.choice.choice_view import ChoiceView, no_choice
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.look.icons import icon
from desktop_app.widgets.look.painting import text_width
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import PlainToolButton, set_tooltip, spoken_text

_LABEL: Final = N_("Background")
# In pixels at the default text size (see `Theme.px`).
_ICON: Final = 18
_PADDING: Final = 16  # half of it on either side, and half between icon and label


class BackgroundButton(PlainToolButton):
    """An icon, with a label beside it while background answers are on.

    Attributes:
        options: the menu with both choices.

    Signals:
        background_requested(bool): whether the next answers run in the background.
    """

    background_requested = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("background")
        set_role(self, "quiet")
        self._choice = no_choice()
        # Not the button's own menu, because screen readers that press the button would not
        # open it.
        self.options = ProgramMenu(self)
        self.options.fill_with(self._fill)
        self.clicked.connect(self._open)
        self.update_theme()

    def set_choice(self, choice: ChoiceView) -> None:
        """Show whether background answers are offered and on."""
        self._choice = choice
        self.setVisible(choice.background is not None)
        is_on = bool(choice.background)
        state = tr("Run in background: on") if is_on else tr("Run in background: off")
        self.setAccessibleName(spoken_text(state))
        set_tooltip(self, state)
        self._show_icon()

    def show_label(self, is_wide: bool) -> None:
        """Show the label beside the icon if background answers are on and `is_wide` is set."""
        label = tr(_LABEL) if is_wide and self._choice.background else ""
        style = Qt.ToolButtonStyle
        self.setText(label)
        self.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if label else style.ToolButtonIconOnly
        )

    def width_for(self, *, is_wide: bool) -> int:
        """Return the preferred width; `is_wide` as for `show_label`."""
        width = current_theme().px(_ICON) + current_theme().px(_PADDING)
        if is_wide and self._choice.background:
            label_width = text_width(tr(_LABEL), current_theme().interface())
            width += label_width + current_theme().px(_PADDING) // 2
        return width

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.interface())
        self.setIconSize(QSize(theme.px(_ICON), theme.px(_ICON)))
        self._show_icon()

    def sizeHint(self) -> QSize:
        return QSize(self.width_for(is_wide=bool(self.text())), super().sizeHint().height())

    def _show_icon(self) -> None:
        theme = current_theme()
        color = theme.accent if self._choice.background else theme.dim
        self.setIcon(icon("cloud", color, theme.px(_ICON)))

    def _open(self) -> None:
        self.options.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _fill(self, menu: QMenu) -> None:
        choice_menus.fill_background(menu, self._choice, self.background_requested.emit)
