"""The keys of a prompt that do something other than typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from desktop_app.shortcuts.keymap import Keymap

if TYPE_CHECKING:
    from desktop_app.composer.text.prompt_text import PromptText


class PromptKeys(QObject):
    """The handler of a prompt's keys: send, stop, new line, plain paste, undo, edit.

    While an input method is composing, it gets the keys.

    Attributes:
        plain_paste: the keys that paste plain text; "" for none.

    Signals:
        send_pressed, stop_pressed: a key was pressed.
        edit_last_requested(): Up was pressed in the empty text.
    """

    send_pressed = Signal()
    stop_pressed = Signal()
    edit_last_requested = Signal()

    def __init__(self, text: PromptText) -> None:
        super().__init__(text)
        self.plain_paste = "Ctrl+Shift+V"
        self._text = text
        self._send_keys = "Return"
        self._stop_keys = "Esc"
        self._can_stop = False
        self._removal_undos: list[Callable[[], object]] = []
        text.textChanged.connect(self._removal_undos.clear)

    def set_keymap(self, keymap: Keymap, default_send: str = "") -> None:
        """Set the keys for send, stop and plain paste.

        `default_send` is the key that sends if no other key does.
        """
        self._send_keys = keymap.shortcut_of("prompt.send") or default_send
        self._stop_keys = keymap.shortcut_of("prompt.stop")
        self.plain_paste = keymap.shortcut_of("prompt.paste-plain")

    def set_can_stop(self, can_stop: bool) -> None:
        """Set whether the stop key stops an answer."""
        self._can_stop = can_stop

    def offer_undo(self, undo: Callable[[], object]) -> None:
        """Call `undo` at Ctrl+Z, unless the text changes before; the last offer comes first."""
        self._removal_undos.append(undo)

    def handle(self, event: QKeyEvent) -> bool:
        """Do what the pressed keys stand for. Return False if Qt is to handle them."""
        text = self._text
        pressed = pressed_keys(event)
        if pressed in ("Shift+Return", "Ctrl+Return") and self._send_keys != pressed:
            # By default, Qt inserts nothing for Ctrl, and for Shift a line separator, which other
            # programs do not treat as a line break.
            if not text.is_composing:
                text.textCursor().insertBlock()
                text.ensureCursorVisible()
        elif pressed and pressed == self._send_keys:
            if not text.is_composing:
                self.send_pressed.emit()
        elif pressed and pressed == self.plain_paste:
            if not text.is_composing:
                text.insertion.paste_plain()
        elif pressed and pressed == self._stop_keys and self._can_stop and not text.is_composing:
            self.stop_pressed.emit()
        elif pressed == "Up" and text.document().isEmpty() and not text.is_composing:
            self.edit_last_requested.emit()
        elif pressed == "Ctrl+Z" and self._removal_undos and not text.is_composing:
            self._removal_undos.pop()()
        elif pressed in ("Return", "Esc") and text.is_composing:
            event.accept()
        else:
            return False
        return True


def pressed_keys(event: QKeyEvent) -> str:
    """Return the pressed keys as portable text; Enter of the keypad counts as Return."""
    from PySide6.QtGui import QKeySequence  # only needed when a key is pressed

    key = event.key()
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    keys = QKeySequence(QKeyCombination(modifiers, Qt.Key(key)))
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
