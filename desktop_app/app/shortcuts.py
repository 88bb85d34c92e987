"""The keyboard: one QShortcut for each command that has one, by the person's own keymap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from desktop_app.commands.keymap import Keymap

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class Shortcuts(QObject):
    """Binds commands to what they do in one window; `bind` again after a key was changed."""

    def __init__(self, window: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._bound: list[QShortcut] = []

    def bind(self, keymap: Keymap) -> None:
        """Put the keys of `keymap` in force."""
        for old in self._bound:
            old.setEnabled(False)
            old.deleteLater()
        self._bound = [
            self._shortcut(keymap.shortcut_of(command_id), action)
            for command_id, action in self._actions.items()
            if keymap.shortcut_of(command_id)
        ]

    def _shortcut(self, keys: str, action: Callable[[], object]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self._window)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(lambda: action())
        return shortcut
