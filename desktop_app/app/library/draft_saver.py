"""Stores the open draft a moment after a change, and removes sent questions from drafts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.app.state.draft.drafts import Drafts
    from desktop_app.domain.conversations.conversation import Draft
    from desktop_app.ui.composer.prompt_editor import PromptEditor

DRAFT_MS = 400


class DraftSaver(QObject):
    """Timer that copies the prompt's text into the draft and stores the draft."""

    def __init__(self, prompt: PromptEditor, current: OpenConversation, drafts: Drafts) -> None:
        super().__init__(prompt)
        self._prompt = prompt
        self._current = current
        self._draft = current.draft
        self._drafts = drafts
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_MS)
        self._timer.timeout.connect(self.save)
        prompt.text_changed.connect(self.save_soon)
        current.draft.changed.connect(self.save_soon)

    def save_soon(self) -> None:
        """Save after a pause without another change."""
        self._timer.start()

    def save(self) -> None:
        """Save now."""
        self._timer.stop()
        self._draft.update_text()
        self._drafts.put(self._current.id, self._draft.value)

    def remove_sent(self, conversation_id: str, sent_draft: Draft) -> None:
        """Remove a sent question from its draft; what was typed or attached later stays."""
        is_open = conversation_id == self._current.id
        if is_open:
            self.save()
        remaining_draft = self._drafts.remove_sent(conversation_id, sent_draft)
        if is_open:
            self._draft.replace(remaining_draft)
            if self._prompt.text() != remaining_draft.text:
                self._prompt.set_text(remaining_draft.text, remaining_draft.template_id)
