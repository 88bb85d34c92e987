"""Lets the user choose one of the collections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.commands.command_search import PaletteEntry
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.ui.library.collections_dialog import CollectionState
    from desktop_app.ui.window.command_palette import CommandPalette

_MANAGE: Final = "collections.manage"


class CollectionPicker(QObject):
    """A palette of collections, created on first use.

    Signals:
        chosen(str): the id of the chosen collection.
        dialog_requested(): show all collections.
    """

    chosen = Signal(str)
    dialog_requested = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._palette: CommandPalette | None = None

    def open(self, states: Iterable[CollectionState]) -> None:
        """Open the palette with these collections."""
        if self._palette is None:
            # Imported here, because the start does not need it.
            from desktop_app.ui.window.command_palette import CommandPalette

            palette = self._palette = CommandPalette(
                self._window,
                name="collection-picker",
                label=tr("Ask a collection"),
                empty_text=tr("No matching collections"),
            )
            palette.chosen.connect(self._on_chosen)
        rows = [PaletteEntry(s.collection.id, s.collection.name, s.summary) for s in states]
        rows.append(PaletteEntry(_MANAGE, tr("Show collections")))
        self._palette.open_with(rows)

    def _on_chosen(self, row: str) -> None:
        if row == _MANAGE:
            self.dialog_requested.emit()
        else:
            self.chosen.emit(row)
