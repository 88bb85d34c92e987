"""The command palette of the main window, created on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.commands.command_search import entries_of
from desktop_app.commands.keymap import Keymap
from desktop_app.ui.look.shortcut_text import shortcut_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.command_palette import CommandPalette

PALETTE = "palette.open"


class Palette(QObject):
    """Offers all `actions` by name."""

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        actions: Mapping[str, Callable[[], object]],
        *,
        values: SettingValues,
    ) -> None:
        super().__init__(parent)
        self._parent, self._theme, self._values = parent, theme, values
        self._actions = actions
        self._widget: CommandPalette | None = None

    def toggle(self) -> None:
        """Show the palette, or hide it."""
        if self._widget is None:
            self._widget = self._made()
        if self._widget.isVisible():
            self._widget.dismiss()
            return
        keymap = Keymap.from_settings(self._values.all)
        offered = [c for c in keymap if c.id in self._actions and c.id != PALETTE]
        entries = entries_of(offered, keymap)
        self._widget.open_with([replace(e, keys=shortcut_text(e.keys)) for e in entries])

    def _made(self) -> CommandPalette:
        # Imported here, because the start does not need it.
        from desktop_app.ui.window.command_palette import CommandPalette

        widget = CommandPalette(self._parent, self._theme.current)
        self._theme.changed.connect(widget.set_theme)
        widget.chosen.connect(lambda command: self._actions[command]())
        return widget
