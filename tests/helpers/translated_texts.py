"""Finds texts of widgets that do not come from the catalog, in the pseudo-language."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, Qt, QTranslator
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
from tests.helpers.pseudo import pseudo_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence


QT_DIALOGS: Final = (QFileDialog, QAbstractPrintDialog)
"""Dialogs whose texts are Qt's own."""


class PseudoQtTexts(QTranslator):
    """Qt's own texts in the pseudo-language."""

    def isEmpty(self) -> bool:
        return False

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        # Names of keys stay as they are, and QT_LAYOUT_DIRECTION is not a text for users.
        if context == "QShortcut" or text == "QT_LAYOUT_DIRECTION":
            return text
        return pseudo_text(text)


def texts_of(root: QWidget) -> Iterator[str]:
    """Yield the texts that `root` and the widgets below it show and announce.

    The rows of visible lists are included; reading them takes longer than everything else.
    """
    yield from texts_of_widgets(widgets_of(root))


def texts_of_widgets(widgets: Iterable[QWidget]) -> Iterator[str]:
    """Yield the texts of these widgets, as `texts_of` does."""
    for widget in widgets:
        yield from (widget.accessibleName(), widget.accessibleDescription(), widget.toolTip())
        if widget.isWindow():
            yield widget.windowTitle()
        kind: type = type(widget)
        for texts in _texts_of_kind(kind):
            yield from texts(widget)


@cache
def _texts_of_kind(cls: type) -> tuple[Callable[[Any], Iterable[str]], ...]:
    """Return the functions that read the texts of a class of widgets."""
    return tuple(texts for kind, texts in _TEXTS_OF_KINDS if issubclass(cls, kind))


def _texts_of_menu(menu: QMenu) -> Iterator[str]:
    yield from (entry_text(action).partition("\t")[0] for action in menu.actions())
    yield from (action.toolTip().partition("\t")[0] for action in menu.actions())


def widgets_of(root: QWidget) -> list[QWidget]:
    """Return `root` and the widgets below it, without `QT_DIALOGS` and the widgets in them."""
    if is_of_qt(root):
        return []
    found = [root, *root.findChildren(QWidget)]
    dialogs = [widget for widget in found if isinstance(widget, QT_DIALOGS)]
    if not dialogs:
        return found
    of_qt = {part for dialog in dialogs for part in (dialog, *dialog.findChildren(QWidget))}
    return [widget for widget in found if widget not in of_qt]


def is_of_qt(widget: QWidget | None) -> bool:
    """Return True for one of `QT_DIALOGS` and for a widget in it."""
    while widget is not None and not isinstance(widget, QT_DIALOGS):
        widget = widget.parentWidget()
    return widget is not None


MOST_ROWS = 200
"""Rows of a long table that are read."""


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


_TEXTS_OF_KINDS: Final[Sequence[tuple[Any, Callable[[Any], Iterable[str]]]]] = (
    ((QLabel, QAbstractButton, QLineEdit), lambda widget: [widget.text()]),
    ((QLineEdit, QPlainTextEdit), lambda widget: [widget.placeholderText()]),
    (QComboBox, lambda box: [box.itemText(at) for at in range(box.count())]),
    (QMenu, _texts_of_menu),
    (QAbstractItemView, lambda view: _texts_of_model(view.model()) if view.isVisible() else ()),
)


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
