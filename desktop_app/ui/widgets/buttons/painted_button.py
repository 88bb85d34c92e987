"""The base of the buttons that paint themselves."""

from __future__ import annotations

from desktop_app.ui.widgets.text.foreign_text import PlainButton


class PaintedButton(PlainButton):
    """A button that paints itself; its theme determines its size."""

    def __init__(self, label: str = "", *, name: str = "") -> None:
        super().__init__(label, name=name)
