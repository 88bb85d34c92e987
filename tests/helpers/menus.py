"""The entries of menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.widgets.accessibility.mnemonics import without_mnemonic

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


def entry_text(entry: QAction) -> str:
    """Return the text of an entry as shown, without the mark of its mnemonic."""
    return without_mnemonic(entry.text())
