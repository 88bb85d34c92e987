"""The entries of menus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from desktop_app.app.features import ACTIONS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def entry_text(entry: QAction) -> str:
    """Return the text of an entry as shown, without the mark of its mnemonic."""
    return re.sub("&(.)", r"\1", entry.text())


def give_commands(widget: QWidget) -> dict[str, QAction]:
    """Give a widget's window an action for each command, as the main window has."""
    actions = {a.id: QAction(a.menu_label or a.title, widget.window()) for a in ACTIONS}
    for id_, action in actions.items():
        action.setObjectName(id_)
    return actions
