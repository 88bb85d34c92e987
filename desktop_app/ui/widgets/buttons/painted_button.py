"""The base of the buttons that paint themselves."""

from __future__ import annotations

from desktop_app.ui.look.theme import Theme
from desktop_app.ui.widgets.text.foreign_text import PlainButton


class PaintedButton(PlainButton):
    """A button that paints itself; its theme determines its size."""

    def __init__(self, theme: Theme, label: str = "", *, name: str = "") -> None:
        super().__init__(label, name=name)
        self._theme = theme

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.updateGeometry()
        self.update()
