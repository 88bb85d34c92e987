"""The page of two answers to one question: the models to ask, then their answers side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.chat.cost_estimate import typical_cost
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.chat.ui.shown_answers import stream_answers
from desktop_app.composer.attachments.images_controller import ImagesController
from desktop_app.composer.available_models import AvailableModels, view_of
from desktop_app.composer.model_button import fill_efforts, fill_models
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.conversations.message_facts import ENDINGS, answer_facts, token_facts
from desktop_app.domain.cost import sum_costs
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.formatting import duration, rough_money
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.markdown.text_search import differing_words
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.message_items import COPY_DIAGRAM, SAVE_DIAGRAM
from desktop_app.transcript.message_stream import MessageStream
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, dialog_button
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.side_by_side import SideBySide
from desktop_app.widgets.text.foreign_text import ElidedLabel, PlainLabel, set_tooltip, spoken_text

_OF_PICTURES: Final = (OPEN_IMAGE, COPY_DIAGRAM, SAVE_DIAGRAM)
_STATES: Final = {
    **ENDINGS,
    MessageStatus.STREAMING: N_("Responding"),
    MessageStatus.COMPLETE: N_("Complete"),
    MessageStatus.FAILED: N_("Failed"),
}
_RETRYABLE: Final = (MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.INTERRUPTED)
_COLUMNS: Final = 2


class AnswerColumn(QWidget):
    """A column: the choice of its model, or its answer.

    Attributes:
        answer: the answer as last shown; None before it is asked for.
        facts: the state and the figures of the answer.
        first_token_s: seconds from the request to the first text; None if unknown.
        differing_count: the number of marked words; None while differences are not marked.
    """

    def __init__(self, page: ComparisonPage, number: int) -> None:
        super().__init__()
        self._page, self._number = page, number
        self._session = session = page.session
        self.answer: Message | None = None
        self.title = self.facts = ""
        self.first_token_s: float | None = None
        self.differing_count: int | None = None
        images = session.of(ImagesController)
        self.transcript = images.brief_transcript(lambda: [self.answer] if self.answer else [])
        self.model_button = MenuButton(
            lambda menu: fill_models(
                menu, self._view.models, self._view, partial(page.choose_model, number)
            ),
            object_name=f"compare-model-{number}",
        )
        self.effort_button = MenuButton(
            lambda menu: fill_efforts(menu, self._view, partial(page.choose_effort, number)),
            object_name=f"compare-effort-{number}",
        )
        self.stop_button = dialog_button(tr("Stop"), f"compare-stop-{number}")
        self.retry_button = dialog_button(tr("Retry"), f"compare-retry-{number}")
        choice = row_of(self.model_button, self.effort_button, STRETCH, spacing=6)
        foot = row_of(self.stop_button, self.retry_button, STRETCH, spacing=6)
        column_of(choice, (self.transcript, 1), foot, parent=self, margins=0, spacing=4)
        self.stop_button.clicked.connect(self._stop)
        for signal in (session.running.text_arrived, session.running.reasoning_arrived):
            signal.connect(self._show_first_token)

    def _stop(self) -> None:
        if self.answer is not None:
            self._session.running.stop_answer(self.answer.id)

    @property
    def is_streaming(self) -> bool:
        """Return True while the answer streams."""
        return self.answer is not None and self.answer.status is MessageStatus.STREAMING

    def show_choice(self, resolved: ResolvedChoice, cost: str) -> None:
        """Show the model that is to be asked, and what its answer usually costs."""
        session = self._session
        models = session.providers.models_of(resolved.profile)
        self._view = view = view_of(resolved, session.of(AvailableModels).models, models)
        self.answer, self.differing_count = None, None
        self.transcript.set_messages([])
        self.title, self.facts = tr("Model {number}", number=self._number + 1), cost
        effort = "" if view.display_effort is None else tr(view.display_effort.label)
        for button, text in ((self.model_button, view.short_name), (self.effort_button, effort)):
            button.setText(text)
            button.setAccessibleName(spoken_text(f"{self.title}: {text}"))
        set_tooltip(self.model_button, view.notice or view.provider_name)
        self.model_button.show()
        self.effort_button.setVisible(bool(effort))
        self.stop_button.hide()
        self.retry_button.hide()
        self._page.show_column(self._number)

    def show_answer(self, answer: Message) -> None:
        """Show a new answer, whose time to the first text is not known yet."""
        self.first_token_s = None
        newest = self._session.running.newest_state(answer)
        self.answer = self._session.messages.display_form(newest)
        self.transcript.set_messages([self.answer])
        self.show_facts()

    def update_answer(self, answer: Message) -> None:
        """Show a newer state of the same answer."""
        was_streaming = self.is_streaming
        self.answer = self._session.messages.display_form(answer)
        self.transcript.stream.set_status_line(answer.id, "")
        self.transcript.stream.update_message(self.answer)
        self.show_facts()
        if was_streaming and not self.is_streaming:
            announce(self, f"{self.title}: {self.facts}")

    def _show_first_token(self, _conversation_id: str, answer_id: str, _text: str) -> None:
        if self.answer and answer_id == self.answer.id and self.first_token_s is None:
            self.first_token_s = self._session.running.first_token_s(answer_id)
            self.show_facts()

    def mark_differences(self, differs: Sequence[bool]) -> None:
        """Mark each word whose value in `differs` is True; () ends the marking."""
        self.transcript.differences.mark_words(differs, current_theme())
        self.differing_count = sum(differs) if differs else None
        self.show_facts()

    def show_facts(self) -> None:
        """Show the title, the state, the figures, and the buttons that apply."""
        if self.answer is None:
            return
        answer, choice = self.answer, self.answer.choice
        facts = list(answer_facts(answer, self._session.name_of_model, with_effort=False))
        # Of a choice, the first fact is the variant or model.
        name = tr("Response") if choice is None else facts.pop(0)
        effort = "" if choice is None or choice.effort is None else tr(choice.effort.label)
        self.title = " · ".join(filter(None, (name, effort)))
        is_waiting = self.is_streaming and self.first_token_s is None
        state = N_("Waiting") if is_waiting else _STATES[answer.status]
        if self.first_token_s is not None:
            facts.insert(0, tr("first token {duration}", duration=duration(self.first_token_s)))
        if self.differing_count is not None:
            facts.append(
                tr_plural("{count} word differs", "{count} words differ", self.differing_count)
            )
        self.facts = " · ".join((tr(state), *facts))
        set_tooltip(self, "\n".join(token_facts(answer)))
        self.transcript.setAccessibleName(spoken_text(self.title))
        self.model_button.hide()
        self.effort_button.hide()
        self.stop_button.setVisible(self.is_streaming)
        self.retry_button.setVisible(answer.status in _RETRYABLE)
        self._page.show_column(self._number)


class ComparisonPage(QWidget):
    """The page: what is asked of whom, and the answers to it.

    Attributes:
        columns: the columns, in order.
        compare_button, marks_button, stop_all_button: those above the columns.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self.setObjectName("comparison")
        self.setWindowTitle(tr("Compare responses"))
        self.session = session
        self._setup = session.setup
        self._choices: list[ModelChoice] = []  # those of the last comparison
        self._path: list[Message] = []
        self._conversation_id = ""
        self._estimate_number = 0
        self._current = 0
        self._question = ElidedLabel(role="strong")
        self._note = PlainLabel(name="compare-note", role="note", wraps=True)
        self._problem = PlainLabel(name="comparison-problem", role="error", wraps=True)
        self.compare_button = dialog_button(tr("Compare"), "compare-send", "primary")
        self.marks_button = dialog_button(tr("Mark differences"), "comparison-marks")
        self.marks_button.setCheckable(True)
        set_tooltip(self.marks_button, tr("Underline words that only one response has"))
        self.stop_all_button = dialog_button(tr("Stop all"), "comparison-stop")
        self.columns = [AnswerColumn(self, number) for number in range(_COLUMNS)]
        self._answers = SideBySide(self.columns, "comparison-answer")
        buttons = (self.marks_button, self.stop_all_button, self.compare_button)
        column_of(
            row_of((self._question, 1), *buttons, spacing=8),
            self._note,
            self._problem,
            (self._answers, 1),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=10,
        )
        self.hide()
        start = session.tasks.start
        self.compare_button.clicked.connect(
            lambda: start(session.of(ChatController).compare(list(self._choices)))
        )
        self.marks_button.toggled.connect(self._show_marks)
        self.stop_all_button.clicked.connect(lambda: session.running.stop(self._conversation_id))
        self._answers.kept.connect(lambda number: start(self._keep(self.columns[number])))
        for column in self.columns:
            column.retry_button.clicked.connect(partial(self._run_action, column, "", "retry"))
            column.transcript.action_requested.connect(partial(self._run_action, column))
        stream_answers(session.running, self._find_stream)
        for signal in (session.running.finished, session.running.amended):
            signal.connect(self._update_answer)
        session.current.opened.connect(self._forget_discarded)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus_changed)

    def _run_action(self, column: AnswerColumn, _answer_id: str, action: str) -> None:
        if action == "retry":
            self.session.tasks.start(self._retry(column))
        elif not action.startswith(_OF_PICTURES):  # they choose no answer
            self.session.tasks.start(self._keep(column, action))

    # ------------------------------------------------------------------ the models to ask

    def choose_models(self) -> None:
        """Let the user choose the models that answer the question in the prompt, or the last."""
        session, path = self.session, self.session.current.path
        question = session.window.prompt.text().strip()
        if not question:
            question = next((m.text for m in reversed(path) if m.role is Role.USER), "")
        notify = session.window.notifications.notify
        if session.running.is_running(session.current.id):
            notify(tr("Stop the response before you compare models."))
        elif not question and not session.current.draft.value.attachments:
            notify(tr("Type a message to compare the responses to it."))
        elif session.of(AvailableModels).models:
            available = session.of(AvailableModels)
            usable = [replace(available.choice_with(e), effort=None) for e in available.models]
            kept = [c for c in self._choices if replace(c, effort=None) in usable]
            if len(kept) < _COLUMNS or kept[0] != self._setup.choice:
                self._choices = [self._setup.choice, self._second_choice()]
            self._question.setText(question)
            self._conversation_id = ""
            self.show_problem("")
            self._show_choices()
            session.window.show_page(self)
            self.compare_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _second_choice(self) -> ModelChoice:
        """Return Instant or the cheapest other model of the provider; the same one if alone."""
        available, first = self.session.of(AvailableModels), self._setup.choice
        entries = [e for e in available.models if e.provider_id == first.provider_id]
        offered = [available.choice_with(entry) for entry in entries]
        others = [c for c in offered if (c.model, c.variant) != (first.model, first.variant)] or [
            first
        ]

        def rank(choice: ModelChoice) -> tuple[bool, bool, Decimal]:
            cost = self._resolve(choice).expected_cost(1_000)
            is_instant = choice.variant is Variant.INSTANT
            return not is_instant, cost is None, Decimal(0) if cost is None else cost.usual

        return min(others, key=rank)

    def choose_model(self, number: int, entry: ModelEntry) -> None:
        """Choose the model of a column; its effort stays if the model takes one."""
        choice = self.session.of(AvailableModels).choice_with(entry)
        if choice.effort is not None:
            choice = replace(choice, effort=self._choices[number].effort)
        self._choices[number] = choice
        self._show_choices()

    def choose_effort(self, number: int, effort: Effort) -> None:
        self._choices[number] = replace(self._choices[number], effort=effort)
        self._show_choices()

    def _show_choices(self) -> None:
        self._show_costs([tr("Counting…")] * _COLUMNS, "")
        self._update_buttons()
        self.session.tasks.start(self._estimate())

    def _show_costs(self, costs: Sequence[str], total: str) -> None:
        for column, choice, cost in zip(self.columns, self._choices, costs, strict=True):
            column.show_choice(self._resolve(choice), cost)
        has_tools = bool(self._setup.ask_settings.parameters.tools)
        note = tr("Compared responses can’t use tools.") if has_tools else ""
        self._show_note(" ".join(filter(None, (total, note))))

    def _show_note(self, text: str) -> None:
        self._note.setText(text)
        self._note.setVisible(bool(text))

    async def _estimate(self) -> None:
        """Show the typical cost of each answer, and of both together."""
        self._estimate_number += 1
        number = self._estimate_number
        costs = [await self._typical_cost(self._resolve(choice)) for choice in [*self._choices]]
        if number != self._estimate_number or self._conversation_id:
            return
        total = sum_costs(costs)
        *texts, total_text = [
            tr("Cost unknown") if cost is None else rough_money(cost) if cost else tr("Free")
            for cost in (*costs, total)
        ]
        is_known = total is not None
        self._show_costs(
            texts, tr("Total: {cost}.", cost=total_text) if is_known else tr("Total unknown.")
        )

    def _resolve(self, choice: ModelChoice) -> ResolvedChoice:
        with_choice = replace(self.session.current.conversation, choice=choice)
        profile = self._setup.profile_of(with_choice)
        chat = self.session.backend.chat
        return chat.resolve_with(profile, choice, self._setup.ask_settings)

    async def _typical_cost(self, resolved: ResolvedChoice) -> Decimal | None:
        draft, settings = self.session.current.draft.current, self._setup.ask_settings
        context = replace(
            self._setup.context, resolved=resolved, settings=settings.for_comparison()
        )
        template_id = draft.template_id
        if not draft.has_question:  # the last question is asked again
            path = list(self.session.current.path)
            while path and path[-1].role is not Role.USER:
                path.pop()
            context = replace(context, path=path)
            template_id = path[-1].template_id if path else ""
        chat = self.session.backend.chat
        limit = settings.parameters.max_output_tokens
        try:
            estimate = await chat.estimator.estimate(
                await chat.with_tools_and_form(context, template_id),
                draft if draft.has_question else Draft(),
                max_output_tokens=limit,
            )
        except UserFacingError:
            return None  # sending reports the error
        typical = await self.session.backend.ledger.typical_answers(resolved.profile.id)
        return typical_cost(estimate, resolved, typical, limit)

    # ------------------------------------------------------------------ the answers

    def show_versions(self) -> None:
        """Show the newest versions of the focused answer, or of the last that has several."""
        session, current = self.session, self.session.current
        focused_id = session.window.transcript.focus_navigator.focused_message_id()
        answer = current.message_with_versions(focused_id, answers_only=True)
        if answer is not None:
            ids = current.versions[answer.id][-_COLUMNS:]
            session.tasks.start(self._show_stored(current.path_before(answer.id), ids))
        elif focused_id:
            session.window.notifications.notify(tr("This message has no other versions."))
        else:
            session.window.notifications.notify(
                tr("No response in this conversation has other versions.")
            )

    async def _show_stored(self, path: list[Message], ids: Sequence[str]) -> None:
        stored = [await self.session.backend.conversations.message(id_) for id_ in ids]
        answers = [answer for answer in stored if answer is not None]
        if len(answers) < _COLUMNS:
            return  # another process has deleted the conversation
        times = await self.session.backend.ledger.first_token_seconds(answers[0].conversation_id)
        self.show_answers(path, answers)
        for column, answer in zip(self.columns, answers, strict=True):
            column.first_token_s = times.get(answer.id)
            column.show_facts()

    def show_answers(self, path: list[Message], answers: Sequence[Message]) -> None:
        """Show the answers to the last question of `path` side by side, streaming or not."""
        self._path, self._conversation_id = path, answers[0].conversation_id
        self._question.setText(path[-1].text)
        self._show_note("")
        self.show_problem("")
        for column, answer in zip(self.columns, answers, strict=True):
            column.show_answer(answer)
        self._update_buttons()
        self.session.window.show_page(self)
        self.columns[0].transcript.setFocus(Qt.FocusReason.OtherFocusReason)
        self.session.running.repeat_status(self._conversation_id)

    def show_column(self, number: int) -> None:
        """Show the title and the figures of a column, and its button if it can be kept."""
        column, shown = self.columns[number], self._answers.answers[number]
        shown.show_facts(column.title, column.facts)
        shown.keep_button.setVisible(column.answer is not None)

    def _find_stream(self, _conversation_id: str, answer_id: str) -> MessageStream | None:
        streams = (
            c.transcript.stream for c in self.columns if c.answer and c.answer.id == answer_id
        )
        return next(streams, None)

    def _update_answer(self, _conversation_id: str, answer: Message) -> None:
        for column in self.columns:
            if column.answer is not None and column.answer.id == answer.id:
                column.update_answer(answer)
                self._update_buttons()

    def _forget_discarded(self) -> None:
        """Forget the answers of a temporary conversation that was discarded."""
        temporary, compared_id = self.session.temporary, self._conversation_id
        if temporary.was_ever_temporary(compared_id) and not temporary.is_temporary(compared_id):
            self._conversation_id, self._path = "", []
            for column in self.columns:
                column.answer = None
                column.transcript.set_messages([])

    def _update_buttons(self) -> None:
        """Show the buttons that apply: before, while and after answers stream."""
        is_streaming = any(column.is_streaming for column in self.columns)
        is_asked = bool(self._conversation_id)
        self.compare_button.setVisible(not is_asked)
        self.stop_all_button.setVisible(is_asked)
        self.stop_all_button.setEnabled(is_streaming)
        self.marks_button.setVisible(is_asked)
        self.marks_button.setEnabled(not is_streaming)
        self._show_marks()

    def show_problem(self, text: str) -> None:
        """Show why an action failed; "" hides the line."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        if text:
            announce(self._problem, text)

    def _on_focus_changed(self, _old: QWidget | None, focused: QWidget | None) -> None:
        """Announce only the text of the column with the focus to screen readers."""
        for number, column in enumerate(self.columns):
            if focused is not None and column.isAncestorOf(focused):
                self._current = number
        for number, column in enumerate(self.columns):
            column.transcript.speech.is_muted = number != self._current

    # ------------------------------------------------------------------ marked differences

    @property
    def _marks_differences(self) -> bool:
        """Return True if the differences are to be marked now: not while an answer streams."""
        is_over = bool(self._conversation_id) and self.marks_button.isEnabled()
        return is_over and self.marks_button.isChecked()

    def _show_marks(self) -> None:
        """Mark the words that differ, again after an answer or the theme has changed."""
        for column in self.columns:
            column.mark_differences(())
        if self._marks_differences:
            self.session.tasks.start(self._mark_differences())

    async def _mark_differences(self) -> None:
        words = [column.transcript.differences.words() for column in self.columns]
        differences = await asyncio.to_thread(differing_words, words)
        if self._marks_differences:
            for column, differs in zip(self.columns, differences, strict=True):
                column.mark_differences(differs)

    # ------------------------------------------------------------------ actions

    def keep(self) -> None:
        """Keep the answer of the column that has, or last had, the focus."""
        if self.session.window.pane.page is not self or not self._conversation_id:
            self.session.window.notifications.notify(tr("No responses are being compared."))
        else:
            self.session.tasks.start(self._keep(self.columns[self._current]))

    async def _keep(self, column: AnswerColumn, action: str = "") -> None:
        """Show an answer as the version in its conversation, and close the page.

        Args:
            action: applied to the answer in the conversation; "" for none.
        """
        session, answer = self.session, column.answer
        conversations, conversation_id = session.backend.conversations, self._conversation_id
        if answer is None or await conversations.get(conversation_id) is None:
            self.show_problem(tr("This conversation was deleted."))
            return
        await conversations.show_version(conversation_id, answer.id)
        await session.of(Navigator).open(conversation_id)
        session.window.pane.close_page()
        if action:
            session.window.transcript.commands.run(answer.id, action)

    async def _retry(self, column: AnswerColumn) -> None:
        """Ask the model of a column again; the new answer becomes another version."""
        if column.answer is None:
            return
        problem, answer = "", None
        try:
            answer = await self._ask_again(column.answer)
        except UserFacingError as error:
            problem = error.sentences
        else:
            problem = "" if answer is not None else tr("This conversation was deleted.")
        self.show_problem(problem)
        if answer is not None:
            column.show_answer(answer)
            self._update_buttons()
            session, is_shown = self.session, self.session.window.pane.page is self
            if session.current.id == answer.conversation_id:
                await session.of(Navigator).open(answer.conversation_id)
                if is_shown:
                    session.window.show_page(self)

    async def _ask_again(self, answer: Message) -> Message | None:
        """Ask the model of an answer again for another version, without showing it.

        Return the new answer, or None if the conversation was deleted. Raises UserFacingError.
        """
        session = self.session
        conversations = session.backend.conversations
        conversation = await conversations.get(answer.conversation_id)
        if conversation is None:
            return None
        with_choice = replace(conversation, choice=answer.choice or conversation.choice)
        profile = session.setup.profile_of(with_choice)
        settings = session.setup.settings_of(with_choice).for_comparison()
        run = await session.backend.chat.begin(with_choice, self._path, None, profile, settings)
        session.running.start(run)
        # `begin` has stored the model of the retried answer as the conversation's
        # choice, and shows the new answer. Restore both. Meanwhile the user may have changed the
        # settings of the open conversation; then the changed ones count.
        is_open = session.current.id == conversation.id
        await conversations.save_settings(session.current.conversation if is_open else conversation)
        # `leaf_id` is None only without messages: then there is no earlier version to show.
        shown_id = conversation.leaf_id or run.answer.id
        await conversations.show_version(conversation.id, shown_id)
        return run.answer

    def update_theme(self) -> None:
        self._show_marks()
