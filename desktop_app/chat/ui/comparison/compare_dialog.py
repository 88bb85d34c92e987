"""The dialog in which the user chooses the models and efforts to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.chat.cost_estimate import typical_cost
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.composer.available_models import AvailableModels, view_of
from desktop_app.composer.choice import ChoiceView
from desktop_app.composer.model_button import fill_efforts, fill_models
from desktop_app.domain.conversations.conversation import Draft, ModelChoice, Role
from desktop_app.domain.cost import sum_costs
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.formatting import rough_money
from desktop_app.i18n.translation import tr
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, MenuButton, dialog_button
from desktop_app.widgets.forms.tab_order import mark_deleting, order_tabs
from desktop_app.widgets.look.icons import icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

_MIN_ANSWERS: Final = 2
_MAX_ANSWERS: Final = 4

_WIDTH: Final = 560
"""The least width of the dialog, in pixels at the default text size."""


class CompareDialog(QDialog):
    """A row for each answer, with its model, effort and typical cost.

    Args:
        choices: those of the last dialog, which this dialog changes in place.
    """

    def __init__(self, session: Session, question: str, choices: list[ModelChoice]) -> None:
        super().__init__(session.window)
        self._session = session
        self._setup = session.setup
        self._choices = choices
        self._estimate_number = 0
        self.setObjectName("compare-dialog")
        self.setWindowTitle(tr("Compare models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        note = PlainLabel(tr("Compared responses can’t use tools."), role="note", wraps=True)
        note.setVisible(bool(session.setup.ask_settings.parameters.tools))
        self._total = PlainLabel(name="compare-total", role="note")
        self.rows: list[CompareRow] = []
        self.add_button = dialog_button(tr("Add model"), "compare-add")
        self.compare_button = dialog_button(tr("Compare"), "compare-send", "primary")
        self._row_layout = column_of(spacing=8)
        column_of(
            row_of((ElidedLabel(question, role="strong"), 1), HelpButton()),
            self._row_layout,
            (self._total, Qt.AlignmentFlag.AlignTrailing),
            note,
            STRETCH,
            row_of(self.add_button, STRETCH, self.compare_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self.add_button.clicked.connect(self._add_choice)
        self.compare_button.clicked.connect(self._compare)
        self.compare_button.setDefault(True)
        self.update_theme()
        self._restore_choices()
        self.compare_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # ------------------------------------------------------------------ choices

    def _restore_choices(self) -> None:
        """Show the choices of the last dialog if they begin with the open conversation's."""
        available = self._session.of(AvailableModels)
        usable = [replace(available.choice_with(e), effort=None) for e in available.models]
        self._choices[:] = [c for c in self._choices if replace(c, effort=None) in usable]
        if len(self._choices) < _MIN_ANSWERS or self._choices[0] != self._setup.choice:
            self._choices[:] = [self._setup.choice]
            self._add_choice()
        else:
            self._show_choices()

    def _add_choice(self) -> None:
        """Add the next model of the same provider that is not chosen, or else the first again."""
        available, first = self._session.of(AvailableModels), self._choices[0]
        entries = [e for e in available.models if e.provider_id == first.provider_id]
        offered = [available.choice_with(entry) for entry in entries]
        offered.sort(key=lambda c: c.variant not in (Variant.THINKING, Variant.PRO))
        compared = {(c.model, c.variant) for c in self._choices}
        self._choices.append(
            next((c for c in offered if (c.model, c.variant) not in compared), first)
        )
        self._show_choices()

    def choose_model(self, index: int, entry: ModelEntry) -> None:
        """Choose the model of a row; its effort stays if the model takes one."""
        choice = self._session.of(AvailableModels).choice_with(entry)
        if choice.effort is not None:
            choice = replace(choice, effort=self._choices[index].effort)
        self._choices[index] = choice
        self._show_choices()

    def choose_effort(self, index: int, effort: Effort) -> None:
        self._choices[index] = replace(self._choices[index], effort=effort)
        self._show_choices()

    def remove_choice(self, index: int) -> None:
        del self._choices[index]
        self._show_choices()

    def _compare(self) -> None:
        self.accept()
        self._session.tasks.start(self._session.of(ChatController).compare(list(self._choices)))

    # ------------------------------------------------------------------ rows and costs

    def _show_choices(self) -> None:
        while len(self.rows) > len(self._choices):
            row = self.rows.pop()
            self._row_layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(self._choices):
            self.rows.append(CompareRow(self, len(self.rows)))
            self._row_layout.addWidget(self.rows[-1])
            below = (self.add_button, self.compare_button)
            order_tabs(self.rows[-1].remove_button, below)
        self.add_button.setEnabled(len(self._choices) < _MAX_ANSWERS)
        counting = tr("Counting…")
        self._show_costs([counting] * len(self._choices), counting)
        self._session.tasks.start(self._estimate())

    def _show_costs(self, costs: Sequence[str], total: str) -> None:
        is_removable = len(self._choices) > _MIN_ANSWERS
        for row, choice, cost in zip(self.rows, self._choices, costs, strict=True):
            resolved = self._resolve(choice)
            models = self._session.providers.models_of(resolved.profile)
            view = view_of(resolved, self._session.of(AvailableModels).models, models)
            row.show_choice(view, cost, is_removable=is_removable)
        self._total.setText(total)

    async def _estimate(self) -> None:
        """Show the typical cost of each answer, and of all answers together."""
        self._estimate_number += 1
        estimate_number = self._estimate_number
        costs = [await self._typical_cost(self._resolve(choice)) for choice in [*self._choices]]
        if estimate_number != self._estimate_number or not isValid(self):
            return
        total = sum_costs(costs)
        *texts, total_text = [
            tr("Cost unknown") if cost is None else rough_money(cost) if cost else tr("Free")
            for cost in (*costs, total)
        ]
        is_known = total is not None
        self._show_costs(
            texts, tr("Total: {cost}", cost=total_text) if is_known else tr("Total unknown")
        )

    def _resolve(self, choice: ModelChoice) -> ResolvedChoice:
        with_choice = replace(self._session.current.conversation, choice=choice)
        profile = self._setup.profile_of(with_choice)
        chat = self._session.backend.chat
        return chat.resolve_with(profile, choice, self._setup.ask_settings)

    async def _typical_cost(self, resolved: ResolvedChoice) -> Decimal | None:
        draft, settings = self._session.current.draft.current, self._setup.ask_settings
        context = replace(
            self._setup.context, resolved=resolved, settings=settings.for_comparison()
        )
        template_id = draft.template_id
        if not draft.has_question:  # the last question is asked again
            path = list(self._session.current.path)
            while path and path[-1].role is not Role.USER:
                path.pop()
            context = replace(context, path=path)
            template_id = path[-1].template_id if path else ""
        chat = self._session.backend.chat
        try:
            estimate = await chat.estimator.estimate(
                await chat.with_tools_and_form(context, template_id),
                draft if draft.has_question else Draft(),
                max_output_tokens=settings.parameters.max_output_tokens,
            )
        except UserFacingError:
            return None  # sending reports the error
        typical = await self._session.backend.ledger.typical_answers(resolved.profile.id)
        return typical_cost(estimate, resolved, typical, settings.parameters.max_output_tokens)

    def update_theme(self) -> None:
        px = current_theme().px
        self.setMinimumWidth(min(px(_WIDTH), self._session.window.width() - px(24)))


class CompareRow(QWidget):
    """The model, effort and typical cost of an answer."""

    def __init__(self, dialog: CompareDialog, index: int) -> None:
        super().__init__()
        self._number = index + 1
        self.model_button = MenuButton(
            lambda menu: fill_models(
                menu, self._view.models, self._view, partial(dialog.choose_model, index)
            ),
            object_name=f"compare-model-{index}",
        )
        self.effort_button = MenuButton(
            lambda menu: fill_efforts(menu, self._view, partial(dialog.choose_effort, index)),
            object_name=f"compare-effort-{index}",
        )
        self._cost = PlainLabel(role="note")
        self.remove_button = PlainToolButton(role="quiet", name=f"compare-remove-{index}")
        mark_deleting(self.remove_button)
        self.remove_button.clicked.connect(lambda: dialog.remove_choice(index))
        buttons = (self.model_button, self.effort_button)
        parts = (*buttons, STRETCH, self._cost, self.remove_button)
        row_of(*parts, parent=self, margins=0, spacing=8)
        self.update_theme()

    def show_choice(self, view: ChoiceView, cost: str, *, is_removable: bool) -> None:
        """Show a choice and its cost; `is_removable` enables the button that removes the row."""
        self._view = view
        name, effort, number = view.short_name, view.display_effort, self._number
        self.model_button.setText(name)
        accessible_name = tr("Model {number}: {name}", number=number, name=name)
        self.model_button.setAccessibleName(spoken_text(accessible_name))
        set_tooltip(self.model_button, view.notice or view.provider_name)
        self.effort_button.setVisible(effort is not None)
        if effort is not None:
            self.effort_button.setText(tr(effort.label))
            accessible_name = tr(
                "Effort {number}: {effort}", number=number, effort=tr(effort.label)
            )
            self.effort_button.setAccessibleName(spoken_text(accessible_name))
        self._cost.setText(cost)
        self.remove_button.setEnabled(is_removable)
        remove_text = tr("Remove {name}", name=name)
        self.remove_button.setAccessibleName(spoken_text(remove_text))
        set_tooltip(self.remove_button, remove_text)

    def update_theme(self) -> None:
        theme = current_theme()
        self.remove_button.setIcon(icon("x", theme.dim, theme.px(14), disabled=theme.faint))
