"""Iterates over the blocks in the viewport."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QTextBrowser


def visible_blocks(view: QTextBrowser) -> Iterator[QTextBlock]:
    """Yield the visible blocks in the viewport, from the top.

    Folded blocks are skipped, even the first: for a point below the last line, Qt's hit test may
    return one.
    """
    layout = view.document().documentLayout()
    bottom = view.verticalScrollBar().value() + view.viewport().height()
    block = view.cursorForPosition(QPoint(0, 0)).block()
    while block.isValid():
        if block.isVisible():
            if layout.blockBoundingRect(block).top() >= bottom:
                return
            yield block
        block = block.next()
