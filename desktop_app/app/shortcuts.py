"""Keyboard shortcuts: a QShortcut for each command with keys in the user's keymap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.providers.ui.providers import SettingValues
from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.command import CommandScope
from desktop_app.shortcuts.keymap import Keymap

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


# The object names of the windows that bind their shortcuts themselves.
_OWN_SHORTCUTS: Final = frozenset({"main", "quick-prompt"})
_BOUND_PROPERTY: Final = "has-dialog-shortcuts"


class DialogShortcuts(QObject):
    """Shortcuts in every window that binds none itself.

    Args:
        actions: the function of each command, by its id; it gets the window of the key press.

    Signals:
        window_focused(QWidget): a window that binds no commands has the focus for the first time.
    """

    window_focused = Signal(object)

    def __init__(
        self,
        parent: QObject,
        values: SettingValues,
        actions: Mapping[str, Callable[[QWidget], object]],
    ) -> None:
        super().__init__(parent)
        self._values = values
        self._actions = actions
        self._shortcuts: list[tuple[str, QShortcut]] = []
        values.changed.connect(self._on_value_changed)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow_focus)

    def _on_value_changed(self, key: str) -> None:
        if key.startswith(KEYS_PREFIX):
            for command, shortcut in self._shortcuts:
                shortcut.setKey(self._keys_of(command))

    def _keys_of(self, command: str) -> QKeySequence:
        return QKeySequence(Keymap.from_settings(self._values.all).shortcut_of(command))

    def _follow_focus(self, _old: QWidget | None, focused: QWidget | None) -> None:
        """Bind the commands in a window when it first has the focus."""
        window = focused.window() if focused is not None else None
        if (
            window is None
            or window.objectName() in _OWN_SHORTCUTS
            or window.property(_BOUND_PROPERTY)
        ):
            return
        window.setProperty(_BOUND_PROPERTY, True)
        self.window_focused.emit(window)
        for command, action in self._actions.items():
            shortcut = QShortcut(self._keys_of(command), window)
            shortcut.activated.connect(partial(action, window))
            entry = (command, shortcut)
            shortcut.destroyed.connect(partial(self._shortcuts.remove, entry))
            self._shortcuts.append(entry)
