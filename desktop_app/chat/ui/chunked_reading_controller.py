"""The offer to read documents in parts if they are larger than the model's context window."""

from __future__ import annotations

from desktop_app.app.session import Controller, Session
from desktop_app.chat.answer_forms import is_built_in
from desktop_app.chat.attachments.chunked_reading import ChunkPlan
from desktop_app.chat.attachments.document_beginnings import can_send_beginning, names_of_beginnings
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.cost import FREE
from desktop_app.domain.errors import DocumentDoesNotFitError, ModelTooSmallError, UserFacingError
from desktop_app.domain.models.token_counts import COUNT_DESCRIPTIONS
from desktop_app.i18n.formatting import duration, joined, money
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.widgets.cards.notifications import NOT_SENT, Actions


class ChunkedReadingController(Controller):
    """The offer of chunked reading after a question was refused as too large."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._chat_service = session.backend.chat

    def remedies_for(self, error: UserFacingError) -> Actions:
        """Return the offers for a question with whole documents that do not fit; else ()."""
        if isinstance(error, ModelTooSmallError):
            return self._better_models()
        if not isinstance(error, DocumentDoesNotFitError) or not self._whole_documents():
            return ()
        refused_draft = self._draft.current
        start = self._tasks.start
        if is_built_in(self._setup.resolved):
            return self._better_models()
        read_in_parts = (tr("Read in parts…"), lambda: start(self._offer_plan(refused_draft)))
        tools, model = self._setup.ask_settings.parameters.tools, self._setup.resolved.model
        if not any(can_send_beginning(p, tools, model) for p in self._draft.value.attachments):
            return [read_in_parts]
        attach_beginnings = (
            tr("Attach the beginning, let tools read the rest"),
            lambda: start(self._attach_beginnings(refused_draft)),
        )
        return [attach_beginnings, read_in_parts]

    def _better_models(self) -> Actions:
        """Return the offers of models that can read so much; the built-in one cannot."""
        session = self._session
        account = session.of(AvailableModels).account
        if account is not None:
            models = session.of(AvailableModels)
            return [(models.account_offer(account, self._whole_documents()), models.use_account)]
        return [(tr("Get a better model"), lambda: session.run("models.local"))]

    async def _attach_beginnings(self, refused_draft: Draft) -> None:
        """Attach only the beginnings of documents, for the user to see and to send."""
        chat = self._chat_service
        context = await chat.with_tools_and_form(self._setup.context, refused_draft.template_id)
        draft = await chat.estimator.reduce_to_beginnings(
            context, refused_draft, context.settings.parameters.tools
        )
        if self._draft.value.attachments == refused_draft.attachments:
            self._draft.set_attachments(draft.attachments)
            message = tr(
                "Only the beginning is sent, and tools read the rest: {names}",
                names=joined(names_of_beginnings(draft.attachments)),
            )
            self._notifications.notify(message, topic=NOT_SENT)

    def _whole_documents(self) -> list[DocumentPart]:
        parts = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        return [part for part in parts if not (part.in_parts or part.by_tools)]

    async def _offer_plan(self, refused_draft: Draft) -> None:
        """Offer chunked reading with its calls and cost; if it is free, begin at once.

        The plan is for the question in the prompt, or for the refused one if the prompt is empty.
        Do nothing more if another conversation is opened meanwhile.
        """
        notifications = self._notifications
        conversation_id = self._setup.current.id
        draft = self._draft.current
        if not draft.text.strip():
            draft = self._draft.with_text(refused_draft.text, refused_draft.template_id)
        documents = self._whole_documents()
        notifications.notify(tr("Counting parts…"), topic=NOT_SENT, stays=True)
        resolved = self._setup.resolved
        settings = self._setup.ask_settings
        try:
            plan = await self._chat_service.chunked_reader.plan(
                documents, draft.text, resolved, settings
            )
        finally:
            is_open = self._setup.current.id == conversation_id
            if is_open:
                notifications.dismiss_topic(NOT_SENT)
        if not is_open:
            return
        if resolved.price == FREE:
            self._accept(draft)
            return
        offer = [(tr("Read in parts"), lambda: self._accept(draft))]
        typical = await self._session.backend.ledger.typical_answers(resolved.profile.id)
        text = _plan_text(plan, plan.seconds(resolved, typical))
        notifications.notify(text, offer, topic=NOT_SENT, stays=True)

    def _accept(self, offered_draft: Draft) -> None:
        """Ask the offered question, unless the attachments were changed meanwhile."""
        if self._draft.value.attachments != offered_draft.attachments:
            return
        self._draft.read_in_parts()
        self._session.of(ChatController).submit(offered_draft.text, offered_draft.template_id)


def _plan_text(plan: ChunkPlan, seconds: float | None) -> str:
    """Return the number of parts, the time, the cost, and how their tokens were counted."""
    sentences = [
        tr_plural(
            "The documents will be read in {count} part.",
            "The documents will be read in {count} parts.",
            plan.calls,
        )
    ]
    if plan.cached_calls:
        sentences.append(
            tr_plural(
                "{count} part was read before and is free.",
                "{count} parts were read before and are free.",
                plan.cached_calls,
            )
        )
    if seconds is not None:
        sentences.append(tr("It takes about {time}.", time=duration(seconds, digits=0)))
    if plan.cost and plan.leaves_out_reasoning:
        sentences.append(tr("It costs about {cost}, plus reasoning.", cost=money(plan.cost)))
    elif plan.cost:
        sentences.append(tr("It costs about {cost}.", cost=money(plan.cost)))
    if plan.comparison:
        sentences.append(plan.comparison)
    sentences.append(tr(COUNT_DESCRIPTIONS[plan.method]))
    sentences.append(tr("You can stop and continue later."))
    return paragraph(*sentences)
