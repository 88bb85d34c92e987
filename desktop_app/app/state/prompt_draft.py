"""The draft of the open conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Draft

if TYPE_CHECKING:
    from desktop_app.domain.conversations.message_parts import DraftPart


class PromptDraft(QObject):
    """Text and attachments of the prompt.

    The text is older than the widget's until it is saved.

    Signals:
        changed: attachments were added, removed or changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._value = Draft()

    @property
    def value(self) -> Draft:
        """The last draft that was set."""
        return self._value

    def load(self, draft: Draft) -> None:
        """Set the draft of a conversation that is being opened; `opened` reports it."""
        self._value = draft

    def replace(self, draft: Draft) -> None:
        """Replace text and attachments."""
        self._value = draft
        self.changed.emit()

    def set_text(self, text: str, template_id: str) -> None:
        """Set the text that the prompt already shows; this emits nothing."""
        self._value = self.with_text(text, template_id)

    def with_text(self, text: str, template_id: str) -> Draft:
        """Return the draft with another text, and the template that produced it."""
        return replace(self._value, text=text, template_id=template_id)

    def set_attachments(self, attachments: Sequence[DraftPart]) -> None:
        """Replace the attachments."""
        self.replace(replace(self._value, attachments=tuple(attachments)))
