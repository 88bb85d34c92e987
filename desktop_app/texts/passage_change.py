"""Asks a model to change a passage: it gets the passage alone, and returns it changed."""

from __future__ import annotations

from typing import Final

from desktop_app.chat.utility_model import BYTES_PER_TOKEN, SmallTask, paid_reply
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, RequestMessage
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.spending.budget import PaidCalls

_INSTRUCTIONS: Final = (
    "You change a passage of the user's text. Reply with the changed passage alone: without a "
    "comment, quotation marks or a code fence around it. Change as little as the request needs. "
    "Keep the language, the Markdown and the line breaks unless the request is about them."
)


async def change_passage(
    calls: PaidCalls, resolved: ResolvedChoice, conversation_id: str, request: str
) -> str:
    """Return the model's reply to a request to change a passage, which has the passage.

    Raises:
        SpendingCapError: the provider's monthly cap would be exceeded; nothing was sent.
        UserFacingError: there is no key, the provider failed, or the model declined.
    """
    chat_request = ChatRequest(
        model=resolved.model.id,
        messages=(RequestMessage(Role.USER, (TextPart(request),)),),
        instructions=_INSTRUCTIONS,
        effort=resolved.effort,
    )
    size_bytes = len((_INSTRUCTIONS + request).encode("utf-8", "surrogatepass"))
    cost = resolved.expected_cost(size_bytes // BYTES_PER_TOKEN)
    await calls.budget.require_price(resolved.profile, resolved.model, resolved.counted_price)
    provider = await calls.gateway.provider(resolved.profile)
    task = SmallTask(Purpose.EDIT, resolved, conversation_id)
    reply = await paid_reply(calls, task, resolved, cost, provider.stream(chat_request))
    if reply.error is not None:
        raise reply.error
    if reply.reply.status is MessageStatus.INCOMPLETE or not reply.text:
        raise ProviderError(N_("The model stopped early."), hint=hints.RETRY_CHANGED)
    return reply.text
