"""The choice of variant and effort in the quick prompt."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from desktop_app.app.chat.choice_controller import AvailableModels, view_of
from desktop_app.app.quick.quick_conversation import QuickConversation
from desktop_app.domain.models.variants import Variant
from desktop_app.ui.composer.choice.choice_view import ChoiceView
from desktop_app.ui.quick.quick_prompt import QuickPrompt


class QuickChoice(QObject):
    """Connection of the quick prompt's choice with its conversation."""

    def __init__(
        self, quick: QuickPrompt, conversation: QuickConversation, choices: AvailableModels
    ) -> None:
        super().__init__(quick)
        self._quick = quick
        self._conversation = conversation
        self._choices = choices
        quick.variant_requested.connect(self._choose_variant)
        quick.effort_step_requested.connect(self._step_effort)
        choices.changed.connect(conversation.report_choice)
        conversation.choice_changed.connect(self._show_choice)

    def _show_choice(self) -> None:
        self._quick.model_button.set_choice(self._view)

    @property
    def _view(self) -> ChoiceView:
        return replace(view_of(self._conversation.resolved, self._choices.models), models=())

    def _choose_variant(self, variant: Variant) -> None:
        choice = self._conversation.choice
        if choice.variant is not None:
            self._conversation.choose(replace(choice, variant=variant))

    def _step_effort(self, step: int) -> None:
        next_effort = self._view.effort_beside(step)
        if next_effort is not None:
            self._conversation.choose(replace(self._conversation.choice, effort=next_effort))
