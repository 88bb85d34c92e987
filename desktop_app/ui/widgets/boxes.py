"""Rows and columns of widgets, each created and filled in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    Item = QWidget | QLayout | tuple[QWidget | QLayout, int] | int

STRETCH: Final = 1
"""An item that takes the remaining room, shared with other items that stretch."""
SPRING: Final = 0
"""An item that takes the remaining room if no other item stretches."""

_Box = TypeVar("_Box", bound=QBoxLayout)


def row_of(
    *items: Item,
    parent: QWidget | None = None,
    margins: int | None = None,
    spacing: int | None = None,
) -> QHBoxLayout:
    """Return a row of widgets and layouts, each alone or with its stretch factor, and gaps.

    Args:
        parent: the widget whose layout it is.
        margins, spacing: in pixels; None leaves them to the style.
    """
    box = QHBoxLayout() if parent is None else QHBoxLayout(parent)
    return _filled(box, items, margins, spacing)


def column_of(
    *items: Item,
    parent: QWidget | None = None,
    margins: int | None = None,
    spacing: int | None = None,
) -> QVBoxLayout:
    """Return a column of the same items; see `row_of`."""
    box = QVBoxLayout() if parent is None else QVBoxLayout(parent)
    return _filled(box, items, margins, spacing)


def _filled(box: _Box, items: tuple[Item, ...], margins: int | None, spacing: int | None) -> _Box:
    if margins is not None:
        box.setContentsMargins(margins, margins, margins, margins)
    if spacing is not None:
        box.setSpacing(spacing)
    for item in items:
        content, stretch = item if isinstance(item, tuple) else (item, 0)
        if isinstance(content, int):
            box.addStretch(content)
        elif isinstance(content, QLayout):
            box.addLayout(content, stretch)
        else:
            box.addWidget(content, stretch)
    return box
