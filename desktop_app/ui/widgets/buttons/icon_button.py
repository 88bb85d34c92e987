"""A button of a toolbar that has only an icon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.ui.look.icons import set_icon
from desktop_app.ui.look.theme import current_theme, limit_size
from desktop_app.ui.widgets.text.foreign_text import PlainToolButton

if TYPE_CHECKING:
    from collections.abc import Callable


_ICON: Final = 16
"""The size of the icon in pixels at the default text size."""


class IconButton(PlainToolButton):
    """A quiet square button with an icon, and `label` as its tooltip."""

    def __init__(
        self, name: str, icon_name: str, label: str, on_clicked: Callable[[], object]
    ) -> None:
        super().__init__(name=name, role="quiet", label=label)
        self._icon_name = icon_name
        self.clicked.connect(lambda: on_clicked())
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        set_icon(self, self._icon_name, theme.dim, theme.px(_ICON), disabled=theme.line)
        limit_size(self, theme.px(28), theme.px(28))
