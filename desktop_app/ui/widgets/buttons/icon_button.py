"""A button of a toolbar that has only an icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.look.icons import set_icon
from desktop_app.ui.look.theme import limit_size
from desktop_app.ui.widgets.text.foreign_text import PlainToolButton

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QColor

    from desktop_app.ui.look.theme import Theme


class IconButton(PlainToolButton):
    """A quiet square button with an icon, and `label` as its tooltip."""

    def __init__(
        self, name: str, icon_name: str, label: str, on_clicked: Callable[[], object]
    ) -> None:
        super().__init__(name=name, role="quiet", label=label)
        self._icon_name = icon_name
        self.clicked.connect(lambda: on_clicked())

    def set_theme(self, theme: Theme, size: int, disabled: QColor | None = None) -> None:
        """Draw the icon with `size` pixels at the default text size.

        `disabled` is the color of the icon while the button is disabled, if it has its own.
        """
        set_icon(self, self._icon_name, theme.dim, theme.px(size), disabled=disabled)
        limit_size(self, theme.px(28), theme.px(28))
