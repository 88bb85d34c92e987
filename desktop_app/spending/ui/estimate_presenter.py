"""The estimate under the prompt, the figures in the menus, and the meter above the transcript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.session import ConversationSession, Session
from desktop_app.app.window.header import Header
from desktop_app.chat.cost_estimate import (
    Estimate,
    TypicalAnswers,
    estimate_of,
    typical_answer,
    typical_cost,
    typical_tokens,
)
from desktop_app.chat.send_context import SendContext
from desktop_app.composer.available_models import AvailableModels
from desktop_app.composer.choice import ChoiceFigures
from desktop_app.composer.choice_row import EstimateTexts, research_note
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.answering.generation import USUAL_PARAMETERS, GenerationParameters
from desktop_app.domain.conversations.conversation import Draft, ModelChoice
from desktop_app.domain.cost import Price
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.token_counts import COUNT_DESCRIPTIONS
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.formatting import duration, money, rough_money, tokens
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.spending.report_texts import spent_text
from desktop_app.spending.ui.spending_controller import SpendingEvents

ESTIMATE_MS = 300  # after the last change, because each estimate counts the whole request
ESTIMATE_ON_DEVICE = EstimateTexts(
    text=N_("Free"),
    tooltip=N_("Runs on this computer. It’s free, and no data leaves the computer."),
)
NO_ESTIMATE = EstimateTexts(text="", tooltip="")
BEING_COUNTED = N_("Counting…")


class EstimatePresenter(QObject):
    """Presenter of the next question's estimate, and of the conversation's tokens and cost."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._tasks, self._providers = session.tasks, session.providers
        self._current, self._draft = conversation.current, conversation.draft
        self._setup = conversation.setup
        self._chat_service = session.backend.chat
        self._estimator = session.backend.chat.estimator.for_typing()
        self._row = conversation.prompt.row
        self._header = session.window.pane.header if conversation is session.main else None
        self._ledger = session.backend.ledger
        self._estimate_number = 0  # of the newest estimate
        self._typical_answers: dict[str, TypicalAnswers] = {}
        self._last_estimate: Estimate | None = None
        self._timer = QTimer(self, singleShot=True, interval=ESTIMATE_MS)
        self._timer.timeout.connect(self._tasks.slot(self._estimate))
        conversation.prompt.text_changed.connect(self.update_soon)
        self._current.compactions_changed.connect(self.update_soon)
        self._draft.changed.connect(self.update_soon)
        # An attachment may have thousands of tokens, so the old figures are hidden. They stay while
        # the user types, because a key usually changes them by little.
        self._draft.changed.connect(self._show_counting)
        session.of(SpendingEvents).spent.connect(lambda id_: self._typical_answers.pop(id_, None))
        session.of(SpendingEvents).spent.connect(self.update_soon)
        self._current.opened.connect(self.forget)
        for signal in (
            self._current.opened,
            self._current.path_changed,
            self._setup.choice_changed,
            session.of(AvailableModels).changed,
        ):
            signal.connect(self._on_choice)
        self._setup.choice_changed.connect(self.show_choice)

    def update_soon(self) -> None:
        self._timer.start()

    def _on_choice(self) -> None:
        if self._current.opening_number:  # else the first conversation may have another model
            self.update_soon()

    def show_choice(self) -> None:
        """Show the figures and the cost with a new choice, computed from the last estimate."""
        self._show_figures()
        self._show_price()

    def _show_counting(self) -> None:
        """Show "Counting…" instead of an estimate until text and attachments are counted.

        Without an estimate, the row shows nothing that is wrong: it is empty, or says that the
        model on this computer is free.
        """
        if self._last_estimate is not None:
            self._row.set_estimate(text=tr(BEING_COUNTED), tooltip="")

    def _show_figures(self) -> None:
        """Show the typical cost and duration of the message with each variant and effort.

        After a new choice, the figures are computed from the last estimate at once. Otherwise a
        menu that opens before the next estimate would show the figures of the former model.
        """
        profile = self._setup.profile
        settings = self._setup.ask_settings
        figures = choice_figures(
            self._setup.choice,
            resolve=lambda choice: self._chat_service.resolve_with(profile, choice, settings),
            estimate=self._last_estimate,
            max_output_tokens=settings.parameters.max_output_tokens,
            typical=self._typical_answers.get(profile.id, {}),
            successor=self._row.choice.successor,
        )
        self._row.model_button.figures = figures

    def forget(self) -> None:
        """Forget the last estimate: it does not apply to the question that is written now."""
        self._estimate_number += 1  # an estimate that is being made does not apply either
        self._last_estimate = None
        self._show_price()

    def _show_price(self) -> None:
        """Show the last estimate at the price of the current choice, or nothing without one."""
        setup = self._setup
        estimate = self._last_estimate
        has_provider = self._providers.has_provider(self._current.conversation)
        if has_provider and setup.profile.kind is ProviderKind.ON_DEVICE:
            self._row.set_estimate(*map(tr, ESTIMATE_ON_DEVICE))
            return
        texts = NO_ESTIMATE
        if has_provider and estimate is not None:
            typical = self._typical_answers.get(setup.profile.id, {})
            parameters = setup.ask_settings.parameters
            texts = estimate_texts(estimate, setup.resolved, typical, parameters)
            if setup.is_research:  # nobody knows how much the model will read
                # “Less than a cent” is no lower bound.
                is_bound = not texts.text.startswith("<")
                text = f"≥ {texts.text.removeprefix('≈ ')}" if is_bound else ""
                texts = EstimateTexts(text=text, tooltip=f"{research_note()}\n{texts.tooltip}")
        self._row.set_estimate(*texts)

    async def _update_figures(self, estimate: Estimate | None) -> None:
        """Show the figures of an estimate; None shows durations only."""
        profile = self._setup.profile
        self._last_estimate = estimate
        if profile.id not in self._typical_answers:
            self._typical_answers[profile.id] = await self._ledger.typical_answers(profile.id)
        self._show_figures()
        self._show_price()

    async def _estimate(self) -> None:
        """Show tokens in use, cost so far and the estimate; later calls supersede earlier ones."""
        self._estimate_number += 1
        estimate_number = self._estimate_number
        # Taken before the first `await`, so that all figures are of the same moment.
        conversation = self._current.conversation
        draft = self._draft.question
        context = self._setup.context
        resolved = context.resolved
        if self._header is not None:
            await self._show_spent(self._header, context, estimate_number)
        if estimate_number != self._estimate_number:
            return
        has_provider = self._providers.has_provider(conversation)
        is_on_device = resolved.profile.kind is ProviderKind.ON_DEVICE
        if not has_provider or not draft.has_question or is_on_device:
            self.forget()
            if has_provider:
                await self._update_figures(None)
            return
        estimate = await self._estimate_cost(draft, context)
        if estimate_number == self._estimate_number:
            await self._update_figures(estimate)

    async def _show_spent(self, header: Header, context: SendContext, estimate_number: int) -> None:
        """Show tokens in use and the cost so far, unless a later estimate has begun."""
        # While an earlier question is edited, `context.path` ends before it.
        whole_context = replace(context, path=list(self._current.path))
        conversation_id = self._current.id
        tokens_used = await self._count_tokens_in_use(whole_context)
        spent = await self._ledger.conversation_spending(conversation_id)
        utility_cost = await self._ledger.utility_cost(conversation_id)
        if estimate_number != self._estimate_number:
            return
        header.set_context(tokens_used, context.resolved.model.input_limit)
        # Without a known cost nothing is shown, because “≥ $0” says nothing.
        cost_text = spent_text(spent) if spent.cost else ""
        note = ""
        if utility_cost:
            note = tr("Includes {cost} for the title and compaction", cost=money(utility_cost))
        header.set_cost(cost_text, note)

    async def _count_tokens_in_use(self, context: SendContext) -> int | None:
        """Return the tokens of a conversation's context, None if they are unknown.

        Usually the provider counted them with its last answer.
        """
        if all(message.usage is None for message in context.path):
            return None  # no answer yet, or its provider counts no tokens
        try:
            return (await self._chat_service.estimator.context_tokens(context)).tokens
        except UserFacingError:
            return None

    async def _estimate_cost(self, draft: Draft, context: SendContext) -> Estimate | None:
        """Return the estimate of all requested answers, None if sending would fail."""
        chat = self._chat_service
        try:
            one_answer = await self._estimator.estimate(
                await chat.with_tools_and_form(context, draft.template_id),
                draft,
                max_output_tokens=context.settings.parameters.max_output_tokens,
            )
            return one_answer.for_answers(context.settings.parameters.candidates)
        except UserFacingError:
            return None  # sending reports the error


def estimate_texts(
    estimate: Estimate,
    resolved: ResolvedChoice,
    typical: TypicalAnswers,
    parameters: GenerationParameters = USUAL_PARAMETERS,
) -> EstimateTexts:
    """Return the typical cost of a question with its answers, and a tooltip with its parts.

    Without a price, the tokens take the place of the cost. Nobody knows how often a model calls
    tools, so that the most is stated without them.
    """
    is_exact = estimate.is_exact
    max_output_tokens = parameters.max_output_tokens
    count = estimate.input_tokens
    text = tr("{tokens} tokens", tokens=_approximate(tokens(count), is_exact=is_exact))
    lines = [
        tr_plural("Input: {count} token", "Input: {count} tokens", count)
        if is_exact
        else tr_plural("Input: ≈ {count} token", "Input: ≈ {count} tokens", count),
        tr(COUNT_DESCRIPTIONS[estimate.method]),
    ]
    if estimate.answers > 1:
        lines.append(tr("{count} responses, input billed for each", count=estimate.answers))
    cost = typical_cost(estimate, resolved, typical, max_output_tokens)
    if cost is not None:
        text = rough_money(cost)
        answer_tokens = typical_tokens(resolved, typical, max_output_tokens)
        lines.append(
            tr_plural(
                "Typical response: {count} token", "Typical response: {count} tokens", answer_tokens
            )
        )
    # The estimate may have been made at the price of the choice before.
    priced = estimate_of(estimate.input_tokens, estimate.method, resolved, max_output_tokens)
    priced = priced.for_answers(estimate.answers)
    if priced.input_cost is not None:
        input_cost = _approximate(money(priced.input_cost), is_exact=is_exact)
        lines.append(tr("Input cost: {cost}", cost=input_cost))
        if priced.longest_answer_cost is not None:
            highest_cost = money(priced.input_cost + priced.longest_answer_cost)
            if parameters.tools:
                lines.append(tr("At most, without tool calls: {cost}", cost=highest_cost))
            else:
                lines.append(tr("At most: {cost}", cost=highest_cost))
    if estimate.limit is not None:
        lines.append(
            tr_plural("Input limit: {count} token", "Input limit: {count} tokens", estimate.limit)
        )
    return EstimateTexts(text=text, tooltip="\n".join(lines))


def _approximate(figure: str, *, is_exact: bool) -> str:
    return figure if is_exact else f"≈ {figure}"


def choice_figures(
    choice: ModelChoice,
    resolve: Callable[[ModelChoice], ResolvedChoice],
    estimate: Estimate | None,
    max_output_tokens: int | None,
    typical: TypicalAnswers,
    successor: ModelEntry | None = None,
) -> ChoiceFigures:
    """Return the figures of accepted efforts, and of variants if the provider serves them.

    Args:
        estimate: of the message being typed; None shows durations only.
        successor: the chosen model's, whose cost is compared.
    """

    def cost_text(resolved: ResolvedChoice) -> str:
        cost = None
        if estimate is not None:
            cost = typical_cost(estimate, resolved, typical, max_output_tokens)
        return "" if cost is None else rough_money(cost)

    def figures_text(resolved: ResolvedChoice) -> str:
        return " · ".join(filter(None, (cost_text(resolved), _duration_text(resolved, typical))))

    def successor_text() -> str:
        """Return both costs; without a message, both prices of a million tokens."""
        if successor is None:
            return ""
        new = resolve(replace(choice, variant=None, model=successor.model))
        old = resolve(choice)
        if estimate is None:
            prices = [_price_text(new.price), _price_text(old.price)]
            text = N_("{new} instead of {old} per million tokens")
            return tr(text, new=prices[0], old=prices[1]) if all(prices) else ""
        costs = [cost_text(new), cost_text(old)]
        return tr("{new} instead of {old}", new=costs[0], old=costs[1]) if all(costs) else costs[0]

    has_variants = resolve(choice).profile.serves_gpt_family
    own = tuple(Variant) if has_variants else ()
    variants = {v: figures_text(resolve(replace(choice, variant=v, model=""))) for v in own}
    accepted_efforts = resolve(choice).model.efforts or ()
    efforts = {e: figures_text(resolve(replace(choice, effort=e))) for e in accepted_efforts}
    return ChoiceFigures(variants, efforts, successor_text())


def _price_text(price: Price | None) -> str:
    return "" if price is None else f"${price.input.normalize():f} / ${price.output.normalize():f}"


def _duration_text(resolved: ResolvedChoice, typical: TypicalAnswers) -> str:
    own_seconds = typical_answer(resolved, typical).seconds
    if own_seconds is not None:
        return tr("usually {duration}", duration=duration(own_seconds))
    usual_seconds = resolved.model.usual_duration(resolved.effort)
    if usual_seconds is None:
        return ""
    return tr("about {duration}", duration=duration(usual_seconds, digits=0))
