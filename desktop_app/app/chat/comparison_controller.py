"""Answers side by side: the choice of models, the columns, and the answer that is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.chat.available_models import AvailableModels, view_of
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import Draft, Message, ModelChoice, Role
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_catalog import Effort, Variant
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import tr
from desktop_app.ui.transcript.media.message_images import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtWidgets import QWidget

    from desktop_app.app.answers.running_answers import RunningAnswers
    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.dependency_groups import AnswerSettings, ConversationSession
    from desktop_app.app.tasks import Tasks
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.conversations.conversation import Conversation
    from desktop_app.services.chat.choice_resolution import ResolvedChoice
    from desktop_app.ui.comparison.answer_column import AnswerColumn
    from desktop_app.ui.comparison.compare_dialog import CompareDialog
    from desktop_app.ui.comparison.comparison_window import ComparisonWindow
    from desktop_app.ui.composer.choice_view import ModelEntry
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.transcript.view import TranscriptView
    from desktop_app.ui.window.conversation_pane import ConversationPane

_MAX_COLUMNS = 4


class ComparisonController(QObject):
    """Connects the dialog and the window with the running answers and the store.

    Args:
        make_transcript: returns the view of a column; its argument returns all compared answers.
        name_of_model: returns the name of a model id.

    Signals:
        compare_requested(list): ask the question in the prompt of these models.
    """

    compare_requested = Signal(list)

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        running: RunningAnswers,
        navigator: Navigator,
        choices: AvailableModels,
        make_transcript: Callable[[Callable[[], Iterable[Message]]], TranscriptView],
        name_of_model: Callable[[str], str],
        *,
        session: ConversationSession,
        answer_settings: AnswerSettings,
        tasks: Tasks,
        pane: ConversationPane,
        backend: Backend,
    ) -> None:
        super().__init__(parent)
        self._parent, self._theme, self._pane = parent, theme, pane
        self._running, self._navigator, self._choices = running, navigator, choices
        self._make_transcript, self._name_of_model = make_transcript, name_of_model
        self._current, self._draft = session.current, session.draft
        self._values, self._setup = answer_settings.values, answer_settings.setup
        self._providers, self._tasks, self._backend = answer_settings.providers, tasks, backend
        self._chosen: list[ModelChoice] = []
        self._estimates = 0
        self._dialog: CompareDialog | None = None
        self._window: ComparisonWindow | None = None
        self._conversation_id, self._path = "", list[Message]()
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.status_changed.connect(self._show_waiting)
        for changed in (running.finished, running.amended, running.stepped):
            changed.connect(self._update_answer)
        self._current.opened.connect(self._close_if_forgotten)
        theme.changed.connect(self._mark_again)

    # ------------------------------------------------------------------ choosing

    def offer(self) -> None:
        """Let the user choose the models that answer the question in the prompt."""
        prompt = self._pane.prompt
        question = prompt.text().strip() or self._last_question
        if self._running.is_running(self._current.id):
            self._pane.notifications.notify(tr("Stop the response before you compare models."))
        elif not question and not self._draft.value.attachments:
            self._pane.notifications.notify(tr("Type a message to compare the responses to it."))
        elif self._choices.models:
            self._open_dialog(question)

    @property
    def _last_question(self) -> str:
        questions = [m.text for m in self._current.path if m.role is Role.USER]
        return questions[-1] if questions else ""

    def _open_dialog(self, question: str) -> None:
        from desktop_app.ui.comparison.compare_dialog import CompareDialog  # not needed at start

        has_tools = bool(self._setup.ask_settings.parameters.tools)
        note = tr("Compared responses can’t use tools.") if has_tools else ""
        dialog = self._dialog = CompareDialog(question, note, self._theme.current, self._parent)
        self._theme.changed.connect(dialog.set_theme)
        dialog.model_requested.connect(self._choose_model)
        dialog.effort_requested.connect(self._choose_effort)
        dialog.row_requested.connect(self._add_choice)
        dialog.row_removal_requested.connect(self._remove_choice)
        dialog.compare_requested.connect(self._compare)
        dialog.finished.connect(self._forget_dialog)
        usable = {(entry.provider_id, entry.model, entry.variant) for entry in self._choices.models}
        self._chosen = [c for c in self._chosen if (c.provider_id, c.model, c.variant) in usable]
        if len(self._chosen) < 2 or self._chosen[0] != self._setup.choice:
            self._chosen = [self._setup.choice]
            self._add_choice()
        else:
            self._show_choices()
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _choose_model(self, row: int, entry: ModelEntry) -> None:
        chosen = self._choices.choice_with(entry)
        self._chosen[row] = replace(chosen, effort=chosen.effort and self._chosen[row].effort)
        self._show_choices()

    def _choose_effort(self, row: int, effort: Effort) -> None:
        self._chosen[row] = replace(self._chosen[row], effort=effort)
        self._show_choices()

    def _add_choice(self) -> None:
        """Add the next model of the same provider that is not chosen, or else the first again."""
        first = self._chosen[0]
        entries = [e for e in self._choices.models if e.provider_id == first.provider_id]
        offered = [self._choices.choice_with(entry) for entry in entries]
        offered.sort(key=lambda c: c.variant not in (Variant.THINKING, Variant.PRO))
        used = {(c.model, c.variant) for c in self._chosen}
        added = next((c for c in offered if (c.model, c.variant) not in used), first)
        self._chosen.append(added)
        self._show_choices()

    def _remove_choice(self, row: int) -> None:
        del self._chosen[row]
        self._show_choices()

    def _show_choices(self) -> None:
        self._show_costs([None] * len(self._chosen))
        self._tasks.start(self._estimate())

    async def _estimate(self) -> None:
        """Show the most that each answer and all of them cost."""
        self._estimates += 1
        asked, chosen = self._estimates, list(self._chosen)
        costs = [await self._highest_cost(self._resolved(choice)) for choice in chosen]
        if asked == self._estimates and chosen == self._chosen:
            self._show_costs(costs)

    def _resolved(self, choice: ModelChoice) -> ResolvedChoice:
        asking = replace(self._current.conversation, choice=choice)
        profile, settings = self._setup.profile_of(asking), self._setup.ask_settings
        return self._backend.chat.resolve_with(profile, choice, settings)

    async def _highest_cost(self, resolved: ResolvedChoice) -> Decimal | None:
        prompt, settings = self._pane.prompt, self._setup.ask_settings
        draft = self._draft.with_text(prompt.text(), prompt.template_id)
        context = replace(self._setup.context, resolved=resolved)
        if not draft:  # the last question is asked again
            path = list(context.path)
            while path and path[-1].role is not Role.USER:
                path.pop()
            context = replace(context, path=path)
        try:
            estimate = await self._backend.chat.estimator.estimate(
                context, draft or Draft(), max_output_tokens=settings.parameters.max_output_tokens
            )
        except UserFacingError:
            return None  # sending reports the error
        if estimate.input_cost is None or estimate.longest_answer_cost is None:
            return None
        return estimate.input_cost + estimate.longest_answer_cost

    def _show_costs(self, costs: Sequence[Decimal | None]) -> None:
        if self._dialog is None:
            return
        from desktop_app.ui.comparison.compare_dialog import ComparedChoice

        rows = [
            ComparedChoice(
                view_of(self._resolved(choice), self._choices.models),
                tr("Cost unknown") if cost is None else _at_most(cost),
            )
            for choice, cost in zip(self._chosen, costs, strict=True)
        ]
        known = [cost for cost in costs if cost is not None]
        total = tr("Total unknown")
        if len(known) == len(costs):
            total = tr("Total: {cost}", cost=_at_most(sum(known, Decimal(0))))
        self._dialog.set_choices(rows, total)

    def _compare(self) -> None:
        if self._dialog is not None:
            self._dialog.accept()
        self.compare_requested.emit(list(self._chosen))

    # ------------------------------------------------------------------ columns

    def show_versions(self) -> None:
        """Show the newest versions of the last answer that has several."""
        versions = self._current.versions
        for answer in reversed(self._current.path):
            ids = versions.get(answer.id, ())
            if len(ids) > 1 and answer.role is Role.ASSISTANT:
                path = self._current.path_to(answer.id)
                self._tasks.start(self._show_stored(path, ids[-_MAX_COLUMNS:]))
                return
        self._pane.notifications.notify(tr("No response in this conversation has other versions."))

    async def _show_stored(self, path: list[Message], ids: Sequence[str]) -> None:
        found = [await self._backend.conversations.message(id_) for id_ in ids]
        answers = [answer for answer in found if answer is not None]
        first_tokens = await self._backend.ledger.first_token_seconds(answers[0].conversation_id)
        self.show_answers(path, answers)
        for column in self._columns:
            if column.id in first_tokens:
                column.set_first_token(first_tokens[column.id])

    def show_answers(self, path: list[Message], answers: Sequence[Message]) -> None:
        """Show the answers to the last question of `path` side by side, streaming or not."""
        from desktop_app.ui.comparison.answer_column import AnswerColumn  # not needed at the start
        from desktop_app.ui.comparison.comparison_window import ComparisonWindow

        self._close()
        self._path, self._conversation_id = path, answers[0].conversation_id
        theme, columns = self._theme.current, list[AnswerColumn]()
        for answer in answers:
            transcript = self._make_transcript(self._shown_answers)
            column = AnswerColumn(transcript, self._name_of_model, theme)
            column.show_answer(self._newest_shown(answer))
            column.keep_requested.connect(lambda id_: self._tasks.start(self._keep(id_)))
            column.stop_requested.connect(self._running.stop_answer)
            column.retry_requested.connect(lambda id_: self._tasks.start(self._retry(id_)))
            column.transcript.action_requested.connect(self._act)
            columns.append(column)
        window = ComparisonWindow(path[-1].text, columns, theme, self._parent)
        window.bind(Keymap.from_settings(self._values.all))
        self._theme.changed.connect(window.set_theme)
        window.stop_all_requested.connect(lambda: self._running.stop(self._conversation_id))
        window.marks_toggled.connect(self._mark)
        window.finished.connect(self._forget_window)
        self._window = window
        window.show()
        self._running.repeat_status(self._conversation_id)

    @property
    def _columns(self) -> list[AnswerColumn]:
        return [] if self._window is None else self._window.columns

    def _shown_answers(self) -> list[Message]:
        return [column.answer for column in self._columns if column.answer is not None]

    def _column(self, answer_id: str) -> AnswerColumn | None:
        return next((column for column in self._columns if column.id == answer_id), None)

    def _forget_window(self) -> None:
        self._window = None

    def _close(self) -> None:
        if self._window is not None:
            self._window.close()

    def _close_if_forgotten(self) -> None:
        """Close the window with a temporary conversation, of which nothing may stay."""
        temporary = self._backend.temporary
        was_begun = temporary.was_begun(self._conversation_id)
        if was_begun and not temporary.holds(self._conversation_id):
            self._close()

    def _newest_shown(self, answer: Message) -> Message:
        return self._providers.as_shown(self._running.newest_state(answer))

    def _show_text(self, _conversation_id: str, answer_id: str, text: str) -> None:
        column = self._column(answer_id)
        if column is not None:
            self._show_first_token(column)
            column.transcript.stream.append_text(answer_id, text)

    def _show_reasoning(self, _conversation_id: str, answer_id: str, text: str) -> None:
        column = self._column(answer_id)
        if column is not None:
            self._show_first_token(column)
            column.transcript.stream.append_reasoning(answer_id, text)

    def _show_first_token(self, column: AnswerColumn) -> None:
        if column.first_token_s is None:
            column.set_first_token(self._running.first_token_s(column.id))

    def _show_waiting(self, _conversation_id: str, answer_id: str, sentence: str) -> None:
        column = self._column(answer_id)
        if column is not None:
            column.transcript.stream.set_waiting(answer_id, sentence)

    def _update_answer(self, _conversation_id: str, answer: Message) -> None:
        column = self._column(answer.id)
        if column is not None and self._window is not None:
            column.transcript.stream.set_waiting(answer.id, "")
            column.update_answer(self._providers.as_shown(answer))
            self._window.show_state()

    # ------------------------------------------------------------------ actions

    def keep(self) -> None:
        """Keep the answer of the column with the focus."""
        if self._window is None:
            self._pane.notifications.notify(tr("No responses are being compared."))
        else:
            self._window.current.keep.click()

    def _act(self, answer_id: str, action: str) -> None:
        if action == "retry":
            self._tasks.start(self._retry(answer_id))
        elif not action.startswith(OPEN):  # opening an image chooses no answer
            self._tasks.start(self._keep_and_act(answer_id, action))

    async def _keep_and_act(self, answer_id: str, action: str) -> None:
        """Keep an answer, and apply an action to it in the main window."""
        if await self._keep(answer_id):
            self._pane.transcript.commands.run(answer_id, action)

    async def _keep(self, answer_id: str) -> bool:
        """Make an answer the version that the conversation shows, and close the window."""
        store = self._backend.conversations
        conversation = await self._conversation()
        if conversation is None:
            return False
        leaf = await store.newest_leaf(answer_id)
        await store.save(replace(conversation, leaf_id=leaf))
        await self._navigator.open(conversation.id)
        self._close()
        self._parent.raise_()
        self._parent.activateWindow()
        return True

    async def _conversation(self) -> Conversation | None:
        """Return the conversation as it is stored; say so if it was deleted."""
        found = await self._backend.conversations.get(self._conversation_id)
        if found is None and self._window is not None:
            self._window.set_problem(tr("This conversation was deleted."))
        return found

    async def _retry(self, answer_id: str) -> None:
        """Ask the model of a column again; the new answer is one more version."""
        column, conversation = self._column(answer_id), await self._conversation()
        if column is None or column.answer is None or conversation is None:
            return
        asking = replace(conversation, choice=column.answer.choice or conversation.choice)
        profile = self._setup.profile_of(asking)
        settings = self._setup.settings_of(asking).for_comparison()
        try:
            run = await self._backend.chat.begin_again(asking, self._path, profile, settings)
        except UserFacingError as error:
            if self._window is not None:
                self._window.set_problem(error.sentences)
            return
        self._running.start(run)
        await self._backend.conversations.save(conversation)  # its own model and shown version
        column.show_answer(self._newest_shown(run.answer))
        if self._window is not None:
            self._window.set_problem("")
            self._window.show_state()
        if self._current.id == conversation.id:
            await self._navigator.open(conversation.id)

    def _mark(self, marked: bool) -> None:
        for column in self._columns:
            column.mark((), self._theme.current)
        if marked:
            self._tasks.start(self._mark_differences(self._columns))

    def _mark_again(self) -> None:
        """Mark the differences in the colors of another theme."""
        if self._window is not None and self._window.marks.isChecked():
            self._mark(True)

    async def _mark_differences(self, columns: Sequence[AnswerColumn]) -> None:
        from desktop_app.rendering.search.word_differences import differing_words

        words = [column.transcript.differences.words() for column in columns]
        found = await asyncio.to_thread(differing_words, words)
        if self._window is not None and self._window.marks.isChecked():
            for column, differs in zip(columns, found, strict=True):
                column.mark(differs, self._theme.current)


def _at_most(cost: Decimal) -> str:
    return tr("up to {cost}", cost=money(cost)) if cost else tr("Free")
