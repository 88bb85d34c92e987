"""The menu class of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from collections.abc import Callable


class ProgramMenu(QMenu):
    """A menu whose entries get mnemonics whenever it opens."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._fill: Callable[[QMenu], object] | None = None
        self.aboutToShow.connect(self._prepare)

    def fill_with(self, fill: Callable[[QMenu], object]) -> None:
        """Have `fill` add the entries whenever the menu opens."""
        self._fill = fill

    def _prepare(self) -> None:
        from desktop_app.ui.widgets.mnemonics import mark_menu  # not for the first paint

        if self._fill is not None:
            self.clear()
            self._fill(self)
        mark_menu(self)
