"""The compaction of long conversations: its offer, its work and its notes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Controller, Session
from desktop_app.chat.compaction_service import CompactionPlan, CompactionService, readable_content
from desktop_app.chat.cost_estimate import usable_input
from desktop_app.chat.send_context import SendContext
from desktop_app.domain.conversations.compaction import (
    Compaction,
    CompactionKind,
    compactions_by_message,
    sent_path,
)
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message, now
from desktop_app.domain.cost import FREE, Usage
from desktop_app.domain.errors import DocumentDoesNotFitError, UserFacingError
from desktop_app.i18n.formatting import money, tokens
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.transcript.message_items import MessageNote
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.cards.notifications import Actions
from desktop_app.widgets.forms.form_widgets import text_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import PlainLabel
from desktop_app.widgets.windows import fitting_size

COMPACTION_TOPIC = "compaction"  # the topic of errors
CARD_TOPIC = "compaction card"  # the topic of offers, and of the work
CHECK_MS = 300  # after the last change, because a check may count the conversation
# After "Not now" or Undo, offer again once the conversation has grown by this share of the limit.
REOFFER_GROWTH = 0.1
_SENT_TEXT_SIZE = (640, 480)


class CompactionController(Controller):
    """The compaction of the open conversation: offered above the prompt, done, and noted."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._chat_service = session.backend.chat
        self._plan: CompactionPlan | None = None  # offered for the open conversation
        self._card_text = ""  # of the card that was shown last, even if the user closed it
        # By the conversation's id: the task that compacts it, and the text on the card meanwhile.
        self._work: dict[str, asyncio.Future[None]] = {}
        self._work_texts: dict[str, str] = {}
        # Conversation id -> tokens of the declined plan or undone compaction. It is offered again
        # only once it has grown well beyond these.
        self._declined_tokens: dict[str, int] = {}
        self._check_number = 0
        self._timer = QTimer(self, singleShot=True, interval=CHECK_MS)
        self._timer.timeout.connect(self._tasks.slot(self._check))
        self._current.opened.connect(lambda: self._offer_plan(None))
        self._current.opened.connect(lambda: self._load_notes(self._current.id))
        for signal in (
            self._setup.choice_changed,
            self._current.path_changed,
            self._current.compactions_changed,
        ):
            signal.connect(self._timer.start)
            signal.connect(self._show_notes)
        self._running.started.connect(lambda _id: self._show_card())
        self._transcript.action_requested.connect(self._run_action)

    @property
    def _service(self) -> CompactionService:
        return self._session.backend.compaction  # made when it is first needed

    # -------------------------------------------------------------- the offer

    async def _check(self) -> None:
        """Offer to compact if the open conversation nearly fills the context window."""
        self._check_number += 1
        check_number = self._check_number
        opened_id = self._current.id
        if not self._current.path or self._is_busy(opened_id):
            return
        plan = None
        try:
            if await self._service.is_nearly_full(self._context):
                plan = await self._service.plan(self._context)
        except UserFacingError:
            return  # sending reports the error
        if check_number != self._check_number or opened_id != self._current.id:
            return
        declined_tokens = self._declined_tokens.get(opened_id)
        if plan is not None and declined_tokens is not None:
            limit = usable_input(self._setup.resolved.model) or 0
            if plan.tokens <= declined_tokens + limit * REOFFER_GROWTH:
                plan = None
        self._offer_plan(plan)

    @property
    def _context(self) -> SendContext:
        """Return the context of a question after all messages, even if an earlier one is edited."""
        return replace(self._setup.context, path=list(self._current.path))

    def _is_busy(self, conversation_id: str) -> bool:
        return conversation_id in self._work or self._running.is_running(conversation_id)

    def offer(self) -> None:
        """Show the effect of compacting, or compact at once if it is free."""
        self._tasks.start(self._offer())

    async def _offer(self) -> None:
        opened_id = self._current.id
        if self._is_busy(opened_id):
            self._notifications.notify(tr("Wait for the response to finish, then compact."))
            return
        plan = None
        if self._current.path:
            plan = await self._service.plan(self._context)
        if opened_id != self._current.id or self._is_busy(opened_id):
            return
        if plan is None:
            self._notifications.notify(tr("This conversation is too short to compact."))
            return
        self._check_number += 1
        if plan.maker.price == FREE:
            self._accept(plan)
            return
        self._card_text = ""  # shown again, even if the user closed it
        self._offer_plan(plan)
        self._pane.focus_cards(Qt.FocusReason.OtherFocusReason)

    def remedies_for(self, error: UserFacingError) -> Actions:
        """Return the offer to compact if documents do not fit beside earlier messages; else ()."""
        does_not_fit = isinstance(error, DocumentDoesNotFitError) and bool(self._current.path)
        return [(tr("Compact"), self.offer)] if does_not_fit else ()

    def _offer_plan(self, plan: CompactionPlan | None) -> None:
        """Offer a plan for the open conversation; None ends the offer."""
        self._plan = plan
        self._show_card()

    def _show_card(self) -> None:
        """Show the work in the open conversation, else its offer; a closed card stays closed."""
        opened_id, plan = self._current.id, self._plan
        text = self._work_texts.get(opened_id, "")
        actions: Actions = [(tr("Cancel"), self.cancel)]
        if not text and plan is not None and not self._is_busy(opened_id):
            text = offer_text(plan)
            actions = [
                (tr("Compact"), lambda: self._accept(plan)),
                (tr("Not now"), lambda: self._declined_tokens.update({opened_id: plan.tokens})),
            ]
        if text != self._card_text:
            self._card_text = text
            self._notifications.dismiss_topic(CARD_TOPIC)
            if text:
                self._notifications.notify(text, actions, topic=CARD_TOPIC, stays=True)

    # -------------------------------------------------------------- the work

    def _accept(self, plan: CompactionPlan) -> None:
        conversation_id = plan.point.conversation_id
        if not self._is_busy(conversation_id):
            self._start_compaction(conversation_id, plan, self._setup.ask_settings.instructions)
            self._prompt.focus_text()

    def _start_compaction(
        self, conversation_id: str, plan: CompactionPlan, instructions: str
    ) -> None:
        self._work[conversation_id] = self._tasks.start(
            self._compact(conversation_id, plan, instructions)
        )
        self._work_texts[conversation_id] = tr(
            "Compacting with {model}…", model=plan.maker.model.name
        )
        self._work[conversation_id].add_done_callback(lambda _task: self._on_ended(conversation_id))
        self._plan = None
        self._show_card()

    async def _compact(self, conversation_id: str, plan: CompactionPlan, instructions: str) -> None:
        def on_part(done_parts: int, parts: int) -> None:
            self._work_texts[conversation_id] = tr(
                "Compacting with {model}, part {part} of {parts}…",
                model=plan.maker.model.name,
                part=done_parts + 1,
                parts=parts,
            )
            self._show_card()

        self._notifications.dismiss_topic(COMPACTION_TOPIC)
        try:
            compaction = await self._service.compact(plan, instructions, on_part)
        except UserFacingError as error:
            self._notifications.notify(error, topic=COMPACTION_TOPIC)
            return
        self._notifications.announce(result_text(compaction))

    def _on_ended(self, conversation_id: str) -> None:
        del self._work[conversation_id], self._work_texts[conversation_id]
        self._show_card()
        self._load_notes(conversation_id)

    def cancel(self) -> bool:
        """Cancel the compaction of the open conversation; return True if there was one."""
        task = self._work.get(self._current.id)
        return task is not None and task.cancel()

    def close(self) -> None:
        """Cancel all compactions at the program's end."""
        self._timer.stop()
        for task in self._work.values():
            task.cancel()

    async def compact_before_turn(
        self, conversation: Conversation, path: Sequence[Message], draft: Draft
    ) -> None:
        """Wait for a running compaction, or compact first if that is enabled and needed."""
        is_possible = path and conversation.id not in self._work
        if is_possible and self._values["answer.auto_compact"]:
            chat = self._chat_service
            resolved = chat.resolve(self._setup.profile_of(conversation), conversation.choice)
            settings = self._setup.settings_of(conversation)
            compactions = await self._session.backend.compactions.load(conversation.id)
            more_tokens = 0
            if draft.has_question:
                estimate = await chat.estimator.estimate(SendContext([], resolved), draft)
                more_tokens = estimate.input_tokens
            context = SendContext(path, resolved, compactions, settings)
            is_needed = await self._service.is_nearly_full(context, more_tokens=more_tokens)
            plan = await self._service.plan(context) if is_needed else None
            if plan is not None and conversation.id not in self._work:
                self._start_compaction(conversation.id, plan, settings.instructions)
        if conversation.id in self._work:
            # `_compact` reports a failure itself; the question is then sent uncompacted.
            await asyncio.wait([self._work[conversation.id]])

    # -------------------------------------------------------------- the notes

    def _load_notes(self, conversation_id: str) -> None:
        """Read the compactions again if this conversation is open."""
        if conversation_id == self._current.id and not self._current.is_new:
            self._tasks.start(self._load())

    async def _load(self) -> None:
        opened_id = self._current.id
        compactions = await self._session.backend.compactions.load(opened_id)
        if opened_id == self._current.id:
            self._current.set_compactions(compactions)

    @property
    def _noted_compactions(self) -> dict[str, Compaction]:
        """Return the compactions that have a note, by the id of the message above the note."""
        return compactions_by_message(self._current.path, self._current.compactions)

    def _show_notes(self) -> None:
        path = self._current.path
        compactions = self._current.compactions
        if not compactions:
            self._transcript.set_notes({})
            return
        next_profile = self._setup.profile
        next_model_id = self._setup.resolved.model.id
        sent_compaction = sent_path(path, compactions, next_profile, next_model_id).compaction
        notes = {
            message_id: compaction_note(
                compaction,
                maker_name=self._maker_name(compaction),
                next_provider_name=next_profile.name,
                sent_compaction=sent_compaction,
            )
            for message_id, compaction in self._noted_compactions.items()
        }
        self._transcript.set_notes(notes)

    def _maker_name(self, compaction: Compaction) -> str:
        profile = self._providers.get(compaction.provider_id)
        return tr("a removed provider") if profile is None else profile.name

    def _run_action(self, message_id: str, action: str) -> None:
        compaction = self._noted_compactions.get(message_id)
        if action == "compact":
            self.offer()
        elif compaction is not None and action == "undo-compaction":
            self._tasks.start(self._undo(compaction))
        elif compaction is not None and action == "show-sent":
            self._show_sent(compaction)

    def _show_sent(self, compaction: Compaction) -> None:
        hidden_characters, text = readable_content(compaction)
        if compaction.kind is CompactionKind.SUMMARY:
            note = tr(
                "A summary by {model} replaces the messages above it.", model=compaction.model
            )
        else:
            note = tr_plural(
                "{count} character in a form only {provider} can read is sent with this text:",
                "{count} characters in a form only {provider} can read are sent with this text:",
                hidden_characters,
                provider=self._maker_name(compaction),
            )
        show_sent_text(note, text, self._window)

    def undo(self) -> None:
        """Undo the last compaction in the path, so that the messages themselves are sent again."""
        compaction = self._last_compaction_or_notify()
        if compaction is not None:
            self._tasks.start(self._undo(compaction))

    def show_sent(self) -> None:
        """Show the text by which the last compaction replaces the messages above it."""
        compaction = self._last_compaction_or_notify()
        if compaction is not None:
            self._show_sent(compaction)

    def _last_compaction_or_notify(self) -> Compaction | None:
        noted_compactions = self._noted_compactions
        for message in reversed(self._current.path):
            if message.id in noted_compactions:
                return noted_compactions[message.id]
        self._notifications.notify(tr("This conversation isn’t compacted."))
        return None

    async def _undo(self, compaction: Compaction) -> None:
        await self._session.backend.compactions.undo(compaction.id, now())
        self._declined_tokens[compaction.conversation_id] = compaction.tokens_before
        self._notifications.announce(tr("Compaction undone. The full messages will be sent again."))
        self._load_notes(compaction.conversation_id)


def offer_text(plan: CompactionPlan) -> str:
    """Return the text of an offer, with the effect and cost of compacting."""
    used_text = tokens(plan.request_tokens) if plan.is_exact else f"≈ {tokens(plan.request_tokens)}"
    limit = usable_input(plan.answering.model)
    if limit:
        offer = tr(
            "This conversation uses {used} of the {limit} tokens that {model} accepts.",
            used=used_text,
            limit=tokens(limit),
            model=plan.answering.model.name,
        )
    else:
        offer = tr("This conversation uses {used} tokens.", used=used_text)
    undo = tr("Messages stay visible here, and you can undo it.")
    return paragraph(offer, _effect_text(plan), undo, _cost_text(plan))


def _effect_text(plan: CompactionPlan) -> str:
    provider = plan.answering.profile.name
    model = plan.maker.model.name
    is_whole = plan.tokens == plan.request_tokens
    part_text = tokens(plan.tokens)
    if plan.kind is CompactionKind.PROVIDER:
        if is_whole:
            return tr("{provider} will compact it into a form only it can read.", provider=provider)
        return tr(
            "{provider} will compact the first {tokens} tokens into a form only it can read.",
            provider=provider,
            tokens=part_text,
        )
    if is_whole:
        return tr("{model} will write a summary to send instead.", model=model)
    return tr(
        "{model} will write a summary to send instead of the first {tokens} tokens.",
        model=model,
        tokens=part_text,
    )


def _cost_text(plan: CompactionPlan) -> str:
    """Return the cost of compacting, compared with the price of the answering model."""
    input_cost = plan.cost_of_input
    highest_cost = plan.cost_at_most
    if plan.maker.price == FREE:
        return tr("It’s free.")
    if input_cost is None:
        return tr("The cost is unknown.")
    if highest_cost is None:
        return tr("It costs {cost} for input.", cost=money(input_cost))
    cost_text = tr(
        "It costs {cost} for input, {most} at most.",
        cost=money(input_cost),
        most=money(highest_cost),
    )
    if plan.answering.price is None or plan.answering.model.id == plan.maker.model.id:
        return cost_text
    answering_cost = plan.answering.price.cost(Usage(input_tokens=plan.tokens))
    comparison = tr(
        "With {model}: {cost} for input.",
        model=plan.answering.model.name,
        cost=money(answering_cost),
    )
    return paragraph(cost_text, comparison)


def show_sent_text(note: str, text: str, parent: QWidget) -> None:
    """Show the text sent in place of messages in a dialog, below a note on it."""
    dialog = Sheet(parent)
    dialog.setObjectName("sent-text")
    dialog.setWindowTitle(tr("Compacted content"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    field = text_field(tr("Compacted content"), "compacted-content", read_only=True)
    field.setPlainText(text)
    field.setFont(current_theme().reading())
    rows = (PlainLabel(note, wraps=True, name="sent-text-note"), (field, 1))
    column_of(*rows, parent=dialog, margins=16, spacing=10)
    dialog.resize(fitting_size(_SENT_TEXT_SIZE, parent))
    dialog.open()


def result_text(compaction: Compaction) -> str:
    """Return the effect of a compaction: the tokens before and after."""
    return tr(
        "Compacted: {before} → {after} tokens",
        before=tokens(compaction.tokens_before),
        after=tokens(compaction.tokens_after),
    )


def compaction_note(
    compaction: Compaction,
    maker_name: str,
    next_provider_name: str,
    sent_compaction: Compaction | None,
) -> MessageNote:
    """Return the note below the last message that a compaction replaces.

    Args:
        maker_name: the provider that made the compaction.
        next_provider_name: the provider that gets the next question.
        sent_compaction: the compaction that is sent with the next question; None if that provider
            gets all messages.
    """
    actions = ((tr("Undo"), "undo-compaction"), (tr("Show compacted content"), "show-sent"))
    if sent_compaction is None:
        text = tr(
            "Compacted by {maker} · {sender} gets the full messages",
            maker=maker_name,
            sender=next_provider_name,
        )
        return MessageNote(text, actions)
    if sent_compaction.id != compaction.id:
        # Usually a later compaction includes this one. To undo this one would not change what is
        # sent.
        return MessageNote(result_text(compaction))
    text = result_text(compaction)
    if compaction.kind is CompactionKind.PROVIDER:
        only_reader = tr("Only {provider} can read it", provider=maker_name)
        text = f"{text} · {only_reader}"
    return MessageNote(text, actions)
