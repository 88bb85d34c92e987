"""The entries of menus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from desktop_app.shortcuts.command import COMMANDS, MENU_LABELS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def entry_text(entry: QAction) -> str:
    """Return the text of an entry as shown, without the mark of its mnemonic."""
    return re.sub("&(.)", r"\1", entry.text())


def give_commands(widget: QWidget) -> dict[str, QAction]:
    """Give a widget's window an action for each command, as the main window has."""
    actions = {c.id: QAction(MENU_LABELS.get(c.id, c.title), widget.window()) for c in COMMANDS}
    for id_, action in actions.items():
        action.setObjectName(id_)
    return actions
