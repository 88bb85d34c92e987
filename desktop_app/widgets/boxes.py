"""Rows and columns of widgets, each created and filled in one call.

Their margins and spacing are given in pixels at the default text size.
"""

from __future__ import annotations

from typing import Final, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from desktop_app.widgets.look.theme import current_theme

Margins = int | tuple[int, int, int, int]
Item = QWidget | QLayout | tuple[QWidget | QLayout, int] | tuple[QWidget, Qt.AlignmentFlag] | int

STRETCH: Final = 1
"""An item that takes the remaining room, shared with other items that stretch."""
SPRING: Final = 0
"""An item that takes the remaining room if no other item stretches."""
DIALOG_MARGINS: Final = (16, 14, 16, 14)
"""The margins of dialogs: before, above, after and below their content."""

_MARGINS: Final = "unscaled-margins"
_SPACING: Final = "unscaled-spacing"

_Box = TypeVar("_Box", bound=QBoxLayout)


def row_of(
    *items: Item,
    parent: QWidget | None = None,
    margins: Margins | None = None,
    spacing: int | None = None,
) -> QHBoxLayout:
    """Return a row of widgets, layouts and gaps.

    Args:
        items: widgets and layouts, each alone or paired with its stretch factor, or for a widget
            with its alignment; STRETCH and SPRING are gaps.
        parent: the widget that gets the row as its layout.
        margins: on all sides, or before, above, after and below; None leaves them to the style.
        spacing: between the items; None leaves it to the style.
    """
    box = QHBoxLayout() if parent is None else QHBoxLayout(parent)
    return _fill(box, items, margins, spacing)


def column_of(
    *items: Item,
    parent: QWidget | None = None,
    margins: Margins | None = None,
    spacing: int | None = None,
) -> QVBoxLayout:
    """Return a column of widgets, layouts and gaps; the arguments are those of `row_of`."""
    box = QVBoxLayout() if parent is None else QVBoxLayout(parent)
    return _fill(box, items, margins, spacing)


def scale_boxes(root: QWidget) -> None:
    """Adapt the margins and spacing of all rows and columns below `root` to the text size."""
    for layout in root.findChildren(QLayout):
        _scale(layout)


def set_unscaled(layout: QLayout, margins: Margins | None, spacing: int | None) -> None:
    """Set margins and spacing in pixels at the default text size; None leaves them to the style."""
    layout.setProperty(_MARGINS, (margins,) * 4 if isinstance(margins, int) else margins)
    layout.setProperty(_SPACING, spacing)
    _scale(layout)


def _scale(layout: QLayout) -> None:
    def px(length: float) -> int:
        return current_theme().px(length) if length else 0

    margins = layout.property(_MARGINS)
    spacing = layout.property(_SPACING)
    if margins is not None:
        layout.setContentsMargins(*map(px, margins))
    if spacing is not None:
        layout.setSpacing(px(spacing))


def _fill(box: _Box, items: tuple[Item, ...], margins: Margins | None, spacing: int | None) -> _Box:
    set_unscaled(box, margins, spacing)
    for item in items:
        content, stretch_or_alignment = item if isinstance(item, tuple) else (item, 0)
        if isinstance(content, int):
            box.addStretch(content)
        elif isinstance(stretch_or_alignment, Qt.AlignmentFlag):
            assert isinstance(content, QWidget)
            box.addWidget(content, 0, stretch_or_alignment)
        elif isinstance(content, QLayout):
            box.addLayout(content, stretch_or_alignment)
        else:
            box.addWidget(content, stretch_or_alignment)
    return box
