"""The row under the prompt, with model and estimate, and the meter above the transcript."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.chat.choice.available_models import AvailableModels
from desktop_app.app.chat.choice.choice_figures import MeasuredSeconds, choice_figures
from desktop_app.app.state.spending_events import SpendingEvents
from desktop_app.app.tasks import Tasks
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import Draft, Message
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.token_rates import COUNT_DESCRIPTIONS
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.formatting import money, tokens
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.rendering.markdown.parser import parser
from desktop_app.services.answers.candidate_answers import estimate_several
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.spending.cost_estimate import (
    Estimate,
    needs_counting,
    reprice,
    used_tokens,
)
from desktop_app.ui.composer.choice_view import ModelEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.storage.spending.ledger import Ledger
    from desktop_app.ui.window.conversation_pane import ConversationPane

ESTIMATE_MS = 300
# The estimate, its short form and its tooltip, as `estimate_texts` returns them.
ESTIMATE_ON_DEVICE = (
    N_("Free · local"),
    N_("Free"),
    N_("Runs on this computer. It’s free, and no data leaves the computer."),
)
NO_BACKGROUND = N_(
    "Running in the background needs Pro or Extra high effort, and a provider that supports it."
)
NO_ESTIMATE = ("", "", "")
BEING_COUNTED = N_("Counting…")


class ChoiceController(QObject):
    """Connection of the row under the prompt with the choice of a model and the estimator."""

    def __init__(
        self,
        choices: AvailableModels,
        *,
        pane: ConversationPane,
        setup: AnswerSetup,
        spending: SpendingEvents,
        tasks: Tasks,
        chat_service: ChatService,
        ledger: Ledger,
    ) -> None:
        super().__init__(pane)
        current = setup.current
        prompt = self._prompt = pane.prompt
        self._header, self._notifications = pane.header, pane.notifications
        self._current, self._draft = current, current.draft
        self._values, self._providers, self._setup = setup.values, setup.providers, setup
        self._tasks, self._chat_service, self._ledger = tasks, chat_service, ledger
        self._choices = choices
        self._deferred: list[Callable[[], None]] | None = []  # None once a conversation is open
        self._estimate_number = 0
        self._measured: dict[str, MeasuredSeconds] = {}
        self._estimated: Estimate | None = None
        self._connected: set[ProviderProfile] = set()
        self._is_parser_loaded = False
        self._timer = QTimer(self, singleShot=True, interval=ESTIMATE_MS)
        self._timer.timeout.connect(self._tasks.slot(self._estimate))
        prompt.text_changed.connect(self._on_text_changed)
        prompt.row.variant_requested.connect(self.choose_variant)
        prompt.row.effort_requested.connect(self._choose_effort)
        prompt.row.model_requested.connect(self.choose_model)
        prompt.row.background_requested.connect(self._setup.choose_background)
        for on_opened in (self._forget_estimate, self._show_choice, self._apply_deferred):
            current.opened.connect(on_opened)
        for on_choice in (self._show_choice, self._show_figures, self._show_price):
            setup.choice_changed.connect(on_choice)
        self._current.path_changed.connect(self._show_choice)
        self._draft.changed.connect(self._timer.start)
        self._draft.changed.connect(self._on_draft_changed)
        spending.spent.connect(self._forget_measured)
        self._current.compactions_changed.connect(self._timer.start)
        choices.changed.connect(self._show_choice)
        prompt.row.model_listing_requested.connect(
            lambda: self._tasks.start(self._providers.refresh_listing(self._setup.profile))
        )
        self._values.changed.connect(
            lambda key: self._show_choice() if key == "answer.background" else None
        )

    # -------------------------------------------------------------- choosing

    def _defer(self, change: Callable[[], None]) -> bool:
        """Defer a change until a conversation is open; return False if one is open already.

        The conversation opens a moment after the window; its choice would replace an earlier one.
        """
        if self._deferred is None:
            return False
        self._deferred.append(change)
        return True

    def _apply_deferred(self) -> None:
        changes, self._deferred = self._deferred or (), None
        for change in changes:
            change()

    def choose_variant(self, variant: Variant) -> None:
        """Choose another variant, if the provider offers it."""
        if self._defer(partial(self.choose_variant, variant)):
            return
        has_provider = self._providers.has_provider(self._current.conversation)
        if has_provider and self._choices.offers(variant):
            choice = self._setup.choice
            effort = choice.effort or Effort(str(self._values["default.effort"]))
            self._setup.choose(replace(choice, variant=variant, model="", effort=effort))
            self._announce_choice()

    def toggle_background(self) -> None:
        """Turn background answers on or off in the open conversation."""
        background = self._setup.background
        if background is None:
            self._notifications.notify(tr(NO_BACKGROUND))
        else:
            self._setup.choose_background(not background)

    def step_effort(self, step: int) -> None:
        """Choose the next higher (+1) or lower (-1) effort among those that the model takes."""
        if self._defer(partial(self.step_effort, step)):
            return
        wanted = self._choices.view.effort_beside(step)
        if wanted is None:
            self._announce_choice()  # the unchanged choice
        else:
            self._choose_effort(wanted)

    def _announce_choice(self) -> None:
        """Tell screen readers the new choice, because the focus is elsewhere."""
        view = self._choices.view
        words = view.short_name
        if view.effort is not None and view.offers_effort:
            words = tr("{model}, effort {effort}", model=words, effort=tr(view.effort.label))
        self._notifications.announce(words)

    def _choose_effort(self, effort: Effort) -> None:
        if self._defer(partial(self._choose_effort, effort)):
            return
        self._setup.choose(replace(self._setup.choice, effort=effort))
        self._announce_choice()

    def choose_model(self, entry: ModelEntry) -> None:
        """Choose a model of the menu or of the table for the open conversation."""
        if self._defer(partial(self.choose_model, entry)):
            return
        self._setup.choose(self._choices.choice_with(entry))
        self._announce_choice()

    # -------------------------------------------------------------- showing

    def _show_choice(self) -> None:
        if not self._current.opening_number:
            return  # the first conversation may have another model
        self._prompt.set_choice(self._choices.view)
        if self._prompt.isVisible():  # httpx would double the memory of a program in the background
            self.propose_model()
        self._timer.start()

    def propose_model(self) -> None:
        """Read the provider's list to propose a model, unless one is chosen."""
        if not self._setup.resolved.model.id:
            self._open_connection()

    def _on_text_changed(self) -> None:
        self._timer.start()
        if not self._is_parser_loaded:
            # Load the parser's libraries now, so that they do not delay the answer's first words.
            self._is_parser_loaded = True
            self._tasks.start(asyncio.to_thread(parser))
        self._open_connection()

    def _on_draft_changed(self) -> None:
        """Open the connection, because a question with an attachment may be sent without typing.

        Until text and attachments are counted together, the estimate is replaced by "Counting…".
        """
        if self._draft.value.attachments:
            self._open_connection()
        if self._estimated is not None:
            self._prompt.row.set_estimate(tr(BEING_COUNTED), tr(BEING_COUNTED), "")

    def _open_connection(self) -> None:
        """Open the connection while the user types, so that Send does not wait for it.

        The request for the provider's models opens it.
        """
        profile = self._setup.profile
        if profile not in self._connected:
            self._connected.add(profile)
            self._tasks.start(self._providers.refresh_listing(profile, force=True))

    def _forget_measured(self, provider_id: str) -> None:
        self._measured.pop(provider_id, None)
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
            self._estimated,
            settings.parameters.max_output_tokens,
            self._measured.get(profile.id, {}),
        )
        self._prompt.row.set_choice_figures(figures)

    def _forget_estimate(self) -> None:
        self._estimated = None
        self._show_price()

    def _show_price(self) -> None:
        """Show the cost with a new choice at once, computed from the last estimate."""
        setup, estimate = self._setup, self._estimated
        has_provider = self._providers.has_provider(self._current.conversation)
        if has_provider and setup.profile.kind is ProviderKind.ON_DEVICE:
            self._prompt.row.set_estimate(*map(tr, ESTIMATE_ON_DEVICE))
            return
        texts = NO_ESTIMATE
        if has_provider and estimate is not None:
            max_output_tokens = setup.ask_settings.parameters.max_output_tokens
            one = reprice(estimate, setup.resolved, max_output_tokens)
            at_once = estimate.inputs == 1
            texts = estimate_texts(estimate_several(one, estimate.answers, at_once=at_once))
        self._prompt.row.set_estimate(*texts)

    async def _update_figures(self, estimate: Estimate | None) -> None:
        """Show the figures of an estimate; None shows durations only."""
        profile, self._estimated = self._setup.profile, estimate
        if profile.id not in self._measured:
            self._measured[profile.id] = await self._ledger.median_seconds(profile.id)
        self._show_figures()

    async def _estimate(self) -> None:
        """Show tokens in use, cost so far and the estimate; later calls supersede earlier ones."""
        self._estimate_number += 1
        number = self._estimate_number
        resolved, path = self._setup.resolved, list(self._current.path)
        draft = self._draft.current
        used = await self._tokens_in_use(path, resolved)
        ledger, conversation_id = self._ledger, self._current.id
        spent, utility_cost, is_minimum = (
            await ledger.conversation_cost(conversation_id),
            await ledger.utility_cost(conversation_id),
            await ledger.has_unknown_cost(conversation_id),
        )
        if number != self._estimate_number:
            return
        self._header.set_context(used if path else None, resolved.model.input_limit)
        note = (
            tr("Includes {cost} for the title and compaction", cost=money(utility_cost))
            if utility_cost
            else ""
        )
        cost = f"≥ {money(spent)}" if is_minimum else money(spent)
        self._header.set_cost(cost if spent else "", note)
        has_provider = self._providers.has_provider(self._current.conversation)
        if not has_provider or not draft or resolved.profile.kind is ProviderKind.ON_DEVICE:
            self._forget_estimate()
            if has_provider:
                await self._update_figures(None)
            return
        estimate = await self._estimate_cost(draft, resolved)
        if number == self._estimate_number:
            texts = NO_ESTIMATE if estimate is None else estimate_texts(estimate)
            self._prompt.row.set_estimate(*texts)
            await self._update_figures(estimate)

    async def _tokens_in_use(self, path: list[Message], resolved: ResolvedChoice) -> int | None:
        """Return the tokens of the conversation's context, None if they are unknown.

        They are counted here only if the provider's count does not apply: after a compaction, if it
        covers several answers or requests, or if another model saw the images.
        """
        context = replace(self._setup.context, path=path, resolved=resolved)
        used = used_tokens(context)
        if used is not None or not needs_counting(context):
            return used
        try:
            return (await self._chat_service.estimator.context_tokens(context))[0]
        except UserFacingError:
            return None

    async def _estimate_cost(self, draft: Draft, resolved: ResolvedChoice) -> Estimate | None:
        settings = self._setup.ask_settings
        try:
            chat = self._chat_service
            estimate = await chat.estimator.estimate(
                replace(self._setup.context, resolved=resolved),
                draft,
                max_output_tokens=settings.parameters.max_output_tokens,
            )
            attached = draft.attachments
            return await chat.costs.estimate_all(estimate, resolved, settings, attached)
        except UserFacingError:
            return None  # sending reports the error


def estimate_texts(estimate: Estimate) -> tuple[str, str, str]:
    """Return the estimate beside Send, its short form, and its tooltip."""
    is_exact, count = estimate.is_exact, estimate.input_tokens
    short = tr("{tokens} tokens", tokens=_approximate(tokens(count), is_exact=is_exact))
    figures, lines = [short], [_input_tokens(count, is_exact=is_exact)]
    lines.append(tr(COUNT_DESCRIPTIONS[estimate.method]))
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
        short = money(estimate.input_cost)
        figures.append(tr("{cost} input", cost=short))
        lines.append(tr("Input cost: {cost}", cost=_approximate(short, is_exact=is_exact)))
    if estimate.longest_answer_cost is not None:
        most = money(estimate.longest_answer_cost)
        lines.append(
            tr("Response cost: up to {cost}", cost=most)
            if estimate.answers == 1
            else tr("Cost of all responses: up to {cost}", cost=most)
        )
    if estimate.answers > 1:
        figures.append(tr_plural("{count} response", "{count} responses", estimate.answers))
    if estimate.limit is not None:
        lines.append(
            tr_plural("Input limit: {count} token", "Input limit: {count} tokens", estimate.limit)
        )
    return " · ".join(figures), short, "\n".join(lines)


def _input_tokens(count: int, *, is_exact: bool) -> str:
    if is_exact:
        return tr_plural("Input: {count} token", "Input: {count} tokens", count)
    return tr_plural("Input: ≈ {count} token", "Input: ≈ {count} tokens", count)


def _approximate(figure: str, *, is_exact: bool) -> str:
    return figure if is_exact else f"≈ {figure}"
