"""Replies to the program's own requests: titles, summaries, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain import hints
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import text_of
from desktop_app.domain.errors import ContentFilteredError, ProviderError
from desktop_app.domain.spending.spending_report import CallPerformance
from desktop_app.i18n.translation import N_
from desktop_app.services.answers.answer_measures import AnswerLimit, AnswerTiming

if TYPE_CHECKING:
    from desktop_app.services.models.choice_resolution import ResolvedChoice


class SmallReply:
    """A reply that is held in memory, and fails if it exceeds MAX_ANSWER_BYTES.

    Attributes:
        reply: the reply as received so far.
    """

    def __init__(self, provider: str) -> None:
        self._limit = AnswerLimit(provider)
        self._timing = AnswerTiming()
        self.reply = Reply()

    def add(self, event: StreamEvent) -> None:
        """Add an event."""
        self._timing.observe(event)
        self.reply = accumulate(self.reply, self._limit.check(event))

    @property
    def text(self) -> str:
        """Return the text so far, without outer spaces."""
        return text_of(self.reply.parts).strip()

    @property
    def error(self) -> ProviderError | None:
        """Return the error; None if the text is complete, or was cut at a limit."""
        reply = self.reply
        if reply.error is None and reply.status is MessageStatus.REFUSED:
            message = (
                N_("The provider’s content filter stopped the response.")
                if reply.incomplete_reason
                else N_("The model declined.")
            )
            return ContentFilteredError(
                message, hint=hints.RETRY_CHANGED, details=text_of(reply.parts)
            )
        return reply.error

    @property
    def is_billed(self) -> bool:
        """Return True if the provider may bill the call."""
        return self.reply.usage is not None or self.reply.may_be_billed

    def performance(self, resolved: ResolvedChoice) -> CallPerformance:
        """Return the performance of the call, which counts as canceled if it has not ended."""
        status = self.reply.status
        if status is MessageStatus.STREAMING:
            status = MessageStatus.CANCELLED
        return CallPerformance(
            effort=resolved.effort.value if resolved.effort else "",
            tier=self.reply.service_tier or resolved.service_tier or "",
            outcome=status.value,
            retries=self._timing.retries,
            first_token_s=self._timing.first_token_s,
            duration_s=self._timing.elapsed_s,
        )
