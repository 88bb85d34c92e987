"""Resumes answers that continued at their provider while the program was not running.

The run is read as a whole once it has ended; until then, the answer keeps its stored text. A run
without a valid key waits for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace

from desktop_app.budget.budget import Hold
from desktop_app.chat.answers.answer_ledger import AnswerLedger, EarlierProcess
from desktop_app.chat.answers.answer_measures import AnswerLimit, AnswerTiming
from desktop_app.chat.answers.answer_run import AnswerRun, Listener, PreparedAnswer
from desktop_app.chat.chat_service import ChatService
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain import errors
from desktop_app.domain.answering.answer_status import (
    AnswerStatus,
    StatusCode,
    answer_status,
    status_of,
)
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.reply import ENDED_BY_PROVIDER, Reply, accumulate
from desktop_app.domain.answering.stream_events import Failed, StatusChanged, StreamEvent
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    RemoteRun,
    now,
)
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.domain.error_note import ErrorNote
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import Provider
from desktop_app.tools.calls.hosted_tools import hosted_cost


class _KeyWantedError(Exception):
    """The run needs another key, because of `error`."""

    def __init__(self, error: errors.ProviderError) -> None:
        super().__init__(error)
        self.error = error


class ResumedRun(AnswerRun):
    """The run of an answer that an earlier process started.

    Args:
        run: the run, as it was stored last.
    """

    def __init__(
        self,
        conversation: Conversation,
        answer: Message,
        run: RemoteRun,
        resolved: ResolvedChoice,
        chat: ChatService,
    ) -> None:
        age_s = (now() - answer.created_at).total_seconds()
        tool_prices = chat.models.tool_prices(resolved)
        ended_calls = [call for call in tool_calls(answer.parts) if call.state.has_ended]
        request = ChatRequest(resolved.model.id, ())  # the provider has the messages
        super().__init__(
            PreparedAnswer(
                conversation, None, answer, resolved, request, chat.calls.gateway, Hold()
            ),
            chat.sources.messages,
            chat.sources.attachments,
            AnswerLedger(
                chat.calls.spending,
                resolved,
                tool_prices=tool_prices,
                # It recorded the fees with each step.
                earlier=EarlierProcess(AnswerTiming(age_s), hosted_cost(ended_calls, tool_prices)),
            ),
        )
        self._stored_run = run
        self._has_caught_up = False  # True once the events are newer than the stored text
        self.reply = replace(self.reply, run=run)
        self._key_arrived = asyncio.Event()

    @property
    def _opening_status(self) -> AnswerStatus:
        return answer_status(StatusCode.RECONNECTING, provider=self.prepared.resolved.profile.name)

    def _events_of(self, provider: Provider) -> AsyncGenerator[StreamEvent, None]:
        return provider.resume(self._stored_run)

    def retry_with_key(self, provider_id: str) -> None:
        """Continue if the run waits for this provider's key."""
        if provider_id == self.prepared.resolved.profile.id:
            self._key_arrived.set()

    async def _stream(self, listen: Listener) -> None:
        """Read the run to its end. If the key is refused, wait for another and read again."""
        while True:
            self._key_arrived.clear()
            try:
                await super()._stream(listen)
            except _KeyWantedError as key_wanted:
                waiting_status = status_of(
                    key_wanted.error, N_("The response continues there. Enter the key to get it.")
                )
                listen(StatusChanged(0, waiting_status), self.reply)
                await self._key_arrived.wait()
                # Read the run again; the text so far remains until the run catches up.
                self.answer = self.answer_so_far
                self._stored_run = self.answer.remote_run or self._stored_run
                self._has_caught_up = False
                self.reply = Reply(notices=self.answer.notices, run=self._stored_run)
                self._limit = AnswerLimit(self.prepared.resolved.profile.name)
            else:
                return

    def _add_event(self, event: StreamEvent, listen: Listener) -> None:
        """Add an event, and report it if new text has replaced the stored text.

        Statuses and failures are always reported.
        """
        if isinstance(event, Failed) and _wants_key(event.error):
            raise _KeyWantedError(event.error)
        reply = accumulate(self.reply, event)
        if reply.parts:  # the first new text replaces the stored text
            self._has_caught_up = True
        if self._has_caught_up:
            super()._add_event(event, listen)
            return
        self.reply = reply
        # The end of a run has all of its text, whatever was stored.
        if reply.status in ENDED_BY_PROVIDER:
            self._has_caught_up = True
            self._run_id_known.set()
        if isinstance(event, StatusChanged | Failed):
            listen(event, self.reply)

    def _unfinished(self, reply: Reply) -> Message:
        return super()._unfinished(reply) if self._has_caught_up else self.answer

    def _final_answer(self, status: MessageStatus) -> Message:
        final_answer = super()._final_answer(status)
        if self._has_caught_up:
            return final_answer
        return replace(final_answer, parts=self.answer.parts)


def _wants_key(error: errors.ProviderError) -> bool:
    return isinstance(error, errors.AuthenticationError) or isinstance(
        error.__cause__, errors.CredentialError
    )


async def runs_to_resume(
    store: ConversationStore, chat: ChatService, profiles: Iterable[ProviderProfile]
) -> list[AnswerRun]:
    """Return the unfinished background runs that can be resumed.

    An answer whose provider or conversation is gone becomes INTERRUPTED. It keeps its text, and its
    error names the reason. Raises StorageError.
    """
    profiles_by_id = {profile.id: profile for profile in profiles}
    runs: list[AnswerRun] = []
    for answer in await store.claim_runs():
        conversation = await store.get(answer.conversation_id)
        choice = answer.choice
        run = answer.remote_run
        profile = profiles_by_id.get(choice.provider_id) if choice is not None else None
        if conversation is None or choice is None or run is None or profile is None:
            note = ErrorNote(
                N_("The provider of this background response is no longer set up."),
                hint=N_("Choose another provider, then try again."),
                code=errors.RunLostError.code,
            )
            await store.save_answer(
                replace(answer, status=MessageStatus.INTERRUPTED, remote_run=None, error=note)
            )
            continue
        # A variant may stand for another model today. Without it, the choice is resolved to the
        # model of the run.
        resolved_model = chat.resolve(profile, replace(choice, variant=None))
        resolved = replace(resolved_model, variant=choice.variant, effort=choice.effort)
        runs.append(ResumedRun(conversation, answer, run, resolved, chat=chat))
    return runs
