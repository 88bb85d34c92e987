"""One answer on its way: streamed, checkpointed twice a second, and kept at its end.

Cancelling the task that runs an Answering stops listening and keeps the text. What is made here and
now ends with that. A run in the background is told to stop by `call_off`; after `leave` it goes on,
and is picked up at the next start: see resuming.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import cast

from desktop_app.domain.conversations.chat_request import ChatRequest
from desktop_app.domain.conversations.conversation import (
    INCOMPLETE,
    Conversation,
    ErrorNote,
    Message,
    MessageStatus,
    ModelChoice,
    RemoteRun,
    note_of,
    now,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.conversations.reply import Reply, accumulate
from desktop_app.domain.conversations.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
    Waiting,
)
from desktop_app.domain.conversations.text_size import TextSize
from desktop_app.domain.errors import (
    Kept,
    ModelNotFoundError,
    ProviderError,
    Remedy,
    ReplyTooLargeError,
    RunLostError,
    StorageError,
    UserFacingError,
)
from desktop_app.domain.models.model_catalog import Variant
from desktop_app.domain.spending.cost import FREE, Usage, UsageScope
from desktop_app.domain.spending.spending_report import Call, Purpose
from desktop_app.services.chat.model_choice import ResolvedChoice
from desktop_app.services.chat.thinking_time import ThinkingTime
from desktop_app.services.ports import Gateway, MessageStore, Provider, SpendingBook
from desktop_app.services.spending.budget import Hold

CHECKPOINT_S = 0.5
LARGEST_KEPT = 16 * 1024 * 1024
"""Bytes, as `TextSize` counts them, far above what any model writes. Storing a text takes five times
its size and more: the text, its JSON, and what SQLite and its search index make of that. 64 MB would
take 583 MB, where a reply may take 200."""
LARGEST_BESIDE = 4 * 1024 * 1024
"""The least that each of several answers may take that come at once and share LARGEST_KEPT."""
SAVE_AGAIN_S = 2.0


Listener = Callable[[StreamEvent, Reply], None]
StoreListener = Callable[[StorageError | None], None]


def answerer(resolved: ResolvedChoice) -> ModelChoice:
    """The choice as it is kept with an answer: the model that is sent, and its effort."""
    return ModelChoice(resolved.profile.id, resolved.model.id, resolved.variant, resolved.effort)


class AnswerRun:
    """One answer on its way.

    Attributes:
        conversation, question, answer: as they are on disk; `question` is None for a retry.
        beside: further answers to the same question, to be run beside this one.
        checkpoint_s: seconds between two writes of what has arrived.
        largest_kept: bytes of the answer that are kept; it fails if more arrives.
        ends_when_full: stop listening then. A command goes on, whose output takes the rest.

    Args:
        hold: what the input holds of the provider's monthly cap, until the answer has ended.
        stand_in: called when the provider does not serve Instant's model; says who answers instead.
    """

    def __init__(
        self,
        conversation: Conversation,
        question: Message | None,
        answer: Message,
        request: ChatRequest,
        resolved: ResolvedChoice,
        *,
        store: MessageStore,
        gateway: Gateway,
        spending: SpendingBook,
        hold: Hold,
        stand_in: Callable[[], ResolvedChoice],
    ) -> None:
        self.conversation = conversation
        self.question = question
        self.answer = answer
        self.beside: tuple[AnswerRun, ...] = ()
        self.checkpoint_s = CHECKPOINT_S
        self.largest_kept, self.ends_when_full = LARGEST_KEPT, True
        self._store, self._gateway, self._spending = store, gateway, spending
        self._hold = hold
        self._stand_in = stand_in
        self._request = request
        self._resolved = resolved
        self._reply = Reply(notices=answer.notices, usage_scope=answer.usage_scope)
        self._began, self._thinking = time.monotonic(), ThinkingTime()
        self._size = TextSize()
        self._is_left = False
        self._stopped: RemoteRun | None = None
        self._has_name = asyncio.Event()  # the run in the background, by which it is found again

    async def run(
        self, listen: Listener, on_store: StoreListener, *, insist: bool = True
    ) -> Message:
        """Stream the answer to its end and keep it.

        Args:
            listen: called with every event and the reply so far.
            on_store: called with an error when the answer could not be kept, and with None once
                it could again.
            insist: try to keep the final answer until that works. A window can wait until there
                is room on the disk; a command has to end.

        Returns:
            The final answer. Failures of the provider are in it, not raised.

        Raises:
            asyncio.CancelledError: after the text that had arrived was kept.
        """
        async with self._hold:
            return await self._run(listen, on_store, insist)

    def leave(self) -> None:
        """Let a run in the background go on when the task is cancelled."""
        self._is_left = True

    async def call_off(self) -> bool:
        """Have the provider stop a run in the background that was stopped here, and enter what it
        took; whether the answer has changed by that."""
        run, self._stopped = self._stopped, None
        if run is None:
            return False
        before = self._reply
        try:
            provider = await self._gateway.provider(self._resolved.profile)
            usage = await provider.cancel(run)
        except UserFacingError:
            name = self._resolved.profile.name
            told = notice(NoticeCode.MAY_GO_ON, provider=name)
            self._reply = accumulate(self._reply, Notice(told))
        else:
            if usage is not None:
                self._reply = accumulate(self._reply, UsageReported(usage))
        if self._reply is not before:
            lasted = self.answer.duration_s
            self.answer = replace(self._final(MessageStatus.CANCELLED), duration_s=lasted)
            await self._store.save_answer(self.answer)
        await self._write_down()
        return self._reply is not before

    async def _run(self, listen: Listener, on_store: StoreListener, insist: bool) -> Message:
        checkpoints = asyncio.create_task(self._checkpoint(on_store))
        try:
            await self._stream(listen)
        except asyncio.CancelledError:
            checkpoints.cancel()
            await asyncio.shield(self._stop(on_store))
            raise
        finally:
            checkpoints.cancel()
            with suppress(asyncio.CancelledError):
                await checkpoints
        is_lost = isinstance(self._reply.error, RunLostError)
        status = MessageStatus.INTERRUPTED if is_lost else self._reply.status
        await self._finish(status, on_store, once=not insist)
        return self.answer

    async def _stop(self, on_store: StoreListener) -> None:
        """Keep what has arrived, of a run that goes on as one to pick up."""
        kept = self.so_far
        if not self._is_left or kept.remote_run is None:
            self._stopped = kept.remote_run
            if self._request.background and not self._reply.response_id:
                name = self._resolved.profile.name
                told = notice(NoticeCode.STOPPED_UNNAMED, provider=name)
                self._reply = accumulate(self._reply, Notice(told))
            await self._finish(MessageStatus.CANCELLED, on_store, once=True)
            return
        self.answer = kept
        try:
            await self._store.save_answer(kept)
        except StorageError as error:
            on_store(error)

    async def _stream(self, listen: Listener) -> None:
        listen(Waiting(0, self._opening), self._reply)
        try:
            provider = await self._gateway.provider(self._resolved.profile)
        except UserFacingError as error:
            self._take(Failed(_as_provider_error(error)), listen)
            return
        # The Protocol says AsyncIterator; what closes it early is a generator's aclose().
        stream = cast(AsyncGenerator[StreamEvent, None], self._events_of(provider))
        async with aclosing(stream) as events:
            async for event in events:
                if self._should_stand_in(event):
                    break
                kept = self._kept_of(event)
                if kept is event:
                    self._take(self._with_overflow(event), listen)
                elif self.ends_when_full:
                    self._take(kept, listen)
                    self._take(Failed(self._too_long("; it was ended there", Kept.TEXT)), listen)
                    return
                else:
                    self._reply = accumulate(self._reply, kept)
                    listen(event, self._reply)
            else:
                return
        await self._stream_stand_in(listen)

    @property
    def _opening(self) -> str:
        """What the person reads until the first event."""
        return f"Waiting for {self._resolved.model.name}."

    def _events_of(self, provider: Provider) -> AsyncIterator[StreamEvent]:
        return provider.stream(self._request)

    def _kept_of(self, event: StreamEvent) -> StreamEvent:
        """Return `event` itself, or as much of it as stays within the limit."""
        match event:
            case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
                kept = self._size.fit(text, self.largest_kept)
                return event if len(kept) == len(text) else replace(event, text=kept)
            case ToolCallDelta(_, text):
                kept = self._size.fit(text, self.largest_kept)
                return event if len(kept) == len(text) else replace(event, arguments=kept)
            case ReasoningItem(_, text):
                # Half of it is of no use to the provider.
                is_whole = len(self._size.fit(text, self.largest_kept)) == len(text)
                return event if is_whole else replace(event, encrypted="")
        return event

    def _with_overflow(self, event: StreamEvent) -> StreamEvent:
        """Return the end of an answer that was not kept whole as a failure; other events as they are."""
        if self._size.bytes <= self.largest_kept:
            return event
        kept = f"The first {self.largest_kept >> 20} MB are kept; the output has all that arrived."
        match event:
            case Completed() | Incomplete():
                return Failed(self._too_long("", kept))
            case Failed(error):
                error.kept = kept
        return event

    def _too_long(self, end: str, kept: Kept | str) -> ReplyTooLargeError:
        name, limit = self._resolved.profile.name, self.largest_kept >> 20
        return ReplyTooLargeError(
            f"The answer of {name} grew beyond {limit} MB{end}.",
            what_was_kept=kept,
            what_to_do="Ask for a shorter answer, or choose another provider.",
        )

    def _should_stand_in(self, event: StreamEvent) -> bool:
        gone = isinstance(event, Failed) and isinstance(event.error, ModelNotFoundError)
        is_instant = self._resolved.variant is Variant.INSTANT and not self._resolved.notice
        return gone and is_instant and self._reply.is_empty

    async def _stream_stand_in(self, listen: Listener) -> None:
        """Instant is not served here: ask what stands in for it, once, and say so."""
        tier = self._resolved.service_tier
        self._resolved = replace(self._stand_in(), service_tier=tier)
        self._request = replace(
            self._request, model=self._resolved.model.id, effort=self._resolved.effort
        )
        self.answer = replace(self.answer, choice=answerer(self._resolved))
        self._take(Notice(notice(NoticeCode.INSTANT_RETIRED)), listen)
        await self._stream(listen)

    def _take(self, event: StreamEvent, listen: Listener) -> None:
        self._thinking.hear(event)
        self._reply = accumulate(self._reply, event)
        if self._reply.run is not None:
            self._has_name.set()
        listen(event, self._reply)

    @property
    def so_far(self) -> Message:
        """The answer with what has arrived, still on its way."""
        reply, parts = self._reply, self._thinking.told_in(self._reply.parts)
        return replace(
            self.answer,
            parts=parts,
            notices=reply.notices,
            remote_run=reply.run,
            usage_scope=reply.usage_scope,
        )

    async def _checkpoint(self, on_store: StoreListener) -> None:
        """Keep what has arrived, twice a second, as long as more arrives; and at once the name of a
        run in the background, without which it could not be found again."""
        saved, failing, took = Reply(), False, 0.0
        while True:
            # However long the disk took: what has arrived is to be on it within a second. What takes
            # longer has half of the time.
            pause = max(self.checkpoint_s - took, self.checkpoint_s / 4, took)
            if saved.run is None:
                await _wait(self._has_name, pause)
            else:
                await asyncio.sleep(pause)
            reply, began = self._reply, time.monotonic()
            is_named = saved.run is not None or reply.run is None
            if reply.segments is saved.segments and is_named and not failing:
                continue
            try:
                await self._store.save_answer(self.so_far)
            except StorageError as error:
                if not failing:
                    on_store(error)
                failing = True
            else:
                if failing:
                    on_store(None)
                saved, failing = reply, False
            took = time.monotonic() - began

    async def _finish(
        self, status: MessageStatus, on_store: StoreListener, *, once: bool = False
    ) -> None:
        self.answer = self._final(status)
        while True:
            try:
                await self._store.save_answer(self.answer)
                await self._write_down()
            except StorageError as error:
                on_store(error)
                if once:
                    return
                await asyncio.sleep(SAVE_AGAIN_S)
            else:
                on_store(None)
                return

    def _final(self, status: MessageStatus) -> Message:
        reply = self._reply
        self._thinking.end()
        # The tier that answered decides; what was asked for counts where the provider does not say.
        tier = reply.service_tier if reply.service_tier != "auto" else ""
        price = replace(self._resolved, service_tier=tier or self._resolved.service_tier).price
        cost = None if reply.usage is None or price is None else price.of(reply.usage)
        return replace(
            self.answer,
            status=status,
            parts=self._thinking.told_in(reply.parts),
            usage=reply.usage,
            cost=cost,
            duration_s=time.monotonic() - self._began,
            error=_error_note(reply),
            notices=reply.notices,
            remote_run=None,
            usage_scope=reply.usage_scope,
        )

    async def _write_down(self) -> None:
        """What the call cost; that it is not known, where the provider did not say, be it that the
        answer was cut before."""
        if self._stopped is not None:
            return  # once it is called off, and says what it took
        usage, reply = self.answer.usage, self._reply
        is_nothing = not reply.may_be_billed or self._resolved.price == FREE
        if usage is None and (is_nothing or reply.usage_scope is UsageScope.FIRST):
            return
        await self._spending.add(
            Call(
                provider_id=self._resolved.profile.id,
                model=self._resolved.model.id,
                usage=usage or Usage(),
                cost=self.answer.cost,
                purpose=Purpose.ANSWER.value,
                conversation_id=self.conversation.id,
                message_id=self.answer.id,
                at=now(),
            )
        )


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until `event`, at the longest."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _as_provider_error(error: UserFacingError) -> ProviderError:
    """An error on the way to the provider (no key, no weights), as the reply's own."""
    if isinstance(error, ProviderError):
        return error
    failed = ProviderError(
        error.what_happened,
        what_was_kept=error.kept or Kept.QUESTION,
        what_to_do=error.remedy,
        params=error.params,
        details=error.details,
    )
    failed.__cause__ = error
    return failed


def _error_note(reply: Reply) -> ErrorNote | None:
    if reply.error is not None:
        error = reply.error
        return replace(note_of(error), details=_details(error))
    if reply.status is MessageStatus.INCOMPLETE:
        return ErrorNote(
            _INCOMPLETE.get(reply.incomplete_reason, "The model stopped before the end."),
            Kept.TEXT,
            Remedy.CONTINUE,
            reply.incomplete_reason,
            INCOMPLETE,
        )
    return None


_INCOMPLETE = {
    "max_output_tokens": "The answer reached the limit on its length.",
    "length": "The answer reached the limit on its length.",
    "content_filter": "The provider's content filter ended the answer.",
}


def _details(error: ProviderError) -> str:
    """Its own lines, below what none of them says: a number may stand in one by chance."""
    facts = (
        (str(error.status or ""), "HTTP {}", "HTTP status {}"),
        (error.api_code, "{}", "Code: {}"),
        (error.request_id, "request {}", "Request id: {}"),
    )
    said = error.details.splitlines()
    left_out = [
        words.format(fact) for fact, words, line in facts if fact and line.format(fact) not in said
    ]
    return "\n".join(lines for lines in (" · ".join(left_out), error.details) if lines)
