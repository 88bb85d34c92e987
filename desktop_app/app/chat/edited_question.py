"""A question that is edited in the prompt, to be sent as another version of itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.draft.drafts import QuestionEdit
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Draft, Message, Role
from desktop_app.ui.window.main_window import MainWindow


class EditedQuestion(QObject):
    """The question that is being edited in each conversation, if any.

    After an edit, the prompt shows the draft that it had before.

    Signals:
        changed(): editing began or ended.
    """

    changed = Signal()

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        self._prompt = window.prompt
        self._current = state.current
        self._draft = state.current.draft
        self._drafts = state.drafts

    def begin(self, message: Message) -> None:
        """Edit a question, or the question of an answer, if it has one."""
        path = [*self._current.path_before(message.id), message]
        question = next((m for m in reversed(path) if m.role is Role.USER), None)
        if question is None:
            return  # imported conversations may begin with an answer
        self._begin(question, self._draft.current)
        self._put_into_prompt(question.as_draft)

    def _begin(self, question: Message, typed_draft: Draft) -> None:
        """Edit a question in place of a draft, which returns after the edit."""
        edit = self._drafts.end_edit(question.conversation_id)
        previous_draft = typed_draft if edit is None else edit.with_changed_question(typed_draft)
        self._drafts.edit(question.conversation_id, QuestionEdit(question, previous_draft))

    def discard(self) -> Callable[[], None] | None:
        """Stop editing: restore the draft that was in the prompt before.

        Returns:
            A function that restores the edited text; None if no question was changed.
        """
        edit = self._drafts.edit_in(self._current.id)
        if edit is None or self._current.edited_question is None:
            return None
        typed_draft = self._draft.current
        self._drafts.end_edit(self._current.id)
        self._put_into_prompt(edit.previous)
        if typed_draft == edit.question.as_draft:
            return None
        return lambda: self._resume(edit.question, typed_draft)

    def _resume(self, question: Message, typed_draft: Draft) -> None:
        conversation_id = question.conversation_id
        if conversation_id != self._current.id:  # shown when the conversation is opened again
            self._begin(question, self._drafts.cached(conversation_id))
            self._drafts.put(conversation_id, typed_draft)
        elif self._current.message(question.id) is not None:
            self.begin(question)
            self._put_into_prompt(typed_draft)

    def _put_into_prompt(self, draft: Draft) -> None:
        self._draft.replace(draft)
        self._prompt.set_text(draft.text, draft.template_id)
        self.changed.emit()
        self._prompt.focus_text()
