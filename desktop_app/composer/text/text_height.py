"""The height of a text field that grows with its text."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit

_MEASURED_PARAGRAPHS: Final = 64  # more than any prompt shows without scrolling


def fit_height(field: QPlainTextEdit, limit: int) -> None:
    """Set the height of the lines, at most `limit` pixels or three lines, whichever is more.

    Beyond the limit, the text scrolls.
    """
    needed_height = _needed_height(field)
    limit = max(limit, 3 * field.fontMetrics().lineSpacing())
    policy = Qt.ScrollBarPolicy
    field.setVerticalScrollBarPolicy(
        policy.ScrollBarAsNeeded if needed_height > limit else policy.ScrollBarAlwaysOff
    )
    height = min(needed_height, limit)
    if height != field.height():
        field.setFixedHeight(height)


def height_of_lines(field: QPlainTextEdit, line_count: int) -> int:
    """Return the height in pixels of a number of lines."""
    from PySide6.QtGui import QFontMetricsF  # not needed at start-up

    line_height = math.ceil(QFontMetricsF(field.font()).height())  # rounded up as in Qt's layout
    margins = 2 * round(field.document().documentMargin())
    return line_count * line_height + margins + 1


def _needed_height(field: QPlainTextEdit) -> int:
    """Return the height of all lines in pixels; of a very long text, an estimate."""
    document = field.document()
    # Qt lays a paragraph out when it is painted; until then it counts as a single line.
    block = document.firstBlock()
    for _ in range(_MEASURED_PARAGRAPHS):
        if not block.isValid():
            break
        document.documentLayout().blockBoundingRect(block)
        block = block.next()
    # The size of a plain text document is in lines.
    return height_of_lines(field, max(1, round(document.size().height())))
