"""Actions of the main window's prompt: ask, edit, compare and stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from desktop_app.app.session import Controller, Session
from desktop_app.composer.drafts import QuestionEdit, join_drafts
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.shortcut_text import shortcut_text


class ChatController(Controller):
    """Connection of the prompt with the turns and the running answers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._announced_hint = ""
        self._prompt.submit_requested.connect(
            lambda text: self.submit(text, self._prompt.field.template_id)
        )
        self._prompt.stop_requested.connect(self.stop)
        self._prompt.field.stop_pressed.connect(self.stop_latest)
        self._current.opened.connect(lambda: self._prompt.row.set_rate(""))
        self._current.opened.connect(self._show_state)
        self._running.started.connect(lambda _id: self._show_state())
        self._running.finished.connect(self._finish)
        self._running.rate_changed.connect(self._show_rate)

    # -------------------------------------------------------------- asking

    def submit(self, text: str, template_id: str) -> None:
        """Ask the question in the prompt, once no answer is running and its files are read.

        The prompt is cleared once the question is on disk.
        """
        draft = self._draft.with_text(text, template_id)
        opened_id = self._current.id
        if draft.has_question and self._session.queue.must_wait(opened_id):
            self._session.queue.add(opened_id, draft)
        elif draft.has_question:
            path = list(self._current.path_before_question)
            self._tasks.start(self._session.turns.begin(path, draft))

    async def compare(self, choices: Sequence[ModelChoice]) -> None:
        """Ask several models the question in the prompt, or if it is empty the last question."""
        draft = self._draft.current
        # Unlike in `submit`, the question cannot wait, because the queue keeps no choice of models.
        if self._session.readings.in_open_conversation:
            self._notifications.notify(tr("Wait until the attached files are read."))
            return
        if draft.has_question:
            path = list(self._current.path_before_question)
            await self._session.turns.begin(path, draft, compared=choices)
            return
        path = list(self._current.path)
        while path and path[-1].role is not Role.USER:
            path.pop()
        if path:
            # Without a draft, the last question of the path is asked again.
            await self._session.turns.begin(path, draft=None, compared=choices)

    def show_hint(self) -> None:
        """Show a hint if a question is queued or edited, and announce it once."""
        opened_id = self._current.id
        hint = ""
        is_editing = self._current.edited_question is not None
        key = shortcut_text(Keymap.from_settings(self._values.all).shortcut_of("prompt.stop"))
        if opened_id in self._session.queue:
            hint = tr("Queued · {key} to cancel", key=key) if key else tr("Queued")
        # While an answer is running, the key stops the answer first: see `stop_latest`.
        elif is_editing and key and not self._running.is_running(opened_id):
            hint = tr("Editing · The original message is kept · {key} to cancel", key=key)
        elif is_editing:
            hint = tr("Editing · The original message is kept")
        self._prompt.set_hint(hint)
        if hint and hint != self._announced_hint:
            self._notifications.announce(hint)
        self._announced_hint = hint

    # -------------------------------------------------------------- answering

    def _finish(self, conversation_id: str, answer: Message) -> None:
        if answer.status is MessageStatus.STREAMING:
            # The program ends, but the answer has not: its provider continues it in the background.
            return
        is_open = conversation_id == self._current.id
        if is_open:
            self._show_state()
        if not self._running.is_running(conversation_id):
            if answer.status is MessageStatus.FAILED:
                # What was queued behind a failed answer is not asked; it returns to the prompt.
                self._session.queue.remove(conversation_id)
            else:
                self._session.queue.send(conversation_id)

    def _show_rate(self, _conversation_id: str, message_id: str, rate: float) -> None:
        if self._current.message(message_id) is not None:
            self._prompt.row.set_rate(tr("{count} tok/s", count=round(rate)))

    def _show_state(self) -> None:
        is_running = self._running.is_running(self._current.id)
        self._prompt.set_streaming(is_running)
        if not is_running:
            self._prompt.row.set_rate("")
        self.show_hint()

    def stop(self) -> None:
        """Stop the answer of the open conversation."""
        self._running.stop(self._current.id)

    def stop_latest(self) -> None:
        """Cancel one thing: the first of a queued question, other work, an answer, an edit."""
        opened_id = self._current.id
        if opened_id in self._session.queue:
            self._session.queue.remove(opened_id)
        elif self._session.compaction.cancel():
            return
        elif self._running.is_running(opened_id):
            self.stop()
        elif resume_edit := self._session.edited.discard():
            self._notifications.notify_undo(tr("Edit discarded"), resume_edit)


class EditedQuestion(Controller):
    """The question that is being edited in each conversation, if any.

    After an edit, the prompt shows the draft that it had before.
    """

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

    def discard_draft(self) -> None:
        """Empty the prompt, and offer to undo that. Without messages, its row is deleted too."""
        opened_id = self._current.id
        draft = self._draft.current
        if resume_edit := self.discard():
            self._notifications.notify_undo(tr("Edit discarded"), resume_edit)
        elif self._current.is_listed and not self._current.path:
            self._session.trash.delete([opened_id])  # Undo opens it again with its draft
        elif draft.text or draft.attachments:
            self._put_into_prompt(Draft())
            restore = partial(self._restore, opened_id, draft)
            self._notifications.notify_undo(tr("Draft discarded"), restore)

    def _restore(self, conversation_id: str, draft: Draft) -> None:
        """Put a discarded draft before what was typed since."""
        if conversation_id == self._current.id:
            self._put_into_prompt(join_drafts(draft, self._draft.current))
        else:
            joined = join_drafts(draft, self._drafts.cached(conversation_id))
            self._drafts.put(conversation_id, joined)

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
        self._session.chat.show_hint()
        self._prompt.focus_text()
