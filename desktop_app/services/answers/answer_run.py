"""Runs of answers: streamed, checkpointed twice a second, and stored at the end.

If the task of an AnswerRun is canceled, the text so far is stored, and a run in the foreground has
ended. A run in the background is ended by `cancel_remote`. After `leave_running` it continues at
the provider instead, and is resumed at the next start: see run_resumption.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import NamedTuple

from desktop_app.domain.answering.answer_form import NOT_FOLLOWED, AnswerSchema
from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode, answer_status
from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    Notice,
    ReasoningDelta,
    RefusalDelta,
    RoundEnded,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import (
    INCOMPLETE,
    REFUSED,
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
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.error_note import ErrorNote, note_of
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    ContextTooLongError,
    ModelNotFoundError,
    RunLostError,
    SpendingCapError,
    StorageError,
    UserFacingError,
    as_provider_error,
)
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.tools.tool import TOO_EXPENSIVE, TOO_LONG, TOO_MANY_ROUNDS
from desktop_app.services.answers.answer_ledger import AnswerLedger
from desktop_app.services.answers.inline_pictures import PictureParser, with_pictures
from desktop_app.services.answers.long_answer import LongAnswer, with_file
from desktop_app.services.answers.message_limit import MessageLimit
from desktop_app.services.answers.thinking_time import ThinkingTime
from desktop_app.services.models.choice_resolution import MAX_MODEL_NAME_CHARS, ResolvedChoice
from desktop_app.services.ports import AnswerFiles, Gateway, MessageStore, Provider
from desktop_app.services.spending.budget import Hold
from desktop_app.services.structured.form_notices import problem_notices

CHECKPOINT_S = 0.5
SAVE_RETRY_S = 2.0
"""Seconds until a failed write is repeated."""
RECEIVED_S = 0.05
"""Seconds in which a stopped answer still reads the events that came while a step was stored."""
_NOT_AFTER_STOP = (ToolCallStep, RoundEnded, Failed)


Listener = Callable[[StreamEvent, Reply], None]
StoreListener = Callable[[StorageError | None], None]


def answering_choice(resolved: ResolvedChoice) -> ModelChoice:
    """Return the choice stored with an answer: the model that is sent, and its effort."""
    return ModelChoice(resolved.profile.id, resolved.model.id, resolved.variant, resolved.effort)


class AnswerStores(NamedTuple):
    """The stores of an answer: of its message, and of its files."""

    messages: MessageStore
    files: AnswerFiles


class RereadQuestion(NamedTuple):
    """A question with documents to read in parts, its request, gateway and hold."""

    question: Message
    request: ChatRequest
    gateway: Gateway
    hold: Hold


async def _no_reread() -> RereadQuestion | None:
    return None


class AnswerRun:
    """The run of an answer.

    Attributes:
        conversation, question, answer: as stored; `question` is None if it was stored before.
        changed_question: the question once its documents are read in parts, because the server
            refused them; None before. The next question does not send the documents again.
        siblings: further answers to the same question, which run at the same time.
        checkpoint_s: seconds between two checkpoints.
        schema: the answer is checked against it, even if the model does not support schemas; None
            for no check.

    Args:
        hold: the input's share of the provider's monthly cap, held until the first round of tools
            is recorded, or the answer ends.
        stand_in: called if the provider does not serve Instant's model; returns its stand-in.
        reread: called if the server refuses the question as too long; returns the question with
            its documents read in parts, or None if that is not possible.
    """

    def __init__(
        self,
        conversation: Conversation,
        question: Message | None,
        answer: Message,
        request: ChatRequest,
        resolved: ResolvedChoice,
        *,
        stores: AnswerStores,
        gateway: Gateway,
        ledger: AnswerLedger,
        hold: Hold,
        stand_in: Callable[[], ResolvedChoice],
        reread: Callable[[], Awaitable[RereadQuestion | None]] = _no_reread,
        schema: AnswerSchema | None = None,
    ) -> None:
        self.conversation = conversation
        self.question = question
        self.answer = answer
        self.siblings: tuple[AnswerRun, ...] = ()
        self.checkpoint_s = CHECKPOINT_S
        self._limit, self._reports_all = MessageLimit(), False
        self.schema = schema
        self._store, self._files = stores
        self._gateway, self._ledger = gateway, ledger
        self._long_answer = LongAnswer(stores.files, answer)
        self._file: DocumentPart | None = None
        self._may_have_file = False
        self._on_store: StoreListener = lambda _: None
        self._retries_writes = True
        self._hold = hold
        self._stand_in = stand_in
        self._reread = reread
        self.changed_question: Message | None = None
        self._request = request
        self._resolved = resolved
        self._reply = Reply(notices=answer.notices, usage_scope=answer.usage_scope)
        self._thinking = ThinkingTime()
        self._is_sent = self._is_recorded = False
        self._storing = asyncio.Lock()
        self._picture_parser = PictureParser()
        self._is_left_running = False
        self._run_to_cancel: RemoteRun | None = None
        self._is_findable = asyncio.Event()  # set once the background run can be found again

    async def run(
        self,
        listen: Listener,
        on_store: StoreListener,
        *,
        retry_writes: bool = True,
        reports_all: bool = False,
    ) -> Message:
        """Stream the answer to its end and store it.

        Args:
            listen: called with every event and the reply so far.
            on_store: called with an error if the answer could not be stored, and with None once
                storing works again, or the final answer is stored.
            retry_writes: repeat the writes of steps, of a long answer's file and of the final
                answer until they succeed. A window can wait until the disk has space; a command
                has to end. Checkpoints, images and the text of a canceled task are written once.
            reports_all: also pass `listen` the text that the message has no room for. Commands
                print it; a window shows only the message.

        Returns:
            The final answer, which also contains any failure of the provider.

        Raises:
            asyncio.CancelledError: the task was canceled; the text so far is stored, or
                `on_store` was called with the error.
        """
        self._on_store, self._reports_all = on_store, reports_all
        self._retries_writes = retry_writes
        try:
            return await self._run(listen)
        finally:
            await self._hold.release()

    def limit_message(self, size: int) -> None:
        """Limit the bytes of the answer in its message; a longer answer is kept in a file."""
        self._limit = MessageLimit(size)

    def set_siblings(self, siblings: Sequence[AnswerRun]) -> None:
        """Set the further answers to the same question."""
        self.siblings = tuple(siblings)

    async def release(self) -> None:
        """Release the hold of an answer that was never stored or run."""
        await self._hold.release()

    def leave_running(self) -> None:
        """Let a background run continue when the task is canceled."""
        self._is_left_running = True

    async def cancel_remote(self) -> bool:
        """Cancel a stopped background run at the provider and record its usage.

        Return True if the answer has changed. Raises StorageError.
        """
        run = self._run_to_cancel
        if run is None:
            return False
        before = self._reply
        try:
            provider = await self._gateway.provider(self._resolved.profile)
            usage = await provider.cancel(run)
        except UserFacingError:
            name = self._resolved.profile.name
            text = notice(NoticeCode.MAY_GO_ON, provider=name)
            self._reply = accumulate(self._reply, Notice(text))
        except asyncio.CancelledError:
            self._run_to_cancel = None
            await asyncio.shield(self.store_end())  # with a call of unknown cost
            raise
        else:
            if usage is not None:
                self._reply = accumulate(self._reply, UsageReported(usage))
        self._run_to_cancel = None
        if self._reply is not before:
            lasted = self.answer.duration_s
            self.answer = replace(self._final_answer(MessageStatus.CANCELLED), duration_s=lasted)
        if error := await self._write(self.store_end, once=not self._retries_writes):
            raise error
        return self._reply is not before

    async def store_end(self) -> None:
        """Store the answer as `run` left it, with its file and its call.

        After a StorageError, call it again: what is stored already is not stored twice.
        """
        async with self._storing:
            if self.answer.status is MessageStatus.STREAMING:  # it was left running
                await self._long_answer.flush()
                await self._store.save_answer(self.answer)
                return
            if self._may_have_file and self._file is None:
                self._file = await self._long_answer.attach()
            self.answer = with_file(self.answer, self._file)
            await self._store.save_answer(self.answer)
            await self._record_call()
        await self._hold.release()  # in case that failed in `run`
        if self._may_have_file:
            with suppress(StorageError):  # the next start removes a file that stays
                await self._long_answer.discard()

    async def _run(self, listen: Listener) -> Message:
        checkpoints = asyncio.create_task(self._checkpoint())
        try:
            await self._stream(listen)
            await self._check_form()
        except asyncio.CancelledError:
            checkpoints.cancel()
            await asyncio.shield(self._stop())
            raise
        finally:
            checkpoints.cancel()
            with suppress(asyncio.CancelledError):
                await checkpoints
        await self._finish(self._end_status, once=not self._retries_writes)
        return self.answer

    @property
    def _end_status(self) -> MessageStatus:
        is_lost = isinstance(self._reply.error, RunLostError)
        return MessageStatus.INTERRUPTED if is_lost else self._reply.status

    async def _check_form(self) -> None:
        """Add notices on a complete answer's mismatches with its schema.

        An answer that continues in a file is not checked.
        """
        schema, reply = self.schema, self._reply
        if schema is None or reply.status is not MessageStatus.COMPLETE or self._may_have_file:
            return
        from desktop_app.services.structured.schema_check import check_answer  # few have a schema

        text = last_text(reply.parts)
        checked = await asyncio.to_thread(check_answer, schema.schema, text)
        notices = (*reply.notices, *problem_notices(checked.problems))
        self._reply = replace(reply, notices=notices)

    async def _stop(self) -> None:
        """Store the answer so far; a background run that continues can be resumed later.

        An answer that has ended meanwhile is stored as it is.
        """
        if self._reply.status is not MessageStatus.STREAMING:
            await self._finish(self._end_status, once=True)
            return
        if rest := self._picture_parser.end():
            self._reply = accumulate(self._reply, self._limit.shorten(TextDelta(rest)))
        kept = self.answer_so_far
        if not self._is_left_running or kept.remote_run is None:
            self._run_to_cancel = kept.remote_run
            if self._request.background and not self._reply.response_id:
                name = self._resolved.profile.name
                text = notice(NoticeCode.STOPPED_UNNAMED, provider=name)
                self._reply = accumulate(self._reply, Notice(text))
            await self._finish(MessageStatus.CANCELLED, once=True)
            return
        self.answer = kept
        try:
            await self.store_end()
        except StorageError as error:
            self._on_store(error)

    async def _stream(self, listen: Listener) -> None:
        """Stream the answer to its end.

        If Instant is not served, its stand-in answers. Documents that the server refuses as too
        long are read in parts, if possible.
        """
        # A request that failed before may have shared its usage with other answers.
        self._reply = replace(self._reply, usage_scope=self.answer.usage_scope)
        listen(StatusChanged(0, self._opening_status), self._reply)
        try:
            provider = await self._gateway.provider(self._resolved.profile)
        except UserFacingError as error:
            self._add_event(Failed(as_provider_error(error)), listen)
            return
        self._is_sent = True
        stream = with_pictures(self._events_of(provider), self._store_picture, self._picture_parser)
        async with aclosing(stream) as events:
            async for event in events:
                if self._should_stand_in(event):
                    break
                if self._is_too_long(event):
                    try:
                        if await self._read_in_parts():
                            await self._stream(listen)
                            return
                    except SpendingCapError as error:
                        event = Failed(as_provider_error(error))
                try:
                    event = await self._with_picture(event, listen)
                    if not await self._add_shortened(event, listen):
                        return
                    if not await self._store_step(event, listen):
                        return
                except asyncio.CancelledError:
                    if not isinstance(event, ToolCallStep | RoundEnded):
                        await self._add_received(events, listen)
                    raise
            else:
                return
        await self._stream_stand_in(listen)

    async def _add_received(
        self, events: AsyncGenerator[StreamEvent, None], listen: Listener
    ) -> None:
        """Add the events that arrived while something was stored and the task was canceled.

        Nothing is read beyond the end of a round, so that no tool runs.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(RECEIVED_S):
                async for event in events:
                    has_image = isinstance(event, HostedCall | ImageArrived) and event.image
                    if has_image or isinstance(event, _NOT_AFTER_STOP):
                        return
                    if not await self._add_shortened(event, listen):
                        return

    async def _with_picture(self, event: StreamEvent, listen: Listener) -> StreamEvent:
        """Store a generated image as an attachment. Return the event without its bytes.

        If that fails, it is reported, and the event has no picture.
        """
        if not isinstance(event, HostedCall | ImageArrived) or not event.image:
            return event
        adding = asyncio.ensure_future(self._files.add_picture(self.answer, event.image))
        try:
            picture = await asyncio.shield(adding)
        except asyncio.CancelledError:
            await asyncio.wait([adding])
            if adding.exception() is None:
                self._add_event(replace(event, image=b"", picture=adding.result()), listen)
            raise
        except StorageError as error:
            self._on_store(error)
            return replace(event, image=b"")
        if picture is None:
            self._add_event(Notice(notice(NoticeCode.IMAGE_NOT_KEPT)), listen)
        return replace(event, image=b"", picture=picture)

    async def _store_picture(self, image: bytes) -> ImagePart | None:
        try:
            return await self._files.add_picture(self.answer, image)
        except StorageError as error:
            self._on_store(error)
            return None

    async def _store_step(self, event: StreamEvent, listen: Listener) -> bool:
        """Store a step of the tool loop before the next step is taken.

        Return False if that failed, so that the answer ends here and no tool runs.
        """
        if not isinstance(event, ToolCallStep | HostedCall | ImageArrived | RoundEnded):
            return True

        async def write() -> None:
            recorded = (self._resolved, self._reply, self.answer)
            if isinstance(event, HostedCall):
                await self._ledger.record_fees(*recorded, ended_only=True)
            if isinstance(event, RoundEnded) and await self._ledger.record_round(*recorded):
                # The recorded cost replaces the hold. The tool loop makes one for the next request.
                await self._hold.release()
            await self._store.save_answer(self.answer_so_far)

        error = await self._write(write, once=not self._retries_writes)
        if error is not None:
            self._add_event(Failed(as_provider_error(error)), listen)
        return error is None

    async def _write(
        self, write: Callable[[], Awaitable[None]], *, once: bool
    ) -> StorageError | None:
        """Call `write` until it succeeds. Return None on success.

        If `once`, call it a single time, and return its error if it fails. A call is finished even
        if the task is canceled meanwhile, so that no stored answer lacks its line in the ledger.
        """
        while True:
            writing = asyncio.ensure_future(write())
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError as canceled:
                await asyncio.wait([writing])
                failed = writing.exception()
                if failed is not None and not isinstance(failed, StorageError):
                    raise failed from canceled
                self._on_store(failed)
                raise
            except StorageError as error:
                self._on_store(error)
                if once:
                    return error
                await asyncio.sleep(SAVE_RETRY_S)
            else:
                return None

    @property
    def first_token_s(self) -> float | None:
        """Return the seconds from the request to the first text or reasoning, None before."""
        return self._ledger.timing.first_token_s

    @property
    def _opening_status(self) -> AnswerStatus:
        """Return the status until the first event."""
        return answer_status(StatusCode.WAITING, model=self._resolved.model.name)

    def _events_of(self, provider: Provider) -> AsyncGenerator[StreamEvent, None]:
        return provider.stream(self._request)

    async def _add_shortened(self, event: StreamEvent, listen: Listener) -> bool:
        """Add an event, of which the message gets only the text that it has room for.

        Return False if the answer ends there.
        """
        kept = self._limit.shorten(event)
        if kept is event and not self._long_answer.has_begun:
            self._add_event(event, listen)
            return True
        return await self._add_long_event(event, kept, listen)

    async def _add_long_event(
        self, event: StreamEvent, shortened: StreamEvent, listen: Listener
    ) -> bool:
        """Add an event to the answer's file; the message gets only `shortened`.

        Return False if the answer ends there, because its file must not grow any more.
        """
        is_end = isinstance(event, Completed | Incomplete)
        if not is_end:
            reported = event if self._reports_all else shortened
            self._add_event(shortened, lambda _, reply: listen(reported, reply))
        rest = _text_of(event)[len(_text_of(shortened)) :]
        if rest:
            if not self._long_answer.has_begun:
                self._may_have_file = True
                self._long_answer.begin(event, self._reply.parts)
            self._long_answer.add(event, rest)
        if self._long_answer.is_due or (is_end and self._long_answer.is_waiting):
            once = not self._retries_writes
            if await self._write(self._long_answer.flush, once=once):
                self._may_have_file = False
                with suppress(StorageError):
                    await self._long_answer.abandon()
        if self._long_answer.error is not None:
            event = Failed(self._long_answer.error)
        if is_end or self._long_answer.error is not None:
            self._add_event(event, listen)
        return self._long_answer.error is None

    def _should_stand_in(self, event: StreamEvent) -> bool:
        is_gone = isinstance(event, Failed) and isinstance(event.error, ModelNotFoundError)
        is_instant = self._resolved.variant is Variant.INSTANT and not self._resolved.notice
        return is_gone and is_instant and self._reply.is_empty

    def _is_too_long(self, event: StreamEvent) -> bool:
        is_refusal = isinstance(event, Failed) and isinstance(event.error, ContextTooLongError)
        return is_refusal and self._reply.is_empty

    async def _read_in_parts(self) -> bool:
        """Read the documents in parts from now on. Return False if that is not possible.

        Raises:
            SpendingCapError: the cap has no room for their notes.
        """
        # The refused request costs nothing; its hold would take the room of the notes.
        await self._hold.release()
        try:
            reread = await self._reread()
            if reread is None:
                return False
            self._reread, self._hold = _no_reread, reread.hold
            await self._store.save_answer(reread.question)
        except SpendingCapError:
            raise
        except UserFacingError:
            return False  # then the server's refusal is reported
        self._request, self._gateway = reread.request, reread.gateway
        self.changed_question = reread.question
        return True

    async def _stream_stand_in(self, listen: Listener) -> None:
        """Stream the answer of Instant's stand-in, after a notice."""
        tier = self._resolved.service_tier
        self._resolved = replace(self._stand_in(), service_tier=tier)
        self._request = replace(
            self._request, model=self._resolved.model.id, effort=self._resolved.effort
        )
        self.answer = replace(self.answer, choice=answering_choice(self._resolved))
        self._add_event(Notice(notice(NoticeCode.INSTANT_RETIRED)), listen)
        await self._stream(listen)

    def _add_event(self, event: StreamEvent, listen: Listener) -> None:
        self._thinking.observe(event)
        self._ledger.observe(event, self._reply)
        self._reply = accumulate(self._reply, event)
        if self._reply.run is not None:
            self._is_findable.set()
        listen(event, self._reply)

    @property
    def answer_so_far(self) -> Message:
        """Return the unfinished answer with the reply so far, as checkpoints store it."""
        reply, parts = self._reply, self._thinking.with_seconds(self._reply.parts)
        return replace(
            self.answer,
            parts=parts,
            usage=reply.usage,
            cost=self._ledger.cost(self._resolved, reply),
            notices=reply.notices,
            remote_run=reply.run,
            usage_scope=reply.usage_scope,
        )

    async def _checkpoint(self) -> None:
        """Store the answer so far twice a second, while it grows.

        The id of a background run is stored at once; without it the run could not be found again.
        """
        saved, failing, took = Reply(), False, 0.0
        while True:
            # Text should reach the disk within a second of its arrival. If a write takes more than
            # half of `checkpoint_s`, the pause is as long as the write.
            pause = max(self.checkpoint_s - took, took)
            if saved.run is None and not failing:
                await _wait_at_most(self._is_findable, pause)
            else:
                await asyncio.sleep(pause)
            reply, began = self._reply, time.monotonic()
            is_run_saved = saved.run is not None or reply.run is None
            is_saved = reply.segments is saved.segments and is_run_saved
            if is_saved and not self._long_answer.is_waiting and not failing:
                continue
            try:
                if not is_saved or failing:
                    await self._store.save_answer(self.answer_so_far)
                await self._long_answer.flush()
            except StorageError as error:
                if not failing:
                    self._on_store(error)
                failing = True
            else:
                if failing:
                    self._on_store(None)
                saved, failing = reply, False
            took = time.monotonic() - began

    async def _finish(self, status: MessageStatus, *, once: bool) -> None:
        self.answer = self._final_answer(status)
        if await self._write(self.store_end, once=once) is None:
            self._on_store(None)

    def _final_answer(self, status: MessageStatus) -> Message:
        reply = self._reply
        self._thinking.end()
        return replace(
            self.answer,
            status=status,
            parts=with_interrupted_calls(self._thinking.with_seconds(reply.parts)),
            usage=reply.usage,
            cost=self._ledger.cost(self._resolved, reply),
            duration_s=self._ledger.timing.elapsed_s,
            error=_error_note(reply),
            notices=reply.notices,
            remote_run=None,
            usage_scope=reply.usage_scope,
            answered_by=reply.model[:MAX_MODEL_NAME_CHARS],
        )

    async def _record_call(self) -> None:
        """Record the last request once; that of a run to cancel, only after `cancel_remote`."""
        if self._run_to_cancel is None and not self._is_recorded:
            await self._ledger.record_call(
                self._resolved, self._reply, self.answer, is_sent=self._is_sent
            )
            self._is_recorded = True


def _text_of(event: StreamEvent) -> str:
    match event:
        case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
            return text
        case ToolCallDelta(_, arguments):
            return arguments
    return ""


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _error_note(reply: Reply) -> ErrorNote | None:
    if reply.error is not None:
        return note_of(reply.error)
    if reply.status is MessageStatus.INCOMPLETE:
        return ErrorNote(
            _INCOMPLETE.get(reply.incomplete_reason, Reason.ENDED_BY_MODEL),
            details=reply.incomplete_reason,
            code=INCOMPLETE,
        )
    if reply.status is MessageStatus.REFUSED and reply.incomplete_reason:
        return ErrorNote(Reason.ENDED_BY_FILTER, details=reply.incomplete_reason, code=REFUSED)
    return None


_INCOMPLETE = {
    "max_output_tokens": Reason.ENDED_AT_LENGTH,
    "length": Reason.ENDED_AT_LENGTH,
    NOT_FOLLOWED: Reason.GRAMMAR_NOT_FOLLOWED,
    TOO_MANY_ROUNDS: Reason.TOOL_ROUNDS_REACHED,
    TOO_LONG: Reason.TOOL_TIME_REACHED,
    TOO_EXPENSIVE: Reason.TOOL_COST_REACHED,
}
