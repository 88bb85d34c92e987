"""Answers side by side: the columns, and the answer that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.app.session import Controller, Session
from desktop_app.chat.ui.shown_answers import StreamedAnswers
from desktop_app.domain.conversations.conversation import Message, ModelChoice, Role
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.markdown.search.word_differences import differing_words
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.message_stream import MessageStream
from desktop_app.widgets.windows import bring_to_front

if TYPE_CHECKING:
    from desktop_app.chat.ui.comparison.answer_column import AnswerColumn
    from desktop_app.chat.ui.comparison.comparison_window import ComparisonWindow

_MAX_COLUMNS = 4


class ComparisonController(Controller):
    """Connection of the window of columns with the stored and the running answers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._compared_choices: list[ModelChoice] = []  # those of the last dialog
        self._comparison: ComparisonWindow | None = None
        self._conversation_id = ""
        self._path: list[Message] = []
        for signal in (self._running.text_arrived, self._running.reasoning_arrived):
            signal.connect(self._show_first_token)
        StreamedAnswers(self, self._running, self._stream_of)
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
        elif self._session.choices.models:
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
            if column.id in first_token_times:
                column.set_first_token(first_token_times[column.id])

    def show_answers(self, path: list[Message], answers: Sequence[Message]) -> None:
        """Show the answers to the last question of `path` side by side, streaming or not."""
        # Imported here, because the start does not need them.
        from desktop_app.chat.ui.comparison.answer_column import AnswerColumn
        from desktop_app.chat.ui.comparison.comparison_window import ComparisonWindow

        self._close()
        self._path = path
        self._conversation_id = answers[0].conversation_id
        columns: list[AnswerColumn] = []
        for answer in answers:
            transcript = self._session.images.brief_transcript(self._shown_answers)
            column = AnswerColumn(transcript, self._session.name_of_model)
            column.show_answer(self._newest_display_form(answer))
            column.keep_requested.connect(self._tasks.slot(self._keep))
            column.stop_requested.connect(self._running.stop_answer)
            column.retry_requested.connect(self._tasks.slot(self._retry))
            column.transcript.action_requested.connect(self._run_action)
            columns.append(column)
        window = self._comparison = ComparisonWindow(path[-1].text, columns, self._window)
        window.bind(Keymap.from_settings(self._values.all))
        window.stop_all_requested.connect(lambda: self._running.stop(self._conversation_id))
        window.marks_toggled.connect(self._show_marks)
        window.theme_changed.connect(self._refresh_marks)
        window.finished.connect(self._forget_window)
        window.show()
        self._running.repeat_status(self._conversation_id)

    @property
    def _columns(self) -> list[AnswerColumn]:
        return [] if self._comparison is None else self._comparison.columns

    def _shown_answers(self) -> list[Message]:
        return [column.answer for column in self._columns if column.answer is not None]

    def _find_column(self, answer_id: str) -> AnswerColumn | None:
        return next((column for column in self._columns if column.id == answer_id), None)

    def _forget_window(self) -> None:
        self._comparison = None

    def _close(self) -> None:
        if self._comparison is not None:
            self._comparison.close()

    def _close_if_discarded(self) -> None:
        """Close the window if its temporary conversation was discarded."""
        was_ever_temporary = self._temporary.was_ever_temporary(self._conversation_id)
        if was_ever_temporary and not self._temporary.is_temporary(self._conversation_id):
            self._close()

    def _newest_display_form(self, answer: Message) -> Message:
        return self._messages.display_form(self._running.newest_state(answer))

    def _show_first_token(self, _conversation_id: str, answer_id: str, _text: str) -> None:
        column = self._find_column(answer_id)
        if column is not None and column.first_token_s is None:
            column.set_first_token(self._running.first_token_s(answer_id))

    def _stream_of(self, _conversation_id: str, answer_id: str) -> MessageStream | None:
        column = self._find_column(answer_id)
        return None if column is None else column.transcript.stream

    def _update_answer(self, _conversation_id: str, answer: Message) -> None:
        column = self._find_column(answer.id)
        if column is not None and self._comparison is not None:
            column.transcript.stream.set_status_line(answer.id, "")
            column.update_answer(self._messages.display_form(answer))
            self._comparison.update_buttons()
            self._refresh_marks()

    # ------------------------------------------------------------------ marked differences

    def _refresh_marks(self) -> None:
        """Mark the differences of newer answers, or in the colors of another theme."""
        if self._comparison is not None and self._comparison.marks_differences:
            self._show_marks(True)

    def _show_marks(self, is_marked: bool) -> None:
        for column in self._columns:
            column.mark_differences(())
        if is_marked:
            self._tasks.start(self._mark_differences())

    async def _mark_differences(self) -> None:
        window, columns = self._comparison, self._columns
        column_words = [column.transcript.differences.words() for column in columns]
        differences = await asyncio.to_thread(differing_words, column_words)
        if window is not None and window is self._comparison and window.marks_differences:
            for column, differs in zip(columns, differences, strict=True):
                column.mark_differences(differs)

    # ------------------------------------------------------------------ actions

    def keep(self) -> None:
        """Keep the answer of the column with the focus."""
        if self._comparison is None:
            self._notifications.notify(tr("No responses are being compared."))
        else:
            self._comparison.current.keep_button.click()

    def _run_action(self, answer_id: str, action: str) -> None:
        async def keep_and_act() -> None:
            """Keep the answer, and apply the action to it in the main window."""
            if await self._keep(answer_id):
                self._transcript.commands.run(answer_id, action)

        if action == "retry":
            self._tasks.start(self._retry(answer_id))
        elif not action.startswith(OPEN_IMAGE):  # opening an image chooses no answer
            self._tasks.start(keep_and_act())

    async def _keep(self, answer_id: str) -> bool:
        """Show an answer as the version in its conversation, and close the window.

        Return False if no column shows the answer any more, or its conversation was deleted.
        """
        column = self._find_column(answer_id)
        if column is None or column.answer is None:
            return False
        conversation_id = column.answer.conversation_id
        if await self._conversations.get(conversation_id) is None:
            self._show_deleted()
            return False
        await self._conversations.show_version(conversation_id, answer_id)
        await self._session.navigator.open(conversation_id)
        self._close()
        bring_to_front(self._window)
        return True

    async def _retry(self, answer_id: str) -> None:
        """Ask the model of a column again; the new answer becomes another version."""
        column = self._find_column(answer_id)
        if column is None or column.answer is None:
            return
        try:
            answer = await self._ask_again(column.answer)
        except UserFacingError as error:
            if self._comparison is not None:
                self._comparison.set_problem(error.sentences)
            return
        if answer is None:
            self._show_deleted()
            return
        if self._comparison is not None and column in self._columns:  # not closed meanwhile
            self._show_marks(False)
            column.show_answer(self._newest_display_form(answer))
            self._comparison.set_problem("")
            self._comparison.update_buttons()
        if self._current.id == answer.conversation_id:
            await self._session.navigator.open(answer.conversation_id)

    async def _ask_again(self, answer: Message) -> Message | None:
        """Ask the model of an answer again for another version, without showing it.

        Return the new answer, or None if the conversation was deleted. Raises UserFacingError.
        """
        conversation = await self._conversations.get(answer.conversation_id)
        if conversation is None:
            return None
        with_choice = replace(conversation, choice=answer.choice or conversation.choice)
        profile = self._setup.profile_of(with_choice)
        settings = self._setup.settings_of(with_choice).for_comparison()
        run = await self._chat_service.begin_another_answer(
            with_choice, self._path, profile, settings
        )
        self._running.start(run)
        # `begin_another_answer` has stored the model of the retried answer as the conversation's
        # choice, and shows the new answer. Restore both. Meanwhile the user may have changed the
        # settings of the open conversation; then the changed ones count.
        if self._current.id == conversation.id:
            await self._conversations.save_settings(self._current.conversation)
        else:
            await self._conversations.save_settings(conversation)
        # `leaf_id` is None only without messages: then there is no earlier version to show.
        shown_id = conversation.leaf_id or run.answer.id
        await self._conversations.show_version(conversation.id, shown_id)
        return run.answer

    def _show_deleted(self) -> None:
        if self._comparison is not None:
            self._comparison.set_problem(tr("This conversation was deleted."))
