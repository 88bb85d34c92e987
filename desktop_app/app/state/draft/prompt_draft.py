"""The draft of the open conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Draft

if TYPE_CHECKING:
    from desktop_app.domain.conversations.message_parts import DraftPart
    from desktop_app.ui.composer.prompt_editor import PromptEditor


class PromptDraft(QObject):
    """Text and attachments of the prompt.

    Attributes:
        value: the last draft that was set; its text lacks what was typed since.

    Signals:
        changed(): attachments were added, removed or changed, or the draft was replaced.
    """

    changed = Signal()

    def __init__(self, prompt: PromptEditor) -> None:
        super().__init__(prompt)
        self._prompt = prompt
        self.value = Draft()

    @property
    def current(self) -> Draft:
        """Return the draft with the text that is in the prompt now."""
        return self.with_text(self._prompt.text(), self._prompt.field.template_id)

    def load(self, draft: Draft) -> None:
        """Set the draft of a conversation that is being opened.

        `OpenConversation.opened` reports it.
        """
        self.value = draft

    def replace(self, draft: Draft) -> None:
        """Replace text and attachments."""
        self.value = draft
        self.changed.emit()

    def update_text(self) -> None:
        """Copy the prompt's current text into `value`; this emits nothing."""
        self.value = self.current

    def with_text(self, text: str, template_id: str) -> Draft:
        """Return the draft with another text, and the template that produced it."""
        return replace(self.value, text=text, template_id=template_id)

    def set_attachments(self, attachments: Sequence[DraftPart]) -> None:
        """Replace the attachments."""
        self.replace(replace(self.value, attachments=tuple(attachments)))
