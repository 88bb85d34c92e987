"""Actions of the main window's prompt: ask, queue, compare and stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.chat.edited_question import EditedQuestion
from desktop_app.app.chat.question_queue import QuestionQueue
from desktop_app.app.chat.turn_starter import TurnStarter
from desktop_app.app.state.window_state import WindowState
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice, Role
from desktop_app.i18n.translation import tr
from desktop_app.services.structured.answer_forms import can_be_repaired
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.window.main_window import MainWindow


class ChatController(QObject):
    """Connection of the prompt with the turns and the running answers.

    Args:
        cancel_other_work: cancels other work on the open conversation; returns True if there was
            any.
        is_reading: returns True if files for the draft of a conversation are being read.
    """

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        turns: TurnStarter,
        queue: QuestionQueue,
        edited: EditedQuestion,
        *,
        cancel_other_work: Callable[[], bool],
        is_reading: Callable[[str], bool],
    ) -> None:
        super().__init__(window.pane)
        self._running = running
        self._turns = turns
        self._queue = queue
        prompt = self._prompt = window.pane.prompt
        self._notifications = window.pane.notifications
        self._edited_question = edited
        self._values = state.values
        self._cancel_other_work = cancel_other_work
        self._is_reading = is_reading
        self._current = state.current
        self._draft = state.current.draft
        self._tasks = state.tasks
        self._announced_hint = ""
        prompt.submit_requested.connect(lambda text: self.submit(text, prompt.field.template_id))
        prompt.stop_requested.connect(self.stop)
        prompt.field.keys.stop_pressed.connect(self.stop_latest)
        self._current.opened.connect(self._show_state)
        edited.changed.connect(self._show_hint)
        queue.changed.connect(self._show_hint)
        running.started.connect(lambda _id: self._show_state())
        running.finished.connect(self._finish)

    # -------------------------------------------------------------- asking

    def submit(self, text: str, template_id: str) -> None:
        """Ask the question in the prompt, once no answer is running and its files are read.

        The prompt is cleared once the question is on disk.
        """
        draft = self._draft.with_text(text, template_id)
        opened_id = self._current.id
        if draft.has_question and self._queue.must_wait(opened_id):
            # The whole draft, with its files, stays in the prompt, from where it is sent later.
            self._queue.add(opened_id, text)
        elif draft.has_question:
            self._tasks.start(self._turns.begin(list(self._current.path_before_question), draft))

    async def compare(self, choices: Sequence[ModelChoice]) -> None:
        """Ask several models the question in the prompt, or if it is empty the last question."""
        draft = self._draft.current
        # Unlike in `submit`, the question cannot wait, because the queue keeps no choice of models.
        if self._is_reading(self._current.id):
            self._notifications.notify(tr("Wait until the attached files are read."))
            return
        if draft.has_question:
            path = list(self._current.path_before_question)
            await self._turns.begin(path, draft, compared=choices)
            return
        path = list(self._current.path)
        while path and path[-1].role is not Role.USER:
            path.pop()
        if path:
            # Without a draft, the last question of the path is asked again.
            await self._turns.begin(path, draft=None, compared=choices)

    def _show_hint(self) -> None:
        """Show a hint if a question is queued or edited, and announce it once."""
        opened_id = self._current.id
        hint = ""
        is_editing = self._current.edited_question is not None
        key = shortcut_text(Keymap.from_settings(self._values.all).shortcut_of("prompt.stop"))
        if opened_id in self._queue:
            hint = tr("Queued · {key} to cancel", key=key) if key else tr("Queued")
        # While an answer is running, the key stops the answer first: see `stop_latest`.
        elif is_editing and key and not self._running.is_running(opened_id):
            hint = tr("Editing · The original message is kept · {key} to cancel", key=key)
        elif is_editing:
            hint = tr("Editing · The original message is kept")
        self._prompt.hint.set_hint(hint)
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
                # What was queued behind a failed answer is not asked; it stays in the prompt.
                self._queue.remove(conversation_id)
            else:
                self._queue.send(conversation_id)
        if is_open and can_be_repaired(answer) and self._values["answer.repair"]:
            path = self._current.path_before(answer.id)
            self._tasks.start(self._turns.begin(path, draft=None, repairs=answer))

    def _show_state(self) -> None:
        is_running = self._running.is_running(self._current.id)
        self._prompt.set_streaming(is_running)
        if not is_running:
            self._prompt.row.set_rate("")
        self._show_hint()

    def stop(self) -> None:
        """Stop the answer of the open conversation."""
        self._running.stop(self._current.id)

    def stop_latest(self) -> None:
        """Cancel one thing: the first of a queued question, other work, an answer, an edit."""
        opened_id = self._current.id
        if opened_id in self._queue:
            self._queue.remove(opened_id)
        elif self._cancel_other_work():
            return
        elif self._running.is_running(opened_id):
            self.stop()
        elif resume_edit := self._edited_question.discard():
            self._notifications.notify_undo(tr("Edit discarded"), resume_edit)
