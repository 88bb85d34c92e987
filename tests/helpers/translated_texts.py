"""Finds texts of widgets that do not come from the catalog, in the pseudo-language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, Qt
from PySide6.QtPrintSupport import QAbstractPrintDialog
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)

from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


QT_DIALOGS: Final = (QFileDialog, QAbstractPrintDialog)
"""Dialogs whose texts are Qt's own."""


def texts_of(root: QWidget) -> Iterator[str]:
    """Yield what `root` and the widgets below it show and announce, and the rows of visible lists.

    Reading the rows takes longer than everything else.
    """
    for widget in widgets_of(root):
        yield from (widget.accessibleName(), widget.accessibleDescription(), widget.toolTip())
        if widget.isWindow():
            yield widget.windowTitle()
        if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
            yield widget.text()
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            yield widget.placeholderText()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(at) for at in range(widget.count()))
        if isinstance(widget, QMenu):
            yield from (entry_text(action).partition("\t")[0] for action in widget.actions())
            yield from (action.toolTip().partition("\t")[0] for action in widget.actions())
        if isinstance(widget, QAbstractItemView) and widget.isVisible():
            yield from _texts_of_model(widget.model())


def widgets_of(root: QWidget) -> list[QWidget]:
    """Return `root` and the widgets below it, without `QT_DIALOGS` and what is in them."""
    if is_of_qt(root):
        return []
    found = [root, *root.findChildren(QWidget)]
    dialogs = [widget for widget in found if isinstance(widget, QT_DIALOGS)]
    of_qt = {part for dialog in dialogs for part in (dialog, *dialog.findChildren(QWidget))}
    return [widget for widget in found if widget not in of_qt]


def is_of_qt(widget: QWidget | None) -> bool:
    """Return True for one of `QT_DIALOGS` and what is in it."""
    while widget is not None and not isinstance(widget, QT_DIALOGS):
        widget = widget.parentWidget()
    return widget is not None


MOST_ROWS = 200
"""The rows of a long table that are looked at."""


def columns_of(model: QAbstractItemModel) -> int:
    """Return the number of columns, which PySide keeps private in a list model."""
    return 1 if isinstance(model, QAbstractListModel) else model.columnCount()


def _texts_of_model(model: QAbstractItemModel) -> Iterator[str]:
    roles = (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.AccessibleTextRole,
    )
    for column in range(columns_of(model)):
        for role in roles:
            yield str(model.headerData(column, Qt.Orientation.Horizontal, role) or "")
            for row in range(min(model.rowCount(), MOST_ROWS)):
                yield str(model.index(row, column).data(role) or "")


def untranslated(texts: Iterable[str], data: Collection[str] = ()) -> set[str]:
    """Return the texts with a word outside of ⟦…⟧.

    Args:
        data: texts that are not translated, such as names.
    """
    found = set()
    for text in texts:
        rest = text
        while rest != (shorter := re.sub("⟦[^⟦⟧]*⟧", "", rest)):
            rest = shorter
        if re.search(r"[^\W\d_]{2}", rest) and text not in data:
            found.add(text)
    return found
