"""Answers side by side: their columns, and the answer that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.chat.comparison.compared_answers import ComparedAnswers
from desktop_app.app.state.window_state import WindowState
from desktop_app.app.tasks import Tasks
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.rendering.search.word_differences import differing_words
from desktop_app.ui.transcript.media.message_images import OPEN_IMAGE
from desktop_app.ui.transcript.view import TranscriptView
from desktop_app.ui.widgets.window_activation import bring_to_front
from desktop_app.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from desktop_app.ui.comparison.answer_column import AnswerColumn
    from desktop_app.ui.comparison.comparison_window import ComparisonWindow

_MAX_COLUMNS = 4


class ComparisonController(QObject):
    """Connection of the window of columns with the compared and the running answers.

    Args:
        make_transcript: returns the view of a column; its argument returns all compared answers.
        name_of_model: returns the name of a model, by its id.
    """

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        answers: ComparedAnswers,
        make_transcript: Callable[[Callable[[], Iterable[Message]]], TranscriptView],
        name_of_model: Callable[[str], str],
    ) -> None:
        super().__init__(window)
        self._transcript = window.pane.transcript
        self._notifications = window.pane.notifications
        self._parent = window
        self._running = running
        self._answers = answers
        self._current = state.setup.current
        self._make_transcript = make_transcript
        self._name_of_model = name_of_model
        self._values = state.setup.values
        self._tasks = state.tasks
        self._temporary = state.temporary
        self._window: ComparisonWindow | None = None
        self._marks: ComparisonMarks | None = None  # those of the window
        self._conversation_id = ""
        self._path: list[Message] = []
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.status_changed.connect(self._show_status_line)
        for signal in (running.finished, running.amended, running.stepped):
            signal.connect(self._update_answer)
        self._current.opened.connect(self._close_if_discarded)

    def show_versions(self) -> None:
        """Show the newest versions of the focused answer, or of the last that has several."""

        async def show_stored(path: list[Message], ids: Sequence[str]) -> None:
            answers, first_token_times = await self._answers.read(ids)
            if not answers:
                return  # another process has deleted the conversation
            self.show_answers(path, answers)
            for column in self._columns:
                if column.id in first_token_times:
                    column.set_first_token(first_token_times[column.id])

        focused_id = self._transcript.focus_navigator.focused_message_id()
        answer = self._current.message_with_versions(focused_id, answers_only=True)
        if answer is not None:
            ids = self._current.versions[answer.id]
            path = self._current.path_before(answer.id)
            self._tasks.start(show_stored(path, ids[-_MAX_COLUMNS:]))
        elif focused_id:
            self._notifications.notify(tr("This message has no other versions."))
        else:
            self._notifications.notify(tr("No response in this conversation has other versions."))

    def show_answers(self, path: list[Message], answers: Sequence[Message]) -> None:
        """Show the answers to the last question of `path` side by side, streaming or not."""
        # Imported here, because the start does not need them.
        from desktop_app.app.chat.comparison.comparison_controller import ComparisonMarks
        from desktop_app.ui.comparison.answer_column import AnswerColumn
        from desktop_app.ui.comparison.comparison_window import ComparisonWindow

        self._close()
        self._path = path
        self._conversation_id = answers[0].conversation_id
        columns: list[AnswerColumn] = []
        for answer in answers:
            transcript = self._make_transcript(self._shown_answers)
            column = AnswerColumn(transcript, self._name_of_model)
            column.show_answer(self._newest_display_form(answer))
            column.keep_requested.connect(self._tasks.slot(self._keep))
            column.stop_requested.connect(self._running.stop_answer)
            column.retry_requested.connect(self._tasks.slot(self._retry))
            column.transcript.action_requested.connect(self._run_action)
            columns.append(column)
        window = ComparisonWindow(path[-1].text, columns, self._parent)
        window.bind(Keymap.from_settings(self._values.all))
        window.stop_all_requested.connect(lambda: self._running.stop(self._conversation_id))
        window.finished.connect(self._forget_window)
        self._window = window
        self._marks = ComparisonMarks(window, self._tasks)
        window.show()
        self._running.repeat_status(self._conversation_id)

    @property
    def _columns(self) -> list[AnswerColumn]:
        return [] if self._window is None else self._window.columns

    def _shown_answers(self) -> list[Message]:
        return [column.answer for column in self._columns if column.answer is not None]

    def _find_column(self, answer_id: str) -> AnswerColumn | None:
        return next((column for column in self._columns if column.id == answer_id), None)

    def _forget_window(self) -> None:
        self._window = self._marks = None

    def _close(self) -> None:
        if self._window is not None:
            self._window.close()

    def _close_if_discarded(self) -> None:
        """Close the window if its temporary conversation was discarded."""
        was_ever_temporary = self._temporary.was_ever_temporary(self._conversation_id)
        if was_ever_temporary and not self._temporary.is_temporary(self._conversation_id):
            self._close()

    def _newest_display_form(self, answer: Message) -> Message:
        return self._answers.display_form(self._running.newest_state(answer))

    def _show_text(self, _conversation_id: str, answer_id: str, text: str) -> None:
        column = self._find_column(answer_id)
        if column is not None:
            self._show_first_token(column)
            column.transcript.stream.append_text(answer_id, text)

    def _show_reasoning(self, _conversation_id: str, answer_id: str, text: str) -> None:
        column = self._find_column(answer_id)
        if column is not None:
            self._show_first_token(column)
            column.transcript.stream.append_reasoning(answer_id, text)

    def _show_first_token(self, column: AnswerColumn) -> None:
        if column.first_token_s is None:
            column.set_first_token(self._running.first_token_s(column.id))

    def _show_status_line(self, _conversation_id: str, answer_id: str, sentence: str) -> None:
        column = self._find_column(answer_id)
        if column is not None:
            column.transcript.stream.set_status_line(answer_id, sentence)

    def _update_answer(self, _conversation_id: str, answer: Message) -> None:
        column = self._find_column(answer.id)
        if column is not None and self._window is not None and self._marks is not None:
            column.transcript.stream.set_status_line(answer.id, "")
            column.update_answer(self._answers.display_form(answer))
            self._window.update_buttons()
            self._marks.refresh()

    # ------------------------------------------------------------------ actions

    def keep(self) -> None:
        """Keep the answer of the column with the focus."""
        if self._window is None:
            self._notifications.notify(tr("No responses are being compared."))
        else:
            self._window.current.keep_button.click()

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
        if not await self._answers.keep(column.answer):
            self._show_deleted()
            return False
        self._close()
        bring_to_front(self._parent)
        return True

    async def _retry(self, answer_id: str) -> None:
        """Ask the model of a column again; the new answer becomes another version."""
        column = self._find_column(answer_id)
        if column is None or column.answer is None:
            return
        try:
            answer = await self._answers.retry(self._path, column.answer)
        except UserFacingError as error:
            if self._window is not None:
                self._window.set_problem(error.sentences)
            return
        if answer is None:
            self._show_deleted()
            return
        is_shown = column in self._columns  # not closed meanwhile
        if self._window is not None and self._marks is not None and is_shown:
            self._marks.clear()
            column.show_answer(self._newest_display_form(answer))
            self._window.set_problem("")
            self._window.update_buttons()
        await self._answers.show_again(answer.conversation_id)

    def _show_deleted(self) -> None:
        if self._window is not None:
            self._window.set_problem(tr("This conversation was deleted."))


class ComparisonMarks(QObject):
    """The marks in the columns of a window, which its user turns on and off."""

    def __init__(self, window: ComparisonWindow, tasks: Tasks) -> None:
        super().__init__(window)
        self._window = window
        self._tasks = tasks
        self._is_closed = False
        window.marks_toggled.connect(self._show_marks)
        window.finished.connect(self._on_finished)
        window.theme_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Mark the differences of newer answers, or in the colors of another theme."""
        if not self._is_closed and self._window.marks_differences:
            self._show_marks(True)

    def clear(self) -> None:
        """Remove the marks, because an answer is replaced."""
        self._show_marks(False)

    def _on_finished(self) -> None:
        self._is_closed = True

    def _show_marks(self, is_marked: bool) -> None:
        for column in self._window.columns:
            column.mark_differences(())
        if is_marked:
            self._tasks.start(self._mark_differences())

    async def _mark_differences(self) -> None:
        columns = self._window.columns
        column_words = [column.transcript.differences.words() for column in columns]
        differences = await asyncio.to_thread(differing_words, column_words)
        if not self._is_closed and self._window.marks_differences:
            for column, differs in zip(columns, differences, strict=True):
                column.mark_differences(differs)
