"""The direction of the windows: where they begin, and texts of the other direction in them.

A program in a language that is read from right to left has mirrored windows. Qt mirrors layouts
and its own widgets, and what is placed or painted by hand is mirrored by these functions.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDateTimeEdit

_SAMPLE_CHARS: Final = 200
_ISOLATE, _END_OF_ISOLATE = "\u2066", "\u2069"


def is_mirrored() -> bool:
    """Return True if the windows of the program begin at the right."""
    return QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft


def mirrored(rect: QRect, area: QRect) -> QRect:
    """Return where a rectangle within `area` is in the windows of the program."""
    if not is_mirrored():
        return rect
    return QRect(area.left() + area.right() - rect.right(), rect.y(), rect.width(), rect.height())


def is_right_to_left(text: str) -> bool:
    """Return True if the first letter, or mark of direction, of a text is read from the right."""
    directions = map(unicodedata.bidirectional, text[:_SAMPLE_CHARS])
    return next((each for each in directions if each in ("L", "R", "AL")), "L") != "L"


def in_own_direction(text: str) -> str:
    """Return a text, such as a model's name, that keeps its order within a mirrored window."""
    if not text or not is_mirrored() or is_right_to_left(text):
        return text
    return f"{_ISOLATE}{text}{_END_OF_ISOLATE}"


def among_window_words(text: str) -> str:
    """Return a text of any direction to stand beside words and signs of the window.

    Marks of direction at both ends keep the line in the order of the window.
    """
    mark = "\u200f" if is_mirrored() else "\u200e"
    return f"{mark}{text}{mark}"


def set_date_format(field: QDateTimeEdit, date_format: str) -> None:
    """Show a date in the order of its language, which Qt reverses in a mirrored field."""
    field.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    field.setDisplayFormat(date_format)


def without_isolates(text: str) -> str:
    """Return the text of `in_own_direction`."""
    return text.replace(_ISOLATE, "").replace(_END_OF_ISOLATE, "")
