"""Answers side by side: the models, the columns, and the answer that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import Session
from desktop_app.app.tasks import Tasks
from desktop_app.app.window.main_window import MainWindow
from desktop_app.chat.cost_estimate import typical_cost
from desktop_app.chat.ui.choice_controller import AvailableModels, view_of
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.chat.ui.shown_answers import StreamedAnswers
from desktop_app.composer.choice.choice_view import ModelEntry
from desktop_app.domain.conversations.conversation import Draft, Message, ModelChoice, Role
from desktop_app.domain.cost import sum_costs
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.formatting import rough_money
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.navigator import Navigator
from desktop_app.markdown.search.word_differences import differing_words
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.view import TranscriptView
from desktop_app.transcript.viewport.message_stream import MessageStream
from desktop_app.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from desktop_app.chat.ui.comparison.answer_column import AnswerColumn
    from desktop_app.chat.ui.comparison.compare_dialog import CompareDialog
    from desktop_app.chat.ui.comparison.comparison_window import ComparisonWindow

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
        state: Session,
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
        for signal in (running.text_arrived, running.reasoning_arrived):
            signal.connect(self._show_first_token)
        StreamedAnswers(self, running, self._stream_of)
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
        from desktop_app.chat.ui.comparison.answer_column import AnswerColumn
        from desktop_app.chat.ui.comparison.comparison_window import ComparisonWindow

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

    def _show_first_token(self, _conversation_id: str, answer_id: str, _text: str) -> None:
        column = self._find_column(answer_id)
        if column is not None and column.first_token_s is None:
            column.set_first_token(self._running.first_token_s(answer_id))

    def _stream_of(self, _conversation_id: str, answer_id: str) -> MessageStream | None:
        column = self._find_column(answer_id)
        return None if column is None else column.transcript.stream

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


class ComparedModels(QObject):
    """The models that are chosen for a comparison, in a dialog that shows their costs.

    Signals:
        compare_requested(list[ModelChoice]): ask these models the question in the prompt, or the
            last question again if the prompt is empty.
    """

    compare_requested = Signal(list)

    def __init__(
        self, window: MainWindow, state: Session, running: RunningAnswers, choices: AvailableModels
    ) -> None:
        super().__init__(window)
        self._prompt = window.pane.prompt
        self._notifications = window.pane.notifications
        self._parent = window
        self._running = running
        self._choices = choices
        self._setup = state.setup
        self._current = state.setup.current
        self._draft = state.setup.current.draft
        self._tasks = state.tasks
        self._chat_service = state.backend.chat
        self._ledger = state.backend.ledger
        self._compared_choices: list[ModelChoice] = []
        self._estimate_number = 0
        self._dialog: CompareDialog | None = None

    def choose_models(self) -> None:
        """Let the user choose the models that answer the question in the prompt, or the last."""
        question = self._prompt.text().strip() or self._last_question
        if self._running.is_running(self._current.id):
            self._notifications.notify(tr("Stop the response before you compare models."))
        elif not question and not self._draft.value.attachments:
            self._notifications.notify(tr("Type a message to compare the responses to it."))
        elif self._choices.models:
            self._open_dialog(question)

    @property
    def _last_question(self) -> str:
        questions = [m.text for m in self._current.path if m.role is Role.USER]
        return questions[-1] if questions else ""

    def _open_dialog(self, question: str) -> None:
        from desktop_app.chat.ui.comparison.compare_dialog import (
            CompareDialog,  # not needed at start
        )

        has_tools = bool(self._setup.ask_settings.parameters.tools)
        note = tr("Compared responses can’t use tools.") if has_tools else ""
        dialog = self._dialog = CompareDialog(question, note, self._parent)
        dialog.model_requested.connect(self._choose_model)
        dialog.effort_requested.connect(self._choose_effort)
        dialog.row_requested.connect(self._add_choice)
        dialog.row_removal_requested.connect(self._remove_choice)
        dialog.compare_requested.connect(self._compare)
        dialog.finished.connect(self._forget_dialog)
        usable_choices = [
            replace(self._choices.choice_with(e), effort=None) for e in self._choices.models
        ]
        self._compared_choices = [
            c for c in self._compared_choices if replace(c, effort=None) in usable_choices
        ]
        if len(self._compared_choices) < 2 or self._compared_choices[0] != self._setup.choice:
            self._compared_choices = [self._setup.choice]
            self._add_choice()
        else:
            self._show_choices()
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _choose_model(self, row: int, entry: ModelEntry) -> None:
        choice = self._choices.choice_with(entry)
        if choice.effort is not None:  # the model takes an effort, so the row's effort stays
            choice = replace(choice, effort=self._compared_choices[row].effort)
        self._compared_choices[row] = choice
        self._show_choices()

    def _choose_effort(self, row: int, effort: Effort) -> None:
        self._compared_choices[row] = replace(self._compared_choices[row], effort=effort)
        self._show_choices()

    def _add_choice(self) -> None:
        """Add the next model of the same provider that is not chosen, or else the first again."""
        first_choice = self._compared_choices[0]
        entries = [e for e in self._choices.models if e.provider_id == first_choice.provider_id]
        offered_choices = [self._choices.choice_with(entry) for entry in entries]
        offered_choices.sort(key=lambda c: c.variant not in (Variant.THINKING, Variant.PRO))
        compared_models = {(c.model, c.variant) for c in self._compared_choices}
        added_choice = next(
            (c for c in offered_choices if (c.model, c.variant) not in compared_models),
            first_choice,
        )
        self._compared_choices.append(added_choice)
        self._show_choices()

    def _remove_choice(self, row: int) -> None:
        del self._compared_choices[row]
        self._show_choices()

    def _show_choices(self) -> None:
        counting = tr("Counting…")
        self._show_costs([counting] * len(self._compared_choices), counting)
        self._tasks.start(self._estimate())

    async def _estimate(self) -> None:
        """Show the typical cost of each answer, and of all answers together."""
        self._estimate_number += 1
        estimate_number = self._estimate_number
        compared_choices = list(self._compared_choices)
        costs = [await self._estimate_cost(self._resolve(choice)) for choice in compared_choices]
        if estimate_number != self._estimate_number or compared_choices != self._compared_choices:
            return
        total = sum_costs(costs)
        if total is None:
            total_text = tr("Total unknown")
        else:
            total_text = tr("Total: {cost}", cost=_cost_text(total))
        unknown_text = tr("Cost unknown")
        texts = [unknown_text if cost is None else _cost_text(cost) for cost in costs]
        self._show_costs(texts, total_text)

    def _resolve(self, choice: ModelChoice) -> ResolvedChoice:
        with_choice = replace(self._current.conversation, choice=choice)
        profile = self._setup.profile_of(with_choice)
        return self._chat_service.resolve_with(profile, choice, self._setup.ask_settings)

    async def _estimate_cost(self, resolved: ResolvedChoice) -> Decimal | None:
        draft = self._draft.current
        settings = self._setup.ask_settings
        context = replace(
            self._setup.context, resolved=resolved, settings=settings.for_comparison()
        )
        template_id = draft.template_id
        if not draft.has_question:  # the last question is asked again
            path = list(self._current.path)
            while path and path[-1].role is not Role.USER:
                path.pop()
            context = replace(context, path=path)
            template_id = path[-1].template_id if path else ""
        try:
            chat = self._chat_service
            estimate = await chat.estimator.estimate(
                await chat.with_tools_and_form(context, template_id),
                draft if draft.has_question else Draft(),
                max_output_tokens=settings.parameters.max_output_tokens,
            )
        except UserFacingError:
            return None  # sending reports the error
        typical = await self._ledger.typical_answers(resolved.profile.id)
        return typical_cost(estimate, resolved, typical, settings.parameters.max_output_tokens)

    def _show_costs(self, costs: Sequence[str], total_text: str) -> None:
        if self._dialog is None:
            return
        from desktop_app.chat.ui.comparison.compare_dialog import ComparedChoice

        rows = [
            ComparedChoice(view_of(self._resolve(choice), self._choices.models), cost)
            for choice, cost in zip(self._compared_choices, costs, strict=True)
        ]
        self._dialog.set_choices(rows, total_text)

    def _compare(self) -> None:
        if self._dialog is not None:
            self._dialog.accept()
        self.compare_requested.emit(list(self._compared_choices))


def _cost_text(cost: Decimal) -> str:
    return rough_money(cost) if cost else tr("Free")


class ComparedAnswers:
    """The stored versions of an answer, of which the conversation shows one."""

    def __init__(self, state: Session, running: RunningAnswers, navigator: Navigator) -> None:
        self._running = running
        self._navigator = navigator
        self._current = state.setup.current  # the open conversation
        self._setup = state.setup
        self._messages = state.messages
        self._chat_service = state.backend.chat
        self._conversations = state.backend.conversations
        self._ledger = state.backend.ledger

    def display_form(self, answer: Message) -> Message:
        """Return an answer in the form that the window shows."""
        return self._messages.display_form(answer)

    async def read(self, ids: Sequence[str]) -> tuple[list[Message], dict[str, float]]:
        """Return the answers that still exist, and by id the seconds until their first tokens.

        Args:
            ids: of answers in one conversation.
        """
        stored_answers = [await self._conversations.message(id_) for id_ in ids]
        answers = [answer for answer in stored_answers if answer is not None]
        if not answers:
            return [], {}
        return answers, await self._ledger.first_token_seconds(answers[0].conversation_id)

    async def keep(self, answer: Message) -> bool:
        """Show an answer in its conversation. Return False if the conversation was deleted."""
        if await self._conversations.get(answer.conversation_id) is None:
            return False
        await self._conversations.show_version(answer.conversation_id, answer.id)
        await self._navigator.open(answer.conversation_id)
        return True

    async def retry(self, path: list[Message], answer: Message) -> Message | None:
        """Ask the model of an answer again for another version of it.

        Return the new answer, or None if the conversation was deleted. Raises UserFacingError.

        Args:
            path: the messages before the answer, of which the last question is asked again.
        """
        conversation = await self._conversations.get(answer.conversation_id)
        if conversation is None:
            return None
        with_choice = replace(conversation, choice=answer.choice or conversation.choice)
        profile = self._setup.profile_of(with_choice)
        settings = self._setup.settings_of(with_choice).for_comparison()
        run = await self._chat_service.begin_another_answer(with_choice, path, profile, settings)
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

    async def show_again(self, conversation_id: str) -> None:
        """Show the conversation with its new versions if it is open."""
        if self._current.id == conversation_id:
            await self._navigator.open(conversation_id)
