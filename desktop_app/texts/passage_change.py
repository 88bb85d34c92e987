"""Asks a model to change a passage: it gets the passage alone, and returns it changed."""

from __future__ import annotations

from typing import Final

from desktop_app.budget.budget import PaidCalls
from desktop_app.chat.utility_model import BYTES_PER_TOKEN, SmallTask, paid_reply
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, RequestMessage
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice

_INSTRUCTIONS: Final = (
    "You change a passage of the user's text. Reply with the changed passage alone: without a "
    "comment, quotation marks or a code fence around it. Change as little as the request needs. "
    "Keep the language, the Markdown and the line breaks unless the request is about them. "
    "The text around the passage may follow it, to be understood only: never repeat that."
)


_SENTENCE_END: Final = lazy_pattern(r"(?:[.!?…]['\"’”»)]*\s+|[。！？])")
_CONTEXT: Final = 2
"""Sentences on each side of a passage that go with it."""
_MAX_CONTEXT_CHARS: Final = 500


def passage_with_context(text: str, passage: str, offset: int) -> str:
    """Return a passage with two sentences before and behind it, of the paragraphs that it is in.

    >>> passage_with_context("One. Two. Three. Four. Five. Six. Seven.", "Four.", 17)
    'Two. Three. Four. Five. Six.'
    """
    end = offset + len(passage)
    before = text[max(0, offset - _MAX_CONTEXT_CHARS) : offset].rpartition("\n")[2]
    behind = text[end : end + _MAX_CONTEXT_CHARS].partition("\n")[0]
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(before.rstrip()))]
    lead = len(behind) - len(behind.lstrip())
    ends = [match.end() for match in _SENTENCE_END.finditer(behind, lead)] + [len(behind)]
    first = starts[-_CONTEXT:][0]
    last = ends[:_CONTEXT][-1]
    return f"{before[first:]}{passage}{behind[:last].rstrip()}"


async def change_passage(
    calls: PaidCalls,
    resolved: ResolvedChoice,
    conversation_id: str,
    request: str,
    own_instructions: str = "",
) -> str:
    """Return the model's reply to a request to change a passage, which has the passage.

    Args:
        own_instructions: the user's, with the notes, as a question has them.

    Raises:
        SpendingCapError: the provider's monthly cap would be exceeded; nothing was sent.
        UserFacingError: there is no key, the provider failed, or the model declined.
    """
    instructions = "\n\n".join(filter(None, (own_instructions, _INSTRUCTIONS)))
    chat_request = ChatRequest(
        model=resolved.model.id,
        messages=(RequestMessage(Role.USER, (TextPart(request),)),),
        instructions=instructions,
        effort=resolved.effort,
    )
    size_bytes = len((instructions + request).encode("utf-8", "surrogatepass"))
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
