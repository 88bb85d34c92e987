"""Answers side by side: the models to compare, and the window of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desktop_app.app.session import Controller, Session
from desktop_app.chat.ui.shown_answers import stream_answers
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.conversations.conversation import Message, ModelChoice, Role
from desktop_app.i18n.translation import tr
from desktop_app.transcript.message_stream import MessageStream

if TYPE_CHECKING:
    from desktop_app.chat.ui.comparison.comparison_window import AnswerColumn, ComparisonWindow

_MAX_COLUMNS = 4


class ComparisonController(Controller):
    """Opener of the window of columns, which it tells of the running answers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._temporary = session.temporary
        self._compared_choices: list[ModelChoice] = []  # those of the last dialog
        self._comparison: ComparisonWindow | None = None

        def find_stream(_conversation_id: str, answer_id: str) -> MessageStream | None:
            streams = (c.transcript.stream for c in self._columns if c.answer.id == answer_id)
            return next(streams, None)

        stream_answers(self._running, find_stream)
        for signal in (self._running.finished, self._running.amended):
            signal.connect(self._update_answer)
        self._current.opened.connect(self._close_if_discarded)

    def choose_models(self) -> None:
        """Let the user choose the models that answer the question in the prompt, or the last."""
        question = self._prompt.text().strip()
        if not question:
            question = next(
                (m.text for m in reversed(self._current.path) if m.role is Role.USER), ""
            )
        if self._running.is_running(self._current.id):
            self._notifications.notify(tr("Stop the response before you compare models."))
        elif not question and not self._draft.value.attachments:
            self._notifications.notify(tr("Type a message to compare the responses to it."))
        elif self._session.of(AvailableModels).models:
            from desktop_app.chat.ui.comparison.compare_dialog import (
                CompareDialog,  # not needed at start
            )

            CompareDialog(self._session, question, self._compared_choices).open()

    def show_versions(self) -> None:
        """Show the newest versions of the focused answer, or of the last that has several."""
        focused_id = self._transcript.focus_navigator.focused_message_id()
        answer = self._current.message_with_versions(focused_id, answers_only=True)
        if answer is not None:
            ids = self._current.versions[answer.id][-_MAX_COLUMNS:]
            self._tasks.start(self._show_stored(self._current.path_before(answer.id), ids))
        elif focused_id:
            self._notifications.notify(tr("This message has no other versions."))
        else:
            self._notifications.notify(tr("No response in this conversation has other versions."))

    async def _show_stored(self, path: list[Message], ids: Sequence[str]) -> None:
        stored_answers = [await self._conversations.message(id_) for id_ in ids]
        answers = [answer for answer in stored_answers if answer is not None]
        if not answers:
            return  # another process has deleted the conversation
        ledger = self._session.backend.ledger
        first_token_times = await ledger.first_token_seconds(answers[0].conversation_id)
        self.show_answers(path, answers)
        for column in self._columns:
            column.first_token_s = first_token_times.get(column.answer.id)
            column.show_facts()

    def show_answers(self, path: list[Message], answers: Sequence[Message]) -> None:
        """Show the answers to the last question of `path` side by side, streaming or not."""
        from desktop_app.chat.ui.comparison.comparison_window import (
            ComparisonWindow,  # not needed at start
        )

        if self._comparison is not None:
            self._comparison.close()
        self._comparison = ComparisonWindow(self._session, path, answers)
        self._comparison.finished.connect(self._forget_window)
        self._comparison.show()
        self._running.repeat_status(answers[0].conversation_id)

    @property
    def _columns(self) -> list[AnswerColumn]:
        return [] if self._comparison is None else self._comparison.columns

    def _forget_window(self) -> None:
        self._comparison = None

    def _close_if_discarded(self) -> None:
        """Close the window if its temporary conversation was discarded."""
        if self._comparison is not None:
            compared_id = self._comparison.conversation_id
            was_ever_temporary = self._temporary.was_ever_temporary(compared_id)
            if was_ever_temporary and not self._temporary.is_temporary(compared_id):
                self._comparison.close()

    def _update_answer(self, _conversation_id: str, answer: Message) -> None:
        if self._comparison is not None:
            self._comparison.update_answer(answer)

    def keep(self) -> None:
        """Keep the answer of the column with the focus."""
        if self._comparison is None:
            self._notifications.notify(tr("No responses are being compared."))
        else:
            self._comparison.current.keep_button.click()
