"""The "?" button that opens the help for its part of the window."""

from __future__ import annotations

from desktop_app.i18n.translation import tr
from desktop_app.ui.look.theme import current_theme
from desktop_app.ui.widgets.text.foreign_text import PlainToolButton


class HelpButton(PlainToolButton):
    """A small button without a border."""

    def __init__(self) -> None:
        super().__init__(name="help-button", role="quiet", label=tr("Help"))
        self.setText("?")
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.strong())
        self.setMinimumWidth(theme.px(22))
