"""Keys of commands that are pressed before the commands can run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from desktop_app.app.shortcuts import Shortcuts
from desktop_app.commands.command import CommandScope

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.actions import Actions
    from desktop_app.commands.keymap import Keymap


class EarlyKeys(QObject):
    """The commands whose keys are pressed while the program starts, and the keys after them.

    They are held until `replay`. Otherwise, the prompt would handle them: its Ctrl+K deletes the
    rest of the line, and words for the palette would become part of a message.
    """

    def __init__(self, window: QWidget, keymap: Keymap) -> None:
        super().__init__(window)
        self._window = window
        self._held_inputs: list[str | QKeyEvent] = []
        other_scopes = (CommandScope.QUICK, CommandScope.GLOBAL)
        commands = [command.id for command in keymap if command.scope not in other_scopes]
        self._shortcuts = Shortcuts(window, {id_: partial(self._queue, id_) for id_ in commands})
        self._shortcuts.bind(keymap)

    def _queue(self, command_id: str) -> None:
        if not self._held_inputs:
            self._window.installEventFilter(self)
            self._window.setFocus()  # and not the prompt
        self._held_inputs.append(command_id)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Hold presses and releases of keys after a command."""
        key_event_types = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if not isinstance(event, QKeyEvent) or event.type() not in key_event_types:
            return False
        self._held_inputs.append(event.clone())
        return True

    def replay(self, actions: Actions) -> None:
        """Run the commands, and send each key to the widget that has the focus then."""
        self._shortcuts.unbind()
        self._window.removeEventFilter(self)
        for held_input in self._held_inputs:
            if isinstance(held_input, str):
                actions[held_input]()
            else:
                QCoreApplication.sendEvent(QApplication.focusWidget() or self._window, held_input)
