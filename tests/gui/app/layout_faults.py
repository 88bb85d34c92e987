"""Finds text that a window cuts off or covers, and buttons that are hard to hit."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SLACK = 1
"""Pixels that rounding may take."""
TARGET = 24
"""Pixels of a button's sides, at least (WCAG 2.2, 2.5.8)."""


def layout_faults(window: QWidget, widgets: Collection[QWidget]) -> Iterator[str]:
    """Yield a sentence for each text of visible widgets that is cut off, covered or outside.

    Args:
        widgets: the visible widgets of the window.
    """
    for widget in widgets:
        yield from (f"{described(widget)}: {fault}" for fault in _cut(widget))
        if _has_text(widget) and (fault := _outside(widget, window)):
            yield f"{described(widget)}: {fault}"
        if fault := _cut_ring(widget):
            yield f"{described(widget)}: {fault}"
        # The button that goes to the end stands in the margin, as wide as that, far from others.
        is_button = (
            isinstance(widget, QPushButton | QToolButton) and widget.objectName() != "latest"
        )
        if is_button and min(widget.width(), widget.height()) < TARGET:
            yield f"{described(widget)} is too small to hit, {widget.width()} × {widget.height()}"
        if isinstance(widget, QScrollArea) and widget.horizontalScrollBar().maximum():
            room = widget.viewport().width()
            wide = [w for w in widget.findChildren(QWidget) if w.minimumSizeHint().width() > room]
            causes = ", ".join(map(described, wide[-2:]))
            yield f"{described(widget)} scrolls sideways because of {causes}"
    siblings: dict[QWidget | None, list[QWidget]] = {}
    for widget in widgets:
        if _has_text(widget) or isinstance(widget, QAbstractItemView):
            siblings.setdefault(widget.parentWidget(), []).append(widget)
    for together in siblings.values():
        for one, other in combinations(together, 2):
            common = one.geometry() & other.geometry()
            if common.width() > SLACK and common.height() > SLACK:
                yield f"{described(one)} overlaps {described(other)}"


def _cut_ring(widget: QWidget) -> str:
    """Say at which sides a widget's parent cuts off the ring that shows the focus at its edges."""
    if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or not isinstance(
        widget, QAbstractButton | QLineEdit | QComboBox
    ):
        return ""
    cut, ring, area = set[str](), widget.rect(), widget.parentWidget()
    while area is not None and not widget.isWindow():
        placed = QRect(widget.mapTo(area, ring.topLeft()), ring.size())
        cut |= {"left"} if placed.left() < -SLACK else set()
        cut |= {"right"} if placed.right() >= area.width() + SLACK else set()
        scrolled = area.parentWidget()
        if area.isWindow() or (
            isinstance(scrolled, QAbstractScrollArea) and area is scrolled.viewport()
        ):
            break
        cut |= {"top"} if placed.top() < -SLACK else set()
        cut |= {"bottom"} if placed.bottom() >= area.height() + SLACK else set()
        area = scrolled
    return f"its ring is cut off at {', '.join(sorted(cut))}" if cut else ""


def described(widget: QWidget) -> str:
    """Return the class, the name and the text of a widget."""
    text = getattr(widget, "text", str)()
    parent = widget.parentWidget()
    inside = type(parent).__name__ if parent is not None else ""
    return f"{inside}/{type(widget).__name__}#{widget.objectName()} {str(text)[:60]!r}"


def _has_text(widget: QWidget) -> bool:
    if isinstance(widget, QLabel | QAbstractButton):
        return bool(widget.text())
    return isinstance(widget, QLineEdit | QComboBox)


def _cut(widget: QWidget) -> Iterator[str]:
    """Yield how the text of a widget does not fit into it."""
    if isinstance(widget, QLabel) and widget.text():
        yield from _cut_label(widget)
    elif isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        field = widget.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            widget,
        )
        needed = widget.fontMetrics().horizontalAdvance(widget.currentText())
        if needed > field.width() + SLACK and not widget.toolTip():
            yield f"{widget.currentText()!r} needs {needed} of {field.width()}"
    elif isinstance(widget, QCheckBox):
        yield from _smaller(widget.size(), widget.sizeHint())
    elif isinstance(widget, QPushButton | QToolButton) and widget.text():
        if not (isinstance(widget, QToolButton) and _shows_icon_alone(widget)):
            # An elided text is in the tooltip.
            least = widget.minimumSizeHint().width()
            if widget.width() + SLACK < least and not widget.toolTip():
                yield f"{widget.width()} wide, needs {least}"
    elif isinstance(widget, QLineEdit) and widget.placeholderText() and not widget.text():
        room = widget.contentsRect().width() - widget.textMargins().left()
        needed = widget.fontMetrics().horizontalAdvance(widget.placeholderText())
        if needed > room and widget.placeholderText() not in widget.toolTip():
            yield f"placeholder {widget.placeholderText()!r} needs {needed} of {room}"
    elif isinstance(widget, QHeaderView) and widget.model() is not None:
        for at in range(widget.count()):
            needed = widget.sectionSizeFromContents(at).width()
            if not widget.isSectionHidden(at) and widget.sectionSize(at) + SLACK < needed:
                text = widget.model().headerData(at, widget.orientation())
                yield f"column {text!r} is {widget.sectionSize(at)} wide, needs {needed}"


def _shows_icon_alone(button: QToolButton) -> bool:
    style = button.toolButtonStyle()
    return style is Qt.ToolButtonStyle.ToolButtonIconOnly and not button.icon().isNull()


_IDEOGRAPH: Final = "[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"  # lines break beside them


def _cut_label(label: QLabel) -> Iterator[str]:
    if not label.pixmap().isNull():
        return
    room = label.contentsRect()
    if not label.wordWrap():
        needed = label.sizeHint()
        if label.width() + SLACK < needed.width() and not label.toolTip():
            yield f"{label.width()} wide, needs {needed.width()}"
        if label.height() + SLACK < label.fontMetrics().height():
            yield f"{label.height()} high"
        return
    needed_height = label.heightForWidth(label.width())
    if label.height() + SLACK < needed_height:
        yield f"{label.height()} high, needs {needed_height}"
    text = re.sub(r"<[^>]+>", "", label.text())
    words = re.split(rf"\s|(?<={_IDEOGRAPH})|(?={_IDEOGRAPH})", text)
    longest = max(map(label.fontMetrics().horizontalAdvance, words), default=0)
    if longest > room.width() + SLACK:
        yield f"a word needs {longest} of {room.width()}"


def _smaller(size: QSize, needed: QSize) -> Iterator[str]:
    if size.width() + SLACK < needed.width() or size.height() + SLACK < needed.height():
        yield f"{size.width()} × {size.height()}, needs {needed.width()} × {needed.height()}"


def _outside(widget: QWidget, window: QWidget) -> str:
    """Return where a widget leaves its window or an ancestor, "" if it does not.

    A widget that a scroll area can scroll into view is not outside.
    """
    rect = QRect(widget.mapTo(window, QPoint()), widget.size())
    ancestor = widget.parentWidget()
    while ancestor is not None:
        area = ancestor.parentWidget()
        room = QRect(ancestor.mapTo(window, QPoint()), ancestor.size())
        if isinstance(area, QAbstractScrollArea) and ancestor is area.viewport():
            return ""
        wide = room.adjusted(-SLACK, -SLACK, SLACK, SLACK)
        if not wide.contains(rect):
            return f"{rect.getRect()} leaves {type(ancestor).__name__} {room.getRect()}"
        if ancestor is window:
            return ""
        ancestor = area
    return ""
