"""Text in the document that takes no space: the words for something drawn instead."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat


def hidden_format(char_format: QTextCharFormat, text: str) -> QTextCharFormat:
    """Return a format in which text takes no space: a tiny font whose letters overlap."""
    style = QTextCharFormat()
    font = QFont(char_format.font())
    font.setPixelSize(1)
    font.setItalic(False)
    width = QFontMetricsF(font).horizontalAdvance(text)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -width / max(1, len(text)))
    style.setFont(font)
    style.setForeground(QColor(Qt.GlobalColor.transparent))
    return style
