"""The estimate under the prompt, the figures in the menus, and the meter above the transcript."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.chat.choice.choice_figures import MeasuredSeconds, choice_figures
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.token_rates import COUNT_DESCRIPTIONS
from desktop_app.i18n.formatting import money, tokens
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.services.answers.candidate_answers import estimate_several
from desktop_app.services.spending.cost_estimate import (
    Estimate,
    needs_counting,
    reprice,
    used_tokens,
)
from desktop_app.ui.composer.choice.choice_row import EstimateTexts

if TYPE_CHECKING:
    from desktop_app.app.state.conversation.answer_setup import AnswerSetup
    from desktop_app.app.state.spending_events import SpendingEvents
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.conversations.conversation import Draft, Message
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.services.models.choice_resolution import ResolvedChoice
    from desktop_app.storage.spending.ledger import Ledger
    from desktop_app.ui.window.conversation_pane import ConversationPane

ESTIMATE_MS = 300  # after the last change, because each estimate counts the whole request
ESTIMATE_ON_DEVICE = EstimateTexts(
    N_("Free · local"),
    N_("Free"),
    N_("Runs on this computer. It’s free, and no data leaves the computer."),
)
NO_ESTIMATE = EstimateTexts("", "", "")
BEING_COUNTED = N_("Counting…")


class EstimatePresenter(QObject):
    """Presenter of the next question's tokens and cost, and of the conversation's so far."""

    def __init__(
        self,
        pane: ConversationPane,
        *,
        setup: AnswerSetup,
        spending: SpendingEvents,
        tasks: Tasks,
        chat_service: ChatService,
        ledger: Ledger,
    ) -> None:
        super().__init__(pane)
        self._row, self._header = pane.prompt.row, pane.header
        self._setup, self._providers = setup, setup.providers
        self._current, self._draft = setup.current, setup.current.draft
        self._chat_service, self._ledger = chat_service, ledger
        self._estimate_number = 0  # of the newest estimate
        self._measured_seconds: dict[str, MeasuredSeconds] = {}
        self._last_estimate: Estimate | None = None
        self._timer = QTimer(self, singleShot=True, interval=ESTIMATE_MS)
        self._timer.timeout.connect(tasks.slot(self._estimate))
        pane.prompt.text_changed.connect(self.update_soon)
        for signal in (self._draft.changed, self._current.compactions_changed):
            signal.connect(self.update_soon)
        self._draft.changed.connect(self._show_counting)
        spending.spent.connect(self._forget_measured_seconds)

    def update_soon(self) -> None:
        """Estimate again in a moment."""
        self._timer.start()

    def show_choice(self) -> None:
        """Show the figures and the cost with a new choice, computed from the last estimate."""
        self._show_figures()
        self._show_price()

    def _show_counting(self) -> None:
        """Show "Counting…" until text and attachments are counted together."""
        if self._last_estimate is not None:
            self._row.set_estimate(tr(BEING_COUNTED), tr(BEING_COUNTED), "")

    def _forget_measured_seconds(self, provider_id: str) -> None:
        self._measured_seconds.pop(provider_id, None)
        self._timer.start()

    def _show_figures(self) -> None:
        """Show the highest cost and usual duration of the message with each variant and effort.

        After a new choice, the figures are computed from the last estimate at once. Otherwise a
        menu that opens before the next estimate would show the figures of the former model.
        """
        setup, chat = self._setup, self._chat_service
        profile, settings = setup.profile, setup.ask_settings
        figures = choice_figures(
            setup.choice,
            lambda choice: chat.resolve_with(profile, choice, settings),
            self._last_estimate,
            settings.parameters.max_output_tokens,
            self._measured_seconds.get(profile.id, {}),
        )
        self._row.set_choice_figures(figures)

    def forget(self) -> None:
        """Forget the last estimate: it does not apply to the question that is written now."""
        self._last_estimate = None
        self._show_price()

    def _show_price(self) -> None:
        """Show the cost with a new choice at once, computed from the last estimate."""
        setup, estimate = self._setup, self._last_estimate
        has_provider = self._providers.has_provider(self._current.conversation)
        if has_provider and setup.profile.kind is ProviderKind.ON_DEVICE:
            self._row.set_estimate(*map(tr, ESTIMATE_ON_DEVICE))
            return
        texts = NO_ESTIMATE
        if has_provider and estimate is not None:
            max_output_tokens = setup.ask_settings.parameters.max_output_tokens
            one_answer = reprice(estimate, setup.resolved, max_output_tokens)
            at_once = estimate.inputs == 1
            texts = estimate_texts(estimate_several(one_answer, estimate.answers, at_once=at_once))
        self._row.set_estimate(*texts)

    async def _update_figures(self, estimate: Estimate | None) -> None:
        """Show the figures of an estimate; None shows durations only."""
        profile = self._setup.profile
        self._last_estimate = estimate
        if profile.id not in self._measured_seconds:
            self._measured_seconds[profile.id] = await self._ledger.median_seconds(profile.id)
        self._show_figures()

    async def _estimate(self) -> None:
        """Show tokens in use, cost so far and the estimate; later calls supersede earlier ones."""
        self._estimate_number += 1
        estimate_number = self._estimate_number
        resolved, path = self._setup.resolved, list(self._current.path)
        draft = self._draft.current
        tokens_used = await self._count_tokens_in_use(path, resolved)
        ledger, conversation_id = self._ledger, self._current.id
        cost_so_far = await ledger.conversation_cost(conversation_id)
        utility_cost = await ledger.utility_cost(conversation_id)
        is_minimum = await ledger.has_unknown_cost(conversation_id)
        if estimate_number != self._estimate_number:
            return
        self._header.set_context(tokens_used if path else None, resolved.model.input_limit)
        cost_note = (
            tr("Includes {cost} for the title and compaction", cost=money(utility_cost))
            if utility_cost
            else ""
        )
        cost = f"≥ {money(cost_so_far)}" if is_minimum else money(cost_so_far)
        self._header.set_cost(cost if cost_so_far else "", cost_note)
        has_provider = self._providers.has_provider(self._current.conversation)
        if not has_provider or not draft or resolved.profile.kind is ProviderKind.ON_DEVICE:
            self.forget()
            if has_provider:
                await self._update_figures(None)
            return
        estimate = await self._estimate_cost(draft, resolved)
        if estimate_number == self._estimate_number:
            texts = NO_ESTIMATE if estimate is None else estimate_texts(estimate)
            self._row.set_estimate(*texts)
            await self._update_figures(estimate)

    async def _count_tokens_in_use(
        self, path: list[Message], resolved: ResolvedChoice
    ) -> int | None:
        """Return the tokens of the conversation's context, None if they are unknown.

        They are counted here only if the provider's count does not apply: after a compaction, if it
        covers several answers or requests, or if another model saw the images.
        """
        context = replace(self._setup.context, path=path, resolved=resolved)
        tokens_used = used_tokens(context)
        if tokens_used is not None or not await needs_counting(context):
            return tokens_used
        try:
            tokens_used = (await self._chat_service.estimator.context_tokens(context)).tokens
        except UserFacingError:
            return None
        return tokens_used

    async def _estimate_cost(self, draft: Draft, resolved: ResolvedChoice) -> Estimate | None:
        settings = self._setup.ask_settings
        try:
            chat = self._chat_service
            context = replace(self._setup.context, resolved=resolved)
            estimate = await chat.estimator.estimate(
                await chat.with_definitions(context, settings, draft.template_id),
                draft,
                max_output_tokens=settings.parameters.max_output_tokens,
            )
            attachments = draft.attachments
            return await chat.costs.estimate_all(estimate, resolved, settings, attachments)
        except UserFacingError:
            return None  # sending reports the error


def estimate_texts(estimate: Estimate) -> EstimateTexts:
    """Return the texts that show an estimate."""
    is_exact = estimate.is_exact
    count = estimate.input_tokens
    short_form = tr("{tokens} tokens", tokens=_approximate(tokens(count), is_exact=is_exact))
    figures = [short_form]
    lines = [_input_tokens_text(count, is_exact=is_exact), tr(COUNT_DESCRIPTIONS[estimate.method])]
    if estimate.answers > 1:
        lines.append(
            tr_plural(
                "{answers} responses, input billed {count} time",
                "{answers} responses, input billed {count} times",
                estimate.inputs,
                answers=estimate.answers,
            )
        )
    if estimate.input_cost is not None:
        short_form = money(estimate.input_cost)
        figures.append(tr("{cost} input", cost=short_form))
        lines.append(tr("Input cost: {cost}", cost=_approximate(short_form, is_exact=is_exact)))
    if estimate.longest_answer_cost is not None:
        highest_cost = money(estimate.longest_answer_cost)
        lines.append(
            tr("Response cost: up to {cost}", cost=highest_cost)
            if estimate.answers == 1
            else tr("Cost of all responses: up to {cost}", cost=highest_cost)
        )
    if estimate.answers > 1:
        figures.append(tr_plural("{count} response", "{count} responses", estimate.answers))
    if estimate.limit is not None:
        lines.append(
            tr_plural("Input limit: {count} token", "Input limit: {count} tokens", estimate.limit)
        )
    return EstimateTexts(" · ".join(figures), short_form, "\n".join(lines))


def _input_tokens_text(count: int, *, is_exact: bool) -> str:
    if is_exact:
        return tr_plural("Input: {count} token", "Input: {count} tokens", count)
    return tr_plural("Input: ≈ {count} token", "Input: ≈ {count} tokens", count)


def _approximate(figure: str, *, is_exact: bool) -> str:
    return figure if is_exact else f"≈ {figure}"
