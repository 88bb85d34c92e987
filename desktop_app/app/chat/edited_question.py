"""A question edited in the prompt; sent again, it becomes a version of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Draft, Message, Role
from desktop_app.domain.conversations.message_parts import part_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.drafts import Drafts
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.app.state.prompt_draft import PromptDraft
    from desktop_app.ui.composer.prompt_editor import PromptEditor


class _Edited(NamedTuple):
    conversation_id: str
    question: Message
    previous_draft: Draft


class EditedQuestion(QObject):
    """The question that is being edited, if any.

    Afterwards, the draft that was in the prompt before is restored.

    Signals:
        changed: editing began or ended.
    """

    changed = Signal()

    def __init__(
        self,
        parent: QWidget,
        *,
        prompt: PromptEditor,
        current: OpenConversation,
        draft: PromptDraft,
        drafts: Drafts,
    ) -> None:
        super().__init__(parent)
        self._prompt, self._current = prompt, current
        self._draft, self._drafts = draft, drafts
        self._edited: _Edited | None = None

    def begin(self, message: Message) -> None:
        """Edit a question, or the question of an answer, if it has one."""
        path = [*self._current.path_to(message.id), message]
        question = next((m for m in reversed(path) if m.role is Role.USER), None)
        if question is None:
            return  # imported conversations may begin with an answer
        editing, prompt = self._on_open_path(), self._prompt
        previous_draft = self._draft.with_text(prompt.text(), prompt.template_id)
        previous_draft = editing.previous_draft if editing else previous_draft
        self._set_edited(_Edited(self._current.id, question, previous_draft))
        self._put_into_prompt(question.as_draft)

    def discard(self) -> Callable[[], None] | None:
        """Stop editing: restore the draft that was in the prompt before.

        Returns:
            A function that restores the edited text; None if no question was changed.
        """
        edited = self._on_open_path()
        if edited is None:
            return None
        typed = self._draft.with_text(self._prompt.text(), self._prompt.template_id)
        self._set_edited(None)
        self._put_into_prompt(edited.previous_draft)
        return None if typed == edited.question.as_draft else lambda: self._resume(edited, typed)

    def _resume(self, edited: _Edited, typed: Draft) -> None:
        if edited.question.id in {message.id for message in self._current.path}:
            self.begin(edited.question)
            self._put_into_prompt(typed)

    def end(self, conversation_id: str, rest: Draft) -> Draft:
        """End editing if the edited question was sent; return the draft for the prompt.

        Args:
            rest: the text and attachments that were not sent.
        """
        if self._edited is None or self._edited.conversation_id != conversation_id:
            return rest
        previous_draft = self._edited.previous_draft
        self._set_edited(None)
        return rest or previous_draft

    def close(self) -> None:
        """Keep the previous draft at the program's end, above a changed question."""
        if self._edited is None:
            return
        conversation_id, question, previous = self._edited
        typed = self._drafts.cached(conversation_id)
        if typed == question.as_draft:
            self._drafts.put(conversation_id, previous)
        elif previous != Draft():
            text = "\n\n".join(filter(None, (previous.text, typed.text)))
            parts = {part_id(part): part for part in (*previous.attachments, *typed.attachments)}
            self._drafts.put(conversation_id, Draft(text, tuple(parts.values())))

    def _set_edited(self, edited: _Edited | None) -> None:
        self._edited = edited
        self._current.edit("" if edited is None else edited.question.id)

    @property
    def question(self) -> Message | None:
        """The question of the open path that is being edited, None for none."""
        edited = self._on_open_path()
        return None if edited is None else edited.question

    def is_editing_in(self, conversation_id: str) -> bool:
        """Return True if a question of this conversation is being edited."""
        return self._edited is not None and self._edited.conversation_id == conversation_id

    def _on_open_path(self) -> _Edited | None:
        edited = self._edited
        if edited is None or edited.conversation_id != self._current.id:
            return None
        return edited if edited.question.id in {m.id for m in self._current.path} else None

    def _put_into_prompt(self, draft: Draft) -> None:
        self._draft.replace(draft)
        self._prompt.set_text(draft.text, draft.template_id)
        self.changed.emit()
        self._prompt.focus_text()
