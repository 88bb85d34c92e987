"""Removes a sent question from the draft and the prompt that it was typed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.conversations.conversation import Draft

if TYPE_CHECKING:
    from desktop_app.app.chat.edited_question import EditedQuestion
    from desktop_app.app.library.draft_saver import DraftSaver
    from desktop_app.app.state.drafts import Drafts
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.ui.composer.prompt_editor import PromptEditor


class SentDraftRemover:
    """Remover of sent questions; later text and attachments stay in the draft."""

    def __init__(
        self,
        saver: DraftSaver,
        edited: EditedQuestion,
        *,
        prompt: PromptEditor,
        current: OpenConversation,
        drafts: Drafts,
    ) -> None:
        self._saver, self._edited, self._prompt = saver, edited, prompt
        self._current, self._draft, self._drafts = current, current.draft, drafts

    def remove(self, conversation_id: str, sent: Draft) -> None:
        """Remove a sent question from the draft of its conversation."""
        is_open = conversation_id == self._current.id
        if is_open:
            self._saver.save()
        rest = _remaining(self._drafts.cached(conversation_id), sent)
        rest = self._edited.end(conversation_id, rest)
        self._drafts.replace_sent(conversation_id, rest)
        if is_open:
            self._draft.replace(rest)
            if self._prompt.text() != rest.text:
                self._prompt.set_text(rest.text, rest.template_id)


def _remaining(draft: Draft, sent: Draft) -> Draft:
    """Return the part of a draft that was typed or attached after `sent`."""
    attachments = sent.question_attachments
    parts = tuple(part for part in draft.attachments if part not in attachments)
    return Draft(draft.text.removeprefix(sent.text), parts)
