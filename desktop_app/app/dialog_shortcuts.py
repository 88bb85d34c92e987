"""Shortcuts in dialogs and secondary windows for commands of every window, such as help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.app.state.setting_values import SettingValues
from desktop_app.commands.keymap import Keymap
from desktop_app.settings.schema import KEYS_PREFIX

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
