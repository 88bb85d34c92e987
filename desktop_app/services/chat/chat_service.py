"""Starts answers: stores the question before it is sent, and the answer while it streams.

begin(…)   checks, then stores the question and its empty answers   → AnswerRun
run(…)     of the AnswerRun: see answer_run.py                      → the final answer
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText, notice
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.parameter_support import model_notices
from desktop_app.domain.spending.cost import Usage, cost_of
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.domain.tools.tool import HOSTED_TOOLS
from desktop_app.i18n.translation import N_, tr
from desktop_app.services.answers.answer_ledger import AnswerLedger
from desktop_app.services.answers.answer_run import AnswerRun, PreparedAnswer, answering_choice
from desktop_app.services.answers.candidate_answers import answer_holds, split_hold
from desktop_app.services.chat.answer_costs import AnswerCosts
from desktop_app.services.chat.answer_gateways import AnswerGateways, AnswerTools, ModelChoices
from desktop_app.services.chat.ask_settings import AskSettings, accepted_parameters, with_form
from desktop_app.services.chat.prompt_assembly import question_parts
from desktop_app.services.chat.prompt_library import require_two_documents
from desktop_app.services.chat.request_builder import RequestSources
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.collections.passage_context import find_passages
from desktop_app.services.documents.document_beginnings import (
    beginning_notice,
    require_reading_tools,
)
from desktop_app.services.documents.file_attachments import (
    require_files,
    text_notice,
    without_files,
)
from desktop_app.services.documents.image_attachments import (
    require_image_input,
    unseen_images_notice,
)
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.spending.budget import Hold, PaidCalls
from desktop_app.services.spending.cost_estimate import Estimator
from desktop_app.services.structured.answer_forms import form_notice
from desktop_app.services.tools.hosted_tools import hosted_refusal
from desktop_app.services.tools.tool_set import ToolSet


class ChatService:
    """Service that checks questions, stores them and starts their answers."""

    def __init__(
        self,
        *,
        sources: RequestSources,
        calls: PaidCalls,
        estimator: Estimator,
        models: ModelChoices,
        tools: AnswerTools,
    ) -> None:
        self.sources = sources
        self.calls = calls
        self.estimator = estimator
        self.costs = AnswerCosts(calls, estimator)
        self.gateways = AnswerGateways(sources, calls, models, tools)
        self._models = models
        self._tools = tools

    def resolve(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Return the model and effort that serve `choice` at `profile` today."""
        return self._models.resolve(profile, choice)

    def resolve_with(
        self, profile: ProviderProfile, choice: ModelChoice, settings: AskSettings
    ) -> ResolvedChoice:
        """Resolve `choice` in the service tier of the settings."""
        resolved = self.resolve(profile, choice)
        tier = accepted_parameters(settings.parameters, resolved).service_tier
        return replace(resolved, service_tier=tier)

    async def begin(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft,
        profile: ProviderProfile,
        settings: AskSettings,
        purpose: Purpose = Purpose.ANSWER,
    ) -> AnswerRun:
        """Store the question and its empty answers after `path`; nothing is sent yet.

        Returns:
            The first answer; the others, if several are requested, are its `siblings`.

        Raises:
            IllegalChoiceError, DocumentError, SpendingCapError, StorageError: nothing was stored or
                sent. One possible reason is that no model is chosen.
        """
        runs = await self._prepare(
            conversation, path, draft, profile=profile, settings=settings, purpose=purpose
        )
        return await self._store(runs)

    async def _prepare(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft,
        profile: ProviderProfile,
        settings: AskSettings,
        purpose: Purpose = Purpose.ANSWER,
    ) -> list[AnswerRun]:
        """Return the runs that answer a new question; nothing is stored. Raises as `begin`."""
        resolved = _require_model(self.resolve_with(profile, conversation.choice, settings))
        requirements = await self.sources.load_requirements(draft.template_id)
        earlier_parts = (part for message in path for part in message.sent_parts)
        require_two_documents(requirements, draft.attachments, earlier_parts)
        require_files(draft.attachments, path, resolved)
        require_image_input(without_files(draft.attachments, resolved.files), resolved.model)
        settings = await with_form(settings, requirements.form, resolved)
        context = await self._send_context(conversation, path, resolved, settings)
        context = replace(context, purpose=purpose)
        passages = await find_passages(self.sources.passages, context, draft)
        holds = await self.costs.hold_input(context, draft, passages)
        question = Message(
            id=new_id(),
            conversation_id=conversation.id,
            parent_id=path[-1].id if path else None,
            role=Role.USER,
            status=MessageStatus.COMPLETE,
            parts=question_parts(draft, passages),
            created_at=now(),
            choice=conversation.choice,
            template_id=draft.template_id,
        )
        conversation = replace(conversation, draft=draft.after_sending)
        if not conversation.title:
            conversation = replace(
                conversation, title=_first_title(question), title_is_automatic=True
            )
        context = replace(context, path=[*path, question])
        return await self._prepare_runs(conversation, question, context, holds)

    async def begin_another_answer(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        profile: ProviderProfile,
        settings: AskSettings,
        *,
        repairs: Message | None = None,
    ) -> AnswerRun:
        """Store another empty answer to the last question of `path`; earlier answers stay.

        Args:
            repairs: an answer that does not match its schema; the model gets it with the reason.

        Raises as `begin`.
        """
        runs = await self._prepare_again(conversation, path, profile, settings, repairs=repairs)
        return await self._store(runs)

    async def begin_comparison(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft | None,
        choices: Sequence[tuple[ProviderProfile, ModelChoice]],
        settings: AskSettings,
    ) -> AnswerRun:
        """Store a question, and an empty answer to it by each of several choices.

        The answers are versions of one another.

        Args:
            draft: the question; None for the last one of `path`.
            choices: the provider and the choice for each answer.

        Returns:
            The first answer; the others are its `siblings`.

        Raises as `begin`: one of the answers is refused, and nothing was stored or sent.
        """
        runs: list[AnswerRun] = []
        async with AsyncExitStack() as undo:
            for profile, choice in choices:
                with_choice = replace(conversation, choice=choice)
                if draft is not None and not runs:
                    # The first choice also makes the question, which the others answer again.
                    new_runs = await self._prepare(
                        with_choice,
                        path,
                        draft,
                        profile=profile,
                        settings=settings.for_one_answer(),
                    )
                    path = [*path, *(run.question for run in new_runs if run.question)]
                else:
                    new_runs = await self._prepare_again(with_choice, path, profile, settings)
                undo.push_async_callback(new_runs[0].hold.release)  # the only new run
                runs += new_runs
            undo.pop_all()
        return await self._store(runs)

    async def _prepare_again(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        profile: ProviderProfile,
        settings: AskSettings,
        repairs: Message | None = None,
    ) -> list[AnswerRun]:
        """Return the run of another answer to the last question of `path`, in a list of one.

        Nothing is stored.
        """
        settings = settings.for_one_answer()
        resolved = _require_model(self.resolve_with(profile, conversation.choice, settings))
        require_image_input(without_files(path[-1].parts, resolved.files), resolved.model)
        requirements = await self.sources.load_requirements(path[-1].template_id)
        settings = await with_form(settings, requirements.form, resolved)
        context = await self._send_context(conversation, path, resolved, settings)
        # With an empty draft, because the question is in the path already.
        holds = await self.costs.hold_input(context, Draft())
        return await self._prepare_runs(
            conversation, None, replace(context, repairs=repairs), holds
        )

    async def _send_context(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        resolved: ResolvedChoice,
        settings: AskSettings,
    ) -> SendContext:
        compactions = await self.sources.compactions.load(conversation.id)
        tools = await self._chosen_tools(settings, resolved)
        return SendContext(path, resolved, compactions, settings, tools)

    async def _prepare_runs(
        self,
        conversation: Conversation,
        question: Message | None,
        context: SendContext,
        input_holds: Sequence[Hold],
    ) -> list[AnswerRun]:
        """Return runs, not stored yet, that answer the question of the context.

        Args:
            question: the question if it is new; None for another answer to a stored question.
            input_holds: a hold for each answer, or one hold that all answers share.
        """
        resolved = context.resolved
        settings = context.settings
        async with AsyncExitStack() as undo:
            for hold in input_holds:
                undo.push_async_callback(hold.release)
            notices = _answer_notices(context)
            count = settings.parameters.candidates
            answers = [_empty_answer(context.question, resolved, notices) for _ in range(count)]
            conversation = replace(conversation, leaf_id=answers[0].id, updated_at=now())
            require_reading_tools(context.question.parts, context.tools.tools)
            request = await self.sources.build_request(context)
            gateways, request = await self.gateways.choose(context, request)
            # Empty: the readers of documents and the tool loop fill them before later requests.
            call_holds = [Hold() for _ in answers]
            request_holds = input_holds
            if not context.documents:  # notes come first, so the request is not sent yet
                request_holds = await self.costs.hold_calls(input_holds, request, context)
            holds = answer_holds(request_holds, call_holds)
            for answer_hold in holds:
                undo.push_async_callback(answer_hold.release)
            gateways = [
                await self.gateways.wrap(gateway, context, request, answer, call_hold)
                for answer, gateway, call_hold in zip(answers, gateways, call_holds, strict=True)
            ]
            undo.pop_all()
        tool_prices = self._models.tool_prices(resolved)
        stand_in = partial(self._models.retire_instant, resolved.profile, conversation.choice)
        return [
            AnswerRun(
                PreparedAnswer(
                    conversation,
                    question,
                    answer,
                    resolved,
                    request,
                    gateway,
                    answer_hold,
                    settings.schema,
                    stand_in,
                    partial(self._reread_in_parts, conversation, context, answer),
                ),
                self.sources.messages,
                self.sources.attachments,
                AnswerLedger(self.calls.spending, context.purpose, tool_prices),
            )
            for answer, gateway, answer_hold in zip(answers, gateways, holds, strict=True)
        ]

    async def _store(self, runs: Sequence[AnswerRun]) -> AnswerRun:
        """Store the empty answers of `runs`, and their question if it is new; return the first."""
        async with AsyncExitStack() as undo:
            for run in runs:
                undo.push_async_callback(run.hold.release)
            first_run = runs[0]
            answers = [run.answer for run in runs]
            conversation, question = first_run.conversation, first_run.question
            await self.sources.messages.begin_turn(conversation, question, *answers)
            undo.pop_all()
        first_run.set_siblings(runs[1:])
        return first_run

    async def _reread_in_parts(
        self, conversation: Conversation, context: SendContext, answer: Message
    ) -> PreparedAnswer | None:
        """Return the answer from documents read in parts; None if that is not possible.

        The server has refused the question as too long.

        Raises StorageError, DocumentError, SpendingCapError.
        """
        question = context.question
        resolved = context.resolved
        parts = tuple(
            replace(part, in_parts=True) if isinstance(part, DocumentPart) else part
            for part in question.parts
        )
        if parts == question.parts:
            return None  # there are no documents, or they are read in parts already
        # Only the models of compatible servers have windows that a refusal must show.
        if resolved.profile.kind is not ProviderKind.COMPATIBLE:
            return None
        if context.settings.grammar is not None:
            return None  # the notes would not follow the grammar
        question = replace(question, parts=parts)
        path = (*context.path[:-1], question)
        context = replace(context, path=path, resolved=self._models.with_named_window(resolved))
        call_hold = Hold()
        request = (await self.sources.build_request(context)).for_one_answer()
        gateway = await self.gateways.wrap(self.calls.gateway, context, request, answer, call_hold)
        count = await self.estimator.context_tokens(context)
        cost = cost_of(resolved.counted_price, Usage(input_tokens=count.tokens))
        hold = await self.calls.budget.hold(resolved.profile, cost)
        (answer_hold,) = split_hold(hold, 1, [call_hold])  # releases both
        return PreparedAnswer(
            conversation, question, answer, resolved, request, gateway, answer_hold
        )

    async def with_tools_and_form(self, context: SendContext, template_id: str = "") -> SendContext:
        """Return the context with the tools and the form of the answer, to estimate a cost.

        No server of tools is started: the tools are those that it listed last.

        Args:
            template_id: the template of the question, which may have a form.

        Raises:
            UserFacingError: the template or the form cannot be used.
        """
        requirements = await self.sources.load_requirements(template_id)
        settings = await with_form(context.settings, requirements.form, context.resolved)
        tools = await self._chosen_tools(settings, context.resolved, starts_servers=False)
        return replace(context, settings=settings, tools=tools)

    async def _chosen_tools(
        self, settings: AskSettings, resolved: ResolvedChoice, *, starts_servers: bool = True
    ) -> ToolSet:
        names = settings.parameters.tools
        if not names or resolved.model.takes_tools is False:
            return ToolSet()
        refused_names = tuple(n for n in names if n in HOSTED_TOOLS and hosted_refusal(n, resolved))
        tool_set = await self._tools.catalog().choose(
            [name for name in names if name not in refused_names], starts_servers=starts_servers
        )
        return replace(tool_set, missing=(*tool_set.missing, *refused_names))


def _answer_notices(context: SendContext) -> Sequence[NoticeText]:
    """Return the notices of a new answer; some may be empty."""
    resolved = context.resolved
    settings = context.settings
    messages = context.sent.messages
    missing_names = ", ".join(context.tools.missing)
    return (
        resolved.notice,
        unseen_images_notice(messages, resolved.model),
        text_notice(messages, resolved),
        beginning_notice(messages),
        *_parameter_notices(settings, resolved),
        notice(NoticeCode.TOOLS_MISSING, names=missing_names) if missing_names else "",
        *_unsupported_notices(settings, resolved.model),
        form_notice(settings.answer_form),
        notice(NoticeCode.REPAIRED) if context.repairs else "",
    )


def _unsupported_notices(settings: AskSettings, model: ModelInfo) -> list[NoticeText]:
    """Return notices on tools and a schema that the model is known not to support."""
    unsupported: list[str] = []
    if settings.parameters.tools and model.takes_tools is False:
        unsupported.append("tools")
    if settings.schema is not None and model.takes_schema is False:
        unsupported.append("schema")
    return [
        notice(NoticeCode.SETTING_NOT_SUPPORTED, setting=name, model=model.name)
        for name in unsupported
    ]


def _require_model(resolved: ResolvedChoice) -> ResolvedChoice:
    """Return the choice. Raises IllegalChoiceError if it has no model."""
    if not resolved.model.id:
        profile = resolved.profile
        hint = (
            N_("Choose one in the model menu, or set OPENAI_MODEL or AZURE_OPENAI_DEPLOYMENT.")
            if profile.from_environment
            else hints.TYPE_MODEL
        )
        raise IllegalChoiceError(
            N_("{provider} has no default model."), hint=hint, provider=profile.short_name
        )
    return resolved


def _first_title(question: Message) -> str:
    names = ", ".join(part.name for part in question.attachments)
    return title_from(names or question.text) or tr("New conversation")


def _empty_answer(
    question: Message, resolved: ResolvedChoice, notices: Sequence[NoticeText]
) -> Message:
    return Message(
        id=new_id(),
        conversation_id=question.conversation_id,
        parent_id=question.id,
        role=Role.ASSISTANT,
        status=MessageStatus.STREAMING,
        parts=(),
        created_at=now(),
        choice=answering_choice(resolved),
        notices=tuple(filter(None, notices)),
    )


def _parameter_notices(settings: AskSettings, resolved: ResolvedChoice) -> list[AnswerNotice]:
    parameters = settings.parameters
    accepted = accepted_parameters(parameters, resolved)
    return model_notices(
        parameters,
        accepted,
        settings.requested,
        resolved.profile,
        info=resolved.model,
        effort=resolved.effort,
    )
