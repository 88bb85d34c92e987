"""The entries of menus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


def entry_text(entry: QAction) -> str:
    """Return the text of an entry as shown, without the mark of its mnemonic."""
    return re.sub("&(.)", r"\1", entry.text())
