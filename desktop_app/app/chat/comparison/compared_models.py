"""The choice of the models whose answers are compared, with their costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.chat.choice.available_models import AvailableModels, view_of
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Draft, ModelChoice, Role
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import sum_costs
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import tr
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.ui.composer.choice.choice_view import ModelEntry
from desktop_app.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from desktop_app.ui.comparison.compare_dialog import CompareDialog


class ComparedModels(QObject):
    """The models that are chosen for a comparison, in a dialog that shows their costs.

    Signals:
        compare_requested(list[ModelChoice]): ask these models the question in the prompt, or the
            last question again if the prompt is empty.
    """

    compare_requested = Signal(list)

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        choices: AvailableModels,
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
        from desktop_app.ui.comparison.compare_dialog import CompareDialog  # not needed at start

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
        """Show the highest possible cost of each answer, and of all answers together."""
        self._estimate_number += 1
        estimate_number = self._estimate_number
        compared_choices = list(self._compared_choices)
        costs = [
            await self._estimate_highest_cost(self._resolve(choice)) for choice in compared_choices
        ]
        if estimate_number != self._estimate_number or compared_choices != self._compared_choices:
            return
        total = sum_costs(costs)
        if total is None:
            total_text = tr("Total unknown")
        else:
            total_text = tr("Total: {cost}", cost=_highest_cost_text(total))
        unknown_text = tr("Cost unknown")
        texts = [unknown_text if cost is None else _highest_cost_text(cost) for cost in costs]
        self._show_costs(texts, total_text)

    def _resolve(self, choice: ModelChoice) -> ResolvedChoice:
        with_choice = replace(self._current.conversation, choice=choice)
        profile = self._setup.profile_of(with_choice)
        return self._chat_service.resolve_with(profile, choice, self._setup.ask_settings)

    async def _estimate_highest_cost(self, resolved: ResolvedChoice) -> Decimal | None:
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
        if estimate.input_cost is None or estimate.longest_answer_cost is None:
            return None
        return estimate.input_cost + estimate.longest_answer_cost

    def _show_costs(self, costs: Sequence[str], total_text: str) -> None:
        if self._dialog is None:
            return
        from desktop_app.ui.comparison.compare_dialog import ComparedChoice

        rows = [
            ComparedChoice(view_of(self._resolve(choice), self._choices.models), cost)
            for choice, cost in zip(self._compared_choices, costs, strict=True)
        ]
        self._dialog.set_choices(rows, total_text)

    def _compare(self) -> None:
        if self._dialog is not None:
            self._dialog.accept()
        self.compare_requested.emit(list(self._compared_choices))


def _highest_cost_text(cost: Decimal) -> str:
    return tr("up to {cost}", cost=money(cost)) if cost else tr("Free")
