"""Text that is in the document and takes no room on screen: the words for what is drawn instead."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat


def hidden(made: QTextCharFormat, text: str) -> QTextCharFormat:
    """The format in which a text takes no room: a tiny font whose letters are drawn together."""
    style = QTextCharFormat()
    font = QFont(made.font())
    font.setPixelSize(1)
    font.setItalic(False)
    width = QFontMetricsF(font).horizontalAdvance(text)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -width / max(1, len(text)))
    style.setFont(font)
    style.setForeground(QColor(Qt.GlobalColor.transparent))
    return style
