"""Asks every contestant every case, checks the answers, and estimates the cost beforehand."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from desktop_app.chat.send_context import SendContext
from desktop_app.chat.utility_model import SmallTask
from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.answering.stream_events import RefusalDelta, StatusChanged, TextDelta
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    MessageStatus,
    new_id,
    now,
)
from desktop_app.domain.cost import Usage, cost_of, sum_costs
from desktop_app.domain.spending_report import Purpose
from desktop_app.evaluation.report import CaseResult, Run, amount_of, name_of
from desktop_app.tables.checks import (
    JUDGE_INSTRUCTIONS,
    MAX_JUDGE_TOKENS,
    failure_in_verdict,
    failure_of,
    judge_prompt,
    labelled,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from desktop_app.backend.backend import Backend
    from desktop_app.chat.chat_service import ChatService
    from desktop_app.chat.send_context import AskSettings
    from desktop_app.domain.answering.reply import Reply
    from desktop_app.domain.answering.stream_events import StreamEvent
    from desktop_app.domain.conversations.conversation import ModelChoice
    from desktop_app.domain.conversations.notices import NoticeText
    from desktop_app.evaluation.cases import Case
    from desktop_app.providers.models.choice_resolution import ResolvedChoice
    from desktop_app.tables.table import Check

T = TypeVar("T")


@dataclass(frozen=True)
class Contestant:
    """A variant or model that answers all cases."""

    choice: ModelChoice
    resolved: ResolvedChoice

    @property
    def identity(self) -> tuple[str, str, str]:
        """Return the provider, model and effort ("" if none), which decide its answers."""
        effort = self.resolved.effort
        return self.resolved.profile.id, self.resolved.model.id, effort.value if effort else ""

    @property
    def name(self) -> str:
        """Return the variant or model, with its effort."""
        return name_of(self.resolved)


@dataclass(frozen=True)
class Question:
    """A case as it is asked, with its files and the id of the conversation that it begins."""

    case: Case
    draft: Draft
    conversation_id: str


@dataclass
class Evaluation:
    """The questions of an evaluation, its contestants, and the results so far.

    Attributes:
        service: answers without storing anything.
        listen: called with the number of results so far.
        notices: what was left out or changed, each once.
        stopped_by: the error that stopped the evaluation; None if it ran to its end.
        was_interrupted: True if the user stopped it.
    """

    backend: Backend
    service: ChatService
    settings: AskSettings
    questions: Sequence[Question]
    contestants: Sequence[Contestant]
    listen: Callable[[int], object]
    notices: dict[str | NoticeText, None] = field(default_factory=dict)
    stopped_by: errors.UserFacingError | None = None
    was_interrupted: bool = False
    _results: dict[tuple[str, ...], CaseResult] = field(default_factory=dict)
    _paused_until: float = 0.0
    _running: int = 0
    _ended: asyncio.Event = field(default_factory=asyncio.Event)  # replaced after each answer

    async def run(self, concurrency: int) -> list[Run]:
        """Return the results of each contestant: of all cases, or of those before the stop.

        Raises:
            UserFacingError: the evaluation stopped before it had a result.
        """
        is_local = self.contestants[0].resolved.profile.kind is ProviderKind.ON_DEVICE
        limit = asyncio.Semaphore(1 if is_local else concurrency)
        try:
            async with asyncio.TaskGroup() as group:
                for question in self.questions:
                    for contestant in self.contestants:
                        group.create_task(self._evaluate(limit, contestant, question))
        except asyncio.CancelledError:
            self.was_interrupted = True
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()  # the results that were paid for are still reported
        if self.stopped_by is not None and not self._results:
            raise self.stopped_by
        return [
            Run(
                contestant.resolved,
                [
                    self._results[key]
                    for question in self.questions
                    if (key := (*contestant.identity, question.case.id)) in self._results
                ],
            )
            for contestant in self.contestants
        ]

    async def _evaluate(
        self, limit: asyncio.Semaphore, contestant: Contestant, question: Question
    ) -> None:
        async with limit:
            await asyncio.sleep(max(0.0, self._paused_until - time.monotonic()))
            if self.stopped_by is not None:
                return
            try:
                result = await self._answer(contestant, question)
                if result.is_complete:
                    # Kept before the judgment, which may be stopped: the answer is paid for.
                    self._results[*contestant.identity, question.case.id] = replace(
                        result, failed=("not checked",)
                    )
                    result = await self._checked(result, contestant, question)
            except errors.SpendingCapError as error:
                self.stopped_by = error
                return
            except errors.UserFacingError as error:  # nothing was paid
                result = CaseResult(
                    question.case.id,
                    "",
                    cost=Decimal(0),
                    status=MessageStatus.FAILED,
                    error=str(error),
                )
                self.notices[f"{question.case.id}: {error.what_happened}"] = None
        self._results[*contestant.identity, question.case.id] = result
        self.listen(len(self._results))

    async def _when_there_is_room(self, send: Callable[[], Awaitable[T]]) -> T:
        """Send a request once the answers under way leave room for it under a monthly limit."""
        while True:
            ended = self._ended
            try:
                return await send()
            except errors.RoomHeldError:
                if not self._running:  # another process holds the room
                    raise
                await ended.wait()

    async def _answer(self, contestant: Contestant, question: Question) -> CaseResult:
        """Return the answer to a case, without its checks."""
        moment = now()
        conversation = Conversation(
            question.conversation_id,
            title="",
            created_at=moment,
            updated_at=moment,
            choice=contestant.choice,
        )
        run = await self._when_there_is_room(
            lambda: self.service.begin(
                conversation,
                [],
                question.draft,
                contestant.resolved.profile,
                self.settings,
                Purpose.EVALUATION,
            )
        )
        started_at = time.monotonic()
        first_token_s: float | None = None

        def listen(event: StreamEvent, _reply: Reply) -> None:
            nonlocal first_token_s
            if isinstance(event, TextDelta | RefusalDelta) and first_token_s is None:
                first_token_s = time.monotonic() - started_at
            elif isinstance(event, StatusChanged) and event.seconds:  # pause the other cases, too
                self._paused_until = max(self._paused_until, time.monotonic() + event.seconds)

        self._running += 1
        try:
            answer = await run.run(listen, lambda _error: None, retry_writes=False)
        finally:
            self._running -= 1
            self._ended.set()
            self._ended = asyncio.Event()
        self.notices |= dict.fromkeys(answer.notices)
        return CaseResult(
            question.case.id,
            answer.text,
            usage=answer.usage or Usage(),
            cost=answer.cost,
            first_token_s=first_token_s,
            duration_s=answer.duration_s or 0.0,
            status=answer.status,
            error="" if answer.error is None else str(answer.error),
        )

    async def _checked(
        self, result: CaseResult, contestant: Contestant, question: Question
    ) -> CaseResult:
        """Return the result with the checks that it fails and the cost of its judgments."""
        failures: list[str] = []
        costs: list[Decimal | None] = []
        for check in question.case.checks:
            if check.kind != "judge":
                failures.append(await asyncio.to_thread(failure_of, check, result.answer))
                continue
            try:
                failure, cost = await self._judge(check, contestant, question, result.answer)
            except errors.SpendingCapError:
                raise
            except errors.UserFacingError as error:
                failure, cost = labelled(check, f"not judged: {error}"), None
                result = replace(result, is_judged=False)
            failures.append(failure)
            costs.append(cost)
        failed = tuple(filter(None, failures))
        return replace(result, failed=failed, judge_cost=sum_costs(costs))

    async def _judge(
        self, check: Check, contestant: Contestant, question: Question, answer: str
    ) -> tuple[str, Decimal | None]:
        """Return why an answer fails ("" if it passes), and the cost of the judgment."""
        delimiter = await self.backend.delimiters.delimiter_for(question.conversation_id)
        text = judge_prompt(delimiter, check, question.case.input, answer)
        judgment_id = new_id()
        task = SmallTask(
            Purpose.JUDGMENT, contestant.resolved, question.conversation_id, judgment_id
        )
        reply = await self._when_there_is_room(
            lambda: self.backend.utility_model.ask(
                task, JUDGE_INSTRUCTIONS, text, max_output_tokens=MAX_JUDGE_TOKENS
            )
        )
        spent = await self.backend.ledger.answer_spending(question.conversation_id, judgment_id)
        return failure_in_verdict(check, reply), None if spent.uncounted else spent.cost

    # ------------------------------------------------------------ the cost, before anything is sent

    async def plan(self) -> list[dict[str, Any]]:
        """Return the calls, tokens and cost of each contestant, without sending anything."""
        return [await self._plan_contestant(contestant) for contestant in self.contestants]

    async def _plan_contestant(self, contestant: Contestant) -> dict[str, Any]:
        resolved, estimator = contestant.resolved, self.service.estimator
        judge = self.backend.utility_model.model_for(Purpose.JUDGMENT, resolved)
        delimiter = await self.backend.delimiters.delimiter_for("")
        most_tokens = self.settings.parameters.max_output_tokens
        longest = min(filter(None, (most_tokens, resolved.model.max_output)), default=None)
        is_free = resolved.price is not None and resolved.price.is_free
        context = await self.service.with_tools_and_form(
            SendContext([], resolved, settings=self.settings)
        )
        counts = {"calls": 0, "judge_calls": 0, "input_tokens": 0}
        lowest: list[Decimal | None] = []
        highest: list[Decimal | None] = []
        unsent: list[str] = []
        for question in self.questions:
            estimate = await estimator.estimate(
                context, question.draft, max_output_tokens=most_tokens
            )
            try:
                estimator.require_fit(question.draft, estimate, resolved)
            except errors.DocumentDoesNotFitError as error:
                unsent.append(f"{question.case.id}: {error.what_happened}")
                continue
            counts["calls"] += 1
            counts["input_tokens"] += estimate.input_tokens
            lowest.append(estimate.input_cost)
            highest += (
                estimate.input_cost,
                Decimal(0) if is_free else estimate.longest_answer_cost,
            )
            for check in question.case.checks:
                if check.kind != "judge":
                    continue
                prompt = judge_prompt(delimiter, check, question.case.input, "")
                tokens = await estimator.text_tokens(f"{JUDGE_INSTRUCTIONS}\n\n{prompt}", judge)
                counts["judge_calls"] += 1
                counts["input_tokens"] += tokens
                lowest.append(cost_of(judge.price, Usage(input_tokens=tokens)))
                # The judge reads the answer, too.
                most = Usage(input_tokens=tokens + (longest or 0), output_tokens=MAX_JUDGE_TOKENS)
                is_bounded = longest is not None or is_free
                highest.append(cost_of(judge.price, most) if is_bounded else None)
        return {
            "name": contestant.name,
            **counts,
            "input_cost_usd": amount_of(sum_costs(lowest)),
            "max_cost_usd": amount_of(sum_costs(highest)),
            "not_sent": unsent,
        }
