"""Tokens and money before anything is sent.

What stands in the conversation already was counted by the provider with its last answer; only
what is new since then is counted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from desktop_app.domain.conversation import Draft, Message
from desktop_app.domain.cost import Usage, format_tokens
from desktop_app.domain.errors import NOTHING_SENT, DocumentDoesNotFitError
from desktop_app.domain.parts import DocumentPart
from desktop_app.services.choice import ResolvedChoice
from desktop_app.services.ports import AttachmentSource, TokenCounter
from desktop_app.services.prompt import document_block

# Tokens that the frame of one message (role, separators) takes; OpenAI's own examples count 3 or 4.
FRAME = 4
# What an answer needs at the least, so that a question which only just fits is not sent in vain.
ROOM_FOR_ANSWER = 512


@dataclass(frozen=True)
class Estimate:
    """What a message would take.

    Attributes:
        input_tokens: all that is sent.
        exact: False where another model's tokeniser had to do; shown with ≈.
        input_cost, longest_answer_cost: US dollars; None where the price is not known.
        limit: tokens of input that the model takes; None where not known.
    """

    input_tokens: int
    exact: bool
    input_cost: Decimal | None
    longest_answer_cost: Decimal | None
    limit: int | None

    @property
    def fits(self) -> bool:
        """Whether the model's window holds it, as far as known."""
        return self.limit is None or self.input_tokens <= self.limit


class Estimator:
    """Counts drafts; remembers what it has counted."""

    def __init__(self, counter: TokenCounter, attachments: AttachmentSource) -> None:
        self._counter = counter
        self._attachments = attachments
        self._documents: dict[tuple[str, str], int] = {}
        self._messages: dict[tuple[str, str, int], int] = {}

    async def estimate(
        self,
        path: Sequence[Message],
        draft: Draft,
        resolved: ResolvedChoice,
        *,
        instructions: str = "",
        max_output_tokens: int | None = None,
    ) -> Estimate:
        """What sending `draft` after `path` would take."""
        context, context_exact = await self.context_tokens(path, resolved)
        words, exact = await self._counter.count(draft.text, resolved.profile)
        total = context + words + FRAME
        if not path and instructions:
            total += (await self._counter.count(instructions, resolved.profile))[0] + FRAME
        for part in draft.attachments:
            if isinstance(part, DocumentPart):
                total += await self.document_tokens(part, resolved)
        return _priced(total, exact and context_exact, resolved, max_output_tokens)

    async def context_tokens(
        self, path: Sequence[Message], resolved: ResolvedChoice
    ) -> tuple[int, bool]:
        """Tokens of what stands in the conversation, and whether they are exact."""
        total, exact = 0, True
        for message in reversed(path):
            if message.usage is not None and _same_provider(message, resolved):
                usage = message.usage
                return total + usage.input_tokens + usage.output_tokens - usage.reasoning_tokens, (
                    exact
                )
            total += await self._message_tokens(message, resolved)
            exact = exact and not message.text
        return total, exact

    async def document_tokens(self, part: DocumentPart, resolved: ResolvedChoice) -> int:
        """Tokens of a document as it stands in the prompt of this provider's model."""
        key = (part.sha256, resolved.profile.id)
        if key not in self._documents:
            block = document_block(part, await self._attachments.text(part.sha256))
            self._documents[key] = (await self._counter.count(block, resolved.profile))[0]
        return self._documents[key]

    def surely_fits(
        self, path: Sequence[Message], draft: Draft, resolved: ResolvedChoice, instructions: str
    ) -> bool:
        """Whether it fits without counting: a token is at least one byte long."""
        limit = resolved.model.input_limit
        if limit is None:
            return True
        if draft.attachments or any(message.attachments for message in path):
            return False
        texts = (instructions, draft.text, *(message.text for message in path))
        most = sum(len(text.encode("utf-8", "surrogatepass")) + FRAME for text in texts)
        return most + ROOM_FOR_ANSWER <= limit

    def demand_room(self, draft: Draft, estimate: Estimate, resolved: ResolvedChoice) -> None:
        """Refuse what does not fit, with the figures, before anything is sent.

        Raises:
            DocumentDoesNotFitError: the input, with room for an answer, passes the limit.
        """
        limit = estimate.limit
        if limit is None:
            return
        room = ROOM_FOR_ANSWER if resolved.model.max_input is None else 0
        if estimate.input_tokens + room <= limit:
            return
        what = "The conversation"
        documents = [part for part in draft.attachments if isinstance(part, DocumentPart)]
        if documents:
            what = " and ".join(part.name for part in documents)
        mark = "" if estimate.exact else "about "
        raise DocumentDoesNotFitError(
            f"{what} would make {mark}{estimate.input_tokens:,} tokens of input; "
            f"{resolved.model.name} takes {limit - room:,}.",
            what_was_kept=NOTHING_SENT,
            what_to_do=_way_out(resolved, bool(documents)),
        )

    async def _message_tokens(self, message: Message, resolved: ResolvedChoice) -> int:
        key = (message.id, resolved.profile.id, len(message.text))
        if key not in self._messages:
            words = (await self._counter.count(message.text, resolved.profile))[0] + FRAME
            for part in message.attachments:
                if isinstance(part, DocumentPart):
                    words += await self.document_tokens(part, resolved)
            self._messages[key] = words
        return self._messages[key]


def _same_provider(message: Message, resolved: ResolvedChoice) -> bool:
    return message.choice is not None and message.choice.provider_id == resolved.profile.id


def _priced(
    tokens: int, exact: bool, resolved: ResolvedChoice, max_output_tokens: int | None
) -> Estimate:
    price, info = resolved.price, resolved.model
    longest = max_output_tokens or info.max_output
    return Estimate(
        input_tokens=tokens,
        exact=exact,
        input_cost=None if price is None else price.of(Usage(input_tokens=tokens)),
        longest_answer_cost=None
        if price is None or longest is None
        else price.of(Usage(output_tokens=longest)),
        limit=info.input_limit,
    )


def _way_out(resolved: ResolvedChoice, has_documents: bool) -> str:
    limit = resolved.model.input_limit or 0
    if has_documents and limit < 100_000:
        return "Attach a shorter document, or choose a model with a larger window."
    if has_documents:
        return f"Attach fewer or shorter documents: {format_tokens(limit)} tokens fit."
    return "Start a new conversation, or choose a model with a larger window."
