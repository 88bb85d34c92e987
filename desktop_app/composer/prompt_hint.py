"""The line below the prompt: a warning, a hint, a notice, or the keys to press."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy

from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.text.foreign_text import PlainLabel


class PromptHint(PlainLabel):
    """The line below the prompt: a warning or a hint, otherwise a notice or the keys.

    Attributes:
        warning: why the user's last attempt to send was refused; "" for none.
    """

    def __init__(self) -> None:
        super().__init__(name="hint", role="note")
        self.warning = self._hint = self._notice = ""
        self._keymap = Keymap()
        self._is_streaming = self._is_compact = False
        self._shows_keys = True
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def warn(self, text: str) -> None:
        """Show why sending was refused; "" removes the warning."""
        self.warning = text
        self._refresh()

    def set_hint(self, text: str) -> None:
        """Show a hint in place of the notice and the keys; "" removes the hint."""
        self._hint = text
        self._refresh()

    def set_notice(self, text: str) -> None:
        """Set the notice about the chosen model; "" for none."""
        self._notice = text
        self._refresh()

    def set_streaming(self, is_streaming: bool) -> None:
        """Show the keys for a streaming answer, or those that send. Remove the warning."""
        self._is_streaming = is_streaming
        self.warn("")

    def set_keys_visible(self, is_visible: bool) -> None:
        """Set whether the notice or the keys are shown while there is no warning or hint."""
        self._shows_keys = is_visible
        self._refresh()

    def set_compact(self, is_compact: bool) -> None:
        """Set whether there is little room; if so, the keys that send are hidden."""
        self._is_compact = is_compact
        self._refresh()

    def set_keymap(self, keymap: Keymap) -> None:
        """Set the shortcuts to show."""
        self._keymap = keymap
        self._refresh()

    def _refresh(self) -> None:
        message = self.warning or self._hint
        text = message or self._notice_or_keys()
        if text != self.text():
            self.setText(text)
        has_room = not self._is_compact or self._is_streaming or bool(self._notice)
        self.setVisible(bool(message) or (self._shows_keys and has_room))

    def _notice_or_keys(self) -> str:
        stop = self._key_name("prompt.stop")
        send = self._key_name("prompt.send")
        if self._is_streaming:
            if not send:
                return tr("{stop} to stop", stop=stop) if stop else ""
            if not stop:
                return tr("{send} to queue", send=send)
            return tr("{send} to queue · {stop} to stop", send=send, stop=stop)
        if self._notice:
            return self._notice
        is_return = self._keymap.shortcut_of("prompt.send") == "Return"
        new_line = shortcut_text("Shift+Return" if is_return else "Return")
        if not send:
            return tr("{key} for a new line", key=new_line)
        return tr("{send} to send · {key} for a new line", send=send, key=new_line)

    def _key_name(self, command_id: str) -> str:
        return shortcut_text(self._keymap.shortcut_of(command_id))
