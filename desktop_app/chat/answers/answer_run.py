"""Runs of answers: streamed, checkpointed twice a second, and stored at the end.

If the task of an AnswerRun is canceled, the text so far is stored, and a run in the foreground has
ended. A run in the background is ended by `cancel_remote`. After `leave_running` it continues at
the provider instead, and is resumed at the next start: see run_resumption.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, Final

from desktop_app.budget.budget import Hold
from desktop_app.chat.answers.answer_ledger import AnswerLedger
from desktop_app.chat.answers.answer_measures import AnswerLimit, RepetitionStop
from desktop_app.domain import errors, hints
from desktop_app.domain.answering.answer_form import FORM_NOT_FOLLOWED, AnswerSchema
from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode, answer_status
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Failed,
    FileArrived,
    HostedCall,
    ImageArrived,
    Notice,
    RoundEnded,
    StatusChanged,
    StreamEvent,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import (
    INCOMPLETE,
    REFUSED,
    REPEATED,
    Conversation,
    Message,
    MessageStatus,
    ModelChoice,
    RemoteRun,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    last_text,
    with_interrupted_calls,
)
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.tools.tool import TOO_EXPENSIVE, TOO_LONG, TOO_MANY_ROUNDS
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import MAX_MODEL_NAME_CHARS, ResolvedChoice
from desktop_app.providers.ports import ChatAttachments, Gateway, MessageStore, Provider
from desktop_app.tools.schema_check import check_answer

CHECKPOINT_S: Final = 0.5
"""Seconds between two checkpoints: text should reach the disk within a second of its arrival."""
_LONG_CHECKPOINT_S: Final = 0.9
"""The same for an answer with many calls, which are all written again."""
_MANY_CALLS: Final = 50
SAVE_RETRY_S: Final = 2.0
"""Seconds until a failed write is repeated."""

Listener = Callable[[StreamEvent, Reply], None]
StoreListener = Callable[[errors.StorageError | None], None]


def answering_choice(resolved: ResolvedChoice) -> ModelChoice:
    """Return the choice stored with an answer: the model that is sent, and its effort."""
    return ModelChoice(resolved.profile.id, resolved.model.id, resolved.variant, resolved.effort)


class PreparedAnswer(Value, frozen=True):
    """An answer that is ready to be requested.

    Attributes:
        question: None if it was stored before.
        resolved: the choice that the request was built for.
        gateway: gives the provider that streams the answer, with tools or documents in parts.
        hold: the share of the provider's monthly cap, held until the first round of tools is
            recorded, or the answer ends.
        schema: the schema that the answer is checked against, even if the model does not support
            schemas; None for no check.
        stand_in: returns the model to ask if the provider does not serve Instant's model.
    """

    conversation: Conversation
    question: Message | None
    answer: Message
    resolved: ResolvedChoice
    request: ChatRequest
    gateway: Gateway
    hold: Hold
    schema: AnswerSchema | None = None
    stand_in: Callable[[], ResolvedChoice] | None = None


class AnswerRun:
    """The run of an answer.

    Attributes:
        conversation, question, answer: as stored; `question` is None if it was stored before.
        reply: the answer so far, as the provider sent it.
        siblings: further answers to the same question, which run at the same time.
        hold: the hold of the request, released at the end of `run`.
        timing: the times of the answer.
        prepared: what is requested.
        schema: the schema that the answer is checked against; None for no check.
    """

    def __init__(
        self,
        prepared: PreparedAnswer,
        store: MessageStore,
        files: ChatAttachments,
        ledger: AnswerLedger,
    ) -> None:
        self.conversation = prepared.conversation
        self.question = prepared.question
        self.answer = prepared.answer
        self.reply = Reply(notices=self.answer.notices)
        self.siblings: list[AnswerRun] = []
        self.schema = prepared.schema
        self.hold = prepared.hold
        self.prepared = prepared
        self._store = store
        self._files = files
        self._ledger = ledger
        self.timing = ledger.timing
        self._report: StoreListener = lambda _: None
        self._repeats_writes = True
        self._run_id_known = asyncio.Event()  # without its id the run could not be found again
        self._limit = AnswerLimit(prepared.resolved.profile.name)
        self._repetition = RepetitionStop(prepared.resolved.profile)
        self._is_sent = False
        self._is_recorded = False
        # A canceled caller leaves `store_end` running, and another may call it meanwhile.
        self._end_lock = asyncio.Lock()
        self._is_left_running = False
        self._run_to_cancel: RemoteRun | None = None

    async def run(
        self, listen: Listener, on_store: StoreListener, *, retry_writes: bool = True
    ) -> Message:
        """Stream the answer to its end and store it.

        Args:
            listen: called with every event and the reply so far.
            on_store: called with an error if the answer could not be stored, and with None once
                storing works again, or the final answer is stored.
            retry_writes: repeat the writes of steps and of the final answer until they succeed. A
                window can wait until the disk has space; a command has to end. Checkpoints, images
                and the text of a canceled task are written once.

        Returns:
            The final answer, which also contains any failure of the provider.

        Raises:
            asyncio.CancelledError: the task was canceled; the text so far is stored, or
                `on_store` was called with the error.
        """
        self._report, self._repeats_writes = on_store, retry_writes
        try:
            return await self._run(listen)
        finally:
            # What continues at the provider counts until its cost is known.
            if self.answer.status is not MessageStatus.STREAMING:
                await self.hold.release()

    def leave_running(self) -> None:
        """Let a background run continue when the task is canceled."""
        self._is_left_running = True

    async def cancel_remote(self) -> bool:
        """Cancel a stopped background run at the provider and record its usage.

        Return True if the answer has changed. Raises StorageError.
        """
        remote_run = self._run_to_cancel
        if remote_run is None:
            return False
        old_reply = self.reply
        try:
            provider = await self.prepared.gateway.provider(self.prepared.resolved.profile)
            usage = await provider.cancel(remote_run)
        except errors.UserFacingError:
            may_go_on = notice(NoticeCode.MAY_GO_ON, provider=self.prepared.resolved.profile.name)
            self.reply = accumulate(self.reply, Notice(may_go_on))
        except asyncio.CancelledError:
            self._run_to_cancel = None
            await asyncio.shield(self.store_end())  # with a call of unknown cost
            raise
        else:
            if usage is not None:
                self.reply = accumulate(self.reply, UsageReported(usage))
        self._run_to_cancel = None
        if self.reply is not old_reply:
            duration_s = self.answer.duration_s  # of the answer, without the time of this call
            self.answer = replace(
                self._final_answer(MessageStatus.CANCELLED), duration_s=duration_s
            )
        if error := await self._write(self.store_end):
            raise error
        return self.reply is not old_reply

    async def store_end(self) -> None:
        """Store the answer as `run` left it, and record its call.

        After a StorageError, call it again: what is stored already is not stored twice.
        """
        async with self._end_lock:
            await self._store.save_answer(self.answer)
            if self.answer.status is MessageStatus.STREAMING:  # it was left running
                return
            # A run that is still to be canceled is recorded by `cancel_remote`, with its usage.
            if self._run_to_cancel is None and not self._is_recorded:
                await self._ledger.record_call(self.reply, self.answer, is_sent=self._is_sent)
                self._is_recorded = True
        await self.hold.release()  # in case that the release in `run` failed

    async def _run(self, listen: Listener) -> Message:
        checkpoints = asyncio.create_task(self._write_checkpoints())
        try:
            await self._stream(listen)
            if self.schema is not None and self.reply.status is MessageStatus.COMPLETE:
                text = last_text(self.reply.parts)
                checked = await asyncio.to_thread(check_answer, self.schema.schema, text)
                problems = (
                    notice(NoticeCode.SCHEMA_PROBLEM, path=each.path, reason=each.reason)
                    for each in checked.problems
                )
                self.reply = replace(self.reply, notices=(*self.reply.notices, *problems))
        except asyncio.CancelledError:
            checkpoints.cancel()
            await self._stop()
            raise
        finally:
            checkpoints.cancel()
            with suppress(asyncio.CancelledError):
                await checkpoints
        await self._finish(_end_status(self.reply))
        return self.answer

    async def _stop(self) -> None:
        """Store the answer so far; a background run that continues can be resumed later.

        An answer that has ended meanwhile is stored as it is. `Tasks.shut_down` may cancel the task
        again on a slow disk; the write still ends before the task, and so before the store closes.
        """
        if self.reply.status is not MessageStatus.STREAMING:
            await self._finish(_end_status(self.reply), once=True)
            return
        unfinished_answer = self.answer_so_far
        if not self._is_left_running or unfinished_answer.remote_run is None:
            self._run_to_cancel = unfinished_answer.remote_run
            # Without its id, the run cannot be canceled, and may go on at the provider.
            if self.prepared.request.background and not self.reply.response_id:
                provider_name = self.prepared.resolved.profile.name
                stopped_unnamed = notice(NoticeCode.STOPPED_UNNAMED, provider=provider_name)
                self.reply = accumulate(self.reply, Notice(stopped_unnamed))
            await self._finish(MessageStatus.CANCELLED, once=True)
            return
        self.answer = unfinished_answer
        await self._write(self.store_end, once=True)

    async def _stream(self, listen: Listener) -> None:
        """Stream the answer to its end. If Instant is not served, its stand-in answers."""
        listen(StatusChanged(0, self._opening_status), self.reply)
        try:
            provider = await self.prepared.gateway.provider(self.prepared.resolved.profile)
            if self._opening_status.code is StatusCode.LOADING:
                waiting = answer_status(StatusCode.WAITING, model=self.prepared.resolved.model.name)
                listen(StatusChanged(0, waiting), self.reply)
        except errors.UserFacingError as error:
            self._add_event(Failed(errors.to_provider_error(error)), listen)
            return
        self._is_sent = True
        async with aclosing(self._events_of(provider)) as events:
            async for event in events:
                is_missing = isinstance(event, Failed) and isinstance(
                    event.error, errors.ModelNotFoundError
                )
                if is_missing and self.reply.is_empty and self._has_stand_in:
                    break  # out of the stream, which is closed before the stand-in answers
                event = await self._store_file(event, listen)
                checked_event = self._repetition.check(self._limit.check(event))
                self._add_event(checked_event, listen)
                is_cut = checked_event is not event
                if is_cut or not await self._store_step(event, listen):
                    return
            else:  # the stream has ended
                return
        self._ask_stand_in(listen)
        await self._stream(listen)

    @property
    def _has_stand_in(self) -> bool:
        """Return True for Instant's own model, False for others and its stand-in."""
        resolved = self.prepared.resolved
        is_instant = resolved.variant is Variant.INSTANT and not resolved.notice
        return is_instant and self.prepared.stand_in is not None

    def _ask_stand_in(self, listen: Listener) -> None:
        """Prepare the request for Instant's stand-in, after a notice."""
        assert self.prepared.stand_in is not None
        tier = self.prepared.resolved.service_tier
        resolved = replace(self.prepared.stand_in(), service_tier=tier)
        request = replace(self.prepared.request, model=resolved.model.id, effort=resolved.effort)
        self.prepared = replace(self.prepared, resolved=resolved, request=request)
        self._ledger.resolved = resolved
        self.answer = replace(self.answer, choice=answering_choice(resolved))
        self._add_event(Notice(notice(NoticeCode.INSTANT_RETIRED)), listen)

    async def _store_step(self, event: StreamEvent, listen: Listener) -> bool:
        """Store a step of the tool loop that waits for it before the next step is taken.

        For what the provider has already run, the next checkpoint is enough.

        Return False if that failed, so that the answer ends here and no tool runs.
        """
        is_awaited = isinstance(event, ToolCallStep) and event.is_awaited
        if not is_awaited and not isinstance(event, RoundEnded):
            return True

        async def write() -> None:
            reply = self.reply
            if isinstance(event, RoundEnded):  # the tool loop makes the next request's hold
                await self._ledger.record_round(reply, self.answer)
            await self._save_so_far(reply)

        error = await self._write(write)
        if error is not None:
            self._add_event(Failed(errors.to_provider_error(error)), listen)
        return error is None

    # ------------------------------------------------------------------ writes

    async def _write(
        self, action: Callable[[], Awaitable[None]], *, once: bool = False
    ) -> errors.StorageError | None:
        """Call `action` until it succeeds. Return None on success.

        If `once`, or without repeats, call it a single time, and return its error if it fails. A
        call is finished even if the task is canceled meanwhile, so that no stored answer lacks its
        entry in the ledger.
        """
        while True:
            writing = asyncio.ensure_future(action())
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError as canceled:
                await asyncio.wait([writing])
                failure = writing.exception()
                if failure is not None and not isinstance(failure, errors.StorageError):
                    raise failure from canceled
                self._report(failure)
                raise
            except errors.StorageError as error:
                self._report(error)
                if once or not self._repeats_writes:
                    return error
                await asyncio.sleep(SAVE_RETRY_S)
            else:
                return None

    async def _store_file(self, event: StreamEvent, listen: Listener) -> StreamEvent:
        """Store the image or the file of an event, if any. Return the event without its bytes.

        If that fails, it is reported, and the event gets no part. If the task is canceled
        meanwhile, the event is added to the answer.
        """
        if isinstance(event, FileArrived):
            return await self._keep(
                self._files.add_file(self.answer, event.name, event.data),
                lambda part: replace(event, data=b"", part=part),
                notice(NoticeCode.FILE_NOT_KEPT, name=event.name),
                listen,
            )
        if isinstance(event, HostedCall | ImageArrived) and event.image:
            if not self.reply.takes_images:
                self._add_event(Notice(notice(NoticeCode.IMAGE_NOT_KEPT)), listen)
                return replace(event, image=b"")
            return await self._keep(
                self._files.add_image(self.answer, event.image),
                lambda part: replace(event, image=b"", image_part=part),
                notice(NoticeCode.IMAGE_NOT_KEPT),
                listen,
            )
        return event

    async def _keep(
        self,
        add: Coroutine[Any, Any, DocumentPart | ImagePart | None],
        stored: Callable[[Any], StreamEvent],
        not_kept: NoticeText,
        listen: Listener,
    ) -> StreamEvent:
        """Run `add`. Return the event that `stored` makes of the part, or of None if it failed."""
        adding = asyncio.ensure_future(add)
        try:
            part = await asyncio.shield(adding)
        except asyncio.CancelledError:
            await asyncio.wait([adding])
            if adding.exception() is None:
                self._add_event(stored(adding.result()), listen)
            raise
        except errors.StorageError as error:
            self._report(error)
            return stored(None)
        if part is None:
            self._add_event(Notice(not_kept), listen)
        return stored(part)

    async def _write_checkpoints(self) -> None:
        """Store the answer once or twice a second while it grows, and the id of its run at once.

        Of several errors in a row, the first is reported.
        """
        saved_reply = Reply()
        is_failing = False
        write_s = 0.0
        while True:
            # If a write takes more than half of the pause, the pause is as long as the write.
            is_long = len(self.reply.calls) > _MANY_CALLS
            interval_s = _LONG_CHECKPOINT_S if is_long else CHECKPOINT_S
            pause_s = max(interval_s - write_s, write_s)
            if saved_reply.run is None and not is_failing:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._run_id_known.wait()
            else:
                await asyncio.sleep(pause_s)
            reply = self.reply
            started_at = time.monotonic()
            is_run_saved = saved_reply.run is not None or reply.run is None
            has_grown = reply.parts is not saved_reply.parts
            has_more_fees = has_grown or reply.left_out is not saved_reply.left_out
            if not has_more_fees and is_run_saved and not is_failing:
                continue
            try:
                if has_grown or not is_run_saved or is_failing:
                    await self._save_so_far(reply)
                else:
                    await self._ledger.record_fees(reply, self.answer, ended_only=True)
            except errors.StorageError as error:
                if not is_failing:
                    self._report(error)
                is_failing = True
            else:
                if is_failing:
                    self._report(None)
                saved_reply = reply
                is_failing = False
                await self._raise_hold(reply)
            write_s = time.monotonic() - started_at

    async def _save_so_far(self, reply: Reply) -> None:
        # Fees come first: a kill between the writes counts a call too much, never too little.
        await self._ledger.record_fees(reply, self.answer, ended_only=True)
        await self._store.save_answer(self._unfinished(reply))

    async def _raise_hold(self, reply: Reply) -> None:
        """Hold what the text so far costs: as much counts if the process is killed."""
        price = self._ledger.price(reply)
        if price is not None and self.hold.is_active:
            with suppress(errors.StorageError):  # the next checkpoint tries again, and reports it
                await self.hold.raise_to(price, reply.received.estimate)

    # ------------------------------------------------------------------ the answer

    @property
    def _opening_status(self) -> AnswerStatus:
        resolved = self.prepared.resolved
        is_here = resolved.profile.kind is ProviderKind.ON_DEVICE  # it may have to be loaded
        code = StatusCode.LOADING if is_here else StatusCode.WAITING
        return answer_status(code, model=resolved.model.name)

    def _events_of(self, provider: Provider) -> AsyncGenerator[StreamEvent, None]:
        return provider.stream(self.prepared.request)

    def _add_event(self, event: StreamEvent, listen: Listener) -> None:
        self._ledger.observe(event, self.reply)  # with the reply before the event
        self.reply = accumulate(self.reply, event)
        if self.reply.run is not None:
            self._run_id_known.set()
        listen(event, self.reply)

    @property
    def answer_so_far(self) -> Message:
        """Return the unfinished answer with the reply so far."""
        return self._unfinished(self.reply)

    def _unfinished(self, reply: Reply) -> Message:
        return replace(
            self.answer,
            parts=self.timing.with_thinking_time(reply.parts),
            usage=reply.usage,
            cost=self._ledger.cost(reply),
            notices=self._ledger.notices(reply),
            remote_run=reply.run,
        )

    async def _finish(self, status: MessageStatus, *, once: bool = False) -> None:
        """Store the final answer with a status.

        Args:
            once: do not repeat a write that fails.
        """
        self.answer = self._final_answer(status)
        if await self._write(self.store_end, once=once) is None:
            self._report(None)

    def _final_answer(self, status: MessageStatus) -> Message:
        reply = self.reply
        self.timing.end_thinking()
        cost = self._ledger.final_cost(reply, status, is_sent=self._is_sent)
        return replace(
            self.answer,
            status=status,
            parts=with_interrupted_calls(self.timing.with_thinking_time(reply.parts)),
            usage=reply.usage,
            cost=cost.amount,
            duration_s=self.timing.elapsed_s,
            error=_error_note(reply),
            notices=self._ledger.notices(reply),
            remote_run=None,
            answered_by=reply.model[:MAX_MODEL_NAME_CHARS],
            cost_is_estimated=cost.is_estimated,
        )


def _end_status(reply: Reply) -> MessageStatus:
    # The provider does not know the background run any more: like a run that a crash has ended.
    if isinstance(reply.error, errors.RunLostError):
        return MessageStatus.INTERRUPTED
    return reply.status


def _error_note(reply: Reply) -> ErrorNote | None:
    if reply.error is not None:
        return note_from_error(reply.error)
    if reply.status is MessageStatus.INCOMPLETE:
        reason = reply.incomplete_reason
        is_repeated = reason == REPEATED
        return ErrorNote(
            _INCOMPLETE.get(reason, N_("The model stopped early. The provider’s reason: {words}.")),
            hint=_INCOMPLETE_HINTS.get(reason, hints.CONTINUE),
            details="" if is_repeated else reason,
            code=REPEATED if is_repeated else INCOMPLETE,
            params={} if reason in _INCOMPLETE else {"words": shorten(reason, _MAX_REASON_CHARS)},
        )
    if reply.status is MessageStatus.REFUSED and reply.incomplete_reason:
        return ErrorNote(
            N_("The provider’s content filter stopped the response."),
            hint=hints.RETRY_CHANGED,
            details=reply.incomplete_reason,
            code=REFUSED,
        )
    return None


_MAX_REASON_CHARS: Final = 100
_INCOMPLETE_HINTS = {
    FORM_NOT_FOLLOWED: N_("Ask again or choose another model."),
    REPEATED: N_("Small models do that. A larger one answers better."),
}
_INCOMPLETE = {
    "unknown": N_("The model stopped early."),
    "max_output_tokens": N_("The response reached its maximum length."),
    "length": N_("The response reached its maximum length."),
    FORM_NOT_FOLLOWED: N_("The model didn’t follow the grammar."),
    REPEATED: N_("The model repeated itself, so Repartee stopped it."),
    TOO_MANY_ROUNDS: N_("The model kept calling tools and reached the limit of rounds."),
    TOO_LONG: N_("The tools reached their time limit."),
    TOO_EXPENSIVE: N_("The tools reached their cost limit."),
}
