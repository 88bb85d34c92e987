"""Sends the typed text or the first suggestion, or shows why it cannot."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QToolButton

from desktop_app.composer.attachment_chips import AttachmentChips
from desktop_app.composer.prompt_hint import PromptHint
from desktop_app.composer.suggestions import Suggestions
from desktop_app.composer.text.prompt_text import PromptText
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.text.foreign_text import set_tooltip, spoken_text


class SendAction(QObject):
    """The action of the send key and the Send button.

    Args:
        field: has the text to send.
        button: the Send button.
        chips: the attachments.
        suggestions: of which the first is sent if there is no text.
        hint: shows why sending is refused.

    Signals:
        submit_requested(str): send this text, unchanged.
    """

    submit_requested = Signal(str)

    def __init__(
        self,
        field: PromptText,
        button: QToolButton,
        chips: AttachmentChips,
        suggestions: Suggestions,
        hint: PromptHint,
    ) -> None:
        super().__init__(field)
        self._field = field
        self._button = button
        self._hint = hint
        self._chips = chips
        self._suggestions = suggestions
        self._key = shortcut_text(Keymap().shortcut_of("prompt.send"))
        self._is_streaming = False
        self._refusal = ""
        self._can_queue = False
        field.keys.send_pressed.connect(self.send)
        field.textChanged.connect(self._on_text_changed)
        button.clicked.connect(self.send)
        chips.changed.connect(self._enable_button)
        suggestions.changed.connect(self._enable_button)
        self._enable_button()
        self._show_key()

    @property
    def can_send(self) -> bool:
        """Return True if sending is allowed now."""
        return not self._refusal

    def set_refusal(self, refusal: str, *, can_queue: bool = False) -> None:
        """Refuse sending, or allow it again with "".

        Args:
            refusal: shown if the user tries to send anyway.
            can_queue: typed text is submitted all the same, and waits.
        """
        self._refusal = refusal
        self._can_queue = can_queue
        if self._hint.warning:  # a shown warning stays until the text changes or sending is allowed
            self._hint.warn(refusal)
        self._enable_button()
        self._show_tooltip()
        self._button.setAccessibleDescription(spoken_text(self._refusal))
        self._suggestions.set_refusal(self._refusal)

    def set_streaming(self, is_streaming: bool) -> None:
        """Set whether an answer streams; if so, the send key sends no suggestion."""
        self._is_streaming = is_streaming
        self._show_key()

    def set_keymap(self, keymap: Keymap) -> None:
        """Show the keys that send; the field handles them."""
        self._key = shortcut_text(keymap.shortcut_of("prompt.send"))
        self._show_tooltip()
        self._show_key()

    def send(self) -> None:
        """Send the text or the first suggestion, or show why that is refused."""
        is_typed = bool(self._field.toPlainText().strip())
        if self._refusal and not (is_typed and self._can_queue):
            self._hint.warn(self._refusal)
        elif is_typed:
            self.submit()
        elif self._is_streaming:
            self._focus_text()
        elif self._suggestions.choose_first():
            pass  # it is sent
        elif self._chips.count():
            self._hint.warn(tr("Add a message first"))
        else:
            self._focus_text()

    def submit(self) -> None:
        """Emit `submit_requested` with the text, even if sending is refused."""
        self.submit_requested.emit(self._field.toPlainText())

    def _focus_text(self) -> None:
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _enable_button(self) -> None:
        """Enable Send if there is something to send, or to say what is missing."""
        is_typed = bool(self._field.toPlainText().strip())
        has_content = is_typed or self._chips.count() > 0 or not self._suggestions.is_empty
        self._button.setEnabled(has_content and (not self._refusal or self._can_queue))

    def _on_text_changed(self) -> None:
        self._enable_button()
        self._show_key()
        if self._hint.warning:
            self._hint.warn("")

    def _show_key(self) -> None:
        """Show the send key at the first suggestion while that key sends the suggestion."""
        sends_suggestion = not self._field.toPlainText().strip() and not self._is_streaming
        self._suggestions.set_first_key(self._key if sends_suggestion else "")

    def _show_tooltip(self) -> None:
        """Show the refusal, if any, otherwise the keys that send."""
        tooltip = tr("Send")
        if self._key:
            tooltip = tr("{action} ({shortcut})", action=tooltip, shortcut=self._key)
        set_tooltip(self._button, self._refusal or tooltip)
