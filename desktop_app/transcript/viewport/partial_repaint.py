"""Limits repainting after an edit to the changed text and the text below it.

After a change in a QTextTable, Qt repaints the whole table and everything below it, often also
the text above it. Repainting all cells of the table costs more than everything else a streamed
word triggers. The tables have fixed column widths, so nothing above the change has moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QRectF

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTextEdit

_ENDLESS_PX: Final = 1e8
"""Pixels, more than any document is high.

For an area that extends to the end of the document, Qt reports a height of 2³¹ - 1.
"""

_ABOVE_BLOCK_PX: Final = 64
"""Pixels by which decoration may extend above a block: background, bars, cell padding."""


class PartialRepaint(QObject):
    """A replacement of a view's repaint slot that repaints only changed text and text below it."""

    def __init__(self, view: QTextEdit) -> None:
        super().__init__(view)
        self._view = view
        self._document = view.document()
        self._first_changed: int | None = None
        self._pending_top: float | None = None
        layout = self._document.documentLayout()
        layout.update.disconnect()  # replaces the view's own slot
        layout.update.connect(self._repaint)
        self._document.contentsChange.connect(self._record_change)
        self._document.contentsChanged.connect(self._repaint_changed)

    def _record_change(self, position: int, _removed: int, _added: int) -> None:
        """Record the first position that an edit changes, before it is laid out."""
        first_changed = self._first_changed
        self._first_changed = position if first_changed is None else min(position, first_changed)

    def _repaint(self, area: QRectF) -> None:
        if self._first_changed is not None and area.height() > _ENDLESS_PX:
            # The layout must not be queried until the edit is done.
            pending = self._pending_top
            self._pending_top = area.top() if pending is None else min(area.top(), pending)
            return
        left = self._view.horizontalScrollBar().value()
        top = self._view.verticalScrollBar().value()
        viewport = self._view.viewport()
        visible = QRectF(left, top, viewport.width(), viewport.height())
        # One pixel more on each side, as in QTextEdit's own slot.
        changed = area.adjusted(-1, -1, 1, 1).intersected(visible).toAlignedRect()
        if not changed.isEmpty():
            viewport.update(changed.translated(-left, -top))

    def _repaint_changed(self) -> None:
        first = self._first_changed
        top = self._pending_top
        self._first_changed = None
        self._pending_top = None
        if first is not None and top is not None:
            layout = self._document.documentLayout()
            block_top = layout.blockBoundingRect(self._document.findBlock(first)).top()
            changed_top = max(top, block_top - _ABOVE_BLOCK_PX)
            self._repaint(QRectF(0, changed_top, _ENDLESS_PX, _ENDLESS_PX))
