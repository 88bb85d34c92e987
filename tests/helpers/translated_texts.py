"""Finds texts of widgets that do not come from the catalog, in the pseudo-language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def texts_of(root: QWidget) -> Iterator[str]:
    """Yield what `root` and the widgets below it show and announce."""
    for widget in (root, *root.findChildren(QWidget)):
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
            yield from (action.text().partition("\t")[0] for action in widget.actions())


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
