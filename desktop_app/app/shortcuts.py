"""Keyboard shortcuts: a QShortcut for each command with keys in the user's keymap."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from desktop_app.commands.command import CommandScope
from desktop_app.commands.keymap import Keymap

ESCAPE = "Esc"
# On many keyboards, + is Shift and the key of =; that key alone also counts as +.
_PLUS_KEYS = "Ctrl++"
_PLUS_WITHOUT_SHIFT = "Ctrl+="


class Shortcuts(QObject):
    """Shortcuts of a window for the actions of its commands.

    Call `bind` again after the keys change.
    """

    def __init__(self, window: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._shortcuts: list[QShortcut] = []
        self._on_escape: list[Callable[[], object]] = []

    def bind(self, keymap: Keymap) -> None:
        """Bind the keys of `keymap`."""
        self.unbind()
        # The prompt handles keys that apply only there.
        outside_prompt = {
            command.id for command in keymap if command.scope is not CommandScope.PROMPT
        }
        command_ids = [id_ for id_ in self._actions if id_ in outside_prompt]
        keys_by_command = {id_: keys for id_ in command_ids if (keys := keymap.shortcut_of(id_))}
        # As a shortcut, Esc would not reach the panel, drawer or menu that it should close.
        self._on_escape = [
            self._actions[id_] for id_, keys in keys_by_command.items() if keys == ESCAPE
        ]
        keys_and_actions = [(keys, self._actions[id_]) for id_, keys in keys_by_command.items()]
        if _PLUS_WITHOUT_SHIFT not in keys_by_command.values():
            keys_and_actions += [
                (_PLUS_WITHOUT_SHIFT, action)
                for keys, action in keys_and_actions
                if keys == _PLUS_KEYS
            ]
        self._shortcuts = [
            self._make_shortcut(keys, action) for keys, action in keys_and_actions if keys != ESCAPE
        ]

    def unbind(self) -> None:
        """Bind no keys."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = []
        self._on_escape = []

    def escape(self) -> None:
        """Run the command of Esc, if nothing else in the window has handled the key."""
        if len(self._on_escape) == 1:  # two commands are a conflict, and neither runs
            self._on_escape[0]()

    def _make_shortcut(self, keys: str, action: Callable[[], object]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self._window)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(lambda: action())
        return shortcut
