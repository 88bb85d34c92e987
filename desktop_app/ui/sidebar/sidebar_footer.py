"""The footer of the sidebar: the provider, and this month's cost."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.ui.look import icons
from desktop_app.ui.look import theme as themes
from desktop_app.ui.look.theme import current_theme
from desktop_app.ui.widgets.boxes import row_of
from desktop_app.ui.widgets.text.elided_label import ElidedLabel
from desktop_app.ui.widgets.text.foreign_text import PlainLabel, set_tooltip


class SidebarFooter(QWidget):
    """The last line of the sidebar."""

    def __init__(self) -> None:
        super().__init__()
        self._icon_name = ""
        self.icon = PlainLabel()
        self.name = ElidedLabel(role="note")
        self.month = PlainLabel(role="note")
        parts = (self.icon, (self.name, 1), self.month)
        row_of(*parts, parent=self, margins=(10, 6, 17, 0), spacing=8)
        self.update_theme()

    def show_provider(
        self, name: str, icon_name: str, spending: str, *, is_near_cap: bool = False
    ) -> None:
        """Show the provider with its icon, and `spending`, the cost of this month ("" for none).

        The cost is highlighted if it is near the provider's cap.
        """
        self._icon_name = icon_name
        self.name.setText(name)
        self.month.setText(spending)
        set_tooltip(self.month, tr("Spent this month, out of your limit") if is_near_cap else "")
        themes.set_style_property(self.month, "role", "warning" if is_near_cap else "note")
        self._draw_icon()

    def update_theme(self) -> None:
        self._draw_icon()

    def _draw_icon(self) -> None:
        if self._icon_name:
            size = current_theme().px(15)
            self.icon.setPixmap(icons.pixmap(self._icon_name, current_theme().dim, size))
        self.icon.setVisible(bool(self._icon_name))
