"""What of a view is painted anew when its text changes: the change and what is below it.

Where something changes in a table of Qt's own, Qt has all of the table and what is below it painted
anew, and often what is above it too; to paint the cells of such tables takes longer than all else that a
word costs which arrives there. Their columns have widths of their own, so nothing above the change has
moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QRectF

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTextEdit

_ENDLESS: Final = 1e8
"""Pixels that no document has: everything below is meant."""

_ABOVE: Final = 64
"""Pixels above a block that what belongs to it may reach to: grounds, bars, the padding of a cell."""


class PartialRepaint(QObject):
    """Has the parts of one view painted anew that its document's layout says have changed."""

    def __init__(self, view: QTextEdit) -> None:
        super().__init__(view)
        self._view = view
        self._document = view.document()
        self._first: int | None = None
        self._waits: float | None = None
        layout = self._document.documentLayout()
        layout.update.disconnect()  # the view has itself been painted by this alone
        layout.update.connect(self._paint)
        self._document.contentsChange.connect(self._note)
        self._document.contentsChanged.connect(self._paint_changed)

    def _note(self, position: int, _removed: int, _added: int) -> None:
        """An edit is about to be laid out, nothing above this position has changed in it."""
        self._first = position if self._first is None else min(position, self._first)

    def _paint(self, area: QRectF) -> None:
        if self._first is not None and area.height() > _ENDLESS:
            # Until the edit is done, nothing may be asked of the layout.
            self._waits = area.top() if self._waits is None else min(area.top(), self._waits)
            return
        bars = self._view.horizontalScrollBar().value(), self._view.verticalScrollBar().value()
        viewport = self._view.viewport()
        seen = QRectF(*bars, viewport.width(), viewport.height())
        shown = area.adjusted(-1, -1, 1, 1).intersected(seen).toAlignedRect()
        if not shown.isEmpty():
            viewport.update(shown.translated(-bars[0], -bars[1]))

    def _paint_changed(self) -> None:
        first, self._first = self._first, None
        top, self._waits = self._waits, None
        if first is not None and top is not None:
            block = self._document.findBlock(first)
            changed = self._document.documentLayout().blockBoundingRect(block).top() - _ABOVE
            self._paint(QRectF(0, max(top, changed), _ENDLESS, 2 * _ENDLESS))
